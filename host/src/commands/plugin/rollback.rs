//! `plugin rollback`: the version before the last installation.

use std::mem;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use plugin_store::store::sha256;
use serde_json::json;

use super::{installer::Installer, names, update::not_installed};
use crate::{
    context::Context,
    ui::{error::CommandError, exit_code::Exit, output::Format},
};

/// Return to the previous version of a plugin
#[derive(Args, Debug)]
pub(super) struct RollbackArgs {
    /// Name of an installed plugin
    #[arg(add = ArgValueCompleter::new(names::installed))]
    name: String,
}

/// Exchanges the current and the previous version; a second call takes the first one back.
pub(super) fn run(args: &RollbackArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let name = &args.name;
    let mut installer = Installer::new(context)?;
    let Some(plugin) = installer.lock.plugins.get_mut(name) else {
        return Err(not_installed(name, &installer.lock));
    };
    let failure = || CommandError::new(Exit::Failed, format_args!("could not roll back `{name}`"));
    let Some(previous) = &mut plugin.previous else {
        return Err(failure()
            .caused_by(format!("{} is the only version that is installed", plugin.current.version))
            .hint(format!("run `flyte-host plugin install {name}@VERSION` to install another one")));
    };
    mem::swap(&mut plugin.current, previous);
    let (now, before) = (plugin.current.clone(), previous.version.clone());
    let file = installer.store.content(name, &now.sha256);
    let found = sha256(&file).map_err(|error| failure().caused_by(error))?;
    if found != now.sha256 {
        return Err(failure()
            .caused_by(format!("`{}` has other content than was installed", file.display()))
            .hint(format!("run `flyte-host plugin install {name}@{}`", now.version)));
    }
    let candidate = context.loader.check_file(&file)?;
    context.loader.admit_content(&candidate)?;
    installer.commit()?;
    match context.ui.format() {
        Format::Table => {
            context.ui.note(format_args!(
                "`{name}` is at {} again; {before} is kept\nhint: run `flyte-host plugin rollback {name}` to take it back\n",
                now.version
            ));
            Ok(())
        }
        Format::Name => context.ui.print(format_args!("{name}\n")),
        Format::Json | Format::Yaml => context.ui.structured(&json!({
            "name": name,
            "version": now.version.to_string(),
            "previousVersion": before.to_string(),
        })),
    }
}
