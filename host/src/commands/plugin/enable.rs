//! `plugin enable` and `plugin disable`: the plugins in the settings file.

use std::path::Path;

use clap::Args;

use crate::{
    context::Context,
    env,
    settings::Settings,
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};
use plugin_host::{Candidate, preflight};

/// Enable a plugin permanently, like `FLYTE_PLUGIN` in every shell
#[derive(Args, Debug)]
pub(super) struct EnableArgs {
    /// Names or paths of plugins; the first takes precedence
    #[arg(required = true)]
    names: Vec<String>,
}

/// Disable a plugin
#[derive(Args, Debug)]
pub(super) struct DisableArgs {
    /// Names or paths of enabled plugins
    #[arg(required_unless_present = "all")]
    names: Vec<String>,
    /// Disable all plugins
    #[arg(long, conflicts_with = "names")]
    all: bool,
}

/// Adds plugins behind the enabled ones, after checking that each can be loaded.
pub(super) fn enable(args: &EnableArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut chain = context.settings.plugins.clone().unwrap_or_default();
    for name in &args.names {
        let Candidate { passport, file, .. } = context.loader.check(&context.plugin_spec(name))?;
        let is_found = context.loader.directories().find(name).is_ok_and(|found| found == file.path());
        // An absolute path is saved, since the working directory differs later.
        let spec = if is_found && name == passport.name() {
            name.clone()
        } else {
            file.path().display().to_string()
        };
        if !chain.contains(&spec) {
            chain.push(spec);
        }
    }
    save(context.ui, &chain, &format!("enabled plugins: {}", chain.join(", ")))
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
    save(context.ui, &chain, &[disabled, vec![left]].concat().join("; "))
}

/// Whether an enabled plugin that is saved by its path has this name.
fn is_named(enabled: &str, name: &str) -> bool {
    let path = Path::new(enabled);
    path.is_absolute() && preflight::read_passport(path).is_ok_and(|passport| passport.name() == name)
}

fn save(ui: &Ui, chain: &[String], message: &str) -> Result<(), CommandError> {
    let path = Settings::write_plugins(chain)?;
    ui.note(format_args!("{message} (in `{}`)\n", path.display()));
    if env::text(env::PLUGIN).is_some() {
        ui.note(format_args!("`{}` is set and takes precedence\n", env::PLUGIN));
    }
    Ok(())
}
