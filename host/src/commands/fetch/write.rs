//! Values as files: blobs and tables are downloaded, structures are written as JSON, primitives as text.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flyte_client::{
    literal,
    proto::core::{
        Blob, Literal, Scalar, blob_type::BlobDimensionality, literal::Value as LiteralValue,
        scalar::Value as ScalarValue,
    },
};
use serde_json::{Value, json};

use crate::flyte::{
    session::Session,
    transfer::{self, Downloaded, ObjectShape, safe_name},
    values,
};
use crate::ui::{
    error::CommandError,
    exit_code::Exit,
    output::{Format, Ui},
};

/// A file in the object store as a literal.
pub(super) fn file(uri: String) -> Literal {
    let blob = Blob { uri, metadata: None };
    let scalar = Scalar { value: Some(ScalarValue::Blob(blob)) };
    Literal { value: Some(LiteralValue::Scalar(Box::new(scalar))), ..Default::default() }
}

/// The outcome of each value.
#[derive(Debug, Default)]
pub(super) struct FetchReport(Vec<(String, ValueResult)>);

#[derive(Debug)]
enum ValueResult {
    Files(Vec<PathBuf>),
    /// Not all files could be downloaded; `files` are those that were.
    Missing {
        uri: String,
        files: Vec<PathBuf>,
        failure: CommandError,
    },
}

impl ValueResult {
    fn rows(&self) -> Vec<String> {
        match self {
            Self::Files(files) | Self::Missing { files, .. } => {
                files.iter().map(|file| file.display().to_string()).collect()
            }
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Files(_) => json!({ "files": self.rows() }),
            Self::Missing { uri, failure, .. } => {
                json!({ "files": self.rows(), "missing": { "uri": uri, "reasons": failure.facts() } })
            }
        }
    }
}

impl FetchReport {
    /// Prints how many files were written, and where.
    pub(super) fn note_count(&self, ui: &Ui, dir: &Path) {
        let count: usize = self.0.iter().map(|(_, result)| result.rows().len()).sum();
        let files = if count == 1 { "file" } else { "files" };
        if count > 0 {
            ui.note(format_args!("wrote {count} {files} to `{}`\n", dir.display()));
        }
    }

    /// Prints files by the names of their values.
    pub(super) fn print(&self, ui: &Ui) -> Result<(), CommandError> {
        match ui.format() {
            Format::Table if self.0.iter().all(|(_, result)| result.rows().is_empty()) => Ok(()),
            Format::Table => {
                let rows = self
                    .0
                    .iter()
                    .flat_map(|(name, result)| result.rows().into_iter().map(|row| vec![name.clone(), row]));
                ui.table(&["NAME", "FILE"], rows)
            }
            Format::Name => {
                let there =
                    self.0.iter().filter(|(_, result)| !matches!(result, ValueResult::Missing { .. }));
                ui.names(there.map(|(name, _)| name.clone()))
            }
            Format::Json | Format::Yaml => {
                let entries = self.0.iter().map(|(name, result)| (name.clone(), result.to_json()));
                ui.structured(&entries.collect::<serde_json::Map<_, _>>().into())
            }
        }
    }

    /// The failure that lists missing values, each with its reason.
    pub(super) fn result(&self) -> Result<(), CommandError> {
        let missing: Vec<_> = self
            .0
            .iter()
            .filter_map(|(name, result)| match result {
                ValueResult::Missing { failure, .. } => Some((name, failure)),
                ValueResult::Files(_) => None,
            })
            .collect();
        let Some((_, first)) = missing.first() else { return Ok(()) };
        let exit = if missing.iter().all(|(_, failure)| failure.exit == first.exit) {
            first.exit
        } else {
            Exit::Failed
        };
        let names: Vec<_> = missing.iter().map(|(name, _)| format!("`{name}`")).collect();
        let all = CommandError::new(
            exit,
            format!("could not fetch {} of {}: {}", missing.len(), self.0.len(), names.join(", ")),
        );
        let reasons =
            missing.iter().map(|(name, failure)| format!("`{name}`: {}", failure.facts().join(": ")));
        let hint = missing.iter().find_map(|(_, failure)| failure.hints().first().cloned());
        Err(all.with_causes(reasons).hint(hint))
    }
}

/// Writes values into folders.
pub(super) struct Writer<'s> {
    session: &'s Session,
    recursive: bool,
    /// Whether files that exist are overwritten.
    force: bool,
    /// Paths in use: two names may be the same path on this system.
    taken: BTreeSet<PathBuf>,
    /// The outcomes so far.
    pub(crate) report: FetchReport,
}

impl<'s> Writer<'s> {
    pub(super) fn new(session: &'s Session, recursive: bool, force: bool) -> Self {
        Self { session, recursive, force, taken: BTreeSet::new(), report: FetchReport::default() }
    }

