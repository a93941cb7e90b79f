use flyte_client::proto::{
    admin::{
        CronSchedule, FixedRate, FixedRateUnit, LaunchPlanCreateRequest, LaunchPlanMetadata, LaunchPlanSpec,
        LaunchPlanState, LaunchPlanUpdateRequest, Schedule, WorkflowCreateRequest, WorkflowSpec,
        schedule::ScheduleExpression,
    },
    core::{
        GateNode, LiteralType, Node, ResourceType, SimpleType, SleepCondition, TypedInterface, Variable,
        VariableMap, WorkflowTemplate, gate_node::Condition, literal_type::Type, node::Target,
    },
};
use tempfile::TempDir;

use super::*;
use crate::{
    Clock, ClockHand, EngineStart, SandboxOptions,
    service::{launch_plan, workflow},
    store::{self, execution::Execution},
};

/// A sandbox whose clock stands still, with the workflow `w`, which has the input `at`.
struct Fixture {
    sandbox: Sandbox,
    clock: ClockHand,
    folder: TempDir,
}

fn id(kind: ResourceType, name: &str, version: &str) -> Identifier {
    Identifier {
        resource_type: kind.into(),
        project: "flytesnacks".to_owned(),
        domain: "development".to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        ..Identifier::default()
    }
}

