//! The workflow compiler: turns a registered workflow into what the engine runs, and reports every error that
//! can be found before it runs. Its rules are those of flytepropeller's compiler
//! (`flytepropeller/pkg/compiler`).
//!
//! It does not read the store: the caller passes the tasks and launch plans that the workflow refers to as a
//! [`Library`]. Nodes that the engine does not run are compiled, too; they fail when they run.

mod binding;
mod branch;
mod error;
mod gate;
mod graph;
mod interface;

use std::collections::{BTreeMap, BTreeSet};

use flyte_client::proto::{
    admin::{LaunchPlan, WorkflowSpec},
    core::{
        CompiledLaunchPlan, CompiledTask, CompiledWorkflow, CompiledWorkflowClosure, Identifier,
        LaunchPlanTemplate, LiteralType, Node, SimpleType, TypedInterface, Variable, VariableMap,
        WorkflowTemplate, literal_type, node::Target, parameter::Behavior, task_node, workflow_node,
    },
};

use self::interface::{CheckedNode, Interface};
pub(crate) use self::{
    error::{CompileErrors, CompileProblem},
    interface::{END, START},
};
use crate::identity::IdentifierText;

/// The registered entities that a workflow refers to, by identifier without its kind.
#[derive(Debug, Default)]
pub(crate) struct Library {
    /// Registered tasks.
    pub tasks: BTreeMap<EntityKey, CompiledTask>,
    /// Registered launch plans.
    pub launch_plans: BTreeMap<EntityKey, LaunchPlan>,
}

/// An identifier that can be looked up: project, domain, name, version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntityKey(String, String, String, String);

impl EntityKey {
    pub(crate) fn new(id: &Identifier) -> Self {
        Self(id.project.clone(), id.domain.clone(), id.name.clone(), id.version.clone())
    }
}

/// The tasks and launch plans that the nodes of a workflow and its sub-workflows refer to.
pub(crate) fn references(spec: &WorkflowSpec) -> (Vec<&Identifier>, Vec<&Identifier>) {
    let templates = || spec.template.iter().chain(&spec.sub_workflows);
    let nodes = || {
        let nodes = templates().flat_map(|template| template.nodes.iter().chain(&template.failure_node));
        branch::with_nested(nodes).flat_map(|node| [Some(node), mapped(node)].into_iter().flatten())
    };
    let tasks = nodes().filter_map(|node| match &node.target {
        Some(Target::TaskNode(task)) => {
            task.reference.as_ref().map(|task_node::Reference::ReferenceId(id)| id)
        }
        _ => None,
    });
    let launch_plans = nodes().filter_map(|node| match &node.target {
        Some(Target::WorkflowNode(workflow)) => match workflow.reference.as_ref()? {
            workflow_node::Reference::LaunchplanRef(id) => Some(id),
            workflow_node::Reference::SubWorkflowRef(_) => None,
        },
        _ => None,
    });
    (tasks.collect(), launch_plans.collect())
}

/// The node that an array node runs for each element.
fn mapped(node: &Node) -> Option<&Node> {
    match &node.target {
        Some(Target::ArrayNode(array)) => array.node.as_deref(),
        _ => None,
    }
}

/// Compiles a workflow with its sub-workflows.
///
/// # Errors
///
/// All errors that were found.
pub(crate) fn compile(
    spec: &WorkflowSpec,
    library: &Library,
) -> Result<CompiledWorkflowClosure, CompileErrors> {
    let mut compiler = Compiler {
        library,
        templates: spec
            .sub_workflows
            .iter()
            .filter_map(|template| Some((EntityKey::new(template.id.as_ref()?), template)))
            .collect(),
        sub_workflows: BTreeMap::new(),
        open: BTreeSet::new(),
        tasks: BTreeMap::new(),
        launch_plans: BTreeMap::new(),
        errors: CompileErrors::default(),
    };
    let template = spec.template.clone().unwrap_or_default();
    compiler.open.extend(template.id.as_ref().map(EntityKey::new));
    let primary = compiler.workflow(&template);
    if !compiler.errors.is_empty() {
        return Err(compiler.errors);
    }
    // Those that no node refers to stay as they are.
    for (key, template) in compiler.templates {
        let unused = || CompiledWorkflow { template: Some(template.clone()), connections: None };
        compiler.sub_workflows.entry(key).or_insert_with(unused);
    }
    Ok(CompiledWorkflowClosure {
        primary: Some(primary),
        sub_workflows: compiler.sub_workflows.into_values().collect(),
        tasks: compiler.tasks.into_values().collect(),
        launch_plans: compiler.launch_plans.into_values().collect(),
    })
}

