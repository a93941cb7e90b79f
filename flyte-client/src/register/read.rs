//! From files to entities: documents, serialized messages and packages, and the short forms that are built
//! from them.
//!
//! [`Documents`] reads everything first, so that short forms may refer to each other across files, and builds
//! short forms then. Documents are described in [`document`], packages in [`package`], short forms in
//! [`task`] and [`workflow`].

use std::{
    cell::LazyCell,
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

pub mod archive;
pub(super) mod compiled;
pub mod document;
pub(super) mod error;
pub mod launch_plan;
pub mod package;
mod parsed;
pub mod task;
pub mod workflow;

use self::{
    error::{Part, ReadError, ReadErrorCause, Source},
    parsed::{ItemContent, ParsedItem},
};
use super::{
    entity::EntityKind,
    identity::Identity,
    item::{FastArchive, ItemOrigin, RegisterItem},
    registered::{Registered, Wanted},
};
use crate::{
    documents,
    folder::{self, Unreadable},
    plain_text,
    proto::path::FieldPath,
};

/// What was read, with short forms that wait for what they refer to.
#[derive(Debug)]
pub struct Documents {
    found: Vec<ParsedItem>,
}

impl Documents {
    /// Reads everything that can be registered from files, folders and, for `-`, standard input.
    ///
    /// A folder is searched with its sub-folders, by name, hidden ones left out; only files that can hold
    /// entities (`.yaml`, `.yml`, `.json`, `.pb`, `.tgz`, `.tar.gz`) are read.
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

    /// What is referred to and was not read, each once. `scope` is the project, domain and version of
    /// whatever names none.
    #[must_use]
    pub fn missing(&self, scope: &Identity) -> BTreeSet<Wanted> {
        let names = workflow::names(&self.found, scope);
        workflow::missing(&self.found, &names)
    }

    /// The names of a kind that were read.
    #[must_use]
    pub fn names(&self, kind: EntityKind) -> BTreeSet<String> {
        let scope = Identity::default();
        workflow::names(&self.found, &scope).names(kind).map(str::to_owned).collect()
    }

    /// Makes entities of everything, in the order of the arguments, those of a package in the order of its
    /// indices. Identifiers are filled from `identity`; `scope` is where whatever stays open will be.
    ///
    /// # Errors
    ///
    /// At the first short form that cannot be built, or reference to what is neither here nor registered.
    pub fn resolve(
        self,
        identity: &Identity,
        scope: &Identity,
        registered: &Registered,
    ) -> Result<Vec<RegisterItem>, ReadError> {
        let fill = |entry: RegisterItem| RegisterItem { entity: identity.fill(entry.entity), ..entry };
        Ok(workflow::resolve(self.found, scope, registered)?.into_iter().map(fill).collect())
    }
}

/// Reads everything that can be registered, and asks no server: see [`Documents`].
///
/// # Errors
///
/// When an input cannot be read whole; short forms of workflows are looked into after all else.
pub fn read(paths: &[PathBuf], identity: &Identity) -> Result<Vec<RegisterItem>, ReadError> {
    Documents::read(paths)?.resolve(identity, identity, &Registered::default())
}

fn read_folder(folder: &Path) -> Result<Vec<ParsedItem>, ReadError> {
    let mut files = Vec::new();
    find_files(folder, &mut files)?;
    let found = read_files(&files)?;
    if found.is_empty() {
        return Err(ReadError::new(Source::whole(folder), ReadErrorCause::Empty));
    }
    Ok(found)
}

/// Lists files with a known ending, sorted; links to folders are not followed, since they may lead in
/// circles.
fn find_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let unreadable = |path: &Path, error| ReadError::new(Source::whole(path), ReadErrorCause::Io(error));
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
        } else if FileType::from_path(&path).is_some() {
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
    FileType::from_path(path).is_some()
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
    fn from_path(path: &Path) -> Option<Self> {
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
fn read_files(files: &[PathBuf]) -> Result<Vec<ParsedItem>, ReadError> {
    let mut found = Vec::new();
    let mut archives: BTreeMap<PathBuf, Arc<FastArchive>> = BTreeMap::new();
    for file in files {
        let fail = |cause| ReadError::new(Source::whole(file), cause);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let reader = fs::File::open(file).map_err(|error| fail(error.into()))?;
        let file_type = FileType::from_path(file).ok_or_else(|| fail(ReadErrorCause::FileType))?;
        match file_type {
            FileType::Json | FileType::Yaml => {
                let bytes = package::read_limited(reader, package::MAX_ARCHIVE_BYTES).map_err(fail)?;
                found.extend(read_documents(file, &bytes, file_type == FileType::Json)?);
            }
            FileType::Package => {
                let entries = package::read_tgz(file, io::BufReader::new(reader))?;
                found.extend(entries.into_iter().map(ParsedItem::from));
            }
            FileType::Proto => {
                let bytes = package::read_limited(reader, package::MAX_MEMBER_BYTES).map_err(fail)?;
                let entity = package::entity(&name, &bytes).map_err(fail)?;
                let source = Source::whole(file);
                let content = ItemContent::Entity(Box::new(entity), ItemOrigin::Package);
                found.push(ParsedItem { source, content, archive: None });
            }
            FileType::FastArchive => {
                let bytes = package::read_limited(reader, package::MAX_ARCHIVE_BYTES).map_err(fail)?;
                let archive = FastArchive { name: name.clone(), source: Source::whole(file), bytes };
                let folder = file.parent().unwrap_or(Path::new("")).to_owned();
                if let Some(first) = archives.insert(folder, Arc::new(archive)) {
                    return Err(fail(ReadErrorCause::ArchiveTwice(first.name.clone(), name)));
                }
            }
        }
    }
    for found in found.iter_mut().filter(|found| found.source.part == Part::Whole) {
        found.archive = found.source.file.parent().and_then(|folder| archives.get(folder)).cloned();
    }
    Ok(found)
}

fn read_documents(file: &Path, bytes: &[u8], only_json: bool) -> Result<Vec<ParsedItem>, ReadError> {
    let whole = |cause| ReadError::new(Source::whole(file), cause);
    let text = plain_text::decode(bytes).map_err(|error| whole(ReadErrorCause::Syntax(error.to_string())))?;
    let documents =
        documents::parse(text, only_json).map_err(|error| whole(ReadErrorCause::Syntax(error)))?;
    if documents.is_empty() {
        return Err(whole(ReadErrorCause::Empty));
    }
    let mut found = Vec::new();
    let shared: LazyCell<Arc<str>, _> = LazyCell::new(|| text.into());
    for (index, document) in documents.iter().enumerate() {
        let source = Source { file: file.to_owned(), part: Part::Document(index + 1) };
        let contents = document::contents(document, &mut FieldPath::default()).map_err(|mut cause| {
            match &mut cause {
                ReadErrorCause::Field(error) => error.line = documents::line(text, index, &error.path),
                ReadErrorCause::ShortForm { error, line } => {
                    *line = documents::line(text, index, &FieldPath::parse(&error.path));
                }
                _ => {}
            }
            ReadError::new(source.clone(), cause)
        })?;
        for mut content in contents {
            if let ItemContent::Draft(draft) = &mut content {
                draft.set_source(&shared, index);
            }
            found.push(ParsedItem { source: source.clone(), content, archive: None });
        }
    }
    Ok(found)
}
