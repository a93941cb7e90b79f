//! The version and the loaded plugins, for `--version` and for bug reports.

use std::sync::OnceLock;

use plugin_abi::{Hook, ProtocolVersion};

use plugin_host::{Candidate, Identity, Link, link::LoadedFile};

/// Static, since the panic hook prints it, and the hook is installed before a plugin is loaded.
static PLUGINS: OnceLock<Vec<Plugin>> = OnceLock::new();

/// A plugin's version line; the hash of its file is computed when the line is printed.
pub(crate) struct Plugin {
    line: String,
    file: Option<LoadedFile>,
}

/// Records the plugins in use, once.
pub(crate) fn note(plugins: impl Iterator<Item = Plugin>) {
    // Set once, at startup.
    let _ = PLUGINS.set(plugins.collect());
}

/// The version, and the plugins in use.
pub(super) fn text() -> String {
    format!("flyte-host {}\n{}", env!("CARGO_PKG_VERSION"), lines())
}

/// One line per plugin in use: name, version, protocol, hooks, hash.
pub(crate) fn lines() -> String {
    let plugins = PLUGINS.get().map_or(&[][..], Vec::as_slice);
    if plugins.is_empty() {
        return "no plugins\n".to_owned();
    }
    plugins.iter().map(Plugin::line).collect()
}

impl Plugin {
    /// A loaded plugin.
    pub(crate) fn from_link(link: &Link) -> Self {
        Self::new(link.identity(), link.protocol(), link.overridden(), link.file().cloned())
    }

    /// A selected plugin that is not loaded; its file has the same facts.
    pub(crate) fn from_candidate(candidate: &Candidate) -> Self {
        let passport = &candidate.passport;
        let hooks = Hook::ALL.iter().copied().filter(|hook| passport.overrides(hook.name()));
        let identity = Identity::from_passport(passport);
        Self::new(&identity, passport.protocol(), hooks, Some(candidate.file.clone()))
    }

    /// A plugin whose record has the line of [`Plugin::summary`]; its file is not known here.
    #[cfg(unix)]
    pub(crate) fn from_summary(line: String) -> Self {
        Self { line, file: None }
    }

    /// The line without the hash.
    #[cfg(unix)]
    pub(crate) fn summary(&self) -> &str {
        &self.line
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
            Err(error) => format!("; cannot read its file: {error}"),
        });
        format!("{}{}\n", self.line, hash.unwrap_or_default())
    }
}
