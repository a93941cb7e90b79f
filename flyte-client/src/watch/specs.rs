//! What the workflow of an execution says of its nodes: names, gates, failure nodes.
//!
//! It is read once for an execution, and once for each dynamic node below which something runs. A server that
//! does not give following continues, and nodes have no names.

use std::{collections::HashMap, sync::Arc};

use super::{Gate, Node, whole::if_given};
use crate::{
    client::{Client, ClientError},
    proto::{
        admin,
        core::{
            self, CompiledWorkflowClosure, Identifier, NodeExecutionIdentifier, ResourceType,
            WorkflowExecutionIdentifier, WorkflowTemplate, if_else_block, node::Target, task_node,
            workflow_node::Reference,
        },
    },
};

/// The workflow of an execution, as far as it was read.
pub struct Specs<'c> {
    client: &'c Client,
    /// `None`: not asked for yet.
    primary: Option<Option<Scope>>,
    /// Where each node is defined, by its id in the execution.
    defined: HashMap<String, (Scope, core::Node)>,
    /// Where the nodes below a node are defined; `None`: the server does not say.
    below: HashMap<String, Option<Scope>>,
}

/// One workflow among those of a closure: nodes are looked up in it.
#[derive(Clone)]
struct Scope {
    closure: Arc<CompiledWorkflowClosure>,
    /// `None`: the primary one.
    workflow: Option<Identifier>,
}

impl<'c> Specs<'c> {
    /// Nothing is asked yet.
    #[must_use]
    pub fn new(client: &'c Client) -> Self {
        Self { client, primary: None, defined: HashMap::new(), below: HashMap::new() }
    }

    /// Says of nodes what their workflow says. They are in the order of the tree, those within a node behind
    /// it.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn describe(
        &mut self,
        execution: &admin::Execution,
        nodes: &mut [Node],
    ) -> Result<(), ClientError> {
        // Of a single task the workflow was made by the server; it says nothing new.
        if let Some(task) = task_of(execution) {
            nodes.iter_mut().for_each(|node| node.task_version = Some(task.version.clone()));
            return Ok(());
        }
        if nodes.is_empty() {
            return Ok(());
        }
        let id = execution.id.clone().unwrap_or_default();
        let dynamic: HashMap<String, bool> =
            nodes.iter().map(|node| (node.id.clone(), node.is_dynamic)).collect();
        for node in nodes {
            if !self.defined.contains_key(&node.id) {
                let is_dynamic = dynamic.get(&node.parent).copied().unwrap_or(false);
                if let Some(scope) = self.scope(execution, &id, &node.parent, is_dynamic).await?
                    && let Some(spec) = scope.node(&node.spec_id)
                {
                    let spec = spec.clone();
                    self.defined.insert(node.id.clone(), (scope, spec));
                }
            }
            if let Some((scope, spec)) = self.defined.get(&node.id) {
                node.name = name(spec);
                node.gate = gate(spec);
                node.task_version = task_version(spec);
                node.is_handler = scope.is_handler(&spec.id);
            }
        }
        Ok(())
    }

    /// The gates that the workflow has, whether they were reached or not. Those within dynamic nodes are
    /// known once they run.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn gates(&mut self, execution: &admin::Execution) -> Result<Vec<Gate>, ClientError> {
        if task_of(execution).is_some() {
            return Ok(Vec::new());
        }
        self.read_primary(execution).await?;
        let scopes = self.primary.iter().flatten().chain(self.below.values().flatten());
        let mut gates: Vec<Gate> = Vec::new();
        for scope in scopes {
            let workflows = scope.closure.primary.iter().chain(&scope.closure.sub_workflows);
            let nodes = workflows.filter_map(|workflow| workflow.template.as_ref()).flat_map(all_nodes);
            for gate in nodes.filter_map(gate) {
                if !gates.contains(&gate) {
                    gates.push(gate);
                }
            }
        }
        Ok(gates)
    }

    /// Where the nodes below a node are defined; below none: those of the execution.
    async fn scope(
        &mut self,
        execution: &admin::Execution,
        id: &WorkflowExecutionIdentifier,
        parent: &str,
        is_dynamic: bool,
    ) -> Result<Option<Scope>, ClientError> {
        if parent.is_empty() {
            self.read_primary(execution).await?;
            return Ok(self.primary.clone().flatten());
        }
        if let Some(scope) = self.below.get(parent) {
            return Ok(scope.clone());
        }
        let scope = if is_dynamic {
            let id = NodeExecutionIdentifier { node_id: parent.to_owned(), execution_id: Some(id.clone()) };
            let request = admin::GetDynamicNodeWorkflowRequest { id: Some(id) };
            let answer = if_given(self.client.get_dynamic_node_workflow(&request)).await?;
            answer.and_then(|answer| answer.compiled_workflow).map(Scope::new)
        } else {
            self.defined.get(parent).map(|(scope, spec)| scope.below(spec))
        };
        self.below.insert(parent.to_owned(), scope.clone());
        Ok(scope)
    }

    async fn read_primary(&mut self, execution: &admin::Execution) -> Result<(), ClientError> {
        let id = execution.closure.as_ref().and_then(|closure| closure.workflow_id.clone());
        if self.primary.is_none()
            && let Some(id) = id
        {
            let request = admin::ObjectGetRequest { id: Some(id) };
            let workflow = if_given(self.client.get_workflow(&request)).await?;
            let closure = workflow.and_then(|workflow| workflow.closure?.compiled_workflow);
            self.primary = Some(closure.map(Scope::new));
        }
        Ok(())
    }
}

