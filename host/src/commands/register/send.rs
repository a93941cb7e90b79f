//! `register` without `--dry-run`, and what `run FILE` does first.

use std::{collections::BTreeSet, path::PathBuf};

use flyte_client::register::{
    Documents, Entity, Identity, RegisterItem,
    send::{self, SendOptions, SendOutcome},
};

use super::{
    Notes, RegisterArgs, build, lookup, prepare, read,
    report::Account,
    runnable::{self, Offer},
};
use crate::{
    context::Context,
    flyte::session::Session,
    ui::{error::Failure, output::Format, progress},
};

/// What was sent, and what came of it, at the same places.
struct Sent {
    entities: Vec<Entity>,
    defaults: BTreeSet<usize>,
    outcomes: Vec<SendOutcome>,
}

/// Sends what was read, and gives account of it.
pub(super) async fn run(
    args: &RegisterArgs,
    context: &Context<'_>,
    documents: Documents,
    identity: &Identity,
) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let (entries, notes) = looked_up(&session, documents, identity, context).await?;
    let sent = send(&session, entries, args.activate_launchplans, &args.destination_dir).await?;
    let options = SendOptions { activate: args.activate_launchplans, defaults: &sent.defaults };
    let account = Account { session: &session, entities: &sent.entities, outcomes: &sent.outcomes, options };
    account.print(format)?;
    notes.print(session.connection.is_sandbox());
    account.result()?;
    let offers = Offer::all(&sent.entities);
    runnable::warn_of_newer(&session, &offers, |offer| sent.was_there(offer)).await;
    if format == Format::Table {
        runnable::note_commands(&session, &offers);
    }
    Ok(())
}

/// Makes entities of what was read, with what is registered already.
async fn looked_up(
    session: &Session,
    documents: Documents,
    identity: &Identity,
    context: &Context<'_>,
) -> Result<(Vec<RegisterItem>, Notes), Failure> {
    let scope = lookup::scope(session, identity);
    let registered = lookup::ask(session, &documents, &scope).await?;
    build(documents, identity, &scope, &registered, context)
}

impl Sent {
    /// Whether the server had what is offered before.
    fn was_there(&self, offer: &Offer) -> bool {
        self.entities.iter().zip(&self.outcomes).any(|(entity, outcome)| {
            entity.kind() == offer.kind
                && entity.id().is_some_and(|id| id.name == offer.id.name && id.version == offer.id.version)
                && matches!(outcome, SendOutcome::Unchanged)
        })
    }
}

/// Registers files for `run`, and returns the one thing of them that is to be run. An account is given only of failures.
///
/// # Errors
///
/// As `register`, and when the files hold no such thing, or several.
pub(in crate::commands) async fn register_for_run(
    session: &Session,
    context: &Context<'_>,
    files: &[PathBuf],
    version: Option<&str>,
    choose: impl FnOnce(&[Offer]) -> Result<Offer, Failure>,
) -> Result<Offer, Failure> {
    let identity = Identity { version: version.map(str::to_owned), ..Identity::default() };
    let (entries, notes) = looked_up(session, read(files)?, &identity, context).await?;
    let set = prepare::prepare(session, entries, super::DESTINATION).await?;
    let chosen = choose(&Offer::any(&set.entities))?;
    let sent = send_set(session, set, false).await;
    let options = SendOptions { activate: false, defaults: &sent.defaults };
    notes.print(session.connection.is_sandbox());
    Account { session, entities: &sent.entities, outcomes: &sent.outcomes, options }.result()?;
    Ok(chosen)
}

async fn send(
    session: &Session,
    entries: Vec<RegisterItem>,
    activate: bool,
    destination: &str,
) -> Result<Sent, Failure> {
    Ok(send_set(session, prepare::prepare(session, entries, destination).await?, activate).await)
}

async fn send_set(session: &Session, set: prepare::Set, activate: bool) -> Sent {
    let options = SendOptions { activate, defaults: &set.defaults };
    let line = progress::line("registering", set.entities.len());
    let sending = send::send(&session.client, &set.entities, &set.order, options, |_, _| line.advance());
    let outcomes = sending.await;
    Sent { entities: set.entities, defaults: set.defaults, outcomes }
}
