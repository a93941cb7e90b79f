//! One attempt of a task: a local process by Flyte's container contract.
//!
//! The contract is that of propeller and copilot: placeholders in the command are filled ([`template`]),
//! inputs are files ([`inputs`]), outputs are files ([`outputs`]), a file `error` is a failure. Programs that
//! read `{{.input}}` and write `{{.outputPrefix}}`, as flytekit's do, are served as well. What a cluster adds
//! and this does not: the image, isolation, limits of resources. Paths of the container are replaced where
//! they are seen ([`mounts`]). Where things are in an attempt's folder: [`folder`].

mod attempt;
mod blob;
mod command;
mod document;
mod environment;
mod error;
mod fast;
mod folder;
pub(crate) mod go_format;
mod inputs;
mod log;
mod mounts;
mod msgpack;
mod outputs;
mod plain_path;
mod pod;
mod private_folder;
mod process;
mod record;
mod steps;
mod template;
mod text;
#[cfg(target_os = "linux")]
mod warm;
#[cfg(not(target_os = "linux"))]
#[path = "runner/warm/portable.rs"]
mod warm;

use std::sync::Arc;

use self::{
    attempt::Kill,
    error::AttemptError,
    folder::{AttemptFolder, on_disk},
};
pub(crate) use self::{
    attempt::{Attempt, AttemptOutcome, ObjectStore, TemplateNames},
    folder::{discard_private, element_folder, job_spec, set_aside},
    log::logs,
    process::{adopt, sweep},
    record::recall,
    steps::{checkpoints, keep_deck},
    warm::WarmParents,
};
use crate::{objects, store::task_execution::ProcessIdentity};

/// Runs an attempt to its end: when this returns, none of its processes is left (on other systems than Linux,
/// none of its process group).
///
/// `started` records the process before anything of the task runs.
pub(crate) async fn run(
    attempt: Attempt,
    started: impl FnOnce(ProcessIdentity),
    kill: Kill,
) -> AttemptOutcome {
    if *kill.borrow() {
        return AttemptOutcome::Killed;
    }
    let folder = AttemptFolder::new(&attempt.folder);
    let attempt = Arc::new(attempt);
    let kept = steps::kept(&attempt, attempt.names.attempt);
    let (process, result) = match steps::run(&attempt, &folder, started, kill).await {
        Ok((process, result)) => (process, result),
        Err(failure) => ("none".to_owned(), Err(failure)),
    };
    on_disk(move || {
        folder.discard_private();
        // Before its end is recorded: the next engine protects nothing of an attempt that has ended.
        if let Err(error) = objects::protect(&kept) {
            ::log::warn!("could not protect the outputs in `{}`: {error}", kept.display());
        }
        finish(&folder, &process, result)
    })
    .await
}

/// Records the outcome of an attempt. An attempt without a record did not end.
fn finish(
    folder: &AttemptFolder,
    process: &str,
    result: Result<AttemptOutcome, AttemptError>,
) -> AttemptOutcome {
    let (outcome, written) = match result {
        Ok(outcome) => {
            let written = record::write(folder, process, &outcome);
            (outcome, written)
        }
        Err(failure) => {
            let document = failure.document(now());
            let outcome = error::outcome(document.clone());
            let written = record::write_error(folder, &document);
            let written = written.and_then(|()| record::write(folder, process, &outcome));
            (outcome, written)
        }
    };
    match (outcome, written) {
        // A success that is not on disk must not be reported: the next engine could not recall it.
        (AttemptOutcome::Succeeded(_), Err(failure)) => error::outcome(failure.document(now())),
        (outcome, Err(failure)) => {
            ::log::warn!("{failure}");
            outcome
        }
        (outcome, Ok(())) => outcome,
    }
}

fn now() -> prost_types::Timestamp {
    let now = jiff::Timestamp::now();
    prost_types::Timestamp { seconds: now.as_second(), nanos: now.subsec_nanosecond() }
}

// They run scripts of `sh`.
#[cfg(test)]
#[cfg(unix)]
mod tests;
