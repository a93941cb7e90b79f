//! A sandbox with its engine, and queries for tests.

use std::{future::Future, path::Path, sync::Arc, time::Duration};

use flyte_client::{
    Client, Status,
    client::{self, CallOptions},
    proto::{
        admin::{
            Execution, ExecutionCreateRequest, ExecutionSpec, NodeExecution, NodeExecutionListRequest, Sort,
            TaskExecution, TaskExecutionListRequest, WorkflowExecutionGetDataRequest,
            WorkflowExecutionGetRequest, execution_closure::OutputResult, sort::Direction,
        },
        core::{
            Identifier, LiteralMap, NodeExecutionIdentifier, WorkflowExecutionIdentifier,
            workflow_execution::Phase,
        },
    },
};
use sandbox::{EngineStart, Sandbox};
use tempfile::TempDir;

/// An open sandbox.
pub(crate) struct Fixture {
    pub(crate) client: Client,
    runtime: tokio::runtime::Runtime,
    folder: Option<Arc<TempDir>>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::open(Arc::new(tempfile::tempdir().unwrap()), EngineStart::InProcess)
    }

    pub(crate) fn open(folder: Arc<TempDir>, engine: EngineStart) -> Self {
        let mut fixture = Self::open_at(folder.path(), engine);
        fixture.folder = Some(folder);
        fixture
    }

    /// As [`Fixture::open`], in a folder that is kept.
    pub(crate) fn open_at(folder: &Path, engine: EngineStart) -> Self {
        let options = sandbox::SandboxOptions { root: folder.to_owned(), engine };
        let sandbox = Sandbox::open(&options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { client: Client::new(Arc::new(sandbox), CallOptions::default()), runtime, folder: None }
    }

    /// The folder, which is deleted with the last sandbox in it.
    pub(crate) fn path(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Runs a call.
    pub(crate) fn call<T>(
        &self,
        call: impl Future<Output = Result<T, client::ClientError>>,
    ) -> Result<T, Status> {
        self.runtime.block_on(call).map_err(|error| error.status)
    }

    /// Launches something.
    pub(crate) fn launch(
        &self,
        entity: &Identifier,
        name: &str,
        inputs: LiteralMap,
    ) -> WorkflowExecutionIdentifier {
        self.launch_with(entity, name, inputs, ExecutionSpec::default())
    }

    pub(crate) fn launch_with(
        &self,
        entity: &Identifier,
        name: &str,
        inputs: LiteralMap,
        spec: ExecutionSpec,
    ) -> WorkflowExecutionIdentifier {
        let request = ExecutionCreateRequest {
            project: entity.project.clone(),
            domain: entity.domain.clone(),
            name: name.to_owned(),
            spec: Some(ExecutionSpec { launch_plan: Some(entity.clone()), ..spec }),
            inputs: Some(inputs),
            ..Default::default()
        };
        self.call(self.client.create_execution(&request)).unwrap().id.unwrap()
    }

    pub(crate) fn execution(&self, id: &WorkflowExecutionIdentifier) -> Execution {
        let request = WorkflowExecutionGetRequest { id: Some(id.clone()) };
        self.call(self.client.get_execution(&request)).unwrap()
    }

    /// Polls an execution until a condition holds.
    pub(crate) fn wait(
        &self,
        id: &WorkflowExecutionIdentifier,
        what: impl Fn(&Execution) -> bool,
    ) -> Execution {
        for _ in 0..10_000 {
            let execution = self.execution(id);
            if what(&execution) {
                return execution;
            }
            self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(3)).await });
        }
        panic!("timed out waiting for {:#?}", self.execution(id));
    }

    /// Waits for the end.
    pub(crate) fn end(&self, id: &WorkflowExecutionIdentifier) -> Execution {
        self.wait(id, |execution| {
            matches!(phase(execution), Phase::Succeeded | Phase::Failed | Phase::Aborted | Phase::TimedOut)
        })
    }

    /// Waits for a line of [`Fixture::nodes`].
    pub(crate) fn wait_for_node(&self, id: &WorkflowExecutionIdentifier, line: &str) {
        self.wait(id, |_| self.nodes(id).iter().any(|node| node == line));
    }

    pub(crate) fn outputs(&self, id: &WorkflowExecutionIdentifier) -> LiteralMap {
        let request = WorkflowExecutionGetDataRequest { id: Some(id.clone()) };
        self.call(self.client.get_execution_data(&request)).unwrap().full_outputs.unwrap()
    }

    pub(crate) fn node_executions(
        &self,
        id: &WorkflowExecutionIdentifier,
        parent: &str,
    ) -> Vec<NodeExecution> {
        let request = NodeExecutionListRequest {
            workflow_execution_id: Some(id.clone()),
            limit: 1000,
            sort_by: Some(Sort { key: "id".to_owned(), direction: Direction::Ascending.into() }),
            unique_parent_id: parent.to_owned(),
            ..Default::default()
        };
        self.call(self.client.list_node_executions(&request)).unwrap().node_executions
    }

    /// `n0 SUCCEEDED` for each node, those of sub-workflows below their own, without the markers.
    pub(crate) fn nodes(&self, id: &WorkflowExecutionIdentifier) -> Vec<String> {
        self.nodes_below(id, "")
    }

    fn nodes_below(&self, id: &WorkflowExecutionIdentifier, parent: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for node in self.node_executions(id, parent) {
            let name = node.id.unwrap().node_id;
            let metadata = node.metadata.unwrap();
            if matches!(metadata.spec_node_id.as_str(), "start-node" | "end-node") {
                continue;
            }
            lines.push(format!("{name} {}", node.closure.unwrap().phase().as_str_name()));
            if metadata.is_parent_node {
                lines.extend(self.nodes_below(id, &name));
            }
        }
        lines
    }

    pub(crate) fn attempts(&self, id: &WorkflowExecutionIdentifier, node: &str) -> Vec<TaskExecution> {
        let node = NodeExecutionIdentifier { node_id: node.to_owned(), execution_id: Some(id.clone()) };
        let request = TaskExecutionListRequest {
            node_execution_id: Some(node),
            limit: 100,
            sort_by: Some(Sort { key: "retry_attempt".to_owned(), direction: Direction::Ascending.into() }),
            ..Default::default()
        };
        self.call(self.client.list_task_executions(&request)).unwrap().task_executions
    }
}

pub(crate) fn phase(execution: &Execution) -> Phase {
    execution.closure.as_ref().unwrap().phase()
}

/// `CODE (KIND): message` of an execution's error.
pub(crate) fn error(execution: &Execution) -> String {
    match &execution.closure.as_ref().unwrap().output_result {
        Some(OutputResult::Error(error)) => {
            format!("{} ({}): {}", error.code, error.kind().as_str_name(), error.message)
        }
        other => format!("{other:?}"),
    }
}
