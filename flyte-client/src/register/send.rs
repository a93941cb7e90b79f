//! Sending entities to a server: each after what it needs, many at a time over one connection.

use std::collections::{BTreeSet, VecDeque};

use futures_util::{StreamExt as _, stream::FuturesUnordered};

use super::{Entity, order::Order};
use crate::{
    client::{self, Client},
    proto::{
        admin::{
            LaunchPlan, LaunchPlanCreateRequest, LaunchPlanState, LaunchPlanUpdateRequest, ObjectGetRequest,
            TaskCreateRequest, TaskSpec, WorkflowCreateRequest, WorkflowSpec,
        },
        core::{Identifier, ResourceType},
    },
    transport::Code,
};

/// How many calls are on their way at a time: enough to hide a network's delay (a server that needs 2 ms for
/// each is busy all of the time up to 128 ms of round trip), fewer than the 100 connections that FlyteAdmin
/// has to its database.
const IN_FLIGHT: usize = 64;

/// What became of an entity.
#[derive(Clone, Debug)]
pub enum SendOutcome {
    /// The server has it now.
    Registered,
    /// The server had it: just as it is, or a default launch plan in any form.
    Unchanged,
    /// The server did not take it.
    Failed(Box<client::ClientError>),
    /// It was not sent, because the one at this place of the set failed.
    NotSent(usize),
}

impl SendOutcome {
    /// Whether the server has it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        matches!(self, Self::Registered | Self::Unchanged)
    }
}

/// How to send.
#[derive(Clone, Copy, Debug)]
pub struct SendOptions<'a> {
    /// Make the launch plans the active ones of their names.
    pub activate: bool,
    /// The places of default launch plans, which no input asked for: one that the server has is left as it
    /// is.
    pub defaults: &'a BTreeSet<usize>,
}

/// Sends a set of entities and returns the outcome of each, in their order. `report` is called with each as
/// soon as it is known.
///
/// What needs an entity that failed is not sent; the rest is. If no server can be asked, nothing more is
/// sent.
pub async fn send(
    client: &Client,
    entities: &[Entity],
    order: &Order,
    options: SendOptions<'_>,
    mut report: impl FnMut(usize, &SendOutcome),
) -> Vec<SendOutcome> {
    let mut round = Round::new(order, entities.len());
    let mut flying = FuturesUnordered::new();
    loop {
        while flying.len() < IN_FLIGHT
            && let Some(index) = round.next()
        {
            let may_be_there = options.defaults.contains(&index) && round.follows_unchanged(order, index);
            flying.push(async move {
                let entity = &entities[index];
                let outcome = if may_be_there {
                    default_launch_plan(client, entity, options).await
                } else {
                    one(client, entity, options).await
                };
                (index, outcome)
            });
        }
        let Some((index, outcome)) = flying.next().await else { break };
        round.done(index, outcome, &mut report);
    }
    round.finish(&mut report)
}

/// Who is next, and what became of those before.
struct Round {
    outcomes: Vec<Option<SendOutcome>>,
    ready: VecDeque<usize>,
    /// How many each waits for still.
    open: Vec<usize>,
    waited_for_by: Vec<Vec<usize>>,
    /// The one whose failure ended all.
    halted_by: Option<usize>,
}

impl Round {
    fn new(order: &Order, count: usize) -> Self {
        let open: Vec<usize> = (0..count).map(|index| order.waits_for(index).len()).collect();
        Self {
            outcomes: vec![None; count],
            ready: (0..count).filter(|index| open[*index] == 0).collect(),
            open,
            waited_for_by: order.waited_for_by(),
            halted_by: None,
        }
    }

    fn next(&mut self) -> Option<usize> {
        if self.halted_by.is_some() { None } else { self.ready.pop_front() }
    }

    /// Whether something that it waited for had been on the server before. A launch plan of a new workflow is
    /// new.
    fn follows_unchanged(&self, order: &Order, index: usize) -> bool {
        order
            .waits_for(index)
            .iter()
            .any(|&other| matches!(self.outcomes[other], Some(SendOutcome::Unchanged)))
    }

    fn done(&mut self, index: usize, outcome: SendOutcome, report: &mut impl FnMut(usize, &SendOutcome)) {
        if let SendOutcome::Failed(error) = &outcome
            && is_hopeless(error)
        {
            self.halted_by.get_or_insert(index);
        }
        let is_there = outcome.is_there();
        report(index, &outcome);
        self.outcomes[index] = Some(outcome);
        if !is_there {
            self.give_up_after(index, report);
            return;
        }
        for other in &self.waited_for_by[index] {
            self.open[*other] -= 1;
            if self.open[*other] == 0 {
                self.ready.push_back(*other);
            }
        }
    }

