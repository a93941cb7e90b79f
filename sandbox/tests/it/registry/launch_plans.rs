//! Launch plans and named entities.

use flyte_client::proto::{
    admin::{
        ActiveLaunchPlanListRequest, ActiveLaunchPlanRequest, CronSchedule, LaunchPlanCreateRequest,
        LaunchPlanMetadata, LaunchPlanSpec, LaunchPlanState, LaunchPlanUpdateRequest, NamedEntityGetRequest,
        NamedEntityIdentifier, NamedEntityListRequest, NamedEntityMetadata, NamedEntityState,
        NamedEntityUpdateRequest, ObjectGetRequest, ResourceListRequest, Schedule,
        schedule::ScheduleExpression,
    },
    core::{
        Literal, LiteralMap, Parameter, ParameterMap, Primitive, ResourceType, Scalar, SimpleType, Variable,
        literal, parameter::Behavior, primitive, scalar,
    },
};

use super::{
    Fixture, done, id, list, refused,
    workflows::{simple, twice, with_double},
};

pub(super) fn fixture() -> Fixture {
    let fixture = Fixture::new();
    with_double(&fixture);
    done(fixture.client.create_workflow(&twice())).unwrap();
    fixture
}

pub(super) fn plan(version: &str) -> LaunchPlanCreateRequest {
    let spec =
        LaunchPlanSpec { workflow_id: Some(id(ResourceType::Workflow, "w", "1")), ..Default::default() };
    LaunchPlanCreateRequest { id: Some(id(ResourceType::LaunchPlan, "p", version)), spec: Some(spec) }
}

pub(super) fn number(number: i64) -> Literal {
    let primitive = Primitive { value: Some(primitive::Value::Integer(number)) };
    let scalar = Scalar { value: Some(scalar::Value::Primitive(primitive)) };
    Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() }
}

pub(super) fn fixed(name: &str, literal: Literal) -> Option<LiteralMap> {
    Some(LiteralMap { literals: [(name.to_owned(), literal)].into() })
}

