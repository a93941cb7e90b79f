//! Restores a run from the store, so that it continues where the last engine stopped.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::{
    admin::NodeExecutionMetaData,
    core::{self, LiteralMap, WorkflowTemplate, node_execution::Phase},
};

use super::{
    Run,
    scope::{NodeFailure, Scope, ScopeState},
    step::Step,
};
use crate::{
    compile::{END, START},
    engine::{
        node::{CacheSlot, Node, NodeState, upstream},
        program::{NodeTarget, Program},
    },
    service_error::ServiceError,
    store::{self, execution::Execution, node_execution::NodeExecution, task_execution::TaskExecution},
};

/// What is stored of an execution's nodes, by their ids.
#[derive(Default)]
struct StoredNodes {
    nodes: HashMap<String, NodeExecution>,
    attempts: HashMap<String, Vec<TaskExecution>>,
}

impl StoredNodes {
    fn read(execution: &Execution, step: &Step<'_>) -> Result<Self, ServiceError> {
        let nodes = store::node_execution::list_for_execution(step.transaction, &execution.id)?;
        let nodes = nodes.into_iter().map(|node| (node.node_id.clone(), node)).collect();
        let mut attempts: HashMap<String, Vec<TaskExecution>> = HashMap::new();
        for attempt in store::task_execution::list_for_execution(step.transaction, &execution.id)? {
            attempts.entry(attempt.node_id.clone()).or_default().push(attempt);
        }
        Ok(Self { nodes, attempts })
    }
}

impl Run {
    /// Restores an open execution.
    pub(crate) fn load(
        execution: Execution,
        program: Program,
        step: &mut Step<'_>,
    ) -> Result<Self, ServiceError> {
        let mut stored = StoredNodes::read(&execution, step)?;
        let (workflow, inputs) = (Arc::clone(&program.primary), execution.inputs.clone());
        let mut run = Self::new(execution, program);
        run.open_scope(Scope::new(workflow, String::new(), None, inputs), &mut stored, step)?;
        Ok(run)
    }

    /// Opens the scope of a sub-workflow node that begins, and returns its index.
    pub(super) fn open_sub_workflow(
        &mut self,
        parent: usize,
        workflow: Arc<WorkflowTemplate>,
        step: &mut Step<'_>,
    ) -> Result<usize, ServiceError> {
        self.open_scope(self.sub_scope(parent, workflow), &mut StoredNodes::default(), step)
    }

    fn sub_scope(&self, parent: usize, workflow: Arc<WorkflowTemplate>) -> Scope {
        let record = &self.nodes[parent].record;
        Scope::new(workflow, format!("{}-0-", record.node_id), Some(parent), record.inputs.clone())
    }

    /// Adds a scope with its nodes, each in its stored state.
    fn open_scope(
        &mut self,
        new: Scope,
        stored: &mut StoredNodes,
        step: &mut Step<'_>,
    ) -> Result<usize, ServiceError> {
        let scope = self.scopes.len();
        let workflow = Arc::clone(&new.workflow);
        self.scopes.push(new);
        if stored.nodes.remove(&format!("{}{START}", self.scopes[scope].prefix)).is_none() {
            let inputs: LiteralMap = self.scopes[scope].inputs.clone();
            self.add_marker(scope, START, &inputs, step)?;
        }
        let mut indices = Vec::new();
        for spec in workflow.nodes.iter().filter(|node| node.id != START && node.id != END) {
            let index = self.add_node(scope, spec, stored);
            self.scopes[scope].nodes.insert(spec.id.clone(), index);
            indices.push(index);
        }
        if let Some(spec) = &workflow.failure_node {
            let index = self.add_node(scope, spec, stored);
            self.scopes[scope].failure_node = Some(index);
        }
        self.link(scope, &indices);
        self.restore_scope(scope, &indices);
        self.restore_nodes(scope, &indices, stored, step)?;
        Ok(scope)
    }

