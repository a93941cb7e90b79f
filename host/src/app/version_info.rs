//! The version and the loaded plugins, for `--version` and for bug reports.

use std::sync::{Mutex, PoisonError};

use plugin_abi::Hook;

use host_settings::plugins;
use plugin_host::{Candidate, Identity, PublisherKey, link::LoadedFile, preflight::Passport};
use plugin_store::LockFile;

/// Static, since the panic hook prints it, and the hook is installed before a plugin is loaded.
static PLUGINS: Mutex<Vec<Plugin>> = Mutex::new(Vec::new());

/// A plugin's version line; the hash of its file is computed when the line is printed.
struct Plugin {
    line: String,
    name: String,
    /// `None` if it is known from a record only.
    file: Option<LoadedFile>,
}

/// Records a plugin in use, before any of its code runs.
pub(crate) fn note(candidate: &Candidate) {
    let mut plugins = PLUGINS.lock().unwrap_or_else(PoisonError::into_inner);
    plugins.push(Plugin::from_candidate(candidate));
}

/// Records a plugin in use that is not loaded, by its [`summary`].
#[cfg(unix)]
pub(super) fn note_summary(line: String) {
    let mut plugins = PLUGINS.lock().unwrap_or_else(PoisonError::into_inner);
    plugins.push(Plugin { line, name: String::new(), file: None });
}

/// A plugin's line, without the hash.
pub(super) fn summary(passport: &Passport) -> String {
    let hooks: Vec<&str> =
        Hook::ALL.iter().map(|hook| hook.name()).filter(|hook| passport.overrides(hook)).collect();
    let hooks = if hooks.is_empty() { "nothing".to_owned() } else { hooks.join(", ") };
    let (identity, protocol) = (Identity::from_passport(passport), passport.protocol());
    format!("{identity} (protocol {protocol}) overrides {hooks}")
}

/// Whether a plugin may have run.
pub(super) fn has_plugins() -> bool {
    !PLUGINS.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
}

/// The version, and the plugins in use.
pub(super) fn text() -> String {
    format!("flyte-host {}\n{}", env!("CARGO_PKG_VERSION"), lines())
}

/// One line per plugin in use: name, version, protocol, hooks, hash.
pub(crate) fn lines() -> String {
    let plugins = PLUGINS.lock().unwrap_or_else(PoisonError::into_inner);
    if plugins.is_empty() {
        return "no plugins\n".to_owned();
    }
    plugins.iter().map(Plugin::line).collect()
}

/// Who signed an installed plugin. A lock file that cannot be read names nothing here: the loader reports it.
fn signer(name: &str, sha256: &str) -> Option<String> {
    let lock = LockFile::read(&LockFile::path(&plugins::folder()?)).ok()?;
    let key = PublisherKey::parse(lock.release_of(name, sha256)?.signer.as_deref()?).ok()?;
    Some(format!("; signed by key {}", key.number()))
}

impl Plugin {
    fn from_candidate(candidate: &Candidate) -> Self {
        let name = candidate.passport.name().to_owned();
        Self { line: summary(&candidate.passport), name, file: Some(candidate.file.clone()) }
    }

    fn line(&self) -> String {
        let hash = self.file.as_ref().map(|file| match file.sha256() {
            Ok(hash) => {
                let signer = signer(&self.name, &hash);
                format!("; sha256 {hash}{}", signer.unwrap_or_default())
            }
            Err(error) => format!("; cannot read its file: {error}"),
        });
        format!("{}{}\n", self.line, hash.unwrap_or_default())
    }
}
