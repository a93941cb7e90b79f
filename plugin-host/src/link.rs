//! One link of a chain: a plugin that was created, and who it is.

use std::{
    fmt,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use plugin_abi::{Hook, HookSet, PROTOCOL, ProtocolVersion, export::Exported, vtable::HooksBox};
use sha2::{Digest, Sha256};

use super::{load::LoadTimes, preflight::Passport};

/// Who a plugin is, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Where to report bugs.
    pub homepage: Option<String>,
}

impl Identity {
    /// Who the file of a plugin says that it is.
    #[must_use]
    pub fn from_passport(passport: &Passport) -> Self {
        Self {
            name: passport.name().to_owned(),
            version: passport.version().to_owned(),
            homepage: passport.homepage().map(str::to_owned),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin `{}` {}", self.name, self.version)
    }
}

/// A plugin that is ready to answer.
pub struct Link {
    pub(super) identity: Identity,
    pub(super) protocol: ProtocolVersion,
    /// The hooks that it overrides; the others are not asked.
    pub(super) overrides: HookSet,
    /// `None` for what is compiled into this program.
    pub(super) file: Option<LoadedFile>,
    pub(super) hooks: HooksBox,
    pub(super) times: LoadTimes,
}

/// The file behind a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedFile {
    path: PathBuf,
}

impl LoadedFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of its bytes as they are now, in lower-case hex.
    ///
    /// Worked out when asked: hashing a file takes longer than all that is looked at before it is loaded.
    ///
    /// # Errors
    ///
    /// When the file cannot be read any more.
    pub fn sha256(&self) -> io::Result<String> {
        let mut hasher = Sha256::new();
        io::copy(&mut File::open(&self.path)?, &mut Hashing(&mut hasher))?;
        Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Feeds what is written to it to a hash.
struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Link {
    /// Who the plugin is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The protocol that it speaks.
    #[must_use]
    pub fn protocol(&self) -> ProtocolVersion {
        self.protocol
    }

    /// Whether it overrides a hook.
    #[must_use]
    pub fn overrides(&self, hook: Hook) -> bool {
        self.overrides.contains(hook)
    }

    /// The hooks that it overrides.
    pub fn overridden(&self) -> impl Iterator<Item = Hook> {
        Hook::ALL.iter().copied().filter(|&hook| self.overrides(hook))
    }

    /// The file that it was loaded from; `None` for what is compiled into this program.
    #[must_use]
    pub fn file(&self) -> Option<&LoadedFile> {
        self.file.as_ref()
    }

    /// How long it took to load it; nothing for what is compiled into this program.
    #[must_use]
    pub fn times(&self) -> LoadTimes {
        self.times
    }

    /// A plugin that is compiled into this program: for tests, and for programs that ship with one.
    ///
    /// # Errors
    ///
    /// What the plugin's `create` says.
    pub fn in_process<P: Exported>(config: &serde_json::Value) -> Result<Self, super::LoadError> {
        let passport = super::preflight::Passport::parse(format!("{}\0", P::PASSPORT).as_bytes());
        let passport = passport.expect("the export attribute makes only passports that can be read");
        super::load::create(&plugin_abi::export::module::<P>(), &passport, None, "in-process", config)
    }

    pub(super) fn builtin(hooks: HooksBox) -> Self {
        Self {
            identity: Identity {
                name: super::select::BUILTIN.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                homepage: None,
            },
            protocol: PROTOCOL,
            overrides: Hook::ALL.iter().copied().fold(HookSet::EMPTY, HookSet::with_hook),
            file: None,
            hooks,
            times: LoadTimes::default(),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("identity", &self.identity)
            .field("protocol", &self.protocol)
            .field("overrides", &self.overrides)
            .finish_non_exhaustive()
    }
}
