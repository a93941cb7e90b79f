//! `plugin enable` and `plugin disable`: the plugins in the settings file.

use std::{collections::BTreeMap, ffi::OsStr, path::Path};

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::{installer, names};
use crate::{
    context::Context,
    env,
    settings::Settings,
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};
use plugin_host::{
    Candidate, LoadError, Pin,
    link::LoadedFile,
    preflight::{self, PreflightError},
    signature::signature_path,
};
use plugin_store::LockFile;

/// Enable a plugin permanently, like `FLYTE_PLUGIN` in every shell
#[derive(Args, Debug)]
pub(super) struct EnableArgs {
    /// Names or paths of plugins; the first takes precedence
    #[arg(required = true, add = ArgValueCompleter::new(names::found))]
    names: Vec<String>,
}

/// Disable a plugin
#[derive(Args, Debug)]
pub(super) struct DisableArgs {
    /// Names or paths of enabled plugins
    #[arg(required_unless_present = "all", add = ArgValueCompleter::new(names::enabled))]
    names: Vec<String>,
    /// Disable all plugins
    #[arg(long, conflicts_with = "names")]
    all: bool,
}

/// Adds plugins behind the enabled ones, after checking that each can be loaded.
pub(super) fn enable(args: &EnableArgs, context: &Context<'_>) -> Result<(), CommandError> {
    enable_named(&args.names, context)
}

/// Enables plugins by names or paths.
pub(super) fn enable_named(names: &[String], context: &Context<'_>) -> Result<(), CommandError> {
    let lock = installer::lock_file()?;
    let mut chain = context.settings.plugins.clone().unwrap_or_default();
    let mut pins = context.settings.pins();
    let mut accepted = Vec::new();
    for name in names {
        let candidate = context.loader.check(&context.plugin_spec(name))?;
        context.loader.admit(&candidate)?;
        let Candidate { passport, file, .. } = candidate;
        context.loader.resume(passport.name()).map_err(|error| {
            let message = format!("could not enable plugin `{}`", passport.name());
            CommandError::new(Exit::Failed, message).caused_by(error)
        })?;
        let is_found = context.loader.directories().find(name).is_ok_and(|found| found == file.path());
        // An absolute path is saved, since the working directory differs later.
        let spec = if is_found && name == passport.name() {
            name.clone()
        } else {
            file.path().display().to_string()
        };
        if is_locked(&lock, passport.name(), &file) {
            // The lock file has its content, and follows its updates.
            pins.remove(&spec);
        } else {
            let is_new = !pins.contains_key(&spec);
            if set_pin(&mut pins, &spec, &file)? {
                accepted.push(format!("accepted the new file of `{}`", passport.name()));
            } else if is_new && !signature_path(file.path()).is_file() {
                // The one time that it is mentioned: the pin stands for the user's decision.
                accepted.push(format!("`{}` is not signed", passport.name()));
            }
        }
        if !chain.contains(&spec) {
            chain.push(spec);
        }
    }
    accepted.push(format!("enabled plugins: {}", chain.join(", ")));
    save(context.ui, &chain, &pins, &accepted.join("; "))
}

/// Whether a file is one that was installed.
fn is_locked(lock: &LockFile, name: &str, file: &LoadedFile) -> bool {
    let real = file.path().canonicalize().ok();
    let folder = real.as_deref().and_then(Path::parent).and_then(Path::file_name);
    folder.and_then(OsStr::to_str).is_some_and(|sha256| lock.release_of(name, sha256).is_some())
}

/// Sets the pin of a plugin, and returns whether the file had another content before.
fn set_pin(pins: &mut BTreeMap<String, Pin>, spec: &str, file: &LoadedFile) -> Result<bool, LoadError> {
    let unreadable = |source| PreflightError::Unreadable { path: file.path().to_owned(), source };
    let before = pins.remove(spec);
    let Some(pin) = Pin::for_file(file).map_err(unreadable)? else { return Ok(false) };
    let is_changed = before.is_some_and(|before| before.sha256 != pin.sha256);
    pins.insert(spec.to_owned(), pin);
    Ok(is_changed)
}

pub(super) fn disable(args: &DisableArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut chain = context.settings.plugins.clone().unwrap_or_default();
    for name in &args.names {
        // A plugin that was not enabled by its own name is saved by its path.
        let path = context.loader.directories().find(name).ok().map(|path| path.display().to_string());
        let is_meant = |enabled: &String| enabled == name || Some(enabled) == path.as_ref();
        let index = chain.iter().position(is_meant);
        let Some(index) = index.or_else(|| chain.iter().position(|path| is_named(path, name))) else {
            return Err(CommandError::new(Exit::Failed, format_args!("plugin `{name}` is not enabled"))
                .caused_by(match chain.is_empty() {
                    true => "no plugin is enabled".to_owned(),
                    false => format!("enabled plugins: {}", chain.join(", ")),
                }));
        };
        chain.remove(index);
    }
    if args.all {
        chain.clear();
    }
    let disabled: Vec<String> = args.names.iter().map(|name| format!("disabled `{name}`")).collect();
    let left = match chain.as_slice() {
        [] => "no plugins are enabled".to_owned(),
        chain => format!("enabled plugins: {}", chain.join(", ")),
    };
    save(context.ui, &chain, &context.settings.pins(), &[disabled, vec![left]].concat().join("; "))
}

/// Whether an enabled plugin that is saved by its path has this name.
fn is_named(enabled: &str, name: &str) -> bool {
    let path = Path::new(enabled);
    path.is_absolute() && preflight::read_passport(path).is_ok_and(|passport| passport.name() == name)
}

fn save(ui: &Ui, chain: &[String], pins: &BTreeMap<String, Pin>, message: &str) -> Result<(), CommandError> {
    let path = Settings::write_plugins(chain, pins)?;
    ui.note(format_args!("{message} (in `{}`)\n", path.display()));
    if env::text(env::PLUGIN).is_some() {
        ui.note(format_args!("`{}` is set and takes precedence\n", env::PLUGIN));
    }
    Ok(())
}
