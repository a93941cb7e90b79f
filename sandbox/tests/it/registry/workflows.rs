//! Workflows: what the compiler adds, and what it rejects.

use flyte_client::proto::{
    admin::{
        CreateWorkflowFailureReason, ObjectGetRequest, WorkflowCreateRequest, WorkflowSpec,
        create_workflow_failure_reason::Reason,
    },
    core::{
        Alias, Binding, BindingData, BooleanExpression, BranchNode, ComparisonExpression, GateNode,
        Identifier, IfBlock, IfElseBlock, LiteralType, Node, Operand, OutputReference, Primitive,
        PromiseAttribute, ResourceType, Scalar, SignalCondition, SimpleType, TaskNode, TypedInterface,
        Variable, VariableMap, WorkflowNode, WorkflowTemplate, binding_data, boolean_expression,
        comparison_expression, gate_node::Condition, if_else_block, literal_type::Type, node::Target,
        operand, primitive, promise_attribute, scalar, task_node, workflow_node,
    },
};

use super::{Fixture, done, id, list, refused, shown, task};

pub(super) fn simple(simple: SimpleType) -> LiteralType {
    LiteralType { r#type: Some(Type::Simple(simple.into())), ..Default::default() }
}

fn list_of(element: LiteralType) -> LiteralType {
    LiteralType { r#type: Some(Type::CollectionType(Box::new(element))), ..Default::default() }
}

fn variables(variables: &[(&str, LiteralType)]) -> Option<VariableMap> {
    let entry = |(name, r#type): &(&str, LiteralType)| {
        ((*name).to_owned(), Variable { r#type: Some(r#type.clone()), ..Default::default() })
    };
    Some(VariableMap { variables: variables.iter().map(entry).collect() })
}

pub(super) fn interface(
    inputs: &[(&str, LiteralType)],
    outputs: &[(&str, LiteralType)],
) -> Option<TypedInterface> {
    Some(TypedInterface { inputs: variables(inputs), outputs: variables(outputs) })
}

fn bind(var: &str, value: binding_data::Value) -> Binding {
    Binding { var: var.into(), binding: Some(BindingData { value: Some(value), union: None }) }
}

fn promise(node: &str, var: &str) -> binding_data::Value {
    binding_data::Value::Promise(OutputReference {
        node_id: node.into(),
        var: var.into(),
        ..Default::default()
    })
}

fn number(number: i64) -> binding_data::Value {
    let primitive = Primitive { value: Some(primitive::Value::Integer(number)) };
    binding_data::Value::Scalar(Scalar { value: Some(scalar::Value::Primitive(primitive)) })
}

fn task_node(id_: &str, task: &str, inputs: Vec<Binding>) -> Node {
    let reference = task_node::Reference::ReferenceId(id(ResourceType::Task, task, "1"));
    let target = Target::TaskNode(TaskNode { reference: Some(reference), overrides: None });
    Node { id: id_.into(), inputs, target: Some(target), ..Default::default() }
}

fn workflow_node(id_: &str, reference: workflow_node::Reference) -> Node {
    let target = Target::WorkflowNode(WorkflowNode { reference: Some(reference) });
    Node { id: id_.into(), target: Some(target), ..Default::default() }
}

fn workflow_id(name: &str) -> Identifier {
    id(ResourceType::Workflow, name, "1")
}

fn request(template: WorkflowTemplate) -> WorkflowCreateRequest {
    let spec = WorkflowSpec { template: Some(template), ..Default::default() };
    WorkflowCreateRequest { id: Some(workflow_id("w")), spec: Some(spec) }
}

/// Registers `double`, which takes `x` and gives `y`, both numbers.
pub(super) fn with_double(fixture: &Fixture) {
    let mut double = task("double", "1");
    let template = double.spec.as_mut().unwrap().template.as_mut().unwrap();
    let number = || simple(SimpleType::Integer);
    template.interface = interface(&[("x", number())], &[("y", number())]);
    done(fixture.client.create_task(&double)).unwrap();
}

/// `w(x) = double(double(x))`.
pub(super) fn twice() -> WorkflowCreateRequest {
    let number = || simple(SimpleType::Integer);
    request(WorkflowTemplate {
        interface: interface(&[("x", number())], &[("y", number())]),
        nodes: vec![
            task_node("n0", "double", vec![bind("x", promise("", "x"))]),
            task_node("n1", "double", vec![bind("x", promise("n0", "y"))]),
        ],
        outputs: vec![bind("y", promise("n1", "y"))],
        ..Default::default()
    })
}

fn template(request: &mut WorkflowCreateRequest) -> &mut WorkflowTemplate {
    request.spec.as_mut().unwrap().template.as_mut().unwrap()
}

/// The errors of compiling a changed workflow, without their common beginning.
fn problems(change: impl Fn(&mut WorkflowCreateRequest)) -> String {
    let fixture = Fixture::new();
    with_double(&fixture);
    let mut request = twice();
    change(&mut request);
    let text = refused(fixture.client.create_workflow(&request));
    let before = "INVALID_ARGUMENT: failed to compile workflow for [resource_type:WORKFLOW project:\"flytesnacks\" \
                  domain:\"development\" name:\"w\" version:\"1\"] with err: Collected Errors: ";
    text.strip_prefix(before).unwrap_or(&text).to_owned()
}

#[test]
fn a_compiled_workflow_has_all_that_it_consists_of() {
    let fixture = Fixture::new();
    with_double(&fixture);
    done(fixture.client.create_workflow(&twice())).unwrap();
    let get = ObjectGetRequest { id: Some(workflow_id("w")) };
    let got = done(fixture.client.get_workflow(&get)).unwrap();
    assert_eq!(got.id, Some(workflow_id("w")));
    let compiled = got.closure.unwrap().compiled_workflow.unwrap();
    assert_eq!(compiled.tasks.len(), 1);
    let primary = compiled.primary.unwrap();
    let template = primary.template.unwrap();
    assert_eq!(template.id, Some(workflow_id("w")));
    let ids: Vec<&str> = template.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["start-node", "end-node", "n0", "n1"]);
    assert_eq!(template.nodes[1].inputs, template.outputs);
    assert_eq!(template.nodes[2].inputs, vec![bind("x", promise("start-node", "x"))]);
    let connections = primary.connections.unwrap();
    let shown =
        |map: std::collections::BTreeMap<String, flyte_client::proto::core::connection_set::IdList>| {
            map.into_iter().map(|(id, list)| format!("{id}: {}", list.ids.join(" "))).collect::<Vec<_>>()
        };
    assert_eq!(shown(connections.downstream), ["n0: n1", "n1: end-node", "start-node: n0"]);
    assert_eq!(shown(connections.upstream), ["end-node: n1", "n0: start-node", "n1: n0"]);

    // Lists have the interface only.
    let listed = done(fixture.client.list_workflows(&list("w"))).unwrap().workflows.remove(0);
    let compiled = listed.closure.unwrap().compiled_workflow.unwrap();
    assert!(compiled.tasks.is_empty());
    let short = compiled.primary.unwrap().template.unwrap();
    assert_eq!(short, WorkflowTemplate { interface: template.interface, ..Default::default() });
}

#[test]
fn a_fetched_workflow_can_be_registered_again() {
    let fixture = Fixture::new();
    with_double(&fixture);
    done(fixture.client.create_workflow(&twice())).unwrap();
    let get = ObjectGetRequest { id: Some(workflow_id("w")) };
    let compiled =
        done(fixture.client.get_workflow(&get)).unwrap().closure.unwrap().compiled_workflow.unwrap();
    let fetched = request(compiled.primary.unwrap().template.unwrap());
    let status = done(fixture.client.create_workflow(&fetched)).unwrap_err();
    assert_eq!(shown(&status), "ALREADY_EXISTS: workflow with identical structure already exists");
    let reason = status.detail::<CreateWorkflowFailureReason>().unwrap().reason;
    let Some(Reason::ExistsIdenticalStructure(same)) = reason else { panic!("{reason:?}") };
    assert_eq!(same.id, Some(workflow_id("w")));
}

#[test]
fn a_different_workflow_says_where() {
    let fixture = Fixture::new();
    with_double(&fixture);
    done(fixture.client.create_workflow(&twice())).unwrap();
    let mut other = twice();
    template(&mut other).nodes[1].inputs = vec![bind("x", number(3))];
    template(&mut other).nodes[1].upstream_node_ids = vec!["n0".into()];
    let status = done(fixture.client.create_workflow(&other)).unwrap_err();
    assert_eq!(
        shown(&status),
        "INVALID_ARGUMENT: w workflow with different structure already exists. (Please register a new version of the \
         workflow):\n\
         /primary/template/nodes/3/inputs/0/binding/promise:\n\t- {\"nodeId\":\"n0\",\"var\":\"y\"}\n\
         /primary/template/nodes/3/inputs/0/binding/scalar:\n\t+ {\"primitive\":{\"integer\":\"3\"}}\n\
         /primary/template/nodes/3/upstreamNodeIds:\n\t+ [\"n0\"]"
    );
    let reason = status.detail::<CreateWorkflowFailureReason>().unwrap().reason;
    assert!(matches!(reason, Some(Reason::ExistsDifferentStructure(_))));
}

#[test]
fn sub_workflows_and_launch_plans_are_compiled_along() {
    let fixture = Fixture::new();
    with_double(&fixture);
    let inner = WorkflowTemplate { id: Some(workflow_id("inner")), ..template(&mut twice()).clone() };
    let mut outer = twice();
    let reference = workflow_node::Reference::SubWorkflowRef(workflow_id("inner"));
    template(&mut outer).nodes[1] =
        Node { inputs: vec![bind("x", promise("n0", "y"))], ..workflow_node("n1", reference) };
    outer.spec.as_mut().unwrap().sub_workflows.push(inner);
    done(fixture.client.create_workflow(&outer)).unwrap();
    let get = ObjectGetRequest { id: Some(workflow_id("w")) };
    let compiled =
        done(fixture.client.get_workflow(&get)).unwrap().closure.unwrap().compiled_workflow.unwrap();
    assert_eq!(compiled.sub_workflows.len(), 1);
    let connections = compiled.sub_workflows[0].connections.clone().unwrap();
    assert_eq!(connections.upstream["n1"].ids, ["n0"]);
}

#[test]
fn every_problem_is_found_at_once() {
    assert_eq!(
        problems(|request| {
            let template = template(request);
            template.nodes[0].inputs.clear();
            template.nodes.push(task_node("n1", "double", vec![bind("x", number(1))]));
            template.nodes.push(task_node("no id", "treble", vec![]));
            template.outputs = vec![bind("z", number(1))];
        }),
        "6\n\
         \tError 0: Code: DuplicateNodeID, Node Id: n1, Description: Trying to insert two nodes with the same id.\n\
         \tError 1: Code: InvalidValue, Node Id: no id, Description: Node ids consist of letters, digits, `-` and \
         `_`, start with a letter or a digit, and are not `start-node` or `end-node`.\n\
         \tError 2: Code: TaskReferenceNotFound, Node Id: no id, Description: Referenced Task [resource_type:TASK \
         project:\"flytesnacks\" domain:\"development\" name:\"treble\" version:\"1\"] not found.\n\
         \tError 3: Code: ParameterNotBound, Node Id: n0, Description: Parameter not bound [x].\n\
         \tError 4: Code: VariableNameNotFound, Node Id: end-node, Description: Variable [z] not found on node \
         [end-node].\n\
         \tError 5: Code: ParameterNotBound, Node Id: end-node, Description: Parameter not bound [y]."
    );
}

#[test]
fn bindings_are_checked_against_types() {
    let bound = |value: binding_data::Value| {
        problems(move |request| template(request).nodes[1].inputs = vec![bind("x", value.clone())])
    };
    let text = Primitive { value: Some(primitive::Value::StringValue("a".into())) };
    let text = binding_data::Value::Scalar(Scalar { value: Some(scalar::Value::Primitive(text)) });
    assert_eq!(
        bound(text),
        "1\n\tError 0: Code: InvalidValue, Node Id: n1, Description: Variable [x]: expected `int`, got `str`."
    );
    assert_eq!(
        bound(promise("n9", "y")),
        "1\n\tError 0: Code: NodeReferenceNotFound, Node Id: n1, Description: Referenced node [n9] not found."
    );
    assert_eq!(
        bound(promise("n0", "z")),
        "1\n\tError 0: Code: VariableNameNotFound, Node Id: n1, Description: Variable [z] not found on node [n0]."
    );
    let field = promise_attribute::Value::StringValue("f".into());
    let reference = OutputReference {
        node_id: "n0".into(),
        var: "y".into(),
        attr_path: vec![PromiseAttribute { value: Some(field) }],
    };
    assert_eq!(
        bound(binding_data::Value::Promise(reference)),
        "1\n\tError 0: Code: FieldNotFound, Node Id: n1, Description: Field [f] not found in variable [y] of node [n0]."
    );
    assert_eq!(
        problems(|request| {
            let inputs = interface(&[("x", list_of(simple(SimpleType::String)))], &[]).unwrap().inputs;
            template(request).interface.as_mut().unwrap().inputs = inputs;
        }),
        "1\n\tError 0: Code: MismatchingTypes, Node Id: n0, Description: Variable [x] (type [list[str]]) doesn't \
         match expected type [int]."
    );
}

#[test]
fn cycles_are_found() {
    assert_eq!(
        problems(|request| template(request).nodes[0].upstream_node_ids = vec!["n1".into()]),
        "1\n\tError 0: Code: CycleDetected, Node Id: <workflow>, Description: Detected a cycle between the nodes \
         [n0 -> n1 -> n0]."
    );
    assert_eq!(
        problems(|request| {
            let reference = workflow_node::Reference::SubWorkflowRef(workflow_id("w"));
            template(request).nodes.push(workflow_node("n2", reference));
        }),
        "1\n\tError 0: Code: CycleDetected, Node Id: n2, Description: The workflow contains itself \
         [resource_type:WORKFLOW project:\"flytesnacks\" domain:\"development\" name:\"w\" version:\"1\"]."
    );
}

#[test]
fn incomplete_nodes_are_rejected() {
    for (target, field) in
        [(Target::BranchNode(Box::default()), "Branch.IfElse"), (Target::ArrayNode(Box::default()), "Target")]
    {
        assert_eq!(
            problems(|request| {
                template(request).nodes.push(Node {
                    id: "n2".into(),
                    target: Some(target.clone()),
                    ..Default::default()
                });
            }),
            format!("1\n\tError 0: Code: ValueRequired, Node Id: n2, Description: Value required [{field}].")
        );
    }
    let untyped = Condition::Signal(SignalCondition { signal_id: "sig".into(), ..Default::default() });
    assert_eq!(
        problems(|request| {
            let target = Target::GateNode(GateNode { condition: Some(untyped.clone()) });
            let gate = Node { id: "g0".into(), target: Some(target), ..Default::default() };
            template(request).nodes.push(gate);
        }),
        "1\n\tError 0: Code: ValueRequired, Node Id: g0, Description: Value required [GateNode.Signal.Type]."
    );
    assert_eq!(
        problems(
            |request| template(request).failure_node = Some(Node { id: "fn0".into(), ..Default::default() })
        ),
        "1\n\tError 0: Code: ValueRequired, Node Id: fn0, Description: The node has nothing to run."
    );
}

#[test]
fn unknown_workflows_are_not_found() {
    let fixture = Fixture::new();
    let get = ObjectGetRequest { id: Some(workflow_id("w")) };
    assert_eq!(
        refused(fixture.client.get_workflow(&get)),
        "NOT_FOUND: missing entity of type WORKFLOW with identifier project:\"flytesnacks\" domain:\"development\" \
         name:\"w\" version:\"1\""
    );
    let empty = WorkflowCreateRequest { id: Some(workflow_id("w")), spec: None };
    assert_eq!(refused(fixture.client.create_workflow(&empty)), "INVALID_ARGUMENT: missing spec");
}

fn branch(then: &str, otherwise: &str) -> Node {
    let input = |name: &str| Operand { val: Some(operand::Val::Var(name.to_owned())) };
    let comparison = ComparisonExpression {
        operator: comparison_expression::Operator::Gt.into(),
        left_value: Some(input("x")),
        right_value: Some(input("x")),
    };
    let condition = BooleanExpression { expr: Some(boolean_expression::Expr::Comparison(comparison)) };
    let case = |id_: &str| Box::new(task_node(id_, "double", vec![bind("x", promise("", "x"))]));
    let case_block = IfBlock { condition: Some(condition), then_node: Some(case(then)) };
    let if_else = IfElseBlock {
        case: Some(Box::new(case_block)),
        other: Vec::new(),
        default: Some(if_else_block::Default::ElseNode(case(otherwise))),
    };
    let target = Target::BranchNode(Box::new(BranchNode { if_else: Some(Box::new(if_else)) }));
    let inputs = vec![bind("x", promise("", "x"))];
    Node { id: "b0".into(), inputs, target: Some(target), ..Default::default() }
}

#[test]
fn the_nodes_of_a_branch_have_the_id_of_the_branch_before_their_own() {
    let fixture = Fixture::new();
    with_double(&fixture);
    let mut request = twice();
    template(&mut request).nodes.push(branch("then", "else"));
    template(&mut request).outputs = vec![bind("y", promise("b0", "y"))];
    done(fixture.client.create_workflow(&request)).unwrap();
    let get = ObjectGetRequest { id: Some(workflow_id("w")) };
    let compiled =
        done(fixture.client.get_workflow(&get)).unwrap().closure.unwrap().compiled_workflow.unwrap();
    let connections = compiled.primary.unwrap().connections.unwrap();
    for id in ["b0", "b0-then", "b0-else"] {
        assert_eq!(connections.upstream[id].ids, ["start-node"], "{id}");
    }
    assert_eq!(connections.downstream["start-node"].ids, ["b0", "n0"]);
    assert_eq!(connections.upstream["end-node"].ids, ["b0", "n1"]);
}

#[test]
fn what_an_alias_stands_for_has_no_other_name() {
    let with_alias = |output: &'static str| {
        move |request: &mut WorkflowCreateRequest| {
            let template = template(request);
            template.nodes[1].output_aliases = vec![Alias { var: "y".into(), alias: "sum".into() }];
            template.outputs = vec![bind("y", promise("n1", output))];
        }
    };
    let fixture = Fixture::new();
    with_double(&fixture);
    let mut request = twice();
    with_alias("sum")(&mut request);
    done(fixture.client.create_workflow(&request)).unwrap();
    assert_eq!(
        problems(with_alias("y")),
        "1\n\tError 0: Code: VariableNameNotFound, Node Id: end-node, Description: Variable [y] not found on node \
         [n1]."
    );
}
