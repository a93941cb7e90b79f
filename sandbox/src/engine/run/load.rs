//! Restores a run from the store, so that it continues where the last engine stopped.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::{
    admin::NodeExecutionMetaData,
    core::{self, LiteralMap, WorkflowTemplate, node_execution::Phase, task_execution},
};

use super::{
    Run,
    scope::{NodeFailure, Scope, ScopeKind, ScopeState},
    step::Step,
};
use crate::{
    compile::{END, START},
    engine::{
        names,
        node::{CacheSlot, Node, NodeState, branch::choose},
        program::{NodeTarget, Program},
        upstream::upstream,
    },
    runner::{self, AttemptOutcome},
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
        let top = Scope::top(Arc::new(program), execution.inputs.clone());
        let mut run = Self::new(execution);
        run.open_scope(top, &mut stored, step)?;
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

    /// Opens the scope of a branch that chose a node, and returns its index.
    pub(in crate::engine) fn open_branch(
        &mut self,
        parent: usize,
        chosen: core::Node,
        step: &mut Step<'_>,
    ) -> Result<usize, ServiceError> {
        self.open_scope(self.branch_scope(parent, chosen), &mut StoredNodes::default(), step)
    }

    fn sub_scope(&self, parent: usize, workflow: Arc<WorkflowTemplate>) -> Scope {
        let program = Arc::clone(&self.scopes[self.nodes[parent].scope].program);
        Scope::below((parent, &self.nodes[parent]), ScopeKind::Workflow, program, workflow)
    }

    /// Opens the scope of a dynamic node that made a workflow, and returns its index.
    pub(in crate::engine) fn open_dynamic(
        &mut self,
        parent: usize,
        program: Program,
        step: &mut Step<'_>,
    ) -> Result<usize, ServiceError> {
        self.open_scope(self.dynamic_scope(parent, program), &mut StoredNodes::default(), step)
    }

    fn dynamic_scope(&self, parent: usize, program: Program) -> Scope {
        let workflow = Arc::clone(&program.primary);
        Scope::below((parent, &self.nodes[parent]), ScopeKind::Dynamic, Arc::new(program), workflow)
    }

    fn branch_scope(&self, parent: usize, chosen: core::Node) -> Scope {
        let program = Arc::clone(&self.scopes[self.nodes[parent].scope].program);
        let workflow = Arc::new(WorkflowTemplate { nodes: vec![chosen], ..WorkflowTemplate::default() });
        Scope::below((parent, &self.nodes[parent]), ScopeKind::Branch, program, workflow)
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
        let start = names::node_id(&self.scopes[scope].prefix, START);
        if self.scopes[scope].kind != ScopeKind::Branch && stored.nodes.remove(&start).is_none() {
            // The workflow of a dynamic node has no inputs.
            let is_dynamic = self.scopes[scope].kind == ScopeKind::Dynamic;
            let inputs = if is_dynamic { LiteralMap::default() } else { self.scopes[scope].inputs.clone() };
            self.add_marker(scope, START, (Phase::Succeeded, &inputs), step)?;
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
        let id = names::node_id(&self.scopes[scope].prefix, &spec.id);
        let target = self.scopes[scope].program.target(spec);
        let record = stored.nodes.remove(&id).unwrap_or_else(|| NodeExecution {
            execution: self.execution.id.clone(),
            node_id: id.clone(),
            metadata: NodeExecutionMetaData {
                spec_node_id: spec.id.clone(),
                is_parent_node: matches!(target, NodeTarget::SubWorkflow(_)),
                is_array: matches!(target, NodeTarget::Array(_)),
                retry_group: self.scopes[scope].retry_group.clone(),
                ..NodeExecutionMetaData::default()
            },
            ..NodeExecution::default()
        });
        use Phase::{DynamicRunning, Queued, Running, Undefined};
        let has_ended = !matches!(record.closure.phase(), Undefined | Queued | Running | DynamicRunning);
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
            timeouts: 0,
            array: None,
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
                    // A node of the scope around it, which the branch has waited for.
                    None if self.scopes[scope].kind == ScopeKind::Branch => {}
                    // Never satisfied: the scope ends as stuck.
                    None => self.nodes[index].pending_upstream += 1,
                }
            }
        }
    }

    fn restore_scope(&mut self, scope: usize, indices: &[usize]) {
        let nodes = indices.iter().map(|&index| &self.nodes[index]);
        self.scopes[scope].remaining = nodes.clone().filter(|node| !node.has_succeeded()).count();
        let Some(error) = nodes.clone().find_map(Node::error) else { return };
        let failure = NodeFailure { error: error.clone() };
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
                Phase::DynamicRunning => self.restore_dynamic(index, stored, step)?,
                Phase::Queued | Phase::Running => self.restore_begun(index, stored, step)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Restores a dynamic node whose program has ended.
    fn restore_dynamic(
        &mut self,
        index: usize,
        stored: &mut StoredNodes,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let made = store::dynamic_workflow::find(step.transaction, self.nodes[index].record.row)?;
        let scope = self.dynamic_scope(index, Program::new(made.unwrap_or_default()));
        self.set_state(index, NodeState::Parent);
        self.nodes[index].sub_scope = Some(self.open_scope(scope, stored, step)?);
        Ok(())
    }

    /// How many attempts of a node took too long.
    fn count_timeouts(&mut self, index: usize, step: &Step<'_>) {
        let aborted = self.nodes[index].attempts.iter();
        let aborted = aborted.filter(|attempt| attempt.closure.phase() == task_execution::Phase::Aborted);
        let outcomes = aborted.filter_map(|attempt| runner::recall(&attempt.folder(step.root)));
        self.nodes[index].timeouts = outcomes.filter(|outcome| *outcome == AttemptOutcome::TimedOut).count();
    }

    /// Restores a node that was begun, with the scope of a sub-workflow.
    fn restore_begun(
        &mut self,
        index: usize,
        stored: &mut StoredNodes,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        self.count_timeouts(index, step);
        let node = &self.nodes[index];
        match &node.target {
            NodeTarget::SubWorkflow(workflow) => {
                let scope = self.sub_scope(index, Arc::clone(workflow));
                self.set_state(index, NodeState::Parent);
                self.nodes[index].sub_scope = Some(self.open_scope(scope, stored, step)?);
            }
            NodeTarget::Branch(branch) => match choose(branch, &node.record.inputs) {
                Ok(chosen) => {
                    let scope = self.branch_scope(index, chosen.clone());
                    self.set_state(index, NodeState::Parent);
                    self.nodes[index].sub_scope = Some(self.open_scope(scope, stored, step)?);
                }
                Err(_) => self.set_state(index, NodeState::Ready),
            },
            NodeTarget::Gate(_) => self.set_state(index, NodeState::AtGate),
            NodeTarget::Task(_) if node.running_attempt().is_none() => {
                self.set_state(index, NodeState::Queued)
            }
            NodeTarget::Task(_) | NodeTarget::LaunchPlan(..) | NodeTarget::Array(_) => {
                self.set_state(index, NodeState::Orphaned);
            }
            NodeTarget::Unsupported(_) => self.set_state(index, NodeState::Ready),
        }
        Ok(())
    }
}
