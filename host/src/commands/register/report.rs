//! The report of `register`: the outcome of each entity, and the failures.

use std::{collections::BTreeMap, time::Duration};

use flyte_client::{
    client::{ClientError, ClientErrorKind},
    proto::admin::InactiveProject,
    register::{
        Entity, EntityKind,
        send::{SendOptions, SendOutcome},
    },
};
use serde_json::json;

use super::dry_run::{name, version};
use crate::{
    flyte::session::Session,
    ui::{
        error::CommandError,
        output::{Format, Ui},
    },
};

/// How many failures are printed in full; the table lists all.
const MAX_FAILURES: usize = 10;

/// Entities, and the outcome of each at the same index.
pub(super) struct RegisterReport<'a> {
    pub(super) session: &'a Session,
    pub(super) entities: &'a [Entity],
    pub(super) outcomes: &'a [SendOutcome],
    pub(super) options: SendOptions<'a>,
}

impl RegisterReport<'_> {
    /// Prints the outcomes.
    pub(super) fn print(&self, ui: &Ui) -> Result<(), CommandError> {
        let rows = self.entities.iter().zip(self.outcomes);
        match ui.format() {
            Format::Table => ui.table(
                &["KIND", "NAME", "VERSION", "RESULT"],
                rows.map(|(entity, outcome)| {
                    let result = self.result_text(entity, outcome);
                    vec![entity.kind().to_string(), name(entity).to_owned(), version(entity), result]
                }),
            ),
            Format::Name => {
                let there = rows.filter(|(_, outcome)| outcome.is_there());
                ui.print(there.map(|(entity, _)| format!("{}\n", name(entity))).collect::<String>())
            }
            Format::Json | Format::Yaml => {
                ui.structured(&rows.map(|(entity, outcome)| self.to_json(entity, outcome)).collect())
            }
        }
    }

    /// Prints the counts and the failures but the first, which is returned.
    pub(super) fn result(&self) -> Result<(), CommandError> {
        self.summarize();
        let mut failures = self.failures();
        let Some(first) = (!failures.is_empty()).then(|| failures.remove(0)) else { return Ok(()) };
        // The first one is printed last, when the program ends with it.
        let shown = failures.len().min(MAX_FAILURES - 1);
        for failure in failures.drain(..shown).rev() {
            self.session.ui.report(&failure);
        }
        Err(first)
    }

    fn summarize(&self) {
        let ui = &self.session.ui;
        let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
        for outcome in self.outcomes {
            *counts.entry(summary(outcome)).or_default() += 1;
        }
        let counts: Vec<String> =
            counts.iter().map(|((_, words), count)| format!("{count} {words}")).collect();
        ui.note(format_args!("{}\n", counts.join(", ")));
    }

    /// The failures in the order of the inputs, equal ones once.
    fn failures(&self) -> Vec<CommandError> {
        // Grouped without the number of attempts and the elapsed time, which differ by chance.
        let mut groups: Vec<(CommandError, CommandError, Vec<String>)> = Vec::new();
        for (entity, outcome) in self.entities.iter().zip(self.outcomes) {
            let SendOutcome::Failed(error) = outcome else { continue };
            let once = ClientError { attempts: 1, elapsed: Duration::ZERO, ..ClientError::clone(error) };
            let kind = server_failure(self.session, &once);
            let who = format!("{} `{}`", entity.kind(), name(entity));
            match groups.iter_mut().find(|(known, ..)| is_same(known, &kind)) {
                Some((.., whose)) => whose.push(who),
                None => groups.push((kind, server_failure(self.session, error), vec![who])),
            }
        }
        groups.into_iter().map(|(_, failure, whose)| group_failure(failure, &whose)).collect()
    }

    fn result_text(&self, entity: &Entity, outcome: &SendOutcome) -> String {
        let active = match self.options.activate && entity.kind() == EntityKind::LaunchPlan {
            true => ", active",
            false => "",
        };
        match outcome {
            SendOutcome::Registered => format!("registered{active}"),
            SendOutcome::Unchanged => format!("unchanged{active}"),
            SendOutcome::Failed(_) => "failed".to_owned(),
            SendOutcome::NotSent(because) => {
                let cause = &self.entities[*because];
                format!("not sent because {} `{}` failed", cause.kind(), name(cause))
            }
        }
    }

    fn to_json(&self, entity: &Entity, outcome: &SendOutcome) -> serde_json::Value {
        let id = entity.id().cloned().unwrap_or_default();
        let mut value = json!({
            "kind": entity.kind().to_string(),
            "project": id.project,
            "domain": id.domain,
            "name": id.name,
            "version": id.version,
            "result": summary(outcome).1,
        });
        match outcome {
            SendOutcome::Failed(error) => {
                let failure = server_failure(self.session, error);
                value["reason"] = failure.facts().pop().unwrap_or_default().into();
            }
            SendOutcome::NotSent(_) => value["reason"] = self.result_text(entity, outcome).into(),
            SendOutcome::Registered | SendOutcome::Unchanged => {}
        }
        if self.options.activate && entity.kind() == EntityKind::LaunchPlan && outcome.is_there() {
            value["active"] = true.into();
        }
        value
    }
}

/// The word for an outcome, and its position in the summary.
fn summary(outcome: &SendOutcome) -> (u8, &'static str) {
    match outcome {
        SendOutcome::Registered => (0, "registered"),
        SendOutcome::Unchanged => (1, "unchanged"),
        SendOutcome::Failed(_) => (2, "failed"),
        SendOutcome::NotSent(_) => (3, "not sent"),
    }
}

/// The failure of a call, with a hint for known causes.
fn server_failure(session: &Session, error: &ClientError) -> CommandError {
    let text = &error.status.message;
    let hint = if let Some(project) = error.status.detail::<InactiveProject>() {
        let activate = session.server_command(&["project", "activate", &project.id]);
        Some(format!("run `{activate}` to activate it"))
    } else if text.starts_with("failed to validate that project") {
        Some(format!(
            "run `{}` to list the projects, or `{}` to create it",
            session.server_command(&["get", "projects"]),
            session.server_command(&["project", "create", session.project()])
        ))
    } else if matches!(error.kind(), ClientErrorKind::DifferentStructure { .. }) {
        Some("pass another `--version`, or omit it to use content hashes".to_owned())
    } else {
        None
    };
    let failure = CommandError::from(error.clone());
    if hint.is_some() { failure.replace_hints(hint) } else { failure }
}

fn is_same(failure: &CommandError, other: &CommandError) -> bool {
    failure.facts() == other.facts()
}

fn group_failure(failure: CommandError, whose: &[String]) -> CommandError {
    let who = match whose {
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    };
    failure.context(format_args!("could not register {who}"))
}
