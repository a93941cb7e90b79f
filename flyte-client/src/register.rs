//! Reading what a user wants registered: documents, serialized messages and packages.
//!
//! "What a user registers must arrive whole": an [`Entity`] is Flyte's own message, complete, and an input with a
//! field that we do not know is refused with the way to it, never cut. [`read()`] is the door; [`render`] writes
//! what it read. Documents are described in [`document`], packages in [`package`].
//!
//! Nothing is decided for the user: defaults (images, cache versions) are applied by whoever reads, and [`Identity`] fills
//! project, domain and version when asked; [`version`] makes a version of the content. [`order`] finds out what needs
//! what, and [`send`] is the only place that speaks to a server.

use std::{
    cell::LazyCell,
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    documents,
    folder::{self, Unreadable},
    plain_text,
    proto::path::FieldPath,
};

pub mod archive;
pub mod cache;
mod compiled;
pub mod defaults;
mod digest;
pub mod document;
mod entity;
mod error;
mod identity;
pub mod launch_plan;
pub mod order;
pub mod package;
mod references;
pub mod registered;
pub mod render;
pub mod send;
pub mod task;
pub mod version;
pub mod workflow;

pub use self::{
    entity::{Entity, Kind},
    error::{Cause, Part, ReadError, Source},
    identity::{DOMAIN, Identity, PROJECT, VERSION, lacks_version},
    package::FastArchive,
    registered::{Registered, Wanted},
};

/// One thing to register, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it was found.
    pub source: Source,
    /// The message to register.
    pub entity: Entity,
    /// How it was written.
    pub origin: Origin,
    /// The code that its package brought along.
    pub archive: Option<Arc<FastArchive>>,
}

/// How an entity was written, which decides what its silence means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The launch plan that comes with the short form of a workflow.
    DefaultPlan,
    /// Flyte's own message as YAML or JSON, or the short form of a launch plan.
    Document,
    /// A file or package of `pyflyte`.
    Package,
    /// The short form of a task, with what its message cannot tell.
    Short(task::Facts),
    /// The short form of a workflow, with what its message cannot tell.
    ShortWorkflow {
        /// The inputs with their defaults: a serialized `ParameterMap`.
        defaults: Vec<u8>,
    },
}

impl Origin {
    /// Returns the form that [`defaults::apply`] asks for.
    pub fn form(&self) -> defaults::Form<'_> {
        match self {
            Self::DefaultPlan | Self::Document | Self::ShortWorkflow { .. } => defaults::Form::Document,
            Self::Package => defaults::Form::Package,
            Self::Short(facts) => defaults::Form::Short(facts),
        }
    }
}

/// Something that was found, which may have to wait for the rest.
#[derive(Clone, Debug)]
struct Found {
    source: Source,
    content: Content,
    archive: Option<Arc<FastArchive>>,
}

/// What was found.
#[derive(Clone, Debug)]
enum Content {
    /// The short form of a workflow or launch plan.
    Draft(Box<workflow::Draft>),
    /// A message.
    Entity(Box<Entity>, Origin),
}

impl From<Entry> for Found {
    fn from(entry: Entry) -> Self {
        let content = Content::Entity(Box::new(entry.entity), entry.origin);
        Self { source: entry.source, content, archive: entry.archive }
    }
}

/// What was read, with short forms that wait for what they refer to.
#[derive(Debug)]
pub struct Documents {
    found: Vec<Found>,
}

