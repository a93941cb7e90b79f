//! What of a set of entities `run` would take.

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
    ui::{error::Failure, exit_code::Exit, output},
};

/// How many commands are told: a package may hold hundreds of workflows.
const MANY: usize = 3;

/// Something that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What kind it is; of a workflow, its launch plan.
    pub kind: EntityKind,
    /// Its full name.
    pub id: Identifier,
    /// What the user calls it: a workflow, if the launch plan has one of its name.
    pub word: EntityKind,
}

impl Offer {
    /// What is run if no name is given: launch plans and workflows, or the tasks where there are none.
    #[must_use]
    pub fn all(entities: &[Entity]) -> Vec<Self> {
        let any = Self::any(entities);
        let mut offers: Vec<_> =
            any.iter().filter(|offer| offer.kind == EntityKind::LaunchPlan).cloned().collect();
        let plans: BTreeSet<String> = offers.iter().map(|offer| offer.id.name.clone()).collect();
        let is_bare = |offer: &&Self| offer.kind == EntityKind::Workflow && !plans.contains(&offer.id.name);
        offers.extend(any.iter().filter(is_bare).cloned());
        if offers.is_empty() { any } else { offers }
    }

    /// Everything that can be run if it is named.
    #[must_use]
    pub fn any(entities: &[Entity]) -> Vec<Self> {
        let workflows: BTreeSet<&str> = entities
            .iter()
            .filter(|entity| entity.kind() == EntityKind::Workflow)
            .filter_map(|entity| Some(entity.id()?.name.as_str()))
            .collect();
        let mut offers: Vec<Self> = Vec::new();
        for entity in entities {
            let Some(id) = entity.id().cloned() else { continue };
            let is_of_workflow =
                entity.kind() == EntityKind::LaunchPlan && workflows.contains(id.name.as_str());
            let word = if is_of_workflow { EntityKind::Workflow } else { entity.kind() };
            let offer = Self { kind: entity.kind(), id, word };
            if !offers.contains(&offer) {
                offers.push(offer);
            }
        }
        offers
    }

    /// The command that runs exactly this.
    #[must_use]
    pub fn command(&self, session: &Session) -> String {
        let what = format!("{}:{}", self.id.name, self.id.version);
        let mut arguments = vec!["run", &what];
        if self.id.project == session.project() && self.id.domain == session.domain() {
            return session.command(&arguments);
        }
        arguments.extend(["-p", &self.id.project, "-d", &self.id.domain]);
        session.server_command(&arguments)
    }
}

/// Notes the commands that run what was registered.
pub(super) fn note_commands(session: &Session, offers: &[Offer]) {
    match offers {
        [] => {}
        [one] => output::note(&format!("run it with `{}`\n", one.command(session))),
        many => {
            for offer in many.iter().take(MANY) {
                output::note(&format!("run `{}` with `{}`\n", offer.id.name, offer.command(session)));
            }
            if many.len() > MANY {
                output::note(&format!("run the other {} in the same way\n", many.len() - MANY));
            }
        }
    }
}

/// Warns if `run` without a version would take something else than what is registered unchanged.
pub(super) async fn warn_of_newer(session: &Session, offers: &[Offer], was_there: impl Fn(&Offer) -> bool) {
    let mut newer = Vec::new();
    for offer in offers.iter().filter(|offer| was_there(offer)).take(MANY) {
        let newest = newest(session, offer).await.filter(|newest| *newest != offer.id.version);
        newer.extend(newest.map(|newest| (offer, newest)));
    }
    if newer.is_empty() {
        return;
    }
    let told = newer.iter().map(|(offer, newest)| {
        let Identifier { name, version, .. } = &offer.id;
        let run = session.command(&["run", name]);
        format!("version `{version}` of `{name}` is not the newest: `{run}` takes `{newest}`")
    });
    let message = told.collect::<Vec<_>>().join("; ");
    output::note_styled(&Failure::new(Exit::Failed, message).render_warning());
}

/// The version that was created last; none if the server does not say, since a warning is not worth an error.
async fn newest(session: &Session, offer: &Offer) -> Option<String> {
    match offer.kind {
        EntityKind::LaunchPlan => newest_of::<LaunchPlan>(session, &offer.id).await,
        EntityKind::Task => newest_of::<Task>(session, &offer.id).await,
        EntityKind::Workflow => newest_of::<Workflow>(session, &offer.id).await,
    }
}

async fn newest_of<E: entity::Entity>(session: &Session, id: &Identifier) -> Option<String> {
    let name = list::named(&id.project, &id.domain, &id.name);
    let found = E::list(&session.client, &name, &Query::newest(), |_| true).await.ok()?;
    Some(found.first()?.id()?.version.clone())
}