struct Compiler<'a> {
    library: &'a Library,
    templates: BTreeMap<EntityKey, &'a WorkflowTemplate>,
    sub_workflows: BTreeMap<EntityKey, CompiledWorkflow>,
    /// The workflows that are being compiled, to find those that contain themselves.
    open: BTreeSet<EntityKey>,
    tasks: BTreeMap<EntityKey, CompiledTask>,
    launch_plans: BTreeMap<EntityKey, CompiledLaunchPlan>,
    errors: CompileErrors,
}

impl Compiler<'_> {
    fn workflow(&mut self, template: &WorkflowTemplate) -> CompiledWorkflow {
        let mut template = template.clone();
        // A compiled workflow may be registered again: start and end are added again.
        template.nodes.retain(|node| node.target.is_some() || (node.id != START && node.id != END));
        for node in template.nodes.iter_mut().chain(&mut template.failure_node) {
            name_start(node);
            branch::for_each_nested(node, &mut |branch, node| {
                node.id = format!("{branch}-{}", node.id);
                name_start(node);
            });
        }
        template
            .outputs
            .iter_mut()
            .filter_map(|output| output.binding.as_mut())
            .for_each(binding::name_start);
        if template.nodes.is_empty() {
            self.errors.add("", CompileProblem::NoNodes);
        }
        let own = Interface::from_typed(template.interface.as_ref());
        let mut placed = self.check_nodes(&template.nodes);
        gate::pass_through(&own.inputs, &mut placed);
        let cleaning = self.check_nodes(template.failure_node.as_slice());
        let scope = binding::BindingScope { inputs: &own.inputs, nodes: &placed };
        for (id, checked) in &placed {
            if let Some(interface) = &checked.interface {
                let wanted = (&interface.inputs, &interface.optional);
                binding::check(&scope, id, &checked.node.inputs, wanted, &mut self.errors);
            }
            if let Some(branch) = branch::branch_of(checked.node) {
                branch::check(checked, branch, &mut self.errors);
            }
        }
        for (id, CheckedNode { node, interface }) in &cleaning {
            if placed.contains_key(id) {
                self.errors.add(id, CompileProblem::DuplicateNode);
            }
            if let Some(interface) = interface {
                let wanted = (&interface.inputs, &taken_from_engine(interface));
                binding::check(&scope, id, &node.inputs, wanted, &mut self.errors);
            }
        }
        binding::check(&scope, END, &template.outputs, (&own.outputs, &BTreeSet::new()), &mut self.errors);
        let connections = graph::connect(&template.nodes, &template.outputs, &mut self.errors);
        let start = Node { id: START.to_owned(), ..Default::default() };
        let end = Node { id: END.to_owned(), inputs: template.outputs.clone(), ..Default::default() };
        template.nodes.splice(0..0, [start, end]);
        CompiledWorkflow { template: Some(template), connections: Some(connections) }
    }

    /// Checks ids and targets, and returns the nodes by id, with those in branches.
    fn check_nodes<'n>(&mut self, nodes: &'n [Node]) -> BTreeMap<&'n str, CheckedNode<'n>> {
        let mut placed = BTreeMap::new();
        for node in branch::with_nested(nodes) {
            let id = node.id.as_str();
            if !is_node_id(id) {
                self.errors.add(id, CompileProblem::BadNodeId);
            }
            if placed.contains_key(id) {
                self.errors.add(id, CompileProblem::DuplicateNode);
                continue;
            }
            let interface = match (target_problem(node), &node.target) {
                (Some(problem), _) => {
                    self.errors.add(id, problem);
                    None
                }
                (None, Some(Target::BranchNode(branch))) => {
                    branch::interface(node, branch, &placed, &mut self.errors)
                }
                (None, _) => self.target(node),
            };
            let interface = interface.map(|interface| self.with_aliases(node, interface));
            placed.insert(id, CheckedNode { node, interface });
        }
        placed
    }

    /// The interface of a node's target.
    fn target(&mut self, node: &Node) -> Option<Interface> {
        let missing = |kind: &'static str, id: &Identifier| CompileProblem::Missing {
            kind,
            id: IdentifierText(id).to_string(),
        };
        match &node.target {
            Some(Target::TaskNode(task)) => {
                let task_node::Reference::ReferenceId(id) = task.reference.as_ref()?;
                let Some(found) = self.library.tasks.get(&EntityKey::new(id)) else {
                    self.errors.add(&node.id, missing("Task", id));
                    return None;
                };
                self.tasks.entry(EntityKey::new(id)).or_insert_with(|| found.clone());
                Some(Interface::from_typed(found.template.as_ref()?.interface.as_ref()))
            }
            Some(Target::WorkflowNode(workflow)) => match workflow.reference.as_ref()? {
                workflow_node::Reference::LaunchplanRef(id) => {
                    let Some(found) = self.library.launch_plans.get(&EntityKey::new(id)) else {
                        self.errors.add(&node.id, missing("Launch Plan", id));
                        return None;
                    };
                    let (interface, compiled) = launch_plan(found);
                    self.launch_plans.entry(EntityKey::new(id)).or_insert(compiled);
                    Some(interface)
                }
                workflow_node::Reference::SubWorkflowRef(id) => self.sub_workflow(&node.id, id),
            },
            Some(Target::GateNode(gate)) => Some(gate::interface(gate)),
            // flytekit gives a mapped task the interface of the array.
            Some(Target::ArrayNode(_)) => self.target(mapped(node)?),
            _ => None,
        }
    }

    fn sub_workflow(&mut self, node: &str, id: &Identifier) -> Option<Interface> {
        let key = EntityKey::new(id);
        if self.open.contains(&key) {
            self.errors.add(node, CompileProblem::ContainsItself(IdentifierText(id).to_string()));
            return None;
        }
        let Some(template) = self.templates.get(&key).copied() else {
            self.errors
                .add(node, CompileProblem::Missing { kind: "Workflow", id: IdentifierText(id).to_string() });
            return None;
        };
        if !self.sub_workflows.contains_key(&key) {
            self.open.insert(key.clone());
            let compiled = self.workflow(template);
            self.open.remove(&key);
            self.sub_workflows.insert(key, compiled);
        }
        Some(Interface::from_typed(template.interface.as_ref()))
    }

    /// Renames the outputs that a node has aliases for.
    fn with_aliases(&mut self, node: &Node, mut interface: Interface) -> Interface {
        for alias in &node.output_aliases {
            match interface.outputs.remove(&alias.var) {
                Some(variable) => {
                    interface.outputs.insert(alias.alias.clone(), variable);
                }
                None => self.errors.add(&node.id, CompileProblem::NotBound(alias.alias.clone())),
            }
        }
        interface
    }
}