impl Documents {
    /// Reads everything that can be registered from files, folders and, for `-`, standard input.
    ///
    /// A folder is searched with its sub-folders, by name, hidden ones left out; only files that can hold entities
    /// (`.yaml`, `.yml`, `.json`, `.pb`, `.tgz`, `.tar.gz`) are read.
    ///
    /// # Errors
    ///
    /// Stops at the first input that cannot be read.
    pub fn read(paths: &[PathBuf]) -> Result<Self, ReadError> {
        let mut found = Vec::new();
        for path in paths {
            if path.as_os_str() == "-" {
                let bytes = package::read_limited(io::stdin().lock(), package::MAX_ARCHIVE_BYTES);
                let bytes = bytes.map_err(|cause| ReadError::new(Source::whole(path), cause))?;
                found.extend(read_documents(path, &bytes, false)?);
            } else if path.is_dir() {
                found.extend(read_folder(path)?);
            } else {
                found.extend(read_files(std::slice::from_ref(path))?);
            }
        }
        Ok(Self { found })
    }

    /// What is referred to and was not read, each once. `scope` is the project, domain and version of whatever names none.
    #[must_use]
    pub fn missing(&self, scope: &Identity) -> BTreeSet<Wanted> {
        let names = workflow::names(&self.found, scope);
        workflow::missing(&self.found, &names)
    }

    /// The names of a kind that were read.
    #[must_use]
    pub fn names(&self, kind: Kind) -> BTreeSet<String> {
        let scope = Identity::default();
        workflow::names(&self.found, &scope).names(kind).map(str::to_owned).collect()
    }

    /// Makes entities of everything, in the order of the arguments, those of a package in the order of its indices.
    /// Identifiers are filled from `identity`; `scope` is where whatever stays open will be.
    ///
    /// # Errors
    ///
    /// At the first short form that cannot be built, or reference to what is neither here nor registered.
    pub fn resolve(
        self,
        identity: &Identity,
        scope: &Identity,
        registered: &Registered,
    ) -> Result<Vec<Entry>, ReadError> {
        let fill = |entry: Entry| Entry { entity: identity.fill(entry.entity), ..entry };
        Ok(workflow::resolve(self.found, scope, registered)?.into_iter().map(fill).collect())
    }
}

/// Reads everything that can be registered, and asks no server: see [`Documents`].
///
/// # Errors
///
/// When an input cannot be read whole; short forms of workflows are looked into after all else.
pub fn read(paths: &[PathBuf], identity: &Identity) -> Result<Vec<Entry>, ReadError> {
    Documents::read(paths)?.resolve(identity, identity, &Registered::default())
}

fn read_folder(folder: &Path) -> Result<Vec<Found>, ReadError> {
    let mut files = Vec::new();
    find_files(folder, &mut files)?;
    let found = read_files(&files)?;
    if found.is_empty() {
        return Err(ReadError::new(Source::whole(folder), Cause::Empty));
    }
    Ok(found)
}

/// Lists files with a known ending, sorted; links to folders are not followed, since they may lead in circles.
fn find_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let unreadable = |path: &Path, error| ReadError::new(Source::whole(path), Cause::Io(error));
    let found = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut found = found.map_err(|error| unreadable(folder, error))?;
    found.sort_by_key(fs::DirEntry::file_name);
    for file in found {
        // macOS puts what it knows of files into hidden ones, or into this folder.
        if file.file_name().to_string_lossy().starts_with('.') || file.file_name() == "__MACOSX" {
            continue;
        }
        let path = file.path();
        if file.file_type().map_err(|error| unreadable(&path, error))?.is_dir() {
            find_files(&path, files)?;
        } else if FileType::of(&path).is_some() {
            let is_folder = folder::is_folder(&path).map_err(|Unreadable { reason, .. }| {
                unreadable(&path, io::Error::other(reason.to_string()))
            })?;
            if !is_folder {
                files.push(path);
            }
        }
    }
    Ok(())
}

/// Whether a file is called as one that [`read()`] takes.
#[must_use]
pub fn has_known_ending(path: &Path) -> bool {
    FileType::of(path).is_some()
}

/// What a file holds, by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileType {
    FastArchive,
    Json,
    Package,
    Proto,
    Yaml,
}

