//! Builders of tasks, workflows and values.

use flyte_client::{
    literal,
    proto::{
        admin::{
            LaunchPlanCreateRequest, LaunchPlanSpec, TaskCreateRequest, TaskSpec, WorkflowCreateRequest,
            WorkflowSpec,
        },
        core::{
            Binding, BindingData, Container, DataLoadingConfig, Identifier, Literal, LiteralMap, LiteralType,
            Node, OutputReference, Primitive, PromiseAttribute, ResourceType, RetryStrategy, Scalar,
            TaskMetadata, TaskNode, TaskTemplate, TypedInterface, Variable, VariableMap, WorkflowNode,
            WorkflowTemplate, binding_data, literal::Value, node, primitive, promise_attribute, scalar,
            task_node, task_template::Target, workflow_node,
        },
    },
    register::read::task::parse_type,
};

use super::fixture::Fixture;

pub(crate) fn id(kind: ResourceType, name: &str) -> Identifier {
    Identifier {
        resource_type: kind.into(),
        project: "flytesnacks".to_owned(),
        domain: "development".to_owned(),
        name: name.to_owned(),
        version: "v1".to_owned(),
        ..Default::default()
    }
}

/// Variables written as `x: int`.
fn variables(declarations: &[&str]) -> VariableMap {
    let variable = |declaration: &&str| {
        let (name, kind) = declaration.split_once(": ").unwrap();
        let variable = Variable { r#type: Some(literal_type(kind)), ..Variable::default() };
        (name.to_owned(), variable)
    };
    VariableMap { variables: declarations.iter().map(variable).collect() }
}

pub(crate) fn literal_type(text: &str) -> LiteralType {
    parse_type(text).unwrap()
}

pub(crate) fn interface(inputs: &[&str], outputs: &[&str]) -> TypedInterface {
    TypedInterface { inputs: Some(variables(inputs)), outputs: Some(variables(outputs)) }
}

/// A task that runs a shell script. Inputs are in `/var/inputs`, outputs belong into `/var/outputs`.
pub(crate) struct Task {
    pub(crate) template: TaskTemplate,
}

pub(crate) fn task(name: &str, interface: TypedInterface, script: &str) -> Task {
    let container = Container {
        image: "none".to_owned(),
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        data_config: Some(DataLoadingConfig {
            enabled: true,
            input_path: "/var/inputs".to_owned(),
            output_path: "/var/outputs".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let template = TaskTemplate {
        id: Some(id(ResourceType::Task, name)),
        r#type: "raw-container".to_owned(),
        metadata: Some(TaskMetadata::default()),
        interface: Some(interface),
        target: Some(Target::Container(container)),
        ..Default::default()
    };
    Task { template }
}

impl Task {
    pub(crate) fn metadata(mut self, change: impl FnOnce(&mut TaskMetadata)) -> Self {
        change(self.template.metadata.get_or_insert_default());
        self
    }

    pub(crate) fn retries(self, retries: u32) -> Self {
        self.metadata(|metadata| metadata.retries = Some(RetryStrategy { retries }))
    }

    /// Registers it.
    pub(crate) fn on(self, fixture: &Fixture) -> Identifier {
        let id = self.template.id.clone().unwrap();
        let spec = TaskSpec { template: Some(self.template), ..Default::default() };
        let request = TaskCreateRequest { id: Some(id.clone()), spec: Some(spec) };
        fixture.call(fixture.client.create_task(&request)).unwrap();
        id
    }
}

/// A node of a workflow. `inputs` are written as `x = 1`, `x = n0.o` or `x = .input`.
pub(crate) fn node(name: &str, runs: &Identifier, inputs: &[&str]) -> Node {
    let target = match runs.resource_type() {
        ResourceType::Task => node::Target::TaskNode(TaskNode {
            reference: Some(task_node::Reference::ReferenceId(runs.clone())),
            overrides: None,
        }),
        ResourceType::Workflow => node::Target::WorkflowNode(WorkflowNode {
            reference: Some(workflow_node::Reference::SubWorkflowRef(runs.clone())),
        }),
        ResourceType::LaunchPlan => node::Target::WorkflowNode(WorkflowNode {
            reference: Some(workflow_node::Reference::LaunchplanRef(runs.clone())),
        }),
        other => panic!("{other:?}"),
    };
    Node {
        id: name.to_owned(),
        metadata: Some(Default::default()),
        inputs: inputs.iter().map(|text| binding(text)).collect(),
        target: Some(target),
        ..Default::default()
    }
}

/// A binding written as `x = 1`, `x = n0.o`, `x = .input`, or with a path: `x = n0.o.field.0`.
pub(crate) fn binding(text: &str) -> Binding {
    let (name, value) = text.split_once(" = ").unwrap();
    let data = match value.split_once('.') {
        Some((node, rest)) => {
            let mut parts = rest.split('.');
            let var = parts.next().unwrap().to_owned();
            let attr_path = parts.map(|part| PromiseAttribute {
                value: Some(match part.parse() {
                    Ok(number) => promise_attribute::Value::IntValue(number),
                    Err(_) => promise_attribute::Value::StringValue(part.to_owned()),
                }),
            });
            let node = if node.is_empty() { "start-node" } else { node };
            binding_data::Value::Promise(OutputReference {
                node_id: node.to_owned(),
                var,
                attr_path: attr_path.collect(),
            })
        }
        None => binding_data::Value::Scalar(scalar_of(value)),
    };
    bound(name, data)
}

pub(crate) fn bound(name: &str, value: binding_data::Value) -> Binding {
    Binding { var: name.to_owned(), binding: Some(BindingData { value: Some(value), union: None }) }
}

/// A workflow; its launch plan has its name.
pub(crate) struct Workflow {
    pub(crate) template: WorkflowTemplate,
    pub(crate) parts: Vec<WorkflowTemplate>,
}

pub(crate) fn workflow(
    name: &str,
    interface: TypedInterface,
    nodes: Vec<Node>,
    outputs: &[&str],
) -> Workflow {
    let template = WorkflowTemplate {
        id: Some(id(ResourceType::Workflow, name)),
        metadata: Some(Default::default()),
        metadata_defaults: Some(Default::default()),
        interface: Some(interface),
        nodes,
        outputs: outputs.iter().map(|text| binding(text)).collect(),
        ..Default::default()
    };
    Workflow { template, parts: Vec::new() }
}

impl Workflow {
    /// With a workflow that one of its nodes runs.
    pub(crate) fn with(mut self, part: Workflow) -> Self {
        self.parts.push(part.template);
        self.parts.extend(part.parts);
        self
    }

    pub(crate) fn id(&self) -> Identifier {
        self.template.id.clone().unwrap()
    }

    /// Registers it and its launch plan, whose identifier it returns.
    pub(crate) fn on(self, fixture: &Fixture) -> Identifier {
        let workflow = self.id();
        let spec =
            WorkflowSpec { template: Some(self.template), sub_workflows: self.parts, ..Default::default() };
        let request = WorkflowCreateRequest { id: Some(workflow.clone()), spec: Some(spec) };
        fixture.call(fixture.client.create_workflow(&request)).unwrap();
        let plan = id(ResourceType::LaunchPlan, &workflow.name);
        let spec = LaunchPlanSpec { workflow_id: Some(workflow), ..Default::default() };
        let request = LaunchPlanCreateRequest { id: Some(plan.clone()), spec: Some(spec) };
        fixture.call(fixture.client.create_launch_plan(&request)).unwrap();
        plan
    }
}

/// Values written as `x = 1`.
pub(crate) fn values(assignments: &[&str]) -> LiteralMap {
    let value = |text: &&str| {
        let (name, value) = text.split_once(" = ").unwrap();
        (name.to_owned(), literal_of(scalar_of(value)))
    };
    LiteralMap { literals: assignments.iter().map(value).collect() }
}

pub(crate) fn literal_of(scalar: Scalar) -> Literal {
    Literal { value: Some(Value::Scalar(Box::new(scalar))), ..Default::default() }
}

fn scalar_of(text: &str) -> Scalar {
    let value = match text.parse() {
        Ok(number) => primitive::Value::Integer(number),
        Err(_) => primitive::Value::StringValue(text.to_owned()),
    };
    Scalar { value: Some(scalar::Value::Primitive(Primitive { value: Some(value) })) }
}

/// Values as JSON.
pub(crate) fn shown(values: &LiteralMap) -> String {
    values
        .literals
        .iter()
        .map(|(name, value)| format!("{name}={}", literal::to_json(value)))
        .collect::<Vec<_>>()
        .join(" ")
}
