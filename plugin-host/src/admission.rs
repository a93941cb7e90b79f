//! Admission: which files of plugins may be loaded.
//!
//! Rules come from layers: the administrator, the user. Each layer can only refuse; what one refused, no
//! other one permits. The rules are about the content that is going to be loaded, not about the file at its
//! path: they read the sealed copy.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use semver::{Version, VersionReq};

pub(crate) mod error;

pub use self::error::AdmissionError;

use crate::{
    link::LoadedFile,
    preflight::Passport,
    signature::{FileSignature, MAX_SIGNATURE_SIZE, PublisherKey, signature_path},
};

/// The rules of one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdmissionRules {
    /// Who made them, as messages name it: "`/etc/flyte/host.toml`".
    pub source: String,
    /// Only plugins that one of these keys signed; `None`: also unsigned ones.
    pub allowed_keys: Option<Vec<PublisherKey>>,
    /// No plugins that one of these keys signed.
    pub denied_keys: Vec<PublisherKey>,
    /// No plugins with this content, by SHA-256 in lower-case hex.
    pub denied_sha256: BTreeSet<String>,
    /// No plugins that these compilers built, by version: `1.98.0`.
    pub denied_compilers: BTreeSet<String>,
    /// No plugins of these versions, by name.
    pub denied_versions: Vec<(String, VersionReq)>,
}

/// The files that were installed, from the lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstalledFiles {
    /// SHA-256 in lower-case hex of the versions of each plugin, by name.
    pub sha256: BTreeMap<String, Vec<String>>,
}

/// Reads the lock file; the error is its reason.
type ReadInstalled = dyn Fn() -> Result<InstalledFiles, String> + Send + Sync;

/// Where installed plugins are.
#[derive(Clone)]
pub struct InstalledPlugins {
    folder: PathBuf,
    lock_file: PathBuf,
    read: Arc<ReadInstalled>,
    files: Arc<OnceLock<Result<InstalledFiles, String>>>,
}

/// The folder of contents, below that of plugins.
pub const STORE: &str = "store";

impl InstalledPlugins {
    /// Plugins whose links are in `folder`, and whose files are in `folder/store`.
    ///
    /// `read` reads `lock_file`; it is called once, when the first of them is loaded.
    pub fn new(
        folder: PathBuf,
        lock_file: PathBuf,
        read: impl Fn() -> Result<InstalledFiles, String> + Send + Sync + 'static,
    ) -> Self {
        Self { folder, lock_file, read: Arc::new(read), files: Arc::default() }
    }

    /// Whether the path leads to a file in the store: one that was installed.
    ///
    /// Only the path and its own link are read: in a process whose accesses are recorded, what is read here
    /// counts as read by the plugin.
    fn is_stored(&self, path: &Path) -> bool {
        let store = self.folder.join(STORE);
        path.starts_with(&store) || link_target(path).is_some_and(|target| target.starts_with(&store))
    }

    /// The plugin whose link a path would be.
    fn linked_name<'p>(&self, path: &'p Path) -> Option<&'p str> {
        use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
        let file = path.file_name().filter(|_| path.parent() == Some(self.folder.as_path()))?;
        file.to_str()?.strip_prefix(DLL_PREFIX)?.strip_suffix(DLL_SUFFIX)
    }

    fn check(&self, candidate: &Subject<'_>) -> Result<(), AdmissionError> {
        let path = candidate.file.path();
        if !path.starts_with(&self.folder) {
            // The user's own choice, of which nothing is read.
            return Ok(());
        }
        let is_stored = self.is_stored(path);
        let files = self.files.get_or_init(|| (self.read)());
        let files = files.as_ref().map_err(|reason| AdmissionError::LockFile {
            path: self.lock_file.clone(),
            reason: reason.clone(),
        })?;
        // In the place of an installed plugin, what the file calls itself does not count.
        let place = self.linked_name(path).filter(|name| files.sha256.contains_key(*name));
        let name = place.unwrap_or_else(|| candidate.passport.name());
        match files.sha256.get(name) {
            // The user's own file, copied there.
            None if !is_stored => Ok(()),
            Some(known) if known.contains(candidate.sha256()?) => Ok(()),
            _ => Err(AdmissionError::NotInstalled {
                name: name.to_owned(),
                path: path.to_owned(),
                lock_file: self.lock_file.clone(),
                sha256: candidate.sha256()?.to_owned(),
            }),
        }
    }
}