fn default(name: &str, behavior: Behavior) -> Option<ParameterMap> {
    let var = Variable { r#type: Some(simple(SimpleType::Integer)), ..Default::default() };
    let parameter = Parameter { var: Some(var), behavior: Some(behavior) };
    Some(ParameterMap { parameters: [(name.to_owned(), parameter)].into() })
}

fn get(fixture: &Fixture, version: &str) -> flyte_client::proto::admin::LaunchPlan {
    let request = ObjectGetRequest { id: Some(id(ResourceType::LaunchPlan, "p", version)) };
    done(fixture.client.get_launch_plan(&request)).unwrap()
}

fn name(name: &str) -> NamedEntityIdentifier {
    NamedEntityIdentifier {
        project: "flytesnacks".into(),
        domain: "development".into(),
        name: name.into(),
        ..Default::default()
    }
}

#[test]
fn expected_inputs_are_those_that_are_not_fixed() {
    let fixture = fixture();
    let behaviors = |version: &str| {
        let plan = get(&fixture, version);
        let closure = plan.closure.unwrap();
        let expected = closure.expected_inputs.unwrap();
        assert_eq!(plan.spec.unwrap().default_inputs, Some(expected.clone()));
        assert!(closure.expected_outputs.unwrap().variables.contains_key("y"));
        assert_eq!(closure.state, i32::from(LaunchPlanState::Inactive));
        expected
            .parameters
            .into_iter()
            .map(|(name, parameter)| (name, parameter.behavior))
            .collect::<Vec<_>>()
    };
    done(fixture.client.create_launch_plan(&plan("required"))).unwrap();
    assert_eq!(behaviors("required"), [("x".to_owned(), Some(Behavior::Required(true)))]);

    let mut request = plan("default");
    request.spec.as_mut().unwrap().default_inputs = default("x", Behavior::Default(number(3)));
    done(fixture.client.create_launch_plan(&request)).unwrap();
    assert_eq!(behaviors("default"), [("x".to_owned(), Some(Behavior::Default(number(3))))]);

    let mut request = plan("fixed");
    request.spec.as_mut().unwrap().fixed_inputs = fixed("x", number(3));
    done(fixture.client.create_launch_plan(&request)).unwrap();
    assert_eq!(behaviors("fixed"), []);
}

#[test]
fn registering_again_tells_the_same_from_the_different() {
    let fixture = fixture();
    done(fixture.client.create_launch_plan(&plan("1"))).unwrap();
    assert_eq!(
        refused(fixture.client.create_launch_plan(&plan("1"))),
        "ALREADY_EXISTS: launch plan with identical structure already exists"
    );
    let mut other = plan("1");
    other.spec.as_mut().unwrap().max_parallelism = 3;
    assert_eq!(
        refused(fixture.client.create_launch_plan(&other)),
        "INVALID_ARGUMENT: p launch plan with different structure already exists. (Please register a new version of \
         the launch plan):\n/maxParallelism:\n\t+ 3"
    );
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let fixture = fixture();
    let refusal = |change: &dyn Fn(&mut LaunchPlanSpec)| {
        let mut request = plan("1");
        change(request.spec.as_mut().unwrap());
        refused(fixture.client.create_launch_plan(&request))
    };
    let text = Primitive { value: Some(primitive::Value::StringValue("a".into())) };
    let text = Scalar { value: Some(scalar::Value::Primitive(text)) };
    let text = Literal { value: Some(literal::Value::Scalar(Box::new(text))), ..Default::default() };
    assert_eq!(
        refusal(&|spec| spec.fixed_inputs = fixed("x", text.clone())),
        "INVALID_ARGUMENT: invalid fixed_input wrong type x, expected `int`, got `str`"
    );
    assert_eq!(
        refusal(&|spec| spec.fixed_inputs = fixed("z", number(1))),
        "INVALID_ARGUMENT: unexpected fixed_input z"
    );
    assert_eq!(
        refusal(&|spec| spec.default_inputs = default("z", Behavior::Required(true))),
        "INVALID_ARGUMENT: unexpected default_input z"
    );
    assert_eq!(
        refusal(&|spec| spec.default_inputs = default("x", Behavior::Default(text.clone()))),
        "INVALID_ARGUMENT: Type mismatch for Parameter x in default_inputs has type int: expected `int`, got `str`"
    );
    assert_eq!(
        refusal(&|spec| spec.default_inputs = default("x", Behavior::Required(false))),
        "INVALID_ARGUMENT: Invalid variable x in default_inputs - variable has neither default, nor is required. One \
         must be specified"
    );
    assert_eq!(
        refusal(&|spec| spec.workflow_id = Some(id(ResourceType::Workflow, "nothing", "1"))),
        "NOT_FOUND: missing entity of type WORKFLOW with identifier project:\"flytesnacks\" domain:\"development\" \
         name:\"nothing\" version:\"1\""
    );
}

#[test]
fn schedules_need_all_inputs() {
    let fixture = fixture();
    let scheduled = |cron: &str, kickoff: &str, inputs: Option<LiteralMap>| {
        let mut request = plan("1");
        let cron = CronSchedule { schedule: cron.into(), ..Default::default() };
        let schedule = Schedule {
            kickoff_time_input_arg: kickoff.into(),
            schedule_expression: Some(ScheduleExpression::CronSchedule(cron)),
        };
        let spec = request.spec.as_mut().unwrap();
        spec.entity_metadata = Some(LaunchPlanMetadata { schedule: Some(schedule), ..Default::default() });
        spec.fixed_inputs = inputs;
        request
    };
    let refusal = |cron: &str, kickoff: &str, inputs| {
        refused(fixture.client.create_launch_plan(&scheduled(cron, kickoff, inputs)))
    };
    assert_eq!(
        refusal("@daily", "", None),
        "INVALID_ARGUMENT: Cannot create a launch plan with a schedule if there is an unbound required input. [x] is \
         required"
    );
    assert_eq!(
        refusal("@daily", "x", None),
        "INVALID_ARGUMENT: KickoffTimeInputArg must reference a datetime input. [x] is a [int]"
    );
    assert_eq!(
        refusal("@daily", "z", fixed("x", number(1))),
        "INVALID_ARGUMENT: Cannot create a schedule with a KickoffTimeInputArg that does not point to a free input. \
         [z] is not free or does not exist."
    );
    assert_eq!(
        refusal("often", "", fixed("x", number(1))),
        "INVALID_ARGUMENT: Invalid cron expression: [often]: expected exactly 5 fields, found 1"
    );
    done(fixture.client.create_launch_plan(&scheduled("@daily", "", fixed("x", number(1))))).unwrap();
}

#[test]
fn one_version_is_active() {
    let fixture = fixture();
    for version in ["1", "2"] {
        done(fixture.client.create_launch_plan(&plan(version))).unwrap();
    }
    let active = ActiveLaunchPlanRequest { id: Some(name("p")) };
    assert_eq!(
        refused(fixture.client.get_active_launch_plan(&active)),
        "NOT_FOUND: No active launch plan could be found: flytesnacks:development:p"
    );
    let set = |version: &str, state: LaunchPlanState| LaunchPlanUpdateRequest {
        id: Some(id(ResourceType::LaunchPlan, "p", version)),
        state: state.into(),
    };
    for version in ["1", "2"] {
        done(fixture.client.update_launch_plan(&set(version, LaunchPlanState::Active))).unwrap();
        let found = done(fixture.client.get_active_launch_plan(&active)).unwrap();
        assert_eq!(found.id.unwrap().version, version);
        assert_eq!(found.closure.unwrap().state(), LaunchPlanState::Active);
    }
    assert_eq!(get(&fixture, "1").closure.unwrap().state(), LaunchPlanState::Inactive);
    let all = ActiveLaunchPlanListRequest {
        project: "flytesnacks".into(),
        domain: "development".into(),
        limit: 10,
        ..Default::default()
    };
    assert_eq!(done(fixture.client.list_active_launch_plans(&all)).unwrap().launch_plans.len(), 1);
    let filtered = ResourceListRequest { filters: "eq(workflow.name,w)+eq(state,1)".into(), ..list("p") };
    assert_eq!(done(fixture.client.list_launch_plans(&filtered)).unwrap().launch_plans.len(), 1);
    done(fixture.client.update_launch_plan(&set("2", LaunchPlanState::Inactive))).unwrap();
    assert!(done(fixture.client.list_active_launch_plans(&all)).unwrap().launch_plans.is_empty());
    assert_eq!(
        refused(fixture.client.update_launch_plan(&set("3", LaunchPlanState::Active))),
        "NOT_FOUND: missing entity of type LAUNCH_PLAN with identifier project:\"flytesnacks\" \
         domain:\"development\" name:\"p\" version:\"3\""
    );
}

#[test]
fn a_name_has_a_description_and_a_state() {
    let fixture = fixture();
    let get = |kind: ResourceType, of: &str| NamedEntityGetRequest {
        resource_type: kind.into(),
        id: Some(name(of)),
    };
    let got = done(fixture.client.get_named_entity(&get(ResourceType::Workflow, "w"))).unwrap();
    assert_eq!(got.metadata, Some(NamedEntityMetadata::default()));
    let metadata = NamedEntityMetadata {
        description: "doubles twice".into(),
        state: NamedEntityState::NamedEntityArchived.into(),
    };
    let mut update = NamedEntityUpdateRequest {
        resource_type: ResourceType::Workflow.into(),
        id: Some(name("w")),
        metadata: Some(metadata.clone()),
    };
    done(fixture.client.update_named_entity(&update)).unwrap();
    let got = done(fixture.client.get_named_entity(&get(ResourceType::Workflow, "w"))).unwrap();
    assert_eq!(got.metadata, Some(metadata));

    let archived = NamedEntityListRequest {
        resource_type: ResourceType::Workflow.into(),
        project: "flytesnacks".into(),
        domain: "development".into(),
        limit: 10,
        filters: "eq(state,1)".into(),
        ..Default::default()
    };
    assert_eq!(done(fixture.client.list_named_entities(&archived)).unwrap().entities.len(), 1);
    let active = NamedEntityListRequest { filters: "eq(state,0)".into(), ..archived };
    assert!(done(fixture.client.list_named_entities(&active)).unwrap().entities.is_empty());

    // What is not said stays, but for the state, which cannot be left out.
    let active = NamedEntityState::NamedEntityActive.into();
    update.metadata = Some(NamedEntityMetadata { state: active, ..Default::default() });
    done(fixture.client.update_named_entity(&update)).unwrap();
    let got = done(fixture.client.get_named_entity(&get(ResourceType::Workflow, "w"))).unwrap();
    let expected = NamedEntityMetadata { description: "doubles twice".into(), state: active };
    assert_eq!(got.metadata, Some(expected));

    assert_eq!(
        refused(fixture.client.get_named_entity(&get(ResourceType::Task, "nothing"))),
        "NOT_FOUND: entry not found"
    );
    update.metadata = None;
    assert_eq!(refused(fixture.client.update_named_entity(&update)), "INVALID_ARGUMENT: missing metadata");
}
