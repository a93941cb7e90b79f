//! `plugin remove`.

use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use serde_json::{Value, json};

use super::{installer::Installer, names, update::not_installed};
use crate::{
    context::Context,
    settings::{self, Settings},
    ui::{error::CommandError, exit_code::Exit, output::Format},
};

/// Remove installed plugins
#[derive(Args, Debug)]
pub(super) struct RemoveArgs {
    /// Names of installed plugins
    #[arg(required = true, add = ArgValueCompleter::new(names::installed))]
    names: Vec<String>,
}

/// Disables plugins, and removes their files.
pub(super) fn run(args: &RemoveArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut installer = Installer::new(context)?;
    for name in &args.names {
        if context.settings.administrator.require.contains(name) {
            let file = settings::administrator_file().display();
            return Err(CommandError::new(Exit::Failed, format_args!("could not remove `{name}`"))
                .caused_by(format!("`{file}` requires it")));
        }
        if !installer.lock.plugins.contains_key(name) {
            let error = not_installed(name, &installer.lock);
            return Err(match installer.store.foreign_file(name) {
                Some(path) => error.replace_hints([format!("delete `{}` yourself", path.display())]),
                None => error,
            });
        }
    }
    // As they are now: another process may have changed them while this one waited for the store.
    let settings = Settings::read()?;
    let enabled = settings.plugins.clone().unwrap_or_default();
    let store = installer.store.clone();
    // A plugin can be enabled by the path of its link, too.
    let is_spec = |spec: &str, name: &str| spec == name || Path::new(spec) == store.link(name);
    let is_left = |spec: &String| !args.names.iter().any(|name| is_spec(spec, name));
    let is_disabled = |name: &String| enabled.iter().any(|spec| is_spec(spec, name));
    let left: Vec<String> = enabled.iter().filter(|spec| is_left(spec)).cloned().collect();
    if left != enabled {
        // First: an enabled plugin without a file would end every command.
        Settings::write_plugins(&left, &settings.pins())?;
    }
    for name in &args.names {
        installer.lock.plugins.remove(name);
    }
    installer.commit()?;
    match context.ui.format() {
        Format::Table => {
            for name in &args.names {
                let what = if is_disabled(name) { "disabled and removed" } else { "removed" };
                context.ui.note(format_args!("{what} `{name}`\n"));
            }
            Ok(())
        }
        Format::Name => {
            context.ui.print(args.names.iter().map(|name| format!("{name}\n")).collect::<String>())
        }
        Format::Json | Format::Yaml => {
            let object = |name: &String| json!({ "name": name, "disabled": is_disabled(name) });
            context.ui.structured(&Value::Array(args.names.iter().map(object).collect()))
        }
    }
}