impl fmt::Debug for InstalledPlugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstalledPlugins").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The rules of all layers, and the installed plugins.
#[derive(Clone, Debug, Default)]
pub struct Admission {
    layers: Vec<AdmissionRules>,
    installed: Option<InstalledPlugins>,
}

/// A file that is judged; its hash is computed once, if a rule needs it.
struct Subject<'a> {
    file: &'a LoadedFile,
    passport: &'a Passport,
    sha256: OnceLock<String>,
}

impl Subject<'_> {
    fn sha256(&self) -> Result<&String, AdmissionError> {
        if let Some(known) = self.sha256.get() {
            return Ok(known);
        }
        let hash = self.file.sha256().map_err(|source| self.unreadable(source))?;
        Ok(self.sha256.get_or_init(|| hash))
    }

    fn unreadable(&self, source: io::Error) -> AdmissionError {
        AdmissionError::Read { path: self.file.path().to_owned(), source }
    }

    fn name(&self) -> String {
        self.passport.name().to_owned()
    }
}

impl Admission {
    /// Adds the rules of a layer.
    #[must_use]
    pub fn with_rules(mut self, rules: AdmissionRules) -> Self {
        self.layers.push(rules);
        self
    }

    /// Compares installed plugins with the lock file.
    #[must_use]
    pub fn with_installed(self, installed: InstalledPlugins) -> Self {
        Self { installed: Some(installed), ..self }
    }

    /// Whether a plugin's file may be loaded.
    ///
    /// # Errors
    ///
    /// The first rule that refuses it.
    pub fn check(&self, file: &LoadedFile, passport: &Passport) -> Result<(), AdmissionError> {
        let subject = Subject { file, passport, sha256: OnceLock::new() };
        if let Some(installed) = &self.installed {
            installed.check(&subject)?;
        }
        self.check_rules(&subject)
    }

    /// As [`Self::check`], for a file that is not installed yet: by the rules alone.
    ///
    /// # Errors
    ///
    /// The first rule that refuses it.
    pub fn check_content(&self, file: &LoadedFile, passport: &Passport) -> Result<(), AdmissionError> {
        self.check_rules(&Subject { file, passport, sha256: OnceLock::new() })
    }

    fn check_rules(&self, subject: &Subject<'_>) -> Result<(), AdmissionError> {
        self.layers.iter().try_for_each(|rules| rules.check(subject))
    }
}

impl AdmissionRules {
    fn check(&self, subject: &Subject<'_>) -> Result<(), AdmissionError> {
        let (name, rules) = (subject.name(), self.source.clone());
        let compiler = subject.passport.rustc();
        if let Some(denied) = self.denied_compilers.iter().find(|version| is_compiler(compiler, version)) {
            return Err(AdmissionError::Compiler { name, compiler: denied.clone(), rules });
        }
        let version = subject.passport.version();
        let parsed = Version::parse(version).ok();
        let is_denied = |(plugin, denied): &(String, VersionReq)| {
            *plugin == name && parsed.as_ref().is_none_or(|version| is_in_range(denied, version))
        };
        if self.denied_versions.iter().any(is_denied) {
            return Err(AdmissionError::Version { name, version: version.to_owned(), rules });
        }
        if !self.denied_sha256.is_empty() && self.denied_sha256.contains(subject.sha256()?) {
            let sha256 = subject.sha256()?.clone();
            return Err(AdmissionError::Content { name, sha256, rules });
        }
        if self.allowed_keys.is_none() && self.denied_keys.is_empty() {
            return Ok(());
        }
        self.check_signer(subject)
    }

