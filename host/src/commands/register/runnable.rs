//! Entities that `run` can run.

use std::collections::BTreeSet;

use flyte_client::{
    list::{self, Query},
    proto::{
        admin::{LaunchPlan, Task, Workflow},
        core::Identifier,
    },
    register::{Entity, EntityKind},
};

use crate::{
    flyte::{entity, session::Session},
    ui::{error::CommandError, exit_code::Exit},
};

/// How many commands are printed: a package may contain hundreds of workflows.
const MANY: usize = 3;

/// An entity that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runnable {
    /// The kind; for a workflow, that of its launch plan.
    pub(crate) kind: EntityKind,
    /// The identifier.
    pub(crate) id: Identifier,
    /// The kind in messages: `workflow` for a launch plan with the name of a workflow.
    pub(crate) shown_kind: EntityKind,
}

impl Runnable {
    /// The candidates if no name is given: launch plans and workflows, or tasks without these.
    #[must_use]
    pub(crate) fn unnamed(entities: &[Entity]) -> Vec<Self> {
        let any = Self::all(entities);
        let mut runnables: Vec<_> =
            any.iter().filter(|runnable| runnable.kind == EntityKind::LaunchPlan).cloned().collect();
        let plans: BTreeSet<String> = runnables.iter().map(|runnable| runnable.id.name.clone()).collect();
        let is_bare =
            |runnable: &&Self| runnable.kind == EntityKind::Workflow && !plans.contains(&runnable.id.name);
        runnables.extend(any.iter().filter(is_bare).cloned());
        if runnables.is_empty() { any } else { runnables }
    }

    /// The candidates if a name is given.
    #[must_use]
    pub(crate) fn all(entities: &[Entity]) -> Vec<Self> {
        let workflows: BTreeSet<&str> = entities
            .iter()
            .filter(|entity| entity.kind() == EntityKind::Workflow)
            .filter_map(|entity| Some(entity.id()?.name.as_str()))
            .collect();
        let mut runnables: Vec<Self> = Vec::new();
        for entity in entities {
            let Some(id) = entity.id().cloned() else { continue };
            let is_of_workflow =
                entity.kind() == EntityKind::LaunchPlan && workflows.contains(id.name.as_str());
            let shown_kind = if is_of_workflow { EntityKind::Workflow } else { entity.kind() };
            let runnable = Self { kind: entity.kind(), id, shown_kind };
            if !runnables.contains(&runnable) {
                runnables.push(runnable);
            }
        }
        runnables
    }

    /// The command that runs exactly this version.
    #[must_use]
    pub(crate) fn command(&self, session: &Session) -> String {
        let what = format!("{}:{}", self.id.name, self.id.version);
        let mut arguments = vec!["run", &what];
        if self.id.project == session.project() && self.id.domain == session.domain() {
            return session.command(&arguments);
        }
        arguments.extend(["-p", &self.id.project, "-d", &self.id.domain]);
        session.server_command(&arguments)
    }
}

/// Prints the commands that run what was registered.
pub(super) fn note_run_commands(session: &Session, runnables: &[Runnable]) {
    match runnables {
        [] => {}
        [one] => session.ui.note(format_args!("run it with `{}`\n", one.command(session))),
        many => {
            for runnable in many.iter().take(MANY) {
                session.ui.note(format_args!(
                    "run `{}` with `{}`\n",
                    runnable.id.name,
                    runnable.command(session)
                ));
            }
            if many.len() > MANY {
                session.ui.note(format_args!("run the other {} in the same way\n", many.len() - MANY));
            }
        }
    }
}

/// Warns if `run` without a version would take another version than the unchanged one.
pub(super) async fn warn_of_newer(
    session: &Session,
    runnables: &[Runnable],
    was_there: impl Fn(&Runnable) -> bool,
) {
    let mut newer = Vec::new();
    for runnable in runnables.iter().filter(|runnable| was_there(runnable)).take(MANY) {
        let newest = newest(session, runnable).await.filter(|newest| *newest != runnable.id.version);
        newer.extend(newest.map(|newest| (runnable, newest)));
    }
    if newer.is_empty() {
        return;
    }
    let notes = newer.iter().map(|(runnable, newest)| {
        let Identifier { name, version, .. } = &runnable.id;
        let run = session.command(&["run", name]);
        format!("version `{version}` of `{name}` is not the newest: `{run}` takes `{newest}`")
    });
    let message = notes.collect::<Vec<_>>().join("; ");
    session.ui.warn(&CommandError::new(Exit::Failed, message));
}

/// The newest version; `None` if the call fails, since a warning is not worth an error.
async fn newest(session: &Session, runnable: &Runnable) -> Option<String> {
    match runnable.kind {
        EntityKind::LaunchPlan => newest_of_kind::<LaunchPlan>(session, &runnable.id).await,
        EntityKind::Task => newest_of_kind::<Task>(session, &runnable.id).await,
        EntityKind::Workflow => newest_of_kind::<Workflow>(session, &runnable.id).await,
    }
}

async fn newest_of_kind<E: entity::Entity>(session: &Session, id: &Identifier) -> Option<String> {
    let name = list::named(&id.project, &id.domain, &id.name);
    let found = E::list(&session.client, &name, &Query::newest(), |_| true).await.ok()?;
    Some(found.first()?.id()?.version.clone())
}
