//! Dynamic nodes: tasks whose program returns a workflow, which then runs below the node.
//!
//! The attempt has succeeded once its program has ended; the workflow is stored in the same step, so the
//! program does not run again whatever happens to the engine.

use std::{collections::BTreeMap, sync::Arc};

use flyte_client::proto::{
    admin::{TaskNodeMetadata, WorkflowSpec},
    core::{
        CompiledTask, CompiledWorkflowClosure, DynamicJobSpec, ExecutionError, Identifier, LiteralMap,
        ResourceType, TaskTemplate, TypedInterface, Variable, VariableMap, WorkflowTemplate,
        execution_error::ErrorKind, node_execution::Phase, task_execution::Phase as TaskPhase,
    },
};

use super::NodeState;
use crate::{
    compile::{self, EntityKey},
    engine::{
        node_error::execution_error,
        program::Program,
        run::{Run, Step},
    },
    runner,
    service::workflow::library,
    service_error::ServiceError,
    store,
};

/// How many letters the version of a dynamic workflow has.
const VERSION: usize = 10;

impl Run {
    /// Ends an attempt that made a workflow, and begins the workflow.
    pub(super) fn attempt_made_workflow(
        &mut self,
        index: usize,
        job: DynamicJobSpec,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let attempt = self.nodes[index].close_attempt(TaskPhase::Succeeded, step);
        let job_uri = runner::job_spec(&attempt.folder(step.root)).display().to_string();
        self.mark_changed(index);
        match self.compile_job(index, job, step)? {
            Ok(closure) => self.begin_dynamic(index, closure, job_uri, step),
            Err(error) => self.fail(index, error, Phase::Failed, step),
        }
    }

    /// Begins the workflow that a node made.
    pub(in crate::engine) fn begin_dynamic(
        &mut self,
        index: usize,
        closure: CompiledWorkflowClosure,
        job_uri: String,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.set_phase(index, Phase::Running, step);
        self.set_phase(index, Phase::DynamicRunning, step);
        self.set_task_metadata(index, TaskNodeMetadata::default());
        let row = self.stored_row(index, step)?;
        store::dynamic_workflow::insert(step.transaction, row, &closure)?;
        let node = &mut self.nodes[index];
        node.record.metadata.is_dynamic = true;
        node.record.metadata.is_parent_node = true;
        node.record.closure.dynamic_job_spec_uri = job_uri;
        self.set_state(index, NodeState::Parent);
        let scope = self.open_dynamic(index, Program::new(closure), step)?;
        self.nodes[index].sub_scope = Some(scope);
        self.settle(scope, step)
    }

    /// Ends a dynamic node whose workflow has succeeded.
    pub(in crate::engine) fn dynamic_succeeded(
        &mut self,
        index: usize,
        outputs: LiteralMap,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        if let Some(attempt) = self.nodes[index].attempts.last_mut() {
            attempt.outputs = Some(outputs.clone());
        }
        self.store_result(index, &outputs, step)?;
        self.succeed(index, outputs, Phase::Succeeded, step)
    }

    fn compile_job(
        &self,
        index: usize,
        job: DynamicJobSpec,
        step: &Step<'_>,
    ) -> Result<Result<CompiledWorkflowClosure, ExecutionError>, ServiceError> {
        let build_failed =
            |reason: String| execution_error("DynamicWorkflowBuildFailed", reason, ErrorKind::User);
        let id = Identifier {
            resource_type: ResourceType::Workflow.into(),
            project: self.execution.id.project.clone(),
            domain: self.execution.id.domain.clone(),
            name: format!("dynamic_{}", self.nodes[index].spec.id),
            version: std::iter::repeat_with(fastrand::lowercase).take(VERSION).collect(),
            ..Identifier::default()
        };
        let interface = self.nodes[index].task().and_then(|task| task.interface.as_ref());
        let (spec, tasks) = workflow(job, id, interface);
        let mut library = library(step.transaction, &spec)?;
        library.tasks.extend(tasks.clone());
        if let Some(missing) = compile::references(&spec)
            .1
            .into_iter()
            .find(|id| !library.launch_plans.contains_key(&EntityKey::new(id)))
        {
            let Identifier { project, domain, name, version, .. } = missing;
            let text = format!(
                "[User] incorrectly specified launchplan {project}:{domain}:{name}:{version}, caused by: \
                 [NotFound] the sandbox has no such launch plan"
            );
            return Ok(Err(build_failed(text)));
        }
        let compiled = compile::compile(&spec, &library);
        Ok(compiled
            .map(|closure| with_tasks(closure, tasks))
            .map_err(|errors| build_failed(errors.to_string())))
    }
}

/// The workflow of a job, and the tasks that it brings.
fn workflow(
    job: DynamicJobSpec,
    id: Identifier,
    interface: Option<&TypedInterface>,
) -> (WorkflowSpec, BTreeMap<EntityKey, CompiledTask>) {
    let tasks =
        job.tasks.into_iter().map(without_task_descriptions).filter_map(|task| {
            Some((EntityKey::new(task.id.as_ref()?), CompiledTask { template: Some(task) }))
        });
    let outputs = interface.and_then(|interface| interface.outputs.as_ref()).map(without_descriptions);
    let template = WorkflowTemplate {
        id: Some(id),
        interface: Some(TypedInterface { inputs: Some(VariableMap::default()), outputs }),
        nodes: job.nodes,
        outputs: job.outputs,
        ..WorkflowTemplate::default()
    };
    let spec =
        WorkflowSpec { template: Some(template), sub_workflows: job.subworkflows, ..WorkflowSpec::default() };
    (spec, tasks.collect())
}

/// A compiled workflow with all tasks of its job, also those that its own nodes do not run.
fn with_tasks(
    mut closure: CompiledWorkflowClosure,
    mut tasks: BTreeMap<EntityKey, CompiledTask>,
) -> CompiledWorkflowClosure {
    for task in &closure.tasks {
        let id = task.template.as_ref().and_then(|template| template.id.as_ref());
        tasks.remove(&EntityKey::new(id.unwrap_or(&Identifier::default())));
    }
    closure.tasks.extend(tasks.into_values());
    closure
}

fn without_task_descriptions(mut task: TaskTemplate) -> TaskTemplate {
    if let Some(interface) = &mut task.interface {
        for side in interface.inputs.iter_mut().chain(&mut interface.outputs) {
            *side = without_descriptions(side);
        }
    }
    task
}

fn without_descriptions(variables: &VariableMap) -> VariableMap {
    let plain = |(name, variable): (&String, &Variable)| {
        (name.clone(), Variable { r#type: variable.r#type.clone(), ..Variable::default() })
    };
    VariableMap { variables: variables.variables.iter().map(plain).collect() }
}

/// The workflow that a node of another execution made, to be run again without its program.
pub(in crate::engine) fn made_before(
    step: &Step<'_>,
    node: &store::node_execution::NodeExecution,
) -> Result<Option<Arc<CompiledWorkflowClosure>>, ServiceError> {
    Ok(store::dynamic_workflow::find(step.transaction, node.row)?.map(Arc::new))
}
