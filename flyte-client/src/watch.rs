//! Following an execution: what its nodes do, from one look to the next.
//!
//! FlyteAdmin sends nothing by itself, so it is asked again and again. One [`Watch::look`] costs a call for
//! the execution, a page of nodes for each hundred, a call for each running node (its attempts, which hold
//! the elements of a map task), and one for each error that a list cut off. The workflow is read once, for
//! names and gates ([`Specs`]).

mod attempt;
mod cache;
mod elements;
mod gate;
mod node;
mod order;
mod pace;
mod specs;
pub mod whole;

use std::collections::{BTreeSet, HashMap};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

pub use self::{
    attempt::AttemptFailure,
    cache::{Cache, Reused},
    elements::{Element, Elements, errors},
    gate::Gate,
    node::{Node, is_node_done},
    pace::Pace,
    specs::Specs,
};
pub use crate::proto::core::workflow_execution::Phase;
use crate::{
    client::{Client, ClientError},
    list::{self, Order, Query},
    proto::{
        admin,
        core::{NodeExecutionIdentifier, WorkflowExecutionIdentifier},
    },
};

/// An execution that is looked at.
pub struct Watch<'c> {
    client: &'c Client,
    id: WorkflowExecutionIdentifier,
    phase: Option<Phase>,
    nodes: Vec<Node>,
    specs: Specs<'c>,
    /// Parents whose nodes were all seen at their end.
    settled: BTreeSet<String>,
}

/// What is new since the last look.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The execution is in another phase.
    Execution(Phase),
    /// A node appeared, or is in another phase, at another attempt, or otherwise with its cache or its
    /// elements.
    Node(Box<Node>),
}

/// What one look saw.
#[derive(Clone, Debug)]
pub struct Look {
    /// The execution.
    pub execution: admin::Execution,
    /// What is new: the beginning of a node before what is within it, its end after that, the end of the
    /// execution last.
    pub changes: Vec<Change>,
}

impl Look {
    /// The execution's phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        phase(&self.execution)
    }
}

/// The phase of an execution.
#[must_use]
pub fn phase(execution: &admin::Execution) -> Phase {
    execution.closure.as_ref().map_or(Phase::Undefined, admin::ExecutionClosure::phase)
}

/// When the phase of an execution began, by the server's clock; as of a node ([`Node::phase_since`]).
#[must_use]
pub fn phase_since(execution: &admin::Execution) -> Option<prost_types::Timestamp> {
    let closure = execution.closure.as_ref()?;
    match closure.phase() {
        Phase::Undefined | Phase::Queued => closure.created_at,
        Phase::Running => closure.started_at.or(closure.updated_at),
        _ => closure.updated_at,
    }
}

/// Whether nothing comes after a phase.
#[must_use]
pub fn is_done(phase: Phase) -> bool {
    matches!(phase, Phase::Succeeded | Phase::Failed | Phase::Aborted | Phase::TimedOut)
}

impl<'c> Watch<'c> {
    /// Starts to follow an execution; nothing is asked yet.
    #[must_use]
    pub fn new(client: &'c Client, id: WorkflowExecutionIdentifier) -> Self {
        let (nodes, settled) = (Vec::new(), BTreeSet::new());
        Self { client, id, phase: None, nodes, specs: Specs::new(client), settled }
    }

    /// All nodes so far, in the order in which they were made, those within a node behind it.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The phase that the last look saw.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase.unwrap_or(Phase::Undefined)
    }

    /// The gates that the execution's workflow has, as [`Specs::gates`].
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn gates(&mut self, execution: &admin::Execution) -> Result<Vec<Gate>, ClientError> {
        self.specs.gates(execution).await
    }

    /// Looks once.
    ///
    /// # Errors
    ///
    /// When a call fails.
    pub async fn look(&mut self) -> Result<Look, ClientError> {
        // The execution first: when it is done, the nodes that follow are at their end, too.
        let request = admin::WorkflowExecutionGetRequest { id: Some(self.id.clone()) };
        let execution = self.client.get_execution(&request).await?;
        let now = phase(&execution);
        let nodes = self.read_nodes(&execution, is_done(now)).await?;
        let before: HashMap<&str, &Node> = self.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let is_new = |node: &Node| before.get(node.id.as_str()).is_none_or(|before| node.differs(before));
        let changed = order::beginnings_before_ends(&nodes, is_new);
        let mut changes: Vec<_> =
            changed.into_iter().map(|node| Change::Node(Box::new(node.clone()))).collect();
        self.nodes = nodes;
        // The last word is the execution's.
        if self.phase != Some(now) {
            self.phase = Some(now);
            let at = if is_done(now) { changes.len() } else { 0 };
            changes.insert(at, Change::Execution(now));
        }
        Ok(Look { execution, changes })
    }

    async fn read_nodes(
        &mut self,
        execution: &admin::Execution,
        is_last: bool,
    ) -> Result<Vec<Node>, ClientError> {
        let mut nodes = Vec::new();
        // Depth first, so that a list of nodes reads as a tree.
        let mut open = self.level("", 0).await?;
        open.reverse();
        while let Some(node) = open.pop() {
            if node.is_parent {
                let mut inner = if self.settled.contains(&node.id) {
                    self.known(&node)
                } else {
                    self.level(&node.id, node.depth + 1).await?
                };
                if is_node_done(node.phase) && inner.iter().all(|inner| is_node_done(inner.phase)) {
                    self.settled.insert(node.id.clone());
                }
                inner.reverse();
                open.append(&mut inner);
            }
            nodes.push(node);
        }
        self.specs.describe(execution, &mut nodes).await?;
        self.add_details(nodes, is_last).await
    }

    /// The nodes right below one, which will not change any more.
    fn known(&self, parent: &Node) -> Vec<Node> {
        self.nodes.iter().filter(|node| node.parent == parent.id).cloned().collect()
    }

    async fn level(&self, parent: &str, depth: usize) -> Result<Vec<Node>, ClientError> {
        let query = Query { order: Some(Order::oldest_first()), ..Query::default() };
        let nodes = list::nodes(self.client, &self.id, parent, &query).await?;
        Ok(nodes.into_iter().filter_map(|node| Node::new(node, parent, depth)).collect())
    }

    /// Adds what the list of nodes does not say: attempts of running ones, and once more of those that came
    /// to their end; and the whole of errors.
    async fn add_details(&self, nodes: Vec<Node>, is_last: bool) -> Result<Vec<Node>, ClientError> {
        let before: HashMap<&str, &Node> = self.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let looked = nodes.into_iter().map(async |mut node: Node| {
            let before = before.get(node.id.as_str()).copied();
            let is_new = before.is_none_or(|before| before.phase != node.phase);
            if let Some(before) = before {
                node.keep(before);
            }
            if node.has_attempts() && (is_new || !is_node_done(node.phase) && !is_last) {
                let key = node.key(&self.id);
                node.take_attempts(&list::task_executions(self.client, &key, &Query::default()).await?);
            }
            if is_new && let Some(error) = &mut node.error {
                let key =
                    NodeExecutionIdentifier { node_id: node.id.clone(), execution_id: Some(self.id.clone()) };
                whole::complete_error(self.client, key, error).await?;
            }
            Ok(node)
        });
        stream::iter(looked).buffered(whole::AT_ONCE).try_collect().await
    }
}

#[cfg(test)]
mod tests;
