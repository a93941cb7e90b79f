//! Why an input could not be read: where it was, what is wrong, and what the reader can do.

use std::{error, fmt, io, path::PathBuf};

use crate::proto::path::FieldError;

use super::{task::TaskError, workflow::WorkflowError};

/// Where an entity was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The file; `-` is standard input.
    pub file: PathBuf,
    /// The piece of the file.
    pub part: Part,
}

/// A piece of a file that holds one entity or more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A document of a YAML or JSON file, counted from 1; empty documents are not counted.
    Document(usize),
    /// A file within a package, by its name there.
    Member(String),
    /// All of it.
    Whole,
}

impl Source {
    /// Names a whole file.
    pub fn whole(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), part: Part::Whole }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.file.as_os_str() == "-" {
            f.write_str("standard input")?;
        } else {
            write!(f, "`{}`", self.file.display())?;
        }
        match &self.part {
            Part::Document(number) => write!(f, ", document {number}"),
            Part::Member(name) => write!(f, ", member `{name}`"),
            Part::Whole => Ok(()),
        }
    }
}

/// An input of `register` that could not be read. Nothing of it was taken.
#[derive(Debug)]
pub struct ReadError(Box<(Source, ReadErrorCause)>);

impl ReadError {
    /// An error at `location`.
    pub fn new(location: Source, cause: ReadErrorCause) -> Self {
        Self(Box::new((location, cause)))
    }

    /// Returns the file and the piece of it that could not be read.
    pub fn location(&self) -> &Source {
        &self.0.0
    }

    /// Returns what is wrong.
    pub fn cause(&self) -> &ReadErrorCause {
        &self.0.1
    }

    /// Returns something that the reader can do now.
    pub fn hint(&self) -> Option<String> {
        self.0.1.hint()
    }
}

impl fmt::Display for ReadError {
    /// The location first: `a.yaml:4: unknown field ...`, or `a.yaml, document 2: ...` where the line is not
    /// known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, cause) = &*self.0;
        match (source.file.as_os_str() == "-", cause.line()) {
            (true, None) => write!(f, "standard input")?,
            (true, Some(line)) => write!(f, "standard input:{line}")?,
            (false, None) => write!(f, "{}", source.file.display())?,
            (false, Some(line)) => write!(f, "{}:{line}", source.file.display())?,
        }
        match &source.part {
            Part::Document(number) if cause.line().is_none() => write!(f, ", document {number}")?,
            Part::Member(name) => write!(f, ", member `{name}`")?,
            Part::Document(_) | Part::Whole => {}
        }
        write!(f, ": {cause}")
    }
}

impl error::Error for ReadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        error::Error::source(&self.0.1)
    }
}

/// What is wrong with an input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadErrorCause {
    /// A package with two code archives; which one its tasks need is not said.
    #[error("two code archives, `{0}` and `{1}`; expected one")]
    ArchiveTwice(String, String),
    /// The bytes are not a message of the kind that the file's name promises.
    #[error("not a serialized `{message}`")]
    Decode {
        /// The message's full name.
        message: &'static str,
        /// What the decoder stumbled over.
        #[source]
        cause: prost::DecodeError,
    },
    /// A folder or package without anything to register.
    #[error("nothing to register")]
    Empty,
    /// A field that Flyte does not know, or a value that does not fit.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A `.pb` file whose name does not tell the message.
    #[error("could not tell the entity type from the file name")]
    FileName,
    /// A file whose name has no ending that we know.
    #[error("not a document, a package or a `.pb` file")]
    FileType,
    /// A member of a package that is not a regular file.
    #[error("{0}, not a file")]
    MemberType(&'static str),
    /// A member of a package whose name leads out of the package.
    #[error("the name points outside of the package")]
    MemberPath,
    /// A compiled entity without the part that can be registered.
    #[error("missing field `{0}`")]
    Missing(&'static str),
    /// The short form of a task cannot be used.
    #[error("{error}")]
    ShortForm {
        /// What is wrong.
        error: TaskError,
        /// The line of the file, counted from 1, where it could be found out.
        line: Option<u64>,
    },
    /// The short form of a workflow or launch plan cannot be used.
    #[error("{error}")]
    ShortWorkflow {
        /// What is wrong.
        error: WorkflowError,
        /// The line of the file, counted from 1, where it could be found out.
        line: Option<u64>,
    },
    /// Two names in one document.
    #[error("two names: {outer} in `id`, {inner} in the template")]
    Renamed {
        /// The name beside the template.
        outer: String,
        /// The name in the template.
        inner: String,
    },
    /// An entity without a name.
    #[error("missing name: `{0}`")]
    Unnamed(&'static str),
    /// Text that is not YAML or JSON.
    #[error("{0}")]
    Syntax(String),
    /// Larger than any entity should be.
    #[error("larger than {}", flyte_text::size(*limit))]
    TooLarge {
        /// The largest size that is read, in bytes.
        limit: u64,
    },
    /// A compressed package with something behind its end.
    #[error("trailing data after the end of the archive")]
    Trailing,
    /// A message that refers, without a version, to what is neither read with it nor registered.
    #[error("refers to {what}")]
    Unregistered {
        /// The end of a sentence.
        what: String,
        /// The name that was meant.
        near: Option<String>,
    },
    /// A document that is not one of the known messages.
    #[error("expected a task, workflow or launch plan: {0}")]
    Unrecognised(String),
}

impl ReadErrorCause {
    /// The line of the file, counted from 1, where it is known.
    fn line(&self) -> Option<u64> {
        match self {
            Self::Field(error) => error.line,
            Self::ShortForm { line, .. } | Self::ShortWorkflow { line, .. } => *line,
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::ArchiveTwice(..) => "build the package again with `pyflyte package --force`".into(),
            Self::Decode { .. } => "build the package again; the file is truncated or has other content".into(),
            Self::Empty => "name a YAML, JSON, `.pb` or `.tgz` file, or a folder with such files".into(),
            Self::Field(error) => return error.hint(),
            Self::FileName => {
                "name the file as `pyflyte package` does: `<index>_<name>_<n>.pb`, where <n> is 1 for a task, \
                               2 for a workflow and 3 for a launch plan"
                    .into()
            }
            Self::FileType => "name the file `.yaml`, `.yml`, `.json`, `.pb`, `.tgz` or `.tar.gz`".into(),
            Self::MemberType(_) | Self::MemberPath | Self::TooLarge { .. } | Self::Trailing => {
                "build the package again with `pyflyte package`; no other archive can be registered".into()
            }
            Self::Missing(_) => "print it again with `flytectl get … -o yaml`, with its version".into(),
            Self::Renamed { .. } => "give both the same name, or leave `id` out".into(),
            Self::Unrecognised(_) => "write `template` for a task or workflow, `id` and `spec` for a launch plan, or add \
                                      `\"@type\": type.googleapis.com/flyteidl.admin.TaskSpec`"
                .into(),
            Self::Unregistered { near, .. } => {
                return near.as_ref().map(|near| format!("did you mean `{near}`?"));
            }
            Self::ShortForm { error, .. } => return error.hint(),
            Self::ShortWorkflow { error, .. } => return error.hint(),
            Self::Io(error) if is_about_content(error) => {
                "build the package again with `pyflyte package`; no other archive can be registered".into()
            }
            Self::Io(_) | Self::Syntax(_) | Self::Unnamed(_) => return None,
        })
    }
}

/// Whether an archive was read, and did not hold what it should.
fn is_about_content(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}
