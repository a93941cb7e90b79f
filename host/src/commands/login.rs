//! `login`: signs in, even if there are tokens.

use std::{sync::Arc, time::Duration};

use auth::LoginMode;
use clap::Args;

use super::whoami;
use crate::ui::error::CommandError;
use crate::{context::Context, flyte::sign_in};

/// Sign in
///
/// Other commands sign in automatically if the server requires it and they run on a terminal. Tokens are
/// stored in the system's keyring, or in a file that only you can read, and are renewed automatically as
/// long as the provider allows.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    flyte-host login\n  \
    flyte-host login --device                   # over SSH: enter a code on another device\n  \
    flyte-host login --no-browser               # print the URL, open nothing")]
pub(crate) struct LoginArgs {
    /// Use the device flow: show a code to enter on another device
    #[arg(long, conflicts_with = "no_browser")]
    device: bool,

    /// Print the URL instead of opening a browser; open it on this machine
    #[arg(long)]
    no_browser: bool,

    /// How long to wait for you [default: FLYTE_SIGN_IN_TIMEOUT, else 300]
    #[arg(long, value_name = "SECONDS", value_parser = sign_in::seconds)]
    timeout: Option<Duration>,
}

impl LoginArgs {
    fn mode(&self) -> LoginMode {
        match self {
            Self { device: true, .. } => LoginMode::Device,
            Self { no_browser: true, .. } => LoginMode::NoBrowser,
            _ => LoginMode::Configured,
        }
    }
}

/// Runs `login`.
///
/// # Errors
///
/// If signing in fails, the server rejects the token, or it is unavailable.
pub(crate) async fn run(args: &LoginArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let route = context.route()?;
    context.check_sandbox(&route.connection)?;
    if route.is_embedded_sandbox() {
        return whoami::print_sandbox(ui, &route);
    }
    let mut options = sign_in::options(context.settings)?;
    options.timeout = args.timeout.unwrap_or(options.timeout);
    let prompt = Arc::new(sign_in::Terminal::new(context.ui, Arc::clone(context.chain()?)));
    let session = context.session_for_route(route, Arc::clone(&prompt) as _, options)?;
    let signed_in = async {
        let Some(sign_in) = &session.sign_in else { return Ok(false) };
        if !whoami::requires_auth(&session.client).await? {
            return Ok(false);
        }
        sign_in.sign_in(args.mode()).await.map_err(CommandError::from).map(|_| true)
    }
    .await?;
    if !signed_in {
        return whoami::print_anonymous(ui, &session);
    }
    // If the server rejects the new token, it would reject another one, too.
    prompt.disable();
    match whoami::fetch(&session).await? {
        Some(signed_in) => signed_in.print(ui),
        None => whoami::print_anonymous(ui, &session),
    }
}
