//! The steps that every installation has: what was downloaded is checked, enters the store, and is locked.

use std::{collections::BTreeMap, fs, path::Path};

use jiff::Timestamp;
use plugin_host::{Candidate, FileSignature, PublisherKey, preflight::HostTarget, signature::signature_path};
use plugin_store::{
    LockFile, LockedRelease, Store, StoreError,
    choose::Host,
    index::look,
    lock::LockedPlatform,
    store::{Exclusive, sha256},
};
use semver::Version;

use super::repositories::store_failure;
use crate::{
    context::Context,
    settings::{Settings, SettingsError},
    ui::{error::CommandError, exit_code::Exit},
};
use host_settings::plugins;

/// The store, while no other process changes it.
pub(super) struct Installer<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) store: Store,
    pub(super) exclusive: Exclusive,
    pub(super) lock: LockFile,
}

/// A complete file, not yet checked.
pub(super) struct Arrived<'a> {
    /// Its path, which the store takes it from.
    pub(super) file: &'a Path,
    /// The text of its signature.
    pub(super) signature: Option<String>,
    /// Whose signature it must have; `None` if it is not signed.
    pub(super) key: Option<&'a PublisherKey>,
    /// Its address in messages: a URL or a path.
    pub(super) place: &'a str,
    /// What the index or the lock file says of it.
    pub(super) expected: Option<Expected<'a>>,
}

/// What a file must be.
pub(super) struct Expected<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a Version,
    pub(super) sha256: &'a str,
}

/// A file that may be installed.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) target: String,
    pub(super) sha256: String,
    pub(super) size: u64,
    pub(super) signer: Option<String>,
    signature: Option<String>,
}

/// The store of the user.
///
/// # Errors
///
/// No home directory.
pub(super) fn store() -> Result<Store, CommandError> {
    let folder = plugins::folder().ok_or_else(|| {
        let hint = SettingsError::NoHome.hint();
        CommandError::from_error(Exit::Failed, SettingsError::NoHome).hint(hint)
    })?;
    Ok(Store::new(folder))
}

/// The lock file of the user; an empty one without a home directory.
///
/// # Errors
///
/// A lock file that cannot be read.
pub(super) fn lock_file() -> Result<LockFile, CommandError> {
    match plugins::folder() {
        Some(folder) => LockFile::read(&LockFile::path(&folder)).map_err(store_failure),
        None => Ok(LockFile::default()),
    }
}

/// This program and machine, for the choice of releases.
pub(super) fn host() -> Host {
    let version = env!("CARGO_PKG_VERSION").parse().expect("Cargo's versions are semantic");
    Host { target: HostTarget::current(), version }
}

impl<'a> Installer<'a> {
    /// Waits for other processes that change the store.
    ///
    /// # Errors
    ///
    /// A store or a lock file that cannot be used.
    pub(super) fn new(context: &'a Context<'a>) -> Result<Self, CommandError> {
        let store = store()?;
        let wait = || context.ui.note("waiting for another flyte-host that installs plugins\n");
        let exclusive = store.exclusive(wait).map_err(store_failure)?;
        let lock = exclusive.read().map_err(store_failure)?;
        Ok(Self { context, store, exclusive, lock })
    }

    /// Refuses a name whose file is the user's own, or that looks like the name of another installed plugin.
    pub(super) fn check_name(&self, name: &str) -> Result<(), CommandError> {
        if let Some(path) = self.store.foreign_file(name) {
            let message = format!("could not install `{name}`: `{}` exists", path.display());
            return Err(CommandError::new(Exit::Failed, message)
                .caused_by("flyte-host did not install this file")
                .hint(format!("move `{}` away", path.display())));
        }
        let alike = self.lock.plugins.keys().find(|known| *known != name && look(known) == look(name));
        match alike {
            Some(known) => Err(CommandError::new(
                Exit::Failed,
                format_args!("could not install `{name}`: its name looks like that of `{known}`"),
            )
            .hint(format!("run `flyte-host plugin remove {known}` if `{name}` is the plugin that you want"))),
            None => Ok(()),
        }
    }

    /// Refuses another publisher than that of the installed version.
    pub(super) fn check_signer(&self, name: &str, signer: Option<&PublisherKey>) -> Result<(), CommandError> {
        let known = self.lock.plugins.get(name).and_then(|plugin| plugin.current.signer.as_deref());
        let Some(known) = known.and_then(|known| PublisherKey::parse(known).ok()) else { return Ok(()) };
        if signer == Some(&known) {
            return Ok(());
        }
        Err(store_failure(StoreError::ChangedKey {
            what: format!("plugin `{name}`"),
            known: format!("{} ({})", known.text(), known.number()),
            found: signer.map_or_else(
                || "none, it is not signed".to_owned(),
                |key| format!("{} ({})", key.text(), key.number()),
            ),
            hint: format!(
                "ask the publisher; if the new key is theirs, run `flyte-host plugin remove {name}`, then install it again"
            ),
        }))
    }

