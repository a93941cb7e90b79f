//! What a node does, by what it runs: one file for each.

pub(super) mod gate;
pub(super) mod launch_plan;
mod sub_workflow;
pub(super) mod task;

use flyte_client::proto::core::{execution_error::ErrorKind, node_execution::Phase};

use super::{
    program::Target,
    run::{Run, execution_error},
    step::Step,
};
use crate::service_error::ServiceError;

/// What a node runs, and what it keeps while it does.
pub(crate) struct Kind {
    pub(crate) target: Target,
    /// Of a sub-workflow: its workflow at work.
    pub(crate) scope: Option<usize>,
    /// Of a task: its place in the cache.
    pub(crate) cache: task::Cached,
}

impl Kind {
    pub(crate) fn new(target: Target) -> Self {
        Self { target, scope: None, cache: task::Cached::default() }
    }
}

impl Target {
    pub(super) fn is_task(&self) -> bool {
        matches!(self, Self::Task(_))
    }
}

/// Begins a node whose inputs are there.
pub(super) fn begin(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    match run.nodes[index].kind.target.clone() {
        Target::Task(_) => task::look_up(run, index, step),
        Target::SubWorkflow(workflow) => sub_workflow::begin(run, index, workflow, step),
        Target::LaunchPlan(..) => {
            run.queue(index);
            Ok(())
        }
        Target::Gate(gate) => gate::begin(run, index, &gate, step),
        Target::Unknown(what) => {
            let text = format!("the sandbox does not run {what}");
            run.fail(index, execution_error("NotSupported", text, ErrorKind::User), Phase::Failed, step)
        }
    }
}

/// Starts a node for which there is room.
pub(super) fn start(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    match run.nodes[index].kind.target.clone() {
        Target::Task(task) => task::start(run, index, &task, step),
        Target::LaunchPlan(plan, _) => launch_plan::start(run, index, plan, step),
        Target::SubWorkflow(_) | Target::Gate(_) | Target::Unknown(_) => Ok(()),
    }
}

/// Ends an active node that is no longer wanted, or asks for its end.
pub(super) fn stop(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    match run.nodes[index].kind.target {
        Target::Task(_) => task::stop(run, index, step),
        Target::SubWorkflow(_) => sub_workflow::stop(run, index, step),
        Target::LaunchPlan(..) => launch_plan::stop(run, index, step),
        Target::Gate(_) => run.aborted(index, step),
        Target::Unknown(_) => Ok(()),
    }
}

/// Goes on with a node that was at work when the last engine ended.
pub(super) fn lost(run: &mut Run, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
    match run.nodes[index].kind.target {
        Target::Task(_) => task::lost(run, index, step),
        Target::LaunchPlan(..) => launch_plan::look(run, index, step),
        Target::SubWorkflow(_) | Target::Gate(_) | Target::Unknown(_) => Ok(()),
    }
}
