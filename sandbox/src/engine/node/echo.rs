//! Echo tasks: their outputs are their inputs, and no process runs.

use flyte_client::proto::core::{
    LiteralMap, TaskTemplate, execution_error::ErrorKind, node_execution::Phase,
    task_execution::Phase as TaskPhase,
};

use crate::{
    engine::{
        node_error::execution_error,
        run::{Run, Step},
    },
    service_error::ServiceError,
};

/// The type of tasks that the echo plugin runs.
const TASK_TYPE: &str = "echo";

/// What FlytePropeller says of an echo task with several inputs.
const TOO_MANY: &str = "this plugin does not currently support more than one input variable";

/// How often FlytePropeller tries again after an error of its own.
const ROUNDS: &str = "max number of system retry attempts [11/10] exhausted";

pub(in crate::engine) fn is_echo(task: &TaskTemplate) -> bool {
    task.r#type == TASK_TYPE && task.target.is_none()
}

impl Run {
    /// Runs an echo task, which ends at once.
    pub(in crate::engine) fn run_echo(
        &mut self,
        index: usize,
        task: &TaskTemplate,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let mut attempt = self.nodes[index].new_attempt(task, false, step);
        attempt.closure.started_at = None;
        attempt.closure.logs.clear();
        if let Some(metadata) = &mut attempt.closure.metadata {
            metadata.plugin_identifier = TASK_TYPE.to_owned();
        }
        self.nodes[index].attempts.push(attempt);
        let Some(outputs) = echoed(&self.nodes[index].record.inputs, task) else {
            return self.abort_workflow(index, step);
        };
        let attempt = self.nodes[index].close_attempt(TaskPhase::Succeeded, step);
        attempt.outputs = Some(outputs.clone());
        self.note_files(index, step);
        self.succeed(index, outputs, Phase::Succeeded, step)
    }

    /// Fails the execution as after an error of FlytePropeller's own.
    fn abort_workflow(&mut self, index: usize, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let id = self.execution.closure.workflow_id.clone().unwrap_or_default();
        let node = &self.nodes[index].record.node_id;
        let message = format!(
            "Workflow[{}:{}:{}] failed. RuntimeExecutionError: {ROUNDS}. Last known status message: failed at \
             Node[{node}]. RuntimeExecutionError: failed during plugin execution, caused by: failed to execute \
             handle for plugin [echo]: {TOO_MANY}",
            id.project, id.domain, id.name
        );
        let error = execution_error("Workflow abort failed", message, ErrorKind::System);
        self.nodes[index].close_attempt(TaskPhase::Aborted, step);
        let text = format!("{ROUNDS} - system failure.");
        self.abort_with(index, (&text, error), step)
    }
}

/// The outputs of an echo task; `None` if it has several inputs.
fn echoed(inputs: &LiteralMap, task: &TaskTemplate) -> Option<LiteralMap> {
    let outputs = task.interface.as_ref().and_then(|interface| interface.outputs.as_ref());
    let output = outputs.and_then(|outputs| outputs.variables.keys().next());
    let mut values = inputs.literals.values();
    match (values.next(), values.next(), output) {
        (_, Some(_), _) => None,
        (Some(value), None, Some(name)) => {
            Some(LiteralMap { literals: [(name.clone(), value.clone())].into() })
        }
        _ => Some(LiteralMap::default()),
    }
}
