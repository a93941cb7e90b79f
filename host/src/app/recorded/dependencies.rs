//! What the command line of plugins depended on.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::{self, Metadata},
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use data_encoding::HEXLOWER;
use plugin_host::access::Accesses;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::settings::Settings;

/// Variables that differ between shells and sessions and that decide nothing, left out of the whole
/// environment.
const VOLATILE: [&str; 6] = ["OLDPWD", "PWD", "SHLVL", "TERM_SESSION_ID", "WINDOWID", "_"];

/// A file that changed this shortly before it was read may change again without a new time: clocks of file
/// systems are coarse.
const COARSE: Duration = Duration::from_millis(100);

/// The plugins whose edits are asked for.
pub(super) struct Request<'a> {
    /// Their files, the one with precedence first.
    pub(super) plugins: &'a [PathBuf],
    pub(super) settings: &'a Settings,
    /// Whether each runs in a process of its own, whatever the settings say.
    pub(super) isolates_all: bool,
}

/// Everything that an answer depended on. Values are hashed, as they may be secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dependencies {
    program: FileState,
    plugins: Vec<(PathBuf, FileState)>,
    settings: String,
    isolation: String,
    #[serde(default)]
    variables: BTreeMap<String, Option<String>>,
    /// The hash of all variables, where a plugin reads the environment as a whole.
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    files: BTreeMap<PathBuf, Option<FileState>>,
    #[serde(default)]
    directory: Option<PathBuf>,
}

/// The state of a file: equal if it has not been written to or replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileState {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileState {
    fn new(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    fn read(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|found| Self::new(&found))
    }

    fn changed_after(&self, time: SystemTime) -> bool {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let since = (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), i64::from(since.subsec_nanos()));
        self.changed > since
    }
}

impl Dependencies {
    /// Those that are known before any plugin runs: the program, the plugins in their order, their settings.
    /// `None` if a file is missing.
    pub(super) fn of_program(request: &Request<'_>) -> Option<Self> {
        let Request { plugins, settings, isolates_all } = request;
        let states = plugins.iter().map(|path| Some((path.clone(), FileState::read(path)?)));
        Some(Self {
            program: FileState::read(&std::env::current_exe().ok()?)?,
            plugins: states.collect::<Option<_>>()?,
            settings: hash(
                format!("{}{:?}", serde_json::to_string(&settings.plugin).ok()?, settings.pins()).as_bytes(),
            ),
            isolation: hash(
                format!("{isolates_all}{:?}{:?}", settings.isolation, settings.administrator).as_bytes(),
            ),
            variables: BTreeMap::new(),
            environment: None,
            files: BTreeMap::new(),
            directory: None,
        })
    }

    /// Adds what the plugins read.
    pub(super) fn with_accesses(mut self, accesses: &Accesses) -> Self {
        let variables = accesses.variables.iter();
        self.variables = variables.map(|name| (encode(name), variable(name))).collect();
        self.files = accesses.files.iter().map(|path| (path.clone(), FileState::read(path))).collect();
        self.directory = accesses.directory.then(std::env::current_dir).and_then(Result::ok);
        if self.plugins.iter().any(|(path, _)| reads_environment(path)) {
            self.environment = Some(environment());
        }
        self
    }

    /// Adds all that plugins can read of variables, for code that was not watched to its end.
    pub(super) fn with_environment(mut self) -> Self {
        self.environment = Some(environment());
        self
    }

    /// Whether nothing has changed. `program`: what is known now before any plugin runs.
    pub(super) fn are_current(&self, program: &Self) -> bool {
        let same =
            |name: &str, value: &Option<String>| decode(name).is_some_and(|name| variable(&name) == *value);
        (&self.program, &self.plugins, &self.settings, &self.isolation)
            == (&program.program, &program.plugins, &program.settings, &program.isolation)
            && self.variables.iter().all(|(name, value)| same(name, value))
            && self.environment.as_ref().is_none_or(|before| *before == environment())
            && self.files.iter().all(|(path, state)| FileState::read(path) == *state)
            && self
                .directory
                .as_ref()
                .is_none_or(|before| std::env::current_dir().is_ok_and(|now| now == *before))
    }

    /// Whether a file changed too shortly before `start` to notice the next change.
    pub(super) fn changed_just_before(&self, start: SystemTime) -> bool {
        let files = self.files.values().flatten();
        let mut states = self.plugins.iter().map(|(_, state)| state).chain(files);
        states.any(|state| state.changed_after(start - COARSE))
    }

    /// The name under which an answer is kept: a hash of the program's and the plugins' paths, and of the
    /// isolation.
    pub(super) fn name(&self) -> String {
        let program = std::env::current_exe().unwrap_or_default();
        let paths =
            std::iter::once(program.as_path()).chain(self.plugins.iter().map(|(path, _)| path.as_path()));
        let paths = paths.map(|path| path.as_os_str().as_bytes());
        hash(&paths.chain([self.isolation.as_bytes()]).collect::<Vec<_>>().join(&0))
    }
}

/// Whether a library may walk the environment itself, or read it by a function that is not watched. A text in
/// its bytes is enough: one too many only costs time.
fn reads_environment(library: &Path) -> bool {
    let names: [&[u8]; 3] = [b"environ", b"__environ", b"secure_getenv"];
    fs::read(library).map_or(true, |bytes| bytes.split(|byte| *byte == 0).any(|text| names.contains(&text)))
}

fn variable(name: &OsStr) -> Option<String> {
    std::env::var_os(name).map(|value| hash(value.as_bytes()))
}

fn environment() -> String {
    let variables = std::env::vars_os().filter(|(name, _)| !VOLATILE.iter().any(|volatile| name == volatile));
    let mut entries: Vec<Vec<u8>> =
        variables.map(|(name, value)| [name.as_bytes(), value.as_bytes()].join(&b'=')).collect();
    entries.sort();
    hash(&entries.join(&0))
}

fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

fn encode(name: &OsStr) -> String {
    HEXLOWER.encode(name.as_bytes())
}

fn decode(name: &str) -> Option<OsString> {
    HEXLOWER.decode(name.as_bytes()).ok().map(std::os::unix::ffi::OsStringExt::from_vec)
}
