//! Following an execution to its end: what happens on the standard error, then its outputs, or why there are none.

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
    error::Failure,
    exit_code::Exit,
    output::{self, Format},
};
use crate::{flyte::node as node_text, ui::show};
use outage::Outage;
use view::View;

/// Whether to wait for what was started.
#[derive(Args, Clone, Debug)]
pub struct WaitArgs {
    /// Follow it to its end, and print its outputs; Ctrl-C stops following, not the execution
    ///
    /// `-o name` prints the name of the execution, as without `--wait`. `-o json` and `-o yaml` print what they print without
    /// it, with `phase` and `outputs`; outputs are null unless it succeeded.
    #[arg(long, alias = "wait-execution")]
    wait: bool,

    /// Stop following after this time, such as `10m`
    #[arg(long, value_name = "TIME", requires = "wait", allow_hyphen_values = true, value_parser = parse_time)]
    timeout: Option<Duration>,
}

/// Reads a time such as `90s` or `1h30m`.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_time(text: &str) -> Result<Duration, String> {
    let time: jiff::SignedDuration = text.parse().map_err(|_| "write a time such as `90s` or `1h30m`")?;
    Duration::try_from(time).map_err(|_| "a time cannot be below zero".to_owned())
}

/// What is to be done with an execution that was just started.
///
/// # Errors
///
/// As [`follow_to_end`], if it is to be followed.
pub async fn started(
    session: &Session,
    id: WorkflowExecutionIdentifier,
    wait: &WaitArgs,
    format: Format,
) -> Result<Exit, Failure> {
    output::note(&format!("started execution `{}`\n", id.name));
    if let Some(url) = console_url(session, &id) {
        output::note(&format!("see {url}\n"));
    }
    if wait.wait {
        return follow_to_end(session, id, wait.timeout, format).await;
    }
    output::note(&format!("follow it with `{}`\n", session.command(&["execution", "watch", &id.name])));
    match format {
        Format::Table | Format::Name => show::names([id.name])?,
        format => show::message(format, &id)?,
    }
    Ok(Exit::Done)
}

/// Where the console shows an execution, if there is one.
fn console_url(session: &Session, id: &WorkflowExecutionIdentifier) -> Option<String> {
    let connection = &session.connection;
    let base = match &connection.console_endpoint.value {
        Some(base) => base.trim_end_matches('/').to_owned(),
        // The sandbox has no console, be it embedded or a server; and a plugin's own need not be anywhere.
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

/// How following came to its end.
enum FollowEnd {
    /// With that of the execution.
    Done(Box<Execution>),
    /// By Ctrl-C.
    Interrupted,
    /// After this time.
    TimedOut(Duration),
}

/// Follows an execution, then prints its outputs; for programs its name, or its key, phase and outputs.
///
/// # Errors
///
/// When it did not succeed, did not end in time, or a call fails.
pub async fn follow_to_end(
    session: &Session,
    id: WorkflowExecutionIdentifier,
    timeout: Option<Duration>,
    format: Format,
) -> Result<Exit, Failure> {
    if format == Format::Name {
        // At once, so that a script knows it whatever becomes of the execution.
        show::names([id.name.clone()])?;
    }
    let mut watch = Watch::new(&session.client, id.clone());
    let ended = follow(session, &mut watch, &id, timeout).await.map_err(|error| {
        Failure::from(error)
            .hint(format!("run `{}` to follow it again", session.command(&["execution", "watch", &id.name])))
    })?;
    match ended {
        FollowEnd::Interrupted => {
            output::note(&detached_note(session, &id));
            print_result(&id, watch.phase(), None, format)?;
            Ok(Exit::INTERRUPTED)
        }
        FollowEnd::TimedOut(time) => {
            print_result(&id, watch.phase(), None, format)?;
            let time = flyte_text::duration(time);
            let failure =
                Failure::new(Exit::Failed, format!("execution `{}` is still running after {time}", id.name));
            Err(waiting_reasons(session, &id, watch.nodes())
                .into_iter()
                .fold(failure, Failure::caused_by)
                .hint(format!(
                    "run `{}` to follow it again",
                    session.command(&["execution", "watch", &id.name])
                )))
        }
        FollowEnd::Done(execution) => match watch::phase(&execution) {
            watch::Phase::Succeeded => {
                let data = values::read(session, &id, None).await?;
                print_result(&id, watch.phase(), Some(&data.outputs), format)?;
                Ok(Exit::Done)
            }
            _ => {
                print_result(&id, watch.phase(), None, format)?;
                Err(failure::failure(session, &execution, watch.nodes()).await)
            }
        },
    }
}

/// Prints what became of an execution: for people its outputs, for programs what is printed of one that is not waited for,
/// with its phase and its outputs, if it has come to have any. Its name was printed before.
fn print_result(
    id: &WorkflowExecutionIdentifier,
    phase: watch::Phase,
    outputs: Option<&LiteralMap>,
    format: Format,
) -> Result<(), Failure> {
    match (format, outputs) {
        (Format::Name, _) | (Format::Table, None) => Ok(()),
        (Format::Table, Some(outputs)) => values::print(outputs, format),
        (format, outputs) => {
            let mut document = show::json(id)?;
            document["phase"] = phase.as_str_name().into();
            document["outputs"] = outputs.map(literal::map_to_json).into();
            output::structured(format, &document)
        }
    }
}

/// What nodes at work wait for.
fn waiting_reasons(session: &Session, id: &WorkflowExecutionIdentifier, nodes: &[Node]) -> Vec<String> {
    let nodes = nodes.iter().filter(|node| !watch::is_node_done(node.phase));
    let reasons = nodes.filter_map(|node| {
        let waits = node_text::waiting_reason(session, id, node)?;
        Some(format!("{} is {}: {waits}", node_text::quoted(node), node.phase.as_str_name()))
    });
    reasons.collect()
}

/// What Ctrl-C leaves behind.
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
            // Whoever gives no time at all still wants to know how it is.
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
        // Without a handler the system ends the program, which is as good.
        std::future::pending::<()>().await;
    }
}

/// Ends after a time, if there is one.
async fn timed_out(timeout: Option<Duration>) -> Duration {
    match timeout {
        Some(timeout) => {
            sleep_until(Instant::now() + timeout).await;
            timeout
        }
        None => std::future::pending().await,
    }
}
