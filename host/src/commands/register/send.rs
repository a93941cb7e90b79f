//! `register` without `--dry-run`.

use remote::register::{
    Entry,
    send::{self, Options},
};

use super::{Notes, RegisterArgs, account::Account, prepare};
use crate::{
    cli::{progress, report::Failure},
    commands::Context,
};

/// Sends what was read, and gives account of it.
pub(super) fn run(
    args: &RegisterArgs,
    context: &Context<'_>,
    entries: Vec<Entry>,
    notes: &Notes,
) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let set = prepare::prepare(&session, entries, &args.destination_dir)?;
    let options = Options { activate: args.activate_launchplans, defaults: &set.defaults };
    let line = progress::line("registering", set.entities.len());
    let sending = send::send(&session.client, &set.entities, &set.order, options, |_, _| line.advance());
    let outcomes = session.block_on(sending);
    drop(line);
    let account = Account { session: &session, entities: &set.entities, outcomes: &outcomes, options };
    account.print(format)?;
    notes.print(session.connection.is_sandbox());
    account.result()
}
