//! `config`: what Flyte's configuration and the plugins add up to.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Context, connection};
use crate::cli::{
    output::{self, Format},
    report::Failure,
};

/// Show the configuration that is in use
#[derive(Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show the connection to Flyte, and where each value came from
    ///
    /// The connection is what `get_remote` of the plugins in use answers; without a plugin it is
    /// what the configuration says. Secrets are shown as `****`.
    #[command(after_help = "Example:\n  flyte-host config show -o yaml")]
    Show,
}

/// Runs `config`.
///
/// # Errors
///
/// A broken configuration, or a plugin that failed.
pub fn run(args: &ConfigArgs, context: &Context<'_>) -> Result<(), Failure> {
    match args.command {
        ConfigCommand::Show => show(context),
    }
}

fn show(context: &Context<'_>) -> Result<(), Failure> {
    let connection = connection::resolve(context.chain()?, context.global, context.configurations)?;
    let rows = connection.rows();
    match context.global.output.format()? {
        Format::Table => {
            let rows = rows.iter().map(|row| {
                vec![
                    row.name.clone(),
                    row.value.clone().unwrap_or_else(|| "-".into()),
                    row.origin.to_string(),
                ]
            });
            output::table(&["SETTING", "VALUE", "FROM"], rows)
        }
        Format::Name => output::print(&rows.iter().map(|row| format!("{}\n", row.name)).collect::<String>()),
        format => {
            let values = rows
                .iter()
                .map(|row| (row.name.clone(), json!({ "value": row.value, "from": row.origin.to_string() })));
            output::structured(format, &values.collect::<serde_json::Map<_, _>>().into())
        }
    }
}
