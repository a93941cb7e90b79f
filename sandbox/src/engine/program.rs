//! A compiled workflow, indexed for the engine.

use std::{collections::HashMap, sync::Arc};

use flyte_client::proto::core::{
    ArrayNode, BranchNode, CompiledWorkflowClosure, GateNode, Identifier, Node, TaskTemplate, VariableMap,
    WorkflowTemplate, literal_type, node, task_node::Reference as TaskReference,
    workflow_node::Reference as WorkflowReference,
};

/// A workflow and the entities that it refers to.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) primary: Arc<WorkflowTemplate>,
    workflows: HashMap<Identifier, Arc<WorkflowTemplate>>,
    tasks: HashMap<Identifier, TaskTemplate>,
    launch_plans: HashMap<Identifier, VariableMap>,
}

/// What a node runs.
#[derive(Clone, Debug)]
pub(crate) enum NodeTarget {
    Task(Arc<TaskTemplate>),
    SubWorkflow(Arc<WorkflowTemplate>),
    /// The launch plan, and its inputs.
    LaunchPlan(Identifier, VariableMap),
    Gate(Arc<GateNode>),
    Branch(Arc<BranchNode>),
    Array(Arc<ArrayTarget>),
    /// A kind of node that the engine does not run, as text.
    Unsupported(String),
}

/// A task that is run for each element of lists.
#[derive(Clone, Debug)]
pub(crate) struct ArrayTarget {
    pub(crate) array: ArrayNode,
    /// The task as it is registered.
    pub(crate) task: Arc<TaskTemplate>,
    /// The task with the interface of one element.
    pub(crate) element: Arc<TaskTemplate>,
}

impl ArrayTarget {
    fn new(array: ArrayNode, task: TaskTemplate) -> Self {
        let mut target =
            Self { array, task: Arc::new(task.clone()), element: Arc::new(TaskTemplate::default()) };
        target.element = Arc::new(if target.is_original_interface() { task } else { of_element(task) });
        target
    }

    /// Whether the task declares one element; flytekit's declare lists, and pick their element themselves.
    pub(crate) fn is_original_interface(&self) -> bool {
        self.array.is_original_sub_node_interface.unwrap_or_default()
    }
}

/// A task whose declared lists are single values.
fn of_element(mut task: TaskTemplate) -> TaskTemplate {
    let interface = task.interface.iter_mut();
    let maps = interface.flat_map(|interface| interface.inputs.iter_mut().chain(&mut interface.outputs));
    for variable in maps.flat_map(|map| map.variables.values_mut()) {
        let item = match variable.r#type.as_ref().and_then(|kind| kind.r#type.as_ref()) {
            Some(literal_type::Type::CollectionType(item)) => item.as_ref().clone(),
            _ => continue,
        };
        variable.r#type = Some(item);
    }
    task
}

impl Program {
    pub(crate) fn new(closure: CompiledWorkflowClosure) -> Self {
        let primary = closure.primary.and_then(|primary| primary.template).unwrap_or_default();
        let workflows = closure.sub_workflows.into_iter().filter_map(|workflow| workflow.template);
        let tasks = closure.tasks.into_iter().filter_map(|task| task.template);
        let plans = closure.launch_plans.into_iter().filter_map(|plan| plan.template);
        Self {
            primary: Arc::new(primary),
            workflows: workflows.map(|workflow| (key(workflow.id.as_ref()), Arc::new(workflow))).collect(),
            tasks: tasks.map(|task| (key(task.id.as_ref()), task)).collect(),
            launch_plans: plans
                .map(|plan| {
                    let inputs = plan.interface.and_then(|interface| interface.inputs);
                    (key(plan.id.as_ref()), inputs.unwrap_or_default())
                })
                .collect(),
        }
    }

    fn array(&self, array: &ArrayNode) -> NodeTarget {
        match array.node.as_deref().map(|node| self.target(node)) {
            Some(NodeTarget::Task(task)) => {
                NodeTarget::Array(Arc::new(ArrayTarget::new(array.clone(), task.as_ref().clone())))
            }
            _ => NodeTarget::Unsupported("an array of anything but a task".to_owned()),
        }
    }

