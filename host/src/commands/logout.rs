//! `logout`: forgets tokens.

use clap::Args;
use serde_json::json;

use crate::ui::{
    error::CommandError,
    output::{self, Format},
};
use crate::{context::Context, flyte::sign_in, ui::show};

/// Forget the tokens of a sign-in
///
/// Those of the endpoint in use, in the keyring and in files. No server is asked; what a browser remembers of the
/// identity provider stays there.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  flyte-host logout\n  flyte-host logout --all")]
pub struct LogoutArgs {
    /// Forget the tokens of all endpoints
    #[arg(long)]
    all: bool,
}

/// Runs `logout`.
///
/// # Errors
///
/// When tokens cannot be forgotten.
pub fn run(args: &LogoutArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let format = context.global.output.format()?;
    let options = sign_in::options(context.settings)?;
    let forgotten = match args.all {
        true => auth::sign_out_everywhere(&options)?,
        false => this_endpoint(context)?,
    };
    match format {
        Format::Table if forgotten.is_empty() => output::note("there is nothing to forget\n"),
        Format::Table => forgotten.iter().for_each(|endpoint| {
            output::note(&format!("forgot the tokens of `{endpoint}`\n"));
        }),
        Format::Name => show::names(forgotten)?,
        format => output::structured(format, &json!({ "forgotten": forgotten }))?,
    }
    if let Some(token) = options.token {
        output::note(&format!("the token of {} is still used\n", token.place()));
    }
    Ok(())
}

/// Forgets the tokens of the endpoint in use; in the sandbox, and where a plugin carries the calls, there are none.
fn this_endpoint(context: &Context<'_>) -> Result<Vec<String>, CommandError> {
    let (endpoint, sign_in) = context.sign_in()?;
    let had_some = sign_in.map_or(Ok(false), |sign_in| sign_in.sign_out())?;
    Ok(had_some.then_some(endpoint).into_iter().collect())
}
