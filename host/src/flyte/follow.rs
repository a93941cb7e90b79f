//! Watching an execution until it ends: progress on stderr, then the outputs, or the failure.

mod failure;
mod outage;
mod view;

use std::{pin::pin, time::Duration};

use clap::Args;
use flyte_client::{
    literal,
    proto::{
        admin::Execution,
        core::{LiteralMap, WorkflowExecutionIdentifier},
    },
    watch::{self, Node, Pace, Watch},
};
use tokio::time::{Instant, sleep, sleep_until};

use super::{session::Session, values};
use crate::ui::{
    error::CommandError,
    exit_code::Exit,
    output::{Format, Ui},
};
use crate::{flyte::node as node_text, ui::show};
use outage::Outage;
use view::View;

/// `--wait` and `--timeout`.
#[derive(Args, Clone, Debug)]
pub(crate) struct WaitArgs {
    /// Wait until the execution ends and print its outputs; Ctrl-C detaches
    ///
    /// `-o name` prints the name of the execution, as without `--wait`. `-o json` and `-o yaml` add `phase`
    /// and `outputs`; outputs are null unless the execution succeeded.
    #[arg(long, alias = "wait-execution")]
    wait: bool,

    /// Detach after this time, such as `10m`
    #[arg(long, value_name = "TIME", requires = "wait", allow_hyphen_values = true, value_parser = parse_time)]
    timeout: Option<Duration>,
}

/// Reads a time such as `90s` or `1h30m`.
///
/// # Errors
///
/// A message for clap.
pub(crate) fn parse_time(text: &str) -> Result<Duration, String> {
    let time: jiff::SignedDuration = text.parse().map_err(|_| "expected a time such as `90s` or `1h30m`")?;
    Duration::try_from(time).map_err(|_| "the time must not be negative".to_owned())
}

/// Prints a new execution, and watches it with `--wait`.
///
/// # Errors
///
/// As [`follow_to_end`] with `--wait`; else when the output cannot be written.
pub(crate) async fn started(
    session: &Session,
    id: WorkflowExecutionIdentifier,
    wait: &WaitArgs,
) -> Result<Exit, CommandError> {
    session.ui.note(format_args!("started execution `{}`\n", id.name));
    if let Some(url) = console_url(session, &id) {
        session.ui.note(format_args!("see {url}\n"));
    }
    if wait.wait {
        return follow_to_end(session, id, wait.timeout).await;
    }
    session
        .ui
        .note(format_args!("follow it with `{}`\n", session.command(&["execution", "watch", &id.name])));
    match session.ui.format() {
        Format::Table | Format::Name => session.ui.names([id.name])?,
        Format::Json | Format::Yaml => session.ui.message(&id)?,
    }
    Ok(Exit::Done)
}

/// The console's URL of an execution, if there is a console.
fn console_url(session: &Session, id: &WorkflowExecutionIdentifier) -> Option<String> {
    let connection = &session.connection;
    let base = match &connection.console_endpoint.value {
        Some(base) => base.trim_end_matches('/').to_owned(),
        // The sandbox has no console, embedded or served; a plugin's own transport may have no address.
        None if !session.has_address
            || connection.is_sandbox()
            || connection.endpoint.value.is_loopback() =>
        {
            return None;
        }
        None => {
            let scheme = if connection.insecure.value { "http" } else { "https" };
            format!("{scheme}://{}", connection.endpoint.value)
        }
    };
    Some(format!("{base}/console/projects/{}/domains/{}/executions/{}", id.project, id.domain, id.name))
}

/// Why watching ended.
enum FollowEnd {
    /// The execution ended.
    Done(Box<Execution>),
    /// Ctrl-C.
    Interrupted,
    /// `--timeout`.
    TimedOut(Duration),
}

