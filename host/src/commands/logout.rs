//! `logout`: removes stored tokens.

use clap::Args;
use serde_json::json;

use crate::ui::{error::CommandError, output::Format};
use crate::{context::Context, flyte::sign_in};

/// Remove the stored tokens
///
/// Removes those of the current endpoint, from the keyring and from files. No server is contacted; the
/// browser may stay signed in to the identity provider.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  flyte-host logout\n  flyte-host logout --all")]
pub(crate) struct LogoutArgs {
    /// Remove the tokens of all endpoints
    #[arg(long)]
    all: bool,
}

/// Runs `logout`.
///
/// # Errors
///
/// If tokens cannot be removed.
pub(crate) fn run(args: &LogoutArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let options = sign_in::options(context.settings)?;
    let removed = match args.all {
        true => auth::sign_out_everywhere(&options)?,
        false => sign_out(context)?,
    };
    match ui.format() {
        Format::Table if removed.is_empty() => ui.note("not signed in\n"),
        Format::Table => removed.iter().for_each(|endpoint| {
            ui.note(format_args!("removed the tokens of `{endpoint}`\n"));
        }),
        Format::Name => ui.names(removed)?,
        Format::Json | Format::Yaml => ui.structured(&json!({ "forgotten": removed }))?,
    }
    if let Some(token) = options.token {
        ui.note(format_args!("still using the token from {}\n", token.location()));
    }
    Ok(())
}

/// Removes the tokens of the current endpoint. In the sandbox, and with a plugin's transport, there are none.
fn sign_out(context: &Context<'_>) -> Result<Vec<String>, CommandError> {
    let (endpoint, sign_in) = context.sign_in()?;
    let had_some = sign_in.map_or(Ok(false), |sign_in| sign_in.sign_out())?;
    Ok(had_some.then_some(endpoint).into_iter().collect())
}