/// Names the start node in the bindings of a node.
fn name_start(node: &mut Node) {
    node.inputs.iter_mut().filter_map(|input| input.binding.as_mut()).for_each(binding::name_start);
}

/// The inputs of a failure node that need no binding: optional ones, and the error, which the engine sets.
fn taken_from_engine(interface: &Interface) -> BTreeSet<String> {
    let is_error = |kind: &LiteralType| match &kind.r#type {
        Some(literal_type::Type::Simple(simple)) => *simple == i32::from(SimpleType::Error),
        _ => false,
    };
    let takes_error = |variable: &Variable| match &variable.r#type {
        Some(LiteralType { r#type: Some(literal_type::Type::UnionType(union)), .. }) => {
            union.variants.iter().any(is_error)
        }
        Some(kind) => is_error(kind),
        None => false,
    };
    let takes = interface.inputs.iter().filter(|(_, variable)| takes_error(variable));
    takes.map(|(name, _)| name.clone()).chain(interface.optional.iter().cloned()).collect()
}

/// The interface of a launch plan, and its compiled form.
fn launch_plan(plan: &LaunchPlan) -> (Interface, CompiledLaunchPlan) {
    let closure = plan.closure.clone().unwrap_or_default();
    let parameters = closure.expected_inputs.unwrap_or_default().parameters;
    let is_optional = |behavior: &Option<Behavior>| !matches!(behavior, Some(Behavior::Required(true)));
    let optional = parameters.iter().filter(|(_, parameter)| is_optional(&parameter.behavior));
    let optional = optional.map(|(name, _)| name.clone()).collect();
    let inputs: BTreeMap<_, _> =
        parameters.into_iter().map(|(name, parameter)| (name, parameter.var.unwrap_or_default())).collect();
    let outputs = closure.expected_outputs.unwrap_or_default();
    let template = LaunchPlanTemplate {
        id: plan.id.clone(),
        interface: Some(TypedInterface {
            inputs: Some(VariableMap { variables: inputs.clone() }),
            outputs: Some(outputs.clone()),
        }),
        fixed_inputs: plan.spec.as_ref().and_then(|spec| spec.fixed_inputs.clone()),
    };
    (
        Interface { inputs, outputs: outputs.variables, optional },
        CompiledLaunchPlan { template: Some(template) },
    )
}

/// What is wrong with a node's target, whatever it refers to.
fn target_problem(node: &Node) -> Option<CompileProblem> {
    let is_complete = match &node.target {
        Some(Target::TaskNode(task)) => task.reference.is_some(),
        Some(Target::WorkflowNode(workflow)) => workflow.reference.is_some(),
        Some(Target::GateNode(gate)) => return gate::problem(gate),
        Some(Target::ArrayNode(_)) => {
            return match mapped(node) {
                Some(mapped) => target_problem(mapped),
                None => Some(CompileProblem::NoValue("Target".to_owned())),
            };
        }
        Some(Target::BranchNode(_)) => true,
        None => false,
    };
    (!is_complete).then_some(CompileProblem::NoTarget)
}

/// Node ids name folders and rows: letters, digits, `-` and `_`.
fn is_node_id(id: &str) -> bool {
    id != START
        && id != END
        && id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
}
