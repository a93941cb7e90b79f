//! `plugin list`.

use std::path::{Path, PathBuf};

use clap::Args;
use plugin_abi::PROTOCOL;
use serde_json::{Value, json};

use super::installer;
use crate::{
    context::Context,
    ui::{error::CommandError, output::Format},
};
use plugin_host::{
    LoadError, PublisherKey,
    calls::PausedPlugin,
    preflight::{self, Passport, PreflightError},
};
use plugin_store::{LockFile, LockedRelease};

/// List installed plugins without running them
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// List the plugins with a newer version in their repository
    #[arg(long)]
    pub(super) outdated: bool,
}

/// A library in one of the plugins directories.
struct InstalledPlugin<'a> {
    path: &'a Path,
    passport: Result<Passport, PreflightError>,
    in_use: bool,
    /// It ended several processes in a row, and is not loaded.
    paused: Option<PausedPlugin>,
    /// The file that its name resolves to instead.
    shadowed_by: Option<PathBuf>,
    /// How it was installed; `None` if the user copied it.
    release: Option<LockedRelease>,
    /// Why a rule or the lock file refuses the file.
    refused: Option<LoadError>,
}

/// Lists plugins from their passports.
pub(super) fn run(context: &Context<'_>) -> Result<(), CommandError> {
    let libraries = context.loader.directories().libraries();
    let lock = installer::lock_file().unwrap_or_else(|error| {
        context.ui.warn(&error);
        LockFile::default()
    });
    let found: Vec<InstalledPlugin<'_>> =
        libraries.iter().map(|path| inspect(path, context, &lock)).collect();
    match context.ui.format() {
        Format::Table if found.is_empty() => {
            let directories = context.loader.directories().paths();
            let first = directories.first().map(|path| path.display().to_string()).unwrap_or_default();
            context.ui.note(format_args!("no plugins are installed; run `flyte-host plugin install`, or copy plugin files to `{first}`\n"));
            Ok(())
        }
        Format::Table => context
            .ui
            .table(&["NAME", "VERSION", "PROTOCOL", "STATE", "SIGNER", "FILE"], found.iter().map(row)),
        Format::Name => {
            let names = found.iter().filter_map(|found| found.passport.as_ref().ok());
            context.ui.print(names.map(|passport| format!("{}\n", passport.name())).collect::<String>())
        }
        Format::Json | Format::Yaml => {
            context.ui.structured(&Value::Array(found.iter().map(object).collect()))
        }
    }
}

fn inspect<'a>(path: &'a Path, context: &Context<'_>, lock: &LockFile) -> InstalledPlugin<'a> {
    let in_use = context.in_use.iter().any(|plugin| plugin.path == path);
    let passport = preflight::read_passport(path);
    let named = passport.as_ref().ok().and_then(|it| context.loader.directories().find(it.name()).ok());
    let paused = passport.as_ref().ok().and_then(|it| context.loader.paused(it.name(), path));
    let shadowed_by = named.filter(|named| named != path && !in_use);
    let release = passport.as_ref().ok().and_then(|passport| release(path, passport.name(), lock));
    let candidate = context.loader.check_file(path).ok();
    let refused = candidate.and_then(|candidate| context.loader.admit(&candidate).err());
    InstalledPlugin { path, passport, in_use, paused, shadowed_by, release, refused }
}

/// The release in the lock file that a link leads to. Its content is checked when it is loaded.
fn release(path: &Path, name: &str, lock: &LockFile) -> Option<LockedRelease> {
    let real = path.canonicalize().ok()?;
    let folder = real.parent()?.file_name()?.to_str()?;
    lock.release_of(name, folder).cloned()
}

/// The number of the key that signed it.
fn signer(found: &InstalledPlugin<'_>) -> String {
    let key = found.release.as_ref().and_then(|release| PublisherKey::parse(release.signer.as_deref()?).ok());
    key.map_or_else(|| "-".to_owned(), |key| key.number())
}

fn row(found: &InstalledPlugin<'_>) -> Vec<String> {
    let file = found.path.display().to_string();
    match &found.passport {
        Ok(passport) => vec![
            passport.name().to_owned(),
            passport.version().to_owned(),
            passport.protocol().to_string(),
            state(passport, found),
            signer(found),
            file,
        ],
        Err(error) => {
            vec!["-".into(), "-".into(), "-".into(), format!("unusable: {error}"), "-".into(), file]
        }
    }
}

/// Whether the plugin could be used, according to its passport.
fn state(passport: &Passport, found: &InstalledPlugin<'_>) -> String {
    match &found.shadowed_by {
        _ if let Some(error) = &found.refused => format!("refused: {error}"),
        _ if let Some(PausedPlugin { count, site }) = &found.paused => {
            format!("paused: ended {count} processes in a row, the last one {site}")
        }
        _ if found.in_use => "in use".to_owned(),
        _ if passport.protocol().major != PROTOCOL.major => {
            format!("unusable: this host supports protocol {PROTOCOL}")
        }
        Some(_) => "shadowed".to_owned(),
        None => "installed".to_owned(),
    }
}

fn object(found: &InstalledPlugin<'_>) -> Value {
    match &found.passport {
        Ok(passport) => json!({
            "name": passport.name(),
            "version": passport.version(),
            "protocol": passport.protocol().to_string(),
            "hooks": passport.hooks().collect::<Vec<_>>(),
            "description": passport.description(),
            "inUse": found.in_use,
            "in_use": found.in_use,
            "paused": found.paused.as_ref().map(|PausedPlugin { count, site }| json!({
                "processes": count,
                "lastCall": site,
            })),
            "shadowedBy": found.shadowed_by.as_ref().map(|path| path.display().to_string()),
            "refused": found.refused.as_ref().map(ToString::to_string),
            "signer": found.release.as_ref().and_then(|release| release.signer.as_deref()),
            "source": found.release.as_ref().map(|release| release.source.as_str()),
            "file": found.path.display().to_string(),
        }),
        Err(error) => json!({
            "file": found.path.display().to_string(),
            "error": error.to_string(),
            "hint": error.hint(),
        }),
    }
}