impl FileType {
    fn of(path: &Path) -> Option<Self> {
        // The end decides; the rest need not be UTF-8.
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        Some(match name.rsplit_once('.')?.1 {
            "json" => Self::Json,
            "pb" => Self::Proto,
            "yaml" | "yml" => Self::Yaml,
            "tgz" => Self::Package,
            "gz" if package::is_fast_archive(&name) => Self::FastArchive,
            "gz" if name.ends_with(".tar.gz") => Self::Package,
            _ => return None,
        })
    }
}

/// Reads files in order. A code archive belongs to the `.pb` files beside it, as in an unpacked package.
fn read_files(files: &[PathBuf]) -> Result<Vec<Found>, ReadError> {
    let mut found = Vec::new();
    let mut archives: BTreeMap<PathBuf, Arc<FastArchive>> = BTreeMap::new();
    for file in files {
        let fail = |cause| ReadError::new(Source::whole(file), cause);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let reader = fs::File::open(file).map_err(|error| fail(error.into()))?;
        let file_type = FileType::of(file).ok_or_else(|| fail(Cause::FileType))?;
        match file_type {
            FileType::Json | FileType::Yaml => {
                let bytes = package::read_limited(reader, package::MAX_ARCHIVE_BYTES).map_err(fail)?;
                found.extend(read_documents(file, &bytes, file_type == FileType::Json)?);
            }
            FileType::Package => {
                let entries = package::read_tgz(file, io::BufReader::new(reader))?;
                found.extend(entries.into_iter().map(Found::from));
            }
            FileType::Proto => {
                let bytes = package::read_limited(reader, package::MAX_MEMBER_BYTES).map_err(fail)?;
                let entity = package::entity(&name, &bytes).map_err(fail)?;
                let source = Source::whole(file);
                let content = Content::Entity(Box::new(entity), Origin::Package);
                found.push(Found { source, content, archive: None });
            }
            FileType::FastArchive => {
                let bytes = package::read_limited(reader, package::MAX_ARCHIVE_BYTES).map_err(fail)?;
                let archive = FastArchive { name: name.clone(), source: Source::whole(file), bytes };
                let folder = file.parent().unwrap_or(Path::new("")).to_owned();
                if let Some(first) = archives.insert(folder, Arc::new(archive)) {
                    return Err(fail(Cause::ArchiveTwice(first.name.clone(), name)));
                }
            }
        }
    }
    for found in found.iter_mut().filter(|found| found.source.part == Part::Whole) {
        found.archive = found.source.file.parent().and_then(|folder| archives.get(folder)).cloned();
    }
    Ok(found)
}

fn read_documents(file: &Path, bytes: &[u8], only_json: bool) -> Result<Vec<Found>, ReadError> {
    let whole = |cause| ReadError::new(Source::whole(file), cause);
    let text = plain_text::decode(bytes).map_err(|error| whole(Cause::Syntax(error.to_string())))?;
    let documents = documents::parse(text, only_json).map_err(|error| whole(Cause::Syntax(error)))?;
    if documents.is_empty() {
        return Err(whole(Cause::Empty));
    }
    let mut found = Vec::new();
    let shared: LazyCell<Arc<str>, _> = LazyCell::new(|| text.into());
    for (index, document) in documents.iter().enumerate() {
        let source = Source { file: file.to_owned(), part: Part::Document(index + 1) };
        let contents = document::contents(document, &mut FieldPath::default()).map_err(|mut cause| {
            match &mut cause {
                Cause::Field(error) => error.line = documents::line(text, index, &error.path),
                Cause::ShortForm { error, line } => {
                    *line = documents::line(text, index, &FieldPath::parse(&error.path));
                }
                _ => {}
            }
            ReadError::new(source.clone(), cause)
        })?;
        for mut content in contents {
            if let Content::Draft(draft) = &mut content {
                draft.place(&shared, index);
            }
            found.push(Found { source: source.clone(), content, archive: None });
        }
    }
    Ok(found)
}