    fn add_node(&mut self, scope: usize, spec: &core::Node, stored: &mut StoredNodes) -> usize {
        let index = self.nodes.len();
        let id = format!("{}{}", self.scopes[scope].prefix, spec.id);
        let target = self.program.target(spec);
        let record = stored.nodes.remove(&id).unwrap_or_else(|| NodeExecution {
            execution: self.execution.id.clone(),
            node_id: id.clone(),
            metadata: NodeExecutionMetaData {
                spec_node_id: spec.id.clone(),
                is_parent_node: matches!(target, NodeTarget::SubWorkflow(_)),
                retry_group: self.scopes[scope].retry_group().to_owned(),
                ..NodeExecutionMetaData::default()
            },
            ..NodeExecution::default()
        });
        let has_ended = !matches!(record.closure.phase(), Phase::Undefined | Phase::Queued | Phase::Running);
        self.nodes.push(Node {
            scope,
            spec: Arc::new(spec.clone()),
            target,
            state: if has_ended { NodeState::Ended } else { NodeState::Waiting },
            record,
            attempts: stored.attempts.remove(&id).unwrap_or_default(),
            pending_upstream: 0,
            downstream: Vec::new(),
            sub_scope: None,
            cache: CacheSlot::default(),
        });
        self.by_id.insert(id, index);
        index
    }

    /// Links the nodes of a scope to those that they wait for.
    fn link(&mut self, scope: usize, indices: &[usize]) {
        for &index in indices {
            let spec = Arc::clone(&self.nodes[index].spec);
            for needed in upstream(&spec) {
                match self.scopes[scope].nodes.get(needed) {
                    Some(&needed) => {
                        self.nodes[needed].downstream.push(index);
                        self.nodes[index].pending_upstream +=
                            usize::from(!self.nodes[needed].has_succeeded());
                    }
                    // Never satisfied: the scope ends as stuck.
                    None => self.nodes[index].pending_upstream += 1,
                }
            }
        }
    }

    fn restore_scope(&mut self, scope: usize, indices: &[usize]) {
        let nodes = indices.iter().map(|&index| &self.nodes[index]);
        self.scopes[scope].remaining = nodes.clone().filter(|node| !node.has_succeeded()).count();
        let failed = nodes.clone().find_map(|node| Some((node, node.error()?)));
        let Some((node, error)) = failed else { return };
        let failure = NodeFailure { node: node.record.node_id.clone(), error: error.clone() };
        let failure_node = self.scopes[scope].failure_node;
        let is_cleaning_up = failure_node.is_some_and(|index| self.nodes[index].phase() != Phase::Undefined);
        self.scopes[scope].state =
            if is_cleaning_up { ScopeState::CleaningUp(failure) } else { ScopeState::Failing(failure) };
    }

    /// Moves each node to the state that its stored phase and attempts imply.
    fn restore_nodes(
        &mut self,
        scope: usize,
        indices: &[usize],
        stored: &mut StoredNodes,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let failure_node = self.scopes[scope].failure_node;
        for index in indices.iter().copied().chain(failure_node) {
            let node = &self.nodes[index];
            match node.phase() {
                Phase::Undefined if node.pending_upstream == 0 && failure_node != Some(index) => {
                    self.make_ready(index);
                }
                Phase::Queued if node.attempts.is_empty() => self.set_state(index, NodeState::Ready),
                Phase::Queued | Phase::Running => self.restore_begun(index, stored, step)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Restores a node that was begun, with the scope of a sub-workflow.
    fn restore_begun(
        &mut self,
        index: usize,
        stored: &mut StoredNodes,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let node = &self.nodes[index];
        match &node.target {
            NodeTarget::SubWorkflow(workflow) => {
                let scope = self.sub_scope(index, Arc::clone(workflow));
                self.set_state(index, NodeState::Running);
                self.nodes[index].sub_scope = Some(self.open_scope(scope, stored, step)?);
            }
            NodeTarget::Gate(_) => self.set_state(index, NodeState::AtGate),
            NodeTarget::Task(_) if node.running_attempt().is_none() => {
                self.set_state(index, NodeState::Queued)
            }
            NodeTarget::Task(_) | NodeTarget::LaunchPlan(..) => self.set_state(index, NodeState::Orphaned),
            NodeTarget::Unsupported(_) => self.set_state(index, NodeState::Ready),
        }
        Ok(())
    }
}
