//! Selection: which plugins to load, and from which files.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
};

use super::{error::SelectError, identity::BUILTIN, pin::Pin, preflight};

/// What selected the plugins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `--plugin`.
    Flag,
    /// A program that uses this library.
    Program,
    /// The settings file.
    Settings(PathBuf),
    /// An environment variable.
    Variable(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("`--plugin`"),
            Self::Program => f.write_str("the program"),
            Self::Settings(path) => write!(f, "`{}`", path.display()),
            Self::Variable(name) => write!(f, "`{name}`"),
        }
    }
}

/// The plugins to load, in the order of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Names and paths, as given.
    pub specs: Vec<String>,
    /// What selected them.
    pub source: Source,
    /// The content that the files must have, by name or path as in `specs`; a file without a pin is not
    /// compared.
    pub pins: BTreeMap<String, Pin>,
}

impl Selection {
    /// Parses a list that is separated like `PATH`. `builtin` and an empty list mean no plugin.
    ///
    /// # Errors
    ///
    /// [`SelectError::BuiltinInList`].
    pub fn parse(text: impl AsRef<OsStr>, source: Source) -> Result<Self, SelectError> {
        let specs = std::env::split_paths(&text).filter(|spec| !spec.as_os_str().is_empty());
        Self::new(specs.map(|spec| spec.to_string_lossy().into_owned()).collect(), source)
    }

    /// A list of names and paths.
    ///
    /// # Errors
    ///
    /// [`SelectError::BuiltinInList`].
    pub fn new(mut specs: Vec<String>, source: Source) -> Result<Self, SelectError> {
        if specs.iter().any(|spec| spec == BUILTIN) {
            if specs.len() > 1 {
                return Err(SelectError::BuiltinInList { source_name: source.to_string() });
            }
            specs.clear();
        }
        Ok(Self { specs, source, pins: BTreeMap::new() })
    }

    /// Refuses files with another content than these.
    #[must_use]
    pub fn with_pins(self, pins: BTreeMap<String, Pin>) -> Self {
        Self { pins, ..self }
    }

    /// No plugin at all.
    #[must_use]
    pub fn none() -> Self {
        Self { specs: Vec::new(), source: Source::Program, pins: BTreeMap::new() }
    }
}

/// The directories in which names are looked up, the first in front.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directories(Vec<PathBuf>);

/// System-wide directories.
#[cfg(unix)]
const SYSTEM: &[&str] = &["/usr/local/lib/flyte/plugins", "/usr/lib/flyte/plugins"];
#[cfg(not(unix))]
const SYSTEM: &[&str] = &[];

impl Directories {
    /// `path` (what `FLYTE_PLUGIN_PATH` says), the user's `~/.flyte/plugins`, the system's.
    ///
    /// Relative directories are left out: the result must not depend on the working directory.
    #[must_use]
    pub fn new(path: Option<&OsStr>, home: Option<&Path>) -> Self {
        let listed = path.map(|path| std::env::split_paths(path).collect::<Vec<_>>()).unwrap_or_default();
        let mut all: Vec<PathBuf> = listed.into_iter().filter(|directory| directory.is_absolute()).collect();
        all.extend(home.map(|home| home.join(".flyte/plugins")));
        all.extend(SYSTEM.iter().map(PathBuf::from));
        Self(without_duplicates(all))
    }

    /// Adds directories that came with the program, in front of the system's.
    #[must_use]
    pub fn with_installed(self, directories: &[PathBuf]) -> Self {
        let system: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
        let mut all: Vec<PathBuf> =
            self.0.into_iter().filter(|directory| !system.contains(directory)).collect();
        all.extend(directories.iter().cloned());
        all.extend(system);
        Self(without_duplicates(all))
    }

    /// The directories, the first in front.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.0
    }

    /// The file that a name or a path means.
    ///
    /// A text with a path separator, or with the extension of a library, is a path. A name is looked up
    /// as `libNAME.so`, then by the name in the passports of the other libraries. The first directory
    /// with a match wins, even if its file fails the checks.
    ///
    /// # Errors
    ///
    /// [`SelectError::UnknownName`] for a name that no directory has. That a path exists is not checked here.
    pub fn find(&self, spec: &str) -> Result<PathBuf, SelectError> {
        if is_path(spec) {
            let path = PathBuf::from(spec);
            // dlopen searches the system's directories for a name without a separator.
            return Ok(std::path::absolute(&path).unwrap_or(path));
        }
        for directory in &self.0 {
            let by_file = file_names(spec)
                .into_iter()
                .map(|name| directory.join(name))
                .find(|path| path.symlink_metadata().is_ok());
            if let Some(found) = by_file.or_else(|| by_passport(directory, spec)) {
                return Ok(found);
            }
        }
        Err(SelectError::UnknownName {
            name: spec.to_owned(),
            directories: self.0.iter().filter(|directory| directory.is_dir()).cloned().collect(),
            searched: self.0.clone(),
            near: self.similar(spec),
        })
    }

    /// The libraries in all directories, in the order in which they would be found.
    #[must_use]
    pub fn libraries(&self) -> Vec<PathBuf> {
        self.0.iter().flat_map(|directory| libraries(directory)).collect()
    }

    fn similar(&self, name: &str) -> Option<String> {
        let known = self.libraries().into_iter().filter_map(|path| {
            let passport = preflight::read_passport(&path).ok();
            passport.map(|passport| passport.name().to_owned())
        });
        flyte_text::similar(name, known, |known| known).into_iter().next()
    }
}

/// The directories without duplicates, also through symbolic links.
fn without_duplicates(directories: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let is_new =
        |path: &PathBuf| seen.insert(path.canonicalize().unwrap_or_else(|_| path.components().collect()));
    directories.into_iter().filter(is_new).collect()
}

fn is_path(spec: &str) -> bool {
    spec.contains(std::path::is_separator)
        || Path::new(spec).extension().is_some_and(|ending| ending == std::env::consts::DLL_EXTENSION)
}

/// What the file of a plugin may be called; Cargo turns `-` into `_`.
fn file_names(name: &str) -> Vec<String> {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    let mut names = vec![format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"), format!("{name}{DLL_SUFFIX}")];
    if name.contains('-') {
        names.push(format!("{DLL_PREFIX}{}{DLL_SUFFIX}", name.replace('-', "_")));
    }
    names
}

fn by_passport(directory: &Path, name: &str) -> Option<PathBuf> {
    libraries(directory)
        .into_iter()
        .find(|path| preflight::read_passport(path).is_ok_and(|passport| passport.name() == name))
}

/// The libraries of one directory, by name.
fn libraries(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == std::env::consts::DLL_EXTENSION))
        .collect();
    found.sort();
    found
}