    /// Writes a value below a folder, under its name.
    pub(super) async fn value(&mut self, name: &str, value: &Literal, dir: &Path) {
        let mut open = vec![(name.to_owned(), dir.join(safe_name(name)), value)];
        while let Some((name, path, value)) = open.pop() {
            match &value.value {
                Some(LiteralValue::Collection(list)) if self.recursive && !list.literals.is_empty() => {
                    let parts = list.literals.iter().enumerate();
                    let parts = parts.map(|(index, part)| {
                        (format!("{name}[{index}]"), path.join(index.to_string()), part)
                    });
                    open.extend(parts.collect::<Vec<_>>().into_iter().rev());
                }
                Some(LiteralValue::Map(map)) if self.recursive && !map.literals.is_empty() => {
                    let mut parts: Vec<_> = map.literals.iter().collect();
                    parts.sort_by(|(a, _), (b, _)| literal::natural_order(b, a));
                    open.extend(
                        parts
                            .into_iter()
                            .map(|(key, part)| (format!("{name}.{key}"), path.join(safe_name(key)), part)),
                    );
                }
                Some(LiteralValue::Scalar(scalar)) => match &scalar.value {
                    Some(ScalarValue::Union(union)) if union.value.is_some() => {
                        open.extend(union.value.as_deref().map(|inner| (name, path, inner)));
                    }
                    Some(inner) => self.scalar(name, &path, value, inner).await,
                    None => self.json(name, &path, value),
                },
                Some(LiteralValue::OffloadedMetadata(offloaded)) => {
                    self.fetch(name, &offloaded.uri, &path, ObjectShape::File).await;
                }
                Some(LiteralValue::Collection(_) | LiteralValue::Map(_)) | None => {
                    self.json(name, &path, value);
                }
            }
        }
    }

    async fn scalar(&mut self, name: String, path: &Path, literal: &Literal, value: &ScalarValue) {
        match value {
            ScalarValue::Blob(blob) => {
                let kind = blob.metadata.as_ref().and_then(|metadata| metadata.r#type.as_ref());
                let is_folder =
                    kind.is_some_and(|kind| kind.dimensionality() == BlobDimensionality::Multipart);
                let shape = if is_folder { ObjectShape::Folder } else { ObjectShape::File };
                self.fetch(name, &blob.uri, path, shape).await;
            }
            ScalarValue::StructuredDataset(table) => {
                self.fetch(name, &table.uri, path, ObjectShape::Table).await
            }
            ScalarValue::Schema(table) => self.fetch(name, &table.uri, path, ObjectShape::Table).await,
            ScalarValue::Primitive(_) => {
                let text = values::to_text(&literal::to_json(literal));
                self.write(name, path, "txt", text.as_bytes());
            }
            _ => self.json(name, path, literal),
        }
    }

    async fn fetch(&mut self, name: String, uri: &str, to: &Path, shape: ObjectShape) {
        if let Err(failure) = self.take(to) {
            return self.missing(name, uri.to_owned(), failure);
        }
        let brought = transfer::download(self.session, uri, to, shape).await;
        match brought {
            Ok(Downloaded { files, missing: None }) => self.report.0.push((name, ValueResult::Files(files))),
            Ok(Downloaded { files, missing: Some(failure) }) => {
                self.report.0.push((name, ValueResult::Missing { uri: uri.to_owned(), files, failure }));
            }
            Err(failure) => self.missing(name, uri.to_owned(), failure),
        }
    }

    fn json(&mut self, name: String, path: &Path, literal: &Literal) {
        let text = format!("{:#}\n", literal::to_json(literal));
        self.write(name, path, "json", text.as_bytes());
    }

    /// Writes `PATH.ENDING`.
    fn write(&mut self, name: String, path: &Path, ending: &str, bytes: &[u8]) {
        let mut file = path.as_os_str().to_owned();
        file.push(format!(".{ending}"));
        let file = PathBuf::from(file);
        match self.take(&file).and_then(|()| write_file(&file, bytes, self.force)) {
            Ok(()) => self.report.0.push((name, ValueResult::Files(vec![file]))),
            Err(failure) => self.missing(name, file.display().to_string(), failure),
        }
    }

    /// Reserves a path for a value.
    fn take(&mut self, path: &Path) -> Result<(), CommandError> {
        if !self.taken.insert(path.to_owned()) {
            return Err(CommandError::new(
                Exit::Failed,
                format!("`{}` already holds another value", path.display()),
            )
            .hint("fetch it alone with `--value`".to_owned()));
        }
        if !self.force && is_occupied(path) { Err(exists_failure(path)) } else { Ok(()) }
    }

    fn missing(&mut self, name: String, uri: String, failure: CommandError) {
        self.report.0.push((name, ValueResult::Missing { uri, files: Vec::new(), failure }));
    }
}

fn write_file(file: &Path, bytes: &[u8], force: bool) -> Result<(), CommandError> {
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).create(force).truncate(force).create_new(!force);
    let parent = file.parent().map_or(Ok(()), fs::create_dir_all);
    let written = parent.and_then(|()| options.open(file)).and_then(|mut open| open.write_all(bytes));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists if !force => exists_failure(file),
        _ => {
            CommandError::new(Exit::Failed, format!("could not write `{}`", file.display())).caused_by(error)
        }
    })
}

/// Whether a path exists and is not an empty folder.
fn is_occupied(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()),
        Ok(_) => true,
        Err(_) => false,
    }
}

fn exists_failure(path: &Path) -> CommandError {
    CommandError::new(Exit::Failed, format!("`{}` already exists", path.display()))
        .hint("pass `--force` to overwrite it, or name another folder".to_owned())
}
