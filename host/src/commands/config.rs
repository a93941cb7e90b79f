//! `config`: the connection that results from Flyte's configuration and the plugins.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use flyte_client::config::{Origin, Row, Shown};

use crate::ui::{error::CommandError, output::Format};
use crate::{
    context::Context,
    flyte::{
        configuration,
        connection::{Route, configuration_failure},
        sign_in,
    },
};

/// Show the configuration in use
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = "Example:\n  flyte-host config show")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print the path of the configuration file in use, without running plugins
    #[command(after_help = "Example:\n  flyte-host config path")]
    Path,
    /// Show the connection to Flyte and where each value comes from
    ///
    /// The connection is the answer of the plugins' `get_remote`, without plugins that of the configuration.
    /// Secrets are printed as `****`.
    #[command(after_help = "Example:\n  flyte-host config show -o yaml")]
    Show,
}

/// Runs `config`.
///
/// # Errors
///
/// A broken configuration, or a plugin that failed.
pub(crate) fn run(args: &ConfigArgs, context: &Context<'_>) -> Result<(), CommandError> {
    match args.command {
        ConfigCommand::Path => path(context),
        ConfigCommand::Show => show(context),
    }
}

fn path(context: &Context<'_>) -> Result<(), CommandError> {
    let sources = configuration::sources(context.global.config.clone());
    let file = sources.locate().map_err(configuration_failure)?;
    let path = file.as_ref().map(|file| file.value.path().display().to_string());
    match (context.ui.format(), path) {
        (Format::Json | Format::Yaml, path) => {
            let from = file.map(|file| file.origin.to_string());
            context.ui.structured(&json!({ "file": path, "from": from }))
        }
        (Format::Table | Format::Name, Some(path)) => context.ui.print(format_args!("{path}\n")),
        (Format::Table | Format::Name, None) => {
            context.ui.note("no configuration file is in use; create `~/.flyte/config.yaml`\n");
            Ok(())
        }
    }
}

fn show(context: &Context<'_>) -> Result<(), CommandError> {
    let rows = rows(&context.route()?, context)?;
    match context.ui.format() {
        Format::Table => {
            let rows = rows.iter().map(|row| {
                vec![
                    row.name.clone(),
                    row.value.as_ref().map_or_else(|| "-".into(), ToString::to_string),
                    row.origin.to_string(),
                ]
            });
            context.ui.table(&["SETTING", "VALUE", "FROM"], rows)
        }
        Format::Name => {
            context.ui.print(rows.iter().map(|row| format!("{}\n", row.name)).collect::<String>())
        }
        Format::Json | Format::Yaml => {
            let values = rows.iter().map(|row| {
                (
                    row.name.clone(),
                    json!({ "value": row.value.clone().map(Value::from), "from": row.origin.to_string() }),
                )
            });
            context.ui.structured(&values.collect::<serde_json::Map<_, _>>().into())
        }
    }
}

/// The connection, the settings of the sign-in, and the plugins whose transports carry the calls, the
/// outermost first.
fn rows(route: &Route, context: &Context<'_>) -> Result<Vec<Row>, CommandError> {
    let mut rows = route.connection.rows();
    if !route.has_address {
        rows.iter_mut().filter(|row| row.name == "endpoint").for_each(|row| row.value = None);
    }
    if !route.connection.is_sandbox() && route.layers.replacement().is_none() {
        rows.extend(sign_in::rows(context.settings)?);
    }
    if !route.layers.is_empty() {
        let owners: Vec<String> = route.layers.owners().map(|owner| format!("`{}`", owner.name)).collect();
        let value = if route.layers.replacement().is_some() { "supplied" } else { "wrapped" };
        rows.push(Row {
            name: "transport".to_owned(),
            value: Some(Shown::Text(value.to_owned())),
            origin: Origin::Plugin(owners.join(", then plugin ")),
        });
    }
    Ok(rows)
}