    /// Whatever needs a failed entity, however remotely, will not be sent.
    fn give_up_after(&mut self, failed: usize, report: &mut impl FnMut(usize, &SendOutcome)) {
        let mut reached = vec![failed];
        while let Some(index) = reached.pop() {
            for other in self.waited_for_by[index].clone() {
                if self.outcomes[other].is_none() {
                    report(other, self.outcomes[other].insert(SendOutcome::NotSent(failed)));
                    reached.push(other);
                }
            }
        }
    }

    fn finish(self, report: &mut impl FnMut(usize, &SendOutcome)) -> Vec<SendOutcome> {
        let halted_by = self.halted_by;
        let rest = |(index, outcome): (usize, Option<SendOutcome>)| {
            outcome.unwrap_or_else(|| {
                let outcome = SendOutcome::NotSent(halted_by.unwrap_or(index));
                report(index, &outcome);
                outcome
            })
        };
        self.outcomes.into_iter().enumerate().map(rest).collect()
    }
}

/// Whether every other call would fail as this one did.
fn is_hopeless(error: &client::ClientError) -> bool {
    let kind = error.kind();
    matches!(
        kind,
        client::ClientErrorKind::MayBeDone
            | client::ClientErrorKind::NotSignedIn
            | client::ClientErrorKind::Transport
            | client::ClientErrorKind::Unreachable
    )
}

async fn one(client: &Client, entity: &Entity, options: SendOptions<'_>) -> SendOutcome {
    let result = match entity {
        Entity::Task(spec) => task(client, spec).await,
        Entity::Workflow(spec) => workflow(client, spec).await,
        Entity::LaunchPlan(plan) => launch_plan(client, plan).await,
    };
    match result {
        Ok(()) => activated(client, entity, options, SendOutcome::Registered).await,
        // One of the tries before, whose answer was lost, has made it: if not, it is there all the same.
        Err(error) if error.status.code == Code::AlreadyExists && error.attempts > 1 => {
            activated(client, entity, options, SendOutcome::Registered).await
        }
        Err(error) if error.status.code == Code::AlreadyExists => {
            activated(client, entity, options, SendOutcome::Unchanged).await
        }
        Err(error) => SendOutcome::Failed(Box::new(error)),
    }
}

/// Sends a launch plan only if there is none of its name and version.
async fn default_launch_plan(client: &Client, entity: &Entity, options: SendOptions<'_>) -> SendOutcome {
    let id = named(entity.id(), ResourceType::LaunchPlan);
    match client.get_launch_plan(&ObjectGetRequest { id }).await {
        Ok(_) => activated(client, entity, options, SendOutcome::Unchanged).await,
        Err(error) if error.status.code == Code::NotFound => one(client, entity, options).await,
        Err(error) => SendOutcome::Failed(Box::new(error)),
    }
}

/// Makes a launch plan that is there the active one, if that is asked for.
async fn activated(
    client: &Client,
    entity: &Entity,
    options: SendOptions<'_>,
    outcome: SendOutcome,
) -> SendOutcome {
    let Entity::LaunchPlan(plan) = entity else { return outcome };
    if !options.activate {
        return outcome;
    }
    let request = LaunchPlanUpdateRequest {
        id: named(plan.id.as_ref(), ResourceType::LaunchPlan),
        state: LaunchPlanState::Active.into(),
    };
    match client.update_launch_plan(&request).await {
        Ok(_) => outcome,
        Err(error) => SendOutcome::Failed(Box::new(error)),
    }
}

async fn task(client: &Client, spec: &TaskSpec) -> Result<(), client::ClientError> {
    let id = spec.template.as_ref().and_then(|template| template.id.as_ref());
    let request = TaskCreateRequest { id: named(id, ResourceType::Task), spec: Some(spec.clone()) };
    client.create_task(&request).await.map(drop)
}

async fn workflow(client: &Client, spec: &WorkflowSpec) -> Result<(), client::ClientError> {
    let id = spec.template.as_ref().and_then(|template| template.id.as_ref());
    let request = WorkflowCreateRequest { id: named(id, ResourceType::Workflow), spec: Some(spec.clone()) };
    client.create_workflow(&request).await.map(drop)
}

async fn launch_plan(client: &Client, plan: &LaunchPlan) -> Result<(), client::ClientError> {
    let id = named(plan.id.as_ref(), ResourceType::LaunchPlan);
    let request = LaunchPlanCreateRequest { id, spec: plan.spec.clone() };
    client.create_launch_plan(&request).await.map(drop)
}

/// A name with its type, which documents leave out and the server asks for.
fn named(id: Option<&Identifier>, resource_type: ResourceType) -> Option<Identifier> {
    id.map(|id| Identifier { resource_type: resource_type.into(), ..id.clone() })
}

#[cfg(test)]
mod tests;