/// Watches an execution until it ends, then prints its outputs; for programs its name, or its identifier,
/// phase and outputs.
///
/// # Errors
///
/// An execution that did not succeed or did not end in time; a call that failed.
pub(crate) async fn follow_to_end(
    session: &Session,
    id: WorkflowExecutionIdentifier,
    timeout: Option<Duration>,
) -> Result<Exit, CommandError> {
    if session.ui.format() == Format::Name {
        // First, so that a script has it however the execution ends.
        session.ui.names([id.name.clone()])?;
    }
    let mut watch = Watch::new(&session.client, id.clone());
    let ended = follow(session, &mut watch, &id, timeout).await.map_err(|error| {
        CommandError::from(error)
            .hint(format!("run `{}` to reattach", session.command(&["execution", "watch", &id.name])))
    })?;
    match ended {
        FollowEnd::Interrupted => {
            session.ui.note(detached_note(session, &id));
            print_result(&session.ui, &id, watch.phase(), None)?;
            Ok(Exit::INTERRUPTED)
        }
        FollowEnd::TimedOut(time) => {
            print_result(&session.ui, &id, watch.phase(), None)?;
            let time = flyte_text::duration(time);
            let failure = CommandError::new(
                Exit::Failed,
                format!("execution `{}` is still running after {time}", id.name),
            );
            Err(waiting_reasons(session, &id, watch.nodes())
                .into_iter()
                .fold(failure, CommandError::caused_by)
                .hint(format!("run `{}` to reattach", session.command(&["execution", "watch", &id.name]))))
        }
        FollowEnd::Done(execution) => match watch::phase(&execution) {
            watch::Phase::Succeeded => {
                let data = values::read(session, &id, None).await?;
                print_result(&session.ui, &id, watch.phase(), Some(&data.outputs))?;
                Ok(Exit::Done)
            }
            _ => {
                print_result(&session.ui, &id, watch.phase(), None)?;
                Err(failure::failure(session, &execution, watch.nodes()).await)
            }
        },
    }
}

/// Prints the outputs for people; for programs what is printed without `--wait`, with phase and outputs. The
/// name was printed before.
fn print_result(
    ui: &Ui,
    id: &WorkflowExecutionIdentifier,
    phase: watch::Phase,
    outputs: Option<&LiteralMap>,
) -> Result<(), CommandError> {
    match (ui.format(), outputs) {
        (Format::Name, _) | (Format::Table, None) => Ok(()),
        (Format::Table, Some(outputs)) => values::print(ui, outputs),
        (Format::Json | Format::Yaml, outputs) => {
            let mut document = show::json(id)?;
            document["phase"] = phase.as_str_name().into();
            document["outputs"] = outputs.map(literal::map_to_json).into();
            ui.structured(&document)
        }
    }
}

/// What running nodes wait for.
fn waiting_reasons(session: &Session, id: &WorkflowExecutionIdentifier, nodes: &[Node]) -> Vec<String> {
    let nodes = nodes.iter().filter(|node| !watch::is_node_done(node.phase));
    let reasons = nodes.filter_map(|node| {
        let waits = node_text::waiting_reason(session, id, node)?;
        Some(format!("{} is {}: {waits}", node_text::quoted(node), node.phase.as_str_name()))
    });
    reasons.collect()
}

/// The note after Ctrl-C.
fn detached_note(session: &Session, id: &WorkflowExecutionIdentifier) -> String {
    format!(
        "detached; execution `{}` keeps running\nfollow it with `{}`, stop it with `{}`\n",
        id.name,
        session.command(&["execution", "watch", &id.name]),
        session.command(&["execution", "terminate", &id.name])
    )
}

async fn follow(
    session: &Session,
    watch: &mut Watch<'_>,
    id: &WorkflowExecutionIdentifier,
    timeout: Option<Duration>,
) -> Result<FollowEnd, flyte_client::client::ClientError> {
    let mut view = View::new(session, id);
    let mut outage = Outage::default();
    let mut pace = if session.connection.is_sandbox() { Pace::near() } else { Pace::far() };
    let mut interrupted = pin!(interrupted());
    let mut timed_out = pin!(timed_out(timeout));
    let mut has_looked = false;
    loop {
        let look = tokio::select! {
            biased;
            () = &mut interrupted => return Ok(FollowEnd::Interrupted),
            // A timeout of zero still reads the state once.
            time = &mut timed_out, if has_looked => return Ok(FollowEnd::TimedOut(time)),
            look = watch.look() => look,
        };
        has_looked = true;
        let is_busy = match look {
            Ok(look) => {
                outage.answered(Instant::now());
                view.show(&look, watch.nodes());
                if watch::is_done(look.phase()) {
                    return Ok(FollowEnd::Done(Box::new(look.execution)));
                }
                !look.changes.is_empty()
            }
            Err(error) if outage.may_pass(&error, Instant::now()) => false,
            Err(error) => return Err(error),
        };
        tokio::select! {
            biased;
            () = &mut interrupted => return Ok(FollowEnd::Interrupted),
            time = &mut timed_out => return Ok(FollowEnd::TimedOut(time)),
            () = sleep(pace.wait(is_busy)) => {}
        }
    }
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler, the signal ends the process.
        std::future::pending::<()>().await;
    }
}

/// Resolves after the timeout, or never.
async fn timed_out(timeout: Option<Duration>) -> Duration {
    match timeout {
        Some(timeout) => {
            sleep_until(Instant::now() + timeout).await;
            timeout
        }
        None => std::future::pending().await,
    }
}
