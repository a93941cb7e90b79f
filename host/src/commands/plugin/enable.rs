//! `plugin enable` and `plugin disable`: the choice that stays.

use clap::Args;

use crate::{
    context::Context,
    env,
    settings::Settings,
    ui::{error::Failure, exit_code::Exit, output},
};
use plugin_host::Candidate;

/// Use a plugin from now on, as `FLYTE_PLUGIN` would
#[derive(Args, Debug)]
pub(super) struct EnableArgs {
    /// Names or paths of plugins, the first in front
    #[arg(required = true)]
    names: Vec<String>,
}

/// Use no longer a plugin that `enable` made permanent
#[derive(Args, Debug)]
pub(super) struct DisableArgs {
    /// Names or paths of plugins that are enabled
    #[arg(required_unless_present = "all")]
    names: Vec<String>,
    /// Disable all of them
    #[arg(long, conflicts_with = "names")]
    all: bool,
}

/// Adds plugins behind those that are enabled; refuses what could not be loaded.
pub(super) fn enable(args: &EnableArgs, context: &Context<'_>) -> Result<(), Failure> {
    let mut chain = context.settings.plugins.clone().unwrap_or_default();
    for name in &args.names {
        let Candidate { passport, file, .. } = context.loader.check(name)?;
        // A path is remembered in full: it must mean the same wherever one stands later.
        let spec = if name == passport.name() { name.clone() } else { file.path().display().to_string() };
        if !chain.contains(&spec) {
            chain.push(spec);
        }
    }
    save(&chain)
}

/// Takes plugins out of those that are enabled.
pub(super) fn disable(args: &DisableArgs, context: &Context<'_>) -> Result<(), Failure> {
    let mut chain = context.settings.plugins.clone().unwrap_or_default();
    for name in &args.names {
        // What was not enabled by its own name was remembered by its path.
        let path = context.loader.directories().find(name).ok().map(|path| path.display().to_string());
        let is_meant = |enabled: &String| enabled == name || Some(enabled) == path.as_ref();
        let Some(index) = chain.iter().position(is_meant) else {
            return Err(Failure::new(Exit::Failed, format_args!("plugin `{name}` is not enabled"))
                .caused_by(match chain.is_empty() {
                    true => "no plugin is".to_owned(),
                    false => format!("these are: {}", chain.join(", ")),
                }));
        };
        chain.remove(index);
    }
    if args.all {
        chain.clear();
    }
    save(&chain)
}

fn save(chain: &[String]) -> Result<(), Failure> {
    let path = Settings::write_plugins(chain)?;
    let what = match chain {
        [] => "no plugin is enabled".to_owned(),
        chain => format!("enabled: {}", chain.join(", ")),
    };
    output::note(&format!("{what} (in `{}`)\n", path.display()));
    if env::text(env::PLUGIN).is_some() {
        output::note(&format!("`{}` is set, and goes before that\n", env::PLUGIN));
    }
    Ok(())
}
