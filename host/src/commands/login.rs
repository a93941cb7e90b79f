//! `login`: signs in now, whether there are tokens or not.

use std::{sync::Arc, time::Duration};

use auth::How;
use clap::Args;

use super::whoami;
use crate::ui::error::CommandError;
use crate::{context::Context, flyte::sign_in};

/// Sign in
///
/// Other commands do it by themselves when the server asks for it and somebody sits at the terminal. Tokens are kept in the
/// system's keyring, or in a file that only you can read, and are renewed without you as long as the server allows.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    flyte-host login\n  \
    flyte-host login --device                   # over SSH: type a code on another device\n  \
    flyte-host login --no-browser               # print the address, open nothing")]
pub struct LoginArgs {
    /// Show a code, to be typed on another device
    #[arg(long, conflicts_with = "no_browser")]
    device: bool,

    /// Open no browser, only print the address; it must be opened on this machine
    #[arg(long)]
    no_browser: bool,

    /// How long to wait for you; without it FLYTE_SIGN_IN_TIMEOUT, else 300
    #[arg(long, value_name = "SECONDS", value_parser = sign_in::seconds)]
    timeout: Option<Duration>,
}

impl LoginArgs {
    fn how(&self) -> How {
        match self {
            Self { device: true, .. } => How::Device,
            Self { no_browser: true, .. } => How::NoBrowser,
            _ => How::Configured,
        }
    }
}

/// Runs `login`.
///
/// # Errors
///
/// When nobody signed in, the server does not accept who did, or it cannot be asked.
pub async fn run(args: &LoginArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let format = context.global.output.format()?;
    let route = context.route()?;
    context.check_sandbox(&route.connection)?;
    if route.is_embedded_sandbox() {
        return whoami::nobody_in_the_sandbox(&route, format);
    }
    let mut options = sign_in::options(context.settings)?;
    options.patience = args.timeout.unwrap_or(options.patience);
    let person = Arc::new(sign_in::Terminal::new(Arc::clone(context.chain()?)));
    let session = context.session_for_route(route, Arc::clone(&person) as _, options)?;
    let signed_in = async {
        let Some(sign_in) = &session.sign_in else { return Ok(false) };
        if !whoami::asks_for_sign_in(&session.client).await? {
            return Ok(false);
        }
        sign_in.sign_in(args.how()).await.map_err(CommandError::from).map(|_| true)
    }
    .await?;
    if !signed_in {
        return whoami::nobody_at(&session, format);
    }
    // If the server does not like the new token, a second sign-in would give one that is no better.
    person.leave_alone();
    match whoami::look(&session).await? {
        Some(signed_in) => signed_in.print(format),
        None => whoami::nobody_at(&session, format),
    }
}