    fn check_signer(&self, subject: &Subject<'_>) -> Result<(), AdmissionError> {
        let (name, rules) = (subject.name(), self.source.clone());
        let signature = read_signature(subject.file.path());
        let Some(signature) = signature else {
            let path = subject.file.path().to_owned();
            return match self.allowed_keys {
                Some(_) => Err(AdmissionError::NotSigned { name, path, rules }),
                None => Ok(()),
            };
        };
        let number = signature.key_number();
        if self.denied_keys.iter().any(|key| key.number() == number) {
            return Err(AdmissionError::DeniedKey { name, key: number.to_owned(), rules });
        }
        let Some(allowed) = &self.allowed_keys else { return Ok(()) };
        let Some(key) = allowed.iter().find(|key| key.number() == number) else {
            return Err(AdmissionError::OtherKey { name, key: number.to_owned(), rules });
        };
        let content = subject.file.read().map_err(|source| subject.unreadable(source))?;
        signature.verify(key, content).map_err(|source| AdmissionError::Signature { name, source })
    }
}

/// The signature beside a file, or beside the file that a link leads to. What is there and is not a
/// signature counts as none.
fn read_signature(path: &Path) -> Option<FileSignature> {
    let paths = [Some(path.to_owned()), link_target(path)];
    paths.into_iter().flatten().find_map(|path| {
        let file = fs::File::open(signature_path(&path)).ok()?;
        let mut text = String::new();
        file.take(MAX_SIGNATURE_SIZE).read_to_string(&mut text).ok()?;
        FileSignature::parse(&text).ok()
    })
}

/// Where a link leads; `None` for what is not a link.
fn link_target(path: &Path) -> Option<PathBuf> {
    let target = fs::read_link(path).ok()?;
    Some(path.parent()?.join(target))
}

/// Whether a range has a version. A pre-release counts as its release, too: [`VersionReq`] matches one only
/// if the range names a pre-release, and `1.1.0-beta` must not escape from `<1.2`.
fn is_in_range(range: &VersionReq, version: &Version) -> bool {
    let release = Version::new(version.major, version.minor, version.patch);
    range.matches(version) || range.matches(&release)
}

/// Whether the passport's compiler, such as `1.95.0 (hash date)`, is of a version.
fn is_compiler(rustc: &str, version: &str) -> bool {
    rustc.split_whitespace().any(|word| word == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pre_releases_are_in_the_range_of_their_release() {
        let is_denied = |version: &str| {
            is_in_range(&VersionReq::parse("<1.2").unwrap(), &Version::parse(version).unwrap())
        };
        assert!(is_denied("1.1.0") && is_denied("1.1.0-beta.1") && is_denied("1.1.0+build"));
        assert!(!is_denied("1.2.0") && !is_denied("1.3.0-beta.1"));
    }

    #[test]
    fn the_place_of_a_link_names_its_plugin() {
        use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
        let installed =
            InstalledPlugins::new("/home/ada/plugins".into(), PathBuf::new(), || Err(String::new()));
        let name = |folder: &str| {
            let path = Path::new(folder).join(format!("{DLL_PREFIX}acme{DLL_SUFFIX}"));
            installed.linked_name(&path).map(str::to_owned)
        };
        assert_eq!(name("/home/ada/plugins").as_deref(), Some("acme"));
        assert_eq!(name("/home/ada/plugins/store/5d41"), None);
        assert_eq!(installed.linked_name(Path::new("/home/ada/plugins/README")), None);
    }

    #[test]
    fn compilers_are_named_by_their_version() {
        let rustc = "rustc 1.98.0 (0123456 2026-01-01)";
        assert!(is_compiler(rustc, "1.98.0"));
        assert!(!is_compiler(rustc, "1.98"));
        assert!(!is_compiler(rustc, "98.0"));
    }
}
