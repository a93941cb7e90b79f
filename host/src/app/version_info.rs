//! The taint line: which foreign code is in this process, for `--version` and for every report of a bug.

use std::sync::OnceLock;

use plugin_abi::{Hook, ProtocolVersion};

use plugin_host::{Candidate, Identity, Link, link::LoadedFile};

static TAINT: OnceLock<Vec<Plugin>> = OnceLock::new();

/// What is noted of a plugin; its hash is worked out when somebody reads the line.
pub(crate) struct Plugin {
    line: String,
    file: Option<LoadedFile>,
}

/// Notes the plugins in use, for `--version` and for a report of a bug.
pub(crate) fn note(plugins: impl Iterator<Item = Plugin>) {
    // Set once, by the one start of the program.
    let _ = TAINT.set(plugins.collect());
}

/// The version, and the plugins in use.
pub(super) fn text() -> String {
    format!("flyte-host {}\n{}", env!("CARGO_PKG_VERSION"), lines())
}

/// A line for each plugin in use: name, version, protocol, hooks, hash.
pub(crate) fn lines() -> String {
    let plugins = TAINT.get().map_or(&[][..], Vec::as_slice);
    if plugins.is_empty() {
        return "no plugins\n".to_owned();
    }
    plugins.iter().map(Plugin::line).collect()
}

impl Plugin {
    /// One that is loaded.
    pub(crate) fn from_link(link: &Link) -> Self {
        Self::new(link.identity(), link.protocol(), link.overridden(), link.file().cloned())
    }

    /// One that would be loaded; its file says the same.
    pub(crate) fn from_candidate(candidate: &Candidate) -> Self {
        let passport = &candidate.passport;
        let hooks = Hook::ALL.iter().copied().filter(|hook| passport.overrides(hook.name()));
        let identity = Identity::from_passport(passport);
        Self::new(&identity, passport.protocol(), hooks, Some(candidate.file.clone()))
    }

    fn new(
        identity: &Identity,
        protocol: ProtocolVersion,
        hooks: impl Iterator<Item = Hook>,
        file: Option<LoadedFile>,
    ) -> Self {
        let hooks: Vec<&str> = hooks.map(Hook::name).collect();
        let hooks = if hooks.is_empty() { "nothing".to_owned() } else { hooks.join(", ") };
        Self { line: format!("{identity} (protocol {protocol}) overrides {hooks}"), file }
    }

    fn line(&self) -> String {
        let hash = self.file.as_ref().map(|file| match file.sha256() {
            Ok(hash) => format!("; sha256 {hash}"),
            Err(error) => format!("; its file cannot be read any more: {error}"),
        });
        format!("{}{}\n", self.line, hash.unwrap_or_default())
    }
}