/// The task that an execution runs, if that is all.
fn task_of(execution: &admin::Execution) -> Option<&Identifier> {
    let entity = execution.spec.as_ref().and_then(|spec| spec.launch_plan.as_ref());
    entity.filter(|id| id.resource_type() == ResourceType::Task)
}

impl Scope {
    fn new(closure: CompiledWorkflowClosure) -> Self {
        Self { closure: Arc::new(closure), workflow: None }
    }

    fn template(&self) -> Option<&WorkflowTemplate> {
        let Some(id) = &self.workflow else { return self.closure.primary.as_ref()?.template.as_ref() };
        let templates = self.closure.sub_workflows.iter().filter_map(|workflow| workflow.template.as_ref());
        templates.into_iter().find(|template| template.id.as_ref().is_some_and(|other| is_same(other, id)))
    }

    fn node(&self, id: &str) -> Option<&core::Node> {
        all_nodes(self.template()?).into_iter().find(|node| node.id == id)
    }

    fn is_handler(&self, id: &str) -> bool {
        let handler = self.template().and_then(|template| template.failure_node.as_ref());
        handler.is_some_and(|node| node.id == id)
    }

    /// Where the nodes below a node are defined: in its workflow, or beside it if it is a branch.
    fn below(&self, node: &core::Node) -> Self {
        match &node.target {
            Some(Target::WorkflowNode(workflow)) => match &workflow.reference {
                Some(Reference::SubWorkflowRef(id)) => {
                    Self { closure: Arc::clone(&self.closure), workflow: Some(id.clone()) }
                }
                _ => self.clone(),
            },
            _ => self.clone(),
        }
    }
}

/// References leave out the kind of resource and the organisation.
fn is_same(left: &Identifier, right: &Identifier) -> bool {
    let key = |id: &Identifier| (id.project.clone(), id.domain.clone(), id.name.clone(), id.version.clone());
    key(left) == key(right)
}

/// The nodes of a workflow, those within branches and the one for failures included.
fn all_nodes(template: &WorkflowTemplate) -> Vec<&core::Node> {
    let mut open: Vec<&core::Node> = template.nodes.iter().collect();
    open.extend(template.failure_node.as_ref());
    let mut nodes = Vec::new();
    while let Some(node) = open.pop() {
        open.extend(branches(node));
        nodes.push(node);
    }
    nodes
}

/// What a branch may lead to.
fn branches(node: &core::Node) -> Vec<&core::Node> {
    let Some(Target::BranchNode(branch)) = &node.target else { return Vec::new() };
    let Some(block) = &branch.if_else else { return Vec::new() };
    let cases = block.case.as_deref().into_iter().chain(&block.other);
    let mut nodes: Vec<_> = cases.filter_map(|case| case.then_node.as_deref()).collect();
    if let Some(if_else_block::Default::ElseNode(node)) = &block.default {
        nodes.push(node);
    }
    nodes
}

/// The name that the console shows: the node's own, else that of what it runs.
fn name(node: &core::Node) -> Option<String> {
    let own = node.metadata.as_ref().map(|metadata| metadata.name.as_str());
    let name = own.filter(|name| !name.is_empty()).or_else(|| target_name(node))?;
    Some(name.to_owned())
}

fn target_name(node: &core::Node) -> Option<&str> {
    let id = match node.target.as_ref()? {
        Target::TaskNode(task) => {
            let task_node::Reference::ReferenceId(id) = task.reference.as_ref()?;
            id
        }
        Target::WorkflowNode(workflow) => match workflow.reference.as_ref()? {
            Reference::LaunchplanRef(id) | Reference::SubWorkflowRef(id) => id,
        },
        Target::GateNode(gate) => return signal(gate),
        Target::ArrayNode(array) => return target_name(array.node.as_deref()?),
        Target::BranchNode(_) => return None,
    };
    Some(&id.name)
}

/// The version of the task that a node runs, be it for each element of a list.
fn task_version(node: &core::Node) -> Option<String> {
    match node.target.as_ref()? {
        Target::TaskNode(task) => {
            let task_node::Reference::ReferenceId(id) = task.reference.as_ref()?;
            Some(id.version.clone())
        }
        Target::ArrayNode(array) => task_version(array.node.as_deref()?),
        Target::WorkflowNode(_) | Target::GateNode(_) | Target::BranchNode(_) => None,
    }
}

fn signal(gate: &core::GateNode) -> Option<&str> {
    use core::gate_node::Condition;
    match gate.condition.as_ref()? {
        Condition::Approve(approve) => Some(&approve.signal_id),
        Condition::Signal(signal) => Some(&signal.signal_id),
        Condition::Sleep(_) => None,
    }
}

fn gate(node: &core::Node) -> Option<Gate> {
    match &node.target {
        Some(Target::GateNode(gate)) => Gate::new(gate),
        _ => None,
    }
}