    /// What a node runs.
    pub(crate) fn target(&self, node: &Node) -> NodeTarget {
        match &node.target {
            Some(node::Target::TaskNode(task)) => {
                let Some(TaskReference::ReferenceId(id)) = &task.reference else {
                    return NodeTarget::Unsupported("a task node without a task".to_owned());
                };
                match self.tasks.get(&key(Some(id))) {
                    Some(template) => NodeTarget::Task(Arc::new(overridden(template, node))),
                    None => NodeTarget::Unsupported(format!(
                        "the task `{}`, which is not in the workflow",
                        id.name
                    )),
                }
            }
            Some(node::Target::WorkflowNode(workflow)) => match &workflow.reference {
                Some(WorkflowReference::SubWorkflowRef(id)) => match self.workflows.get(&key(Some(id))) {
                    Some(workflow) => NodeTarget::SubWorkflow(Arc::clone(workflow)),
                    None => NodeTarget::Unsupported(format!(
                        "the workflow `{}`, which is not in this one",
                        id.name
                    )),
                },
                Some(WorkflowReference::LaunchplanRef(id)) => {
                    let inputs = self.launch_plans.get(&key(Some(id))).cloned();
                    NodeTarget::LaunchPlan(id.clone(), inputs.unwrap_or_default())
                }
                None => NodeTarget::Unsupported("a workflow node without a workflow".to_owned()),
            },
            Some(node::Target::BranchNode(branch)) => NodeTarget::Branch(Arc::new(branch.as_ref().clone())),
            Some(node::Target::GateNode(gate)) => NodeTarget::Gate(Arc::new(gate.clone())),
            Some(node::Target::ArrayNode(array)) => self.array(array),
            None => NodeTarget::Unsupported("a node without a target".to_owned()),
        }
    }
}

impl NodeTarget {
    pub(crate) fn is_task(&self) -> bool {
        matches!(self, Self::Task(_))
    }

    /// Whether processes of this engine run for it.
    pub(crate) fn has_process(&self) -> bool {
        matches!(self, Self::Task(_) | Self::Array(_))
    }

    /// Whether its node counts against the execution's parallelism.
    pub(crate) fn takes_slot(&self) -> bool {
        matches!(self, Self::Task(_) | Self::LaunchPlan(..) | Self::Array(_))
    }

    /// The inputs that it declares.
    pub(crate) fn inputs(&self) -> Option<&VariableMap> {
        match self {
            Self::Task(task) => task.interface.as_ref()?.inputs.as_ref(),
            Self::SubWorkflow(workflow) => workflow.interface.as_ref()?.inputs.as_ref(),
            Self::LaunchPlan(_, inputs) => Some(inputs),
            // Each element of what is bound is the input of one task.
            Self::Array(target) if target.is_original_interface() => None,
            Self::Array(target) => target.task.interface.as_ref()?.inputs.as_ref(),
            Self::Gate(_) | Self::Branch(_) | Self::Unsupported(_) => None,
        }
    }
}

/// An identifier without the fields that references leave out.
fn key(id: Option<&Identifier>) -> Identifier {
    Identifier { resource_type: 0, org: String::new(), ..id.cloned().unwrap_or_default() }
}

/// The task with the overrides of a node.
fn overridden(template: &TaskTemplate, node: &Node) -> TaskTemplate {
    use flyte_client::proto::core::{node_metadata, task_template};
    let mut template = template.clone();
    let outputs = template.interface.as_ref().and_then(|interface| interface.outputs.as_ref());
    let has_outputs = outputs.is_some_and(|outputs| !outputs.variables.is_empty());
    let metadata = template.metadata.get_or_insert_default();
    // Flyte caches no task without outputs.
    metadata.discoverable &= has_outputs;
    if let Some(overrides) = &node.metadata {
        // A node cannot make a task cached that is not.
        if let Some(node_metadata::CacheableValue::Cacheable(cacheable)) = overrides.cacheable_value {
            metadata.discoverable &= cacheable;
        }
        if let Some(node_metadata::CacheVersionValue::CacheVersion(version)) = &overrides.cache_version_value
        {
            metadata.discovery_version.clone_from(version);
        }
        if let Some(node_metadata::CacheSerializableValue::CacheSerializable(serializable)) =
            overrides.cache_serializable_value
        {
            metadata.cache_serializable = serializable;
        }
        if let Some(retries) = overrides.retries.as_ref().filter(|retries| retries.retries > 0) {
            metadata.retries = Some(*retries);
        }
        let is_set = |timeout: &&prost_types::Duration| timeout.seconds > 0 || timeout.nanos > 0;
        if let Some(timeout) = overrides.timeout.as_ref().filter(is_set) {
            metadata.timeout = Some(*timeout);
        }
    }
    if let Some(node::Target::TaskNode(task)) = &node.target
        && let Some(overrides) = &task.overrides
        && let Some(task_template::Target::Container(container)) = &mut template.target
    {
        if let Some(resources) = &overrides.resources {
            container.resources = Some(resources.clone());
        }
        if !overrides.container_image.is_empty() {
            container.image.clone_from(&overrides.container_image);
        }
    }
    template
}
