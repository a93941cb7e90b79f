//! From what is stored to a state machine that goes on where the last one was.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use flyte_client::proto::{
    admin::{NodeExecutionMetaData, node_execution_closure::OutputResult},
    core::{self, LiteralMap, WorkflowTemplate, node_execution::Phase},
};

use super::{Node, Run, Scope, State, node::upstream, scope::NodeFailure};
use crate::{
    engine::{
        node::Kind,
        program::{END, Program, START, Target},
        step::Step,
    },
    service_error::ServiceError,
    store::{self, execution::Execution, node_execution::NodeExecution, task_execution::TaskExecution},
};

/// What is stored of an execution's nodes, by their ids.
#[derive(Default)]
struct Stored {
    nodes: HashMap<String, NodeExecution>,
    attempts: HashMap<String, Vec<TaskExecution>>,
}

impl Run {
    /// Takes up an open execution.
    pub(crate) fn load(
        execution: Execution,
        program: Program,
        step: &mut Step<'_>,
    ) -> Result<Self, ServiceError> {
        let nodes = store::node_execution::list_for_execution(step.transaction, &execution.id)?;
        let mut stored = Stored::default();
        for attempt in store::task_execution::list_for_execution(step.transaction, &execution.id)? {
            stored.attempts.entry(attempt.node_id.clone()).or_default().push(attempt);
        }
        stored.nodes = nodes.into_iter().map(|node| (node.node_id.clone(), node)).collect();

        let (workflow, inputs) = (Arc::clone(&program.primary), execution.inputs.clone());
        let mut run = Self {
            execution,
            program,
            scopes: Vec::new(),
            nodes: Vec::new(),
            by_id: HashMap::new(),
            ready: VecDeque::new(),
            queued: VecDeque::new(),
            running: 0,
            lost: Vec::new(),
            waiting: Vec::new(),
            gates: Vec::new(),
            touched: BTreeSet::new(),
            is_touched: false,
            is_over: false,
        };
        run.open_scope(workflow, String::new(), None, inputs, &mut stored, step)?;
        Ok(run)
    }

    /// Begins the workflow of a sub-workflow node.
    pub(in crate::engine) fn open_sub_workflow(
        &mut self,
        parent: usize,
        workflow: Arc<WorkflowTemplate>,
        step: &mut Step<'_>,
    ) -> Result<usize, ServiceError> {
        let record = &self.nodes[parent].record;
        let (prefix, inputs) = (format!("{}-0-", record.node_id), record.inputs.clone());
        self.open_scope(workflow, prefix, Some(parent), inputs, &mut Stored::default(), step)
    }

    fn open_scope(
        &mut self,
        workflow: Arc<WorkflowTemplate>,
        prefix: String,
        parent: Option<usize>,
        inputs: LiteralMap,
        stored: &mut Stored,
        step: &mut Step<'_>,
    ) -> Result<usize, ServiceError> {
        let scope = self.scopes.len();
        self.scopes.push(Scope {
            workflow: Arc::clone(&workflow),
            prefix,
            parent,
            inputs: inputs.clone(),
            nodes: HashMap::new(),
            failure_node: None,
            active: 0,
            unfinished: 0,
            state: State::Going,
        });
        if stored.nodes.remove(&format!("{}{START}", self.scopes[scope].prefix)).is_none() {
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
        self.take_up(scope, &indices, stored, step)?;
        Ok(scope)
    }

    fn add_node(&mut self, scope: usize, spec: &core::Node, stored: &mut Stored) -> usize {
        let index = self.nodes.len();
        let id = format!("{}{}", self.scopes[scope].prefix, spec.id);
        let target = self.program.target(spec);
        let record = stored.nodes.remove(&id).unwrap_or_else(|| NodeExecution {
            execution: self.execution.id.clone(),
            node_id: id.clone(),
            metadata: NodeExecutionMetaData {
                spec_node_id: spec.id.clone(),
                is_parent_node: matches!(target, Target::SubWorkflow(_)),
                retry_group: self.scopes[scope].retry_group().to_owned(),
                ..NodeExecutionMetaData::default()
            },
            ..NodeExecution::default()
        });
        self.nodes.push(Node {
            scope,
            spec: Arc::new(spec.clone()),
            kind: Kind::new(target),
            record,
            attempts: stored.attempts.remove(&id).unwrap_or_default(),
            waits_for: 0,
            downstream: Vec::new(),
        });
        self.by_id.insert(id, index);
        index
    }

    /// Joins the nodes of a scope to those that they need.
    fn link(&mut self, scope: usize, indices: &[usize]) {
        for &index in indices {
            let spec = Arc::clone(&self.nodes[index].spec);
            for needed in upstream(&spec) {
                match self.scopes[scope].nodes.get(needed) {
                    Some(&needed) => {
                        self.nodes[needed].downstream.push(index);
                        self.nodes[index].waits_for += usize::from(!self.nodes[needed].has_succeeded());
                    }
                    // Never satisfied: the scope ends with a sentence about it.
                    None => self.nodes[index].waits_for += 1,
                }
            }
        }
    }

    /// Puts each node where its stored phase says it is.
    fn take_up(
        &mut self,
        scope: usize,
        indices: &[usize],
        stored: &mut Stored,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        let all = || indices.iter().copied();
        self.scopes[scope].unfinished = all().filter(|&index| !self.nodes[index].has_succeeded()).count();
        if let Some(failed) = all().find(|&index| self.nodes[index].error().is_some()) {
            let node = &self.nodes[failed];
            let failure = NodeFailure {
                node: node.record.node_id.clone(),
                error: node.error().cloned().unwrap_or_default(),
            };
            let cleaner = self.scopes[scope].failure_node;
            let is_cleaning = cleaner.is_some_and(|index| self.nodes[index].phase() != Phase::Undefined);
            self.scopes[scope].state =
                if is_cleaning { State::Cleaning(failure) } else { State::Failing(failure) };
        }
        for index in all().chain(self.scopes[scope].failure_node) {
            let node = &self.nodes[index];
            let is_cleaner = self.scopes[scope].failure_node == Some(index);
            match node.phase() {
                Phase::Undefined if node.waits_for == 0 && !is_cleaner => self.activate(index),
                Phase::Queued if node.attempts.is_empty() => {
                    self.scopes[scope].active += 1;
                    self.ready.push_back(index);
                }
                Phase::Queued | Phase::Running => {
                    self.scopes[scope].active += 1;
                    self.resume(index, stored, step)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes up a node that was at work.
    fn resume(&mut self, index: usize, stored: &mut Stored, step: &mut Step<'_>) -> Result<(), ServiceError> {
        let node = &self.nodes[index];
        match &node.kind.target {
            Target::SubWorkflow(workflow) => {
                let (workflow, record) = (Arc::clone(workflow), &node.record);
                let (prefix, inputs) = (format!("{}-0-", record.node_id), record.inputs.clone());
                let scope = self.open_scope(workflow, prefix, Some(index), inputs, stored, step)?;
                self.nodes[index].kind.scope = Some(scope);
            }
            Target::Gate(_) => self.gates.push(index),
            Target::Task(_) if node.running_attempt().is_none() => self.queued.push_back(index),
            _ => {
                self.running += 1;
                self.lost.push(index);
            }
        }
        Ok(())
    }
}

impl Node {
    /// What it failed with.
    fn error(&self) -> Option<&core::ExecutionError> {
        match &self.record.closure.output_result {
            Some(OutputResult::Error(error)) if matches!(self.phase(), Phase::Failed | Phase::TimedOut) => {
                Some(error)
            }
            _ => None,
        }
    }
}
