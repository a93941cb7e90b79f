//! One link of a chain: a plugin that was created, and who it is.

use std::{fmt, path::PathBuf};

use plugin_abi::{Hook, PROTOCOL, ProtocolVersion, export::Exported, vtable::HooksBox};

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
    pub(super) overrides: Vec<Hook>,
    /// `None` for what is compiled into this program.
    pub(super) file: Option<LoadedFile>,
    pub(super) hooks: HooksBox,
}

/// The file behind a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedFile {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
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
        self.overrides.contains(&hook)
    }

    /// The hooks that it overrides.
    #[must_use]
    pub fn overridden(&self) -> &[Hook] {
        &self.overrides
    }

    /// The file that it was loaded from; `None` for what is compiled into this program.
    #[must_use]
    pub fn file(&self) -> Option<&LoadedFile> {
        self.file.as_ref()
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
            overrides: Hook::ALL.to_vec(),
            file: None,
            hooks,
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