fn datetime() -> LiteralType {
    LiteralType { r#type: Some(Type::Simple(SimpleType::Datetime.into())), ..LiteralType::default() }
}

fn cron(text: &str) -> ScheduleExpression {
    ScheduleExpression::CronSchedule(CronSchedule { schedule: text.to_owned(), offset: String::new() })
}

fn rate(value: u32, unit: FixedRateUnit) -> ScheduleExpression {
    ScheduleExpression::Rate(FixedRate { value, unit: unit.into() })
}

impl Fixture {
    fn at(time: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (sandbox, clock) = open(&folder, time);
        let var = Variable { r#type: Some(datetime()), ..Variable::default() };
        let inputs = VariableMap { variables: [("at".to_owned(), var)].into() };
        let sleep = Condition::Sleep(SleepCondition { duration: None });
        let node = Node {
            id: "n0".to_owned(),
            metadata: Some(Default::default()),
            target: Some(Target::GateNode(GateNode { condition: Some(sleep) })),
            ..Node::default()
        };
        let template = WorkflowTemplate {
            id: Some(id(ResourceType::Workflow, "w", "1")),
            metadata: Some(Default::default()),
            metadata_defaults: Some(Default::default()),
            interface: Some(TypedInterface { inputs: Some(inputs), outputs: Some(VariableMap::default()) }),
            nodes: vec![node],
            ..WorkflowTemplate::default()
        };
        let request = WorkflowCreateRequest {
            id: template.id.clone(),
            spec: Some(WorkflowSpec { template: Some(template), ..WorkflowSpec::default() }),
        };
        workflow::create(&sandbox, request).unwrap();
        Self { sandbox, clock, folder }
    }

    fn register(&self, version: &str, expression: ScheduleExpression, kickoff: &str) {
        let at = flyte_client::literal::from_text("2000-01-01T00:00:00Z", &datetime());
        let fixed = match kickoff.is_empty() {
            true => [("at".to_owned(), at.unwrap())].into(),
            false => [].into(),
        };
        let schedule =
            Schedule { kickoff_time_input_arg: kickoff.to_owned(), schedule_expression: Some(expression) };
        let spec = LaunchPlanSpec {
            workflow_id: Some(id(ResourceType::Workflow, "w", "1")),
            fixed_inputs: Some(LiteralMap { literals: fixed }),
            entity_metadata: Some(LaunchPlanMetadata {
                schedule: Some(schedule),
                ..LaunchPlanMetadata::default()
            }),
            ..LaunchPlanSpec::default()
        };
        let id = Some(id(ResourceType::LaunchPlan, "p", version));
        launch_plan::create(&self.sandbox, LaunchPlanCreateRequest { id, spec: Some(spec) }).unwrap();
    }

    fn set(&self, version: &str, state: LaunchPlanState) {
        let id = Some(id(ResourceType::LaunchPlan, "p", version));
        let request = LaunchPlanUpdateRequest { id, state: state.into() };
        launch_plan::update(&self.sandbox, request).unwrap();
    }

    fn activate(&self, version: &str) {
        self.set(version, LaunchPlanState::Active);
    }

    /// Sets the time, and starts what is due. The next time.
    fn run_until(&self, time: &str) -> Option<String> {
        self.clock.set(time.parse().unwrap());
        run_due(&self.sandbox)
    }

    /// `VERSION TIME` of each execution, in the order of their start.
    fn started(&self) -> Vec<String> {
        let executions = self.executions();
        let line = |execution: &Execution| {
            let metadata = execution.spec.metadata.as_ref().unwrap();
            assert_eq!(metadata.mode(), ExecutionMode::Scheduled);
            let at = metadata.scheduled_at.as_ref().unwrap();
            let version = &execution.spec.launch_plan.as_ref().unwrap().version;
            format!("{version} {}", Timestamp::new(at.seconds, at.nanos).unwrap())
        };
        executions.iter().map(line).collect()
    }

    fn executions(&self) -> Vec<Execution> {
        let rows = self.sandbox.store.read(store::execution::open).unwrap();
        let get = |row| self.sandbox.store.read(|connection| store::execution::get(connection, row)).unwrap();
        rows.into_iter().map(get).collect()
    }
}

fn open(folder: &TempDir, time: &str) -> (Sandbox, ClockHand) {
    let (clock, hand) = Clock::standing_at(time.parse().unwrap());
    let options = SandboxOptions { root: folder.path().to_owned(), engine: EngineStart::External };
    (Sandbox::open(&options).unwrap().with_clock(clock), hand)
}

fn run_due(sandbox: &Sandbox) -> Option<String> {
    let mut scheduler = Scheduler { sandbox, reported: HashSet::new() };
    loop {
        if let Progress::Next(next) = scheduler.start_due().unwrap() {
            return next.map(|next| next.to_string());
        }
    }
}

#[test]
fn names_are_those_of_flyte() {
    // The name was made with another implementation of FNV-1.
    let id = id(ResourceType::LaunchPlan, "plan", "v1");
    let name = execution_name(&id, "2026-01-01T00:00:00.9Z".parse().unwrap());
    assert_eq!(name, "f5d20fd7cfc730095000");
    assert_ne!(name, execution_name(&id, "2026-01-01T00:00:01Z".parse().unwrap()));
}

#[test]
fn a_cron_schedule_starts_executions_with_the_time_as_an_input() {
    let fixture = Fixture::at("2026-01-01T00:00:30Z");
    fixture.register("1", cron("*/2 * * * *"), "at");
    assert_eq!(run_due(&fixture.sandbox), None);
    fixture.activate("1");
    assert_eq!(run_due(&fixture.sandbox).unwrap(), "2026-01-01T00:02:00Z");
    assert_eq!(fixture.run_until("2026-01-01T00:01:59.9Z").unwrap(), "2026-01-01T00:02:00Z");
    assert!(fixture.started().is_empty());
    assert_eq!(fixture.run_until("2026-01-01T00:02:00Z").unwrap(), "2026-01-01T00:04:00Z");
    assert_eq!(fixture.started(), ["1 2026-01-01T00:02:00Z"]);
    let inputs = &fixture.executions()[0].inputs;
    assert_eq!(flyte_client::literal::to_json(&inputs.literals["at"]), "2026-01-01T00:02:00Z");
}

#[test]
fn a_rate_counts_from_the_activation() {
    let fixture = Fixture::at("2026-01-01T00:00:13.5Z");
    fixture.register("1", rate(1, FixedRateUnit::Hour), "");
    fixture.activate("1");
    assert_eq!(fixture.run_until("2026-01-01T01:00:12Z").unwrap(), "2026-01-01T01:00:13Z");
    assert_eq!(fixture.run_until("2026-01-01T01:00:14Z").unwrap(), "2026-01-01T02:00:13Z");
    assert_eq!(fixture.started(), ["1 2026-01-01T01:00:13Z"]);
}

/// Flyte passes the time for cron only.
#[test]
fn a_rate_without_a_needed_input_starts_nothing_and_goes_on() {
    let fixture = Fixture::at("2026-01-01T00:00:00Z");
    fixture.register("1", rate(1, FixedRateUnit::Minute), "at");
    fixture.activate("1");
    assert_eq!(fixture.run_until("2026-01-01T00:02:30Z").unwrap(), "2026-01-01T00:03:00Z");
    assert!(fixture.started().is_empty());
}

#[test]
fn what_was_missed_is_started_by_the_next_server_and_nothing_twice() {
    let fixture = Fixture::at("2026-01-01T00:00:30Z");
    fixture.register("1", cron("@every 1m"), "at");
    fixture.activate("1");
    fixture.run_until("2026-01-01T00:01:30Z");
    let Fixture { sandbox, clock, folder } = fixture;
    drop((sandbox, clock));
    let (sandbox, clock) = open(&folder, "2026-01-01T00:03:45Z");
    let fixture = Fixture { sandbox, clock, folder };
    assert_eq!(run_due(&fixture.sandbox).unwrap(), "2026-01-01T00:04:30Z");
    let expected = ["1 2026-01-01T00:01:30Z", "1 2026-01-01T00:02:30Z", "1 2026-01-01T00:03:30Z"];
    assert_eq!(fixture.started(), expected);
    // The clock was set back.
    fixture.run_until("2026-01-01T00:00:00Z");
    fixture.run_until("2026-01-01T00:03:45Z");
    assert_eq!(fixture.started(), expected);
}

#[test]
fn a_schedule_goes_on_after_a_clock_that_was_years_ahead() {
    let fixture = Fixture::at("2026-01-01T00:00:30Z");
    fixture.register("1", cron("@hourly"), "at");
    fixture.activate("1");
    let row = fixture.sandbox.store.read(schedule::list).unwrap()[0].plan;
    let ahead = "2036-01-01T00:00:00Z".parse().unwrap();
    fixture.sandbox.store.write(|transaction| schedule::set_since(transaction, row, ahead)).unwrap();
    assert_eq!(run_due(&fixture.sandbox).unwrap(), "2026-01-01T01:00:00Z");
    assert_eq!(fixture.run_until("2026-01-01T01:00:00Z").unwrap(), "2026-01-01T02:00:00Z");
    assert_eq!(fixture.started(), ["1 2026-01-01T01:00:00Z"]);
}

#[test]
fn an_execution_that_exists_counts_as_started() {
    let fixture = Fixture::at("2026-01-01T00:00:30Z");
    fixture.register("1", cron("* * * * *"), "at");
    fixture.activate("1");
    fixture.run_until("2026-01-01T00:01:00Z");
    // As if it had been activated earlier: the same times come again.
    let row = fixture.sandbox.store.read(schedule::list).unwrap()[0].plan;
    let early = "2026-01-01T00:00:30Z".parse().unwrap();
    fixture.sandbox.store.write(|transaction| schedule::set_since(transaction, row, early)).unwrap();
    fixture.run_until("2026-01-01T00:02:00Z");
    assert_eq!(fixture.started(), ["1 2026-01-01T00:01:00Z", "1 2026-01-01T00:02:00Z"]);
}

#[test]
fn the_active_version_alone_starts_executions_and_from_its_activation_on() {
    let fixture = Fixture::at("2026-01-01T00:00:30Z");
    fixture.register("1", cron("* * * * *"), "at");
    fixture.register("2", cron("*/2 * * * *"), "at");
    fixture.activate("1");
    fixture.run_until("2026-01-01T00:01:00Z");
    fixture.activate("2");
    fixture.run_until("2026-01-01T00:02:00Z");
    assert_eq!(fixture.started(), ["1 2026-01-01T00:01:00Z", "2 2026-01-01T00:02:00Z"]);
    fixture.set("2", LaunchPlanState::Inactive);
    assert_eq!(fixture.run_until("2026-01-01T00:10:30Z"), None);
    fixture.activate("1");
    fixture.run_until("2026-01-01T00:11:00Z");
    assert_eq!(
        fixture.started(),
        ["1 2026-01-01T00:01:00Z", "2 2026-01-01T00:02:00Z", "1 2026-01-01T00:11:00Z"]
    );
}

#[test]
fn schedules_that_never_fire_are_accepted() {
    let fixture = Fixture::at("2026-01-01T00:00:30Z");
    fixture.register("1", cron("0 0 31 2 *"), "at");
    fixture.register("2", ScheduleExpression::Rate(FixedRate { value: 1, unit: 9 }), "");
    for version in ["1", "2"] {
        fixture.activate(version);
        assert_eq!(fixture.run_until("2026-01-01T00:10:00Z"), None);
    }
    assert!(fixture.started().is_empty());
}

/// FlyteAdmin takes the launch plan, and refuses to activate it.
#[test]
#[expect(deprecated, reason = "the old form is what is tested")]
fn a_schedule_in_the_old_form_cannot_be_activated() {
    let fixture = Fixture::at("2026-01-01T00:00:30Z");
    fixture.register("1", ScheduleExpression::CronExpression("* * * * *".to_owned()), "at");
    let id = Some(id(ResourceType::LaunchPlan, "p", "1"));
    let request = LaunchPlanUpdateRequest { id, state: LaunchPlanState::Active.into() };
    let Err(ServiceError::Status(status)) = launch_plan::update(&fixture.sandbox, request) else { panic!() };
    assert_eq!(
        (status.code, status.message.as_str()),
        (Code::Unknown, "failed adding schedule for unknown schedule expression type &{* * * * *}")
    );
    assert_eq!(fixture.run_until("2026-01-01T00:10:00Z"), None);
}