    /// Checks a file: content, signature, pre-flight, rules. None of its code runs.
    pub(super) fn check(&self, arrived: &Arrived<'_>) -> Result<Checked, CommandError> {
        let unreadable = |error: std::io::Error| CommandError::from_error(Exit::Failed, error);
        let hash = sha256(arrived.file).map_err(unreadable)?;
        let content =
            |reason: String| store_failure(StoreError::Content { file: arrived.place.to_owned(), reason });
        if let Some(expected) = arrived.expected.as_ref().filter(|expected| expected.sha256 != hash) {
            return Err(content(format!("its SHA-256 is `{hash}`, expected `{}`", expected.sha256)));
        }
        if let Some(key) = arrived.key {
            check_signature(arrived, key)?;
        }
        if let Some(signature) = &arrived.signature {
            // Rules read the signature beside the file.
            fs::write(signature_path(arrived.file), signature).map_err(unreadable)?;
        }
        let candidate = self.context.loader.check_file(arrived.file).map_err(|error| {
            CommandError::from(error).context(format_args!("could not install `{}`", arrived.place))
        })?;
        self.context.loader.admit_content(&candidate)?;
        let Candidate { passport, .. } = &candidate;
        let version: Version = passport.version().parse().map_err(|_| {
            CommandError::new(Exit::PluginUnusable, format_args!("could not install `{}`", arrived.place))
                .caused_by(format!("its version `{}` is not a semantic version", passport.version()))
                .hint("set a version such as `1.2.0` in the plugin's `Cargo.toml`".to_owned())
        })?;
        if let Some(expected) = &arrived.expected
            && (expected.name != passport.name() || *expected.version != version)
        {
            return Err(content(format!(
                "its passport says `{}` {version}, expected `{}` {}",
                passport.name(),
                expected.name,
                expected.version
            )));
        }
        if candidate.by_path {
            return Err(CommandError::new(
                Exit::PluginUnusable,
                format_args!("could not install `{}`: it needs files beside it", passport.name()),
            )
            .hint("copy it with these files to a folder of `flyte-host plugin path`".to_owned()));
        }
        // What is hashed, checked and moved has to be one content.
        if candidate.file.sha256().map_err(unreadable)? != hash {
            return Err(content("it changed while it was checked".to_owned()));
        }
        Ok(Checked {
            name: passport.name().to_owned(),
            version,
            target: passport.target().to_owned(),
            size: arrived.file.metadata().map_err(unreadable)?.len(),
            sha256: hash,
            signer: arrived.key.map(|key| key.text().to_owned()),
            signature: arrived.signature.clone(),
        })
    }

    /// Adds a checked file to the store, and makes it the one in use.
    ///
    /// `files` are those of all platforms; empty if only this one is known.
    pub(super) fn install(
        &mut self,
        checked: &Checked,
        file: &Path,
        source: &str,
        channel: Option<String>,
        mut files: BTreeMap<String, LockedPlatform>,
    ) -> Result<(), CommandError> {
        let (name, sha256) = (&checked.name, &checked.sha256);
        self.exclusive.add(file, checked.signature.as_deref(), name, sha256).map_err(store_failure)?;
        if files.is_empty() {
            let size = checked.size;
            files.insert(
                checked.target.clone(),
                LockedPlatform { path: String::new(), sha256: sha256.clone(), size },
            );
        }
        self.lock.install(
            name,
            LockedRelease {
                version: checked.version.clone(),
                source: source.to_owned(),
                signer: checked.signer.clone(),
                channel,
                time: Timestamp::now(),
                sha256: sha256.clone(),
                files,
            },
        );
        self.commit()?;
        forget_pin(name)
    }

    /// Makes the lock file the one that counts.
    pub(super) fn commit(&self) -> Result<(), CommandError> {
        self.exclusive.commit(&self.lock).map_err(store_failure)
    }

    /// Whether the user enabled a plugin, or the administrator requires it.
    pub(super) fn is_enabled(&self, name: &str) -> bool {
        let settings = self.context.settings;
        let enabled = settings.plugins.iter().flatten().chain(&settings.administrator.require);
        enabled.into_iter().any(|enabled| enabled == name)
    }
}

/// Removes the pin of an enabled plugin: from now on the lock file has its content.
fn forget_pin(name: &str) -> Result<(), CommandError> {
    // As they are now: those of the context are from before the download, and before other plugins' pins
    // were removed.
    let settings = Settings::read()?;
    let mut pins = settings.pins();
    if pins.remove(name).is_some() {
        Settings::write_plugins(&settings.plugins.unwrap_or_default(), &pins)?;
    }
    Ok(())
}

fn check_signature(arrived: &Arrived<'_>, key: &PublisherKey) -> Result<(), CommandError> {
    let what = format!("`{}`", arrived.place);
    let Some(text) = &arrived.signature else {
        return Err(CommandError::new(Exit::Failed, format_args!("{what} is not signed"))
            .caused_by(format!("expected a signature by key `{}`", key.number()))
            .hint("ask the publisher for `FILE.minisig` beside the file".to_owned()));
    };
    let signature = FileSignature::parse(text).map_err(|error| {
        CommandError::new(Exit::Failed, format_args!("invalid signature of {what}")).caused_by(error)
    })?;
    let content =
        fs::File::open(arrived.file).map_err(|error| CommandError::from_error(Exit::Failed, error))?;
    signature.verify(key, content).map_err(|source| store_failure(StoreError::Signature { what, source }))
}
