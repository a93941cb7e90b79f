//! Kills the engine at random moments. After each kill the next engine finds only whole steps, and every
//! execution ends.
//!
//! The killed process is this test's own binary. It registers a workflow of its round, launches it and works
//! it; the rounds have nodes of every kind in turn, and the moment of the kill comes from the seed of the
//! property test.

#![expect(clippy::print_stdout, reason = "how many kills came in time has to be seen")]

use std::{
    env, fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use flyte_client::proto::{
    admin::{ObjectGetRequest, TaskExecution},
    core::{
        ArrayNode, BindingData, BindingDataCollection, BooleanExpression, BranchNode, ComparisonExpression,
        DynamicJobSpec, GateNode, Identifier, IfBlock, IfElseBlock, Node, Operand, Primitive, ResourceType,
        Scalar, SleepCondition, WorkflowExecutionIdentifier, binding_data, boolean_expression, gate_node,
        if_else_block, node::Target, operand, primitive, scalar, task_execution, workflow_execution::Phase,
    },
};
use proptest::prelude::*;
use prost::Message as _;
use sandbox::EngineStart;
use tempfile::TempDir;

use super::{
    build::{binding, bound, id, interface, node, shown, task, values, workflow},
    fixture::{Fixture, error, phase},
};

const ROUNDS: u32 = 100;

/// The variables that make this binary the process to be killed: the folder and the round.
const FOLDER: &str = "SANDBOX_CRASH_FOLDER";
const ROUND: &str = "SANDBOX_CRASH_ROUND";

/// How long a round lives at most.
const LONGEST: Duration = Duration::from_millis(250);

proptest! {
    // One case takes seconds, and a shorter one would not be a simpler one.
    #![proptest_config(ProptestConfig { cases: 1, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn executions_end_truthfully_after_a_kill_at_any_moment(seed in any::<u64>()) {
        let mut random = fastrand::Rng::with_seed(seed);
        let folder = Arc::new(tempfile::tempdir().unwrap());
        for round in 0..ROUNDS {
            let mut victim = start(&folder, round);
            std::thread::sleep(LONGEST.mul_f64(random.f64()));
            victim.kill().unwrap();
            victim.wait().unwrap();
            // Every few rounds, so that several may be open at once.
            if random.u8(..4) == 0 {
                check(&folder, round);
            }
        }
        let (launched, cut) = check(&folder, ROUNDS - 1);
        println!("{launched} of {ROUNDS} rounds were killed after the launch; {cut} attempts were cut off");
        assert!(launched > 0, "every kill came too early");
    }
}

/// Not a test of its own: what the test above starts and kills.
#[test]
fn victim() {
    let (Ok(folder), Ok(round)) = (env::var(FOLDER), env::var(ROUND)) else { return };
    let fixture = Fixture::open_at(Path::new(&folder), EngineStart::InProcess);
    work(&fixture, Path::new(&folder), &round);
    // The engine runs what is open until the kill.
    loop {
        std::thread::park();
    }
}

fn start(folder: &TempDir, round: u32) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "engine::crash::victim", "--nocapture"])
        .env(FOLDER, folder.path())
        .env(ROUND, round.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Registers and launches a workflow of its round: a chain, a branch, an array or a dynamic node.
fn work(fixture: &Fixture, folder: &Path, round: &str) {
    let number: usize = round.parse().unwrap();
    let script = "printf 'x{{.inputs.text}}' > /var/outputs/o";
    let cross = task(&format!("t{round}"), interface(&["text: str"], &["o: str"]), script).on(fixture);
    let middle = match number % 4 {
        0 => node("n1", &cross, &["text = n0.o"]),
        1 => branch(&cross),
        2 => array(fixture, &format!("m{round}")),
        _ => dynamic(fixture, &cross, &folder.join(format!("job-{round}.pb")), &format!("d{round}")),
    };
    let nodes = vec![
        node("n0", &cross, &["text = .text"]),
        middle,
        sleep("nap"),
        Node { upstream_node_ids: vec!["nap".to_owned()], ..node("n2", &cross, &["text = n1.o"]) },
    ];
    let outputs = if number % 4 == 2 { &["o = n1.o"] } else { &["o = n2.o"] };
    let kind = if number % 4 == 2 { "o: list[str]" } else { "o: str" };
    let nodes = if number % 4 == 2 { nodes.into_iter().take(3).collect() } else { nodes };
    let name = format!("w{round}");
    let plan = workflow(&name, interface(&["text: str"], &[kind]), nodes, outputs).on(fixture);
    fixture.launch(&plan, &format!("e{round}"), values(&["text = a"]));
}

/// What the execution of a round ends with.
fn expected(round: u32) -> &'static str {
    if round % 4 == 2 { r#"o=["1xa","2xa","3xa","4xa"]"# } else { r#"o="xxxa""# }
}

fn branch(cross: &Identifier) -> Node {
    let text = Some(Operand { val: Some(operand::Val::Var("text".to_owned())) });
    let same = ComparisonExpression { left_value: text.clone(), right_value: text, ..Default::default() };
    let case = IfBlock {
        condition: Some(BooleanExpression { expr: Some(boolean_expression::Expr::Comparison(same)) }),
        then_node: Some(Box::new(node("n0", cross, &["text = n0.o"]))),
    };
    let if_else = IfElseBlock {
        case: Some(Box::new(case)),
        default: Some(if_else_block::Default::Error(Default::default())),
        ..Default::default()
    };
    Node {
        id: "n1".to_owned(),
        inputs: vec![binding("text = n0.o")],
        target: Some(Target::BranchNode(Box::new(BranchNode { if_else: Some(Box::new(if_else)) }))),
        ..Default::default()
    }
}

fn array(fixture: &Fixture, name: &str) -> Node {
    let script = "printf '{{.inputs.number}}{{.inputs.text}}' > /var/outputs/o";
    let inputs = &["text: str", "number: list[int]"];
    let task = task(name, interface(inputs, &["o: list[str]"]), script).on(fixture);
    let numbers = (1..=4).map(|number| BindingData {
        value: Some(binding_data::Value::Scalar(Scalar {
            value: Some(scalar::Value::Primitive(Primitive {
                value: Some(primitive::Value::Integer(number)),
            })),
        })),
        union: None,
    });
    let numbers = binding_data::Value::Collection(BindingDataCollection { bindings: numbers.collect() });
    let inputs = vec![binding("text = n0.o"), bound("number", numbers)];
    let array = ArrayNode {
        node: Some(Box::new(Node { inputs: inputs.clone(), ..node("element", &task, &[]) })),
        is_original_sub_node_interface: Some(false),
        bound_inputs: vec!["text".to_owned()],
        ..Default::default()
    };
    let target = Some(Target::ArrayNode(Box::new(array)));
    Node { inputs, target, ..node("n1", &task, &[]) }
}

fn dynamic(fixture: &Fixture, cross: &Identifier, file: &Path, name: &str) -> Node {
    let job = DynamicJobSpec {
        nodes: vec![node("dn0", cross, &["text = xa"])],
        outputs: vec![binding("o = dn0.o")],
        ..Default::default()
    };
    fs::write(file, job.encode_to_vec()).unwrap();
    let script = format!("cp '{}' {{{{.outputPrefix}}}}/futures.pb", file.display());
    let task = task(name, interface(&["text: str"], &["o: str"]), &script).on(fixture);
    node("n1", &task, &["text = n0.o"])
}

/// A gate that passes after a moment.
fn sleep(name: &str) -> Node {
    let duration = Some(prost_types::Duration { seconds: 0, nanos: 5_000_000 });
    let gate = GateNode { condition: Some(gate_node::Condition::Sleep(SleepCondition { duration })) };
    Node { id: name.to_owned(), target: Some(Target::GateNode(gate)), ..Default::default() }
}

/// Opens the sandbox again and checks its executions. Returns how many executions there are, and how many
/// attempts were cut off.
fn check(folder: &Arc<TempDir>, last: u32) -> (usize, usize) {
    let fixture = Fixture::open(Arc::clone(folder), EngineStart::InProcess);
    let mut launched = 0;
    for round in 0..=last {
        let is_there = registered(&fixture, round);
        let execution = WorkflowExecutionIdentifier {
            project: "flytesnacks".to_owned(),
            domain: "development".to_owned(),
            name: format!("e{round}"),
            ..Default::default()
        };
        let request = flyte_client::proto::admin::WorkflowExecutionGetRequest { id: Some(execution.clone()) };
        if fixture.call(fixture.client.get_execution(&request)).is_err() {
            continue;
        }
        assert!(is_there, "round {round} was launched without its workflow");
        launched += 1;
        let end = fixture.end(&execution);
        if phase(&end) == Phase::Succeeded {
            assert_eq!(shown(&fixture.outputs(&execution)), expected(round), "round {round}");
        } else {
            assert!(error(&end).contains("engine ended"), "round {round}: {}", error(&end));
        }
        for node in ["n0", "n1", "n1-0-n1-n0", "n1-0-dn0", "n2"] {
            let attempts = fixture.attempts(&execution, node);
            let phases: Vec<_> =
                attempts.iter().map(|it| it.closure.as_ref().unwrap().phase().as_str_name()).collect();
            let succeeded = phases.iter().filter(|phase| **phase == "SUCCEEDED").count();
            assert!(succeeded <= 1, "round {round}, {node}: {phases:?}");
            assert!(phases.iter().all(|phase| *phase != "RUNNING"), "round {round}, {node}: {phases:?}");
            check_elements(&attempts, round);
        }
    }
    drop(fixture);
    assert_eq!(left_over(folder.path()), Vec::<String>::new(), "after round {last}");
    (launched, cut_off(&folder.path().join("runs")))
}

/// How many attempts were set aside because they were cut off.
fn cut_off(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| match entry.file_name().to_string_lossy().contains(".lost-") {
            true => 1,
            false => cut_off(&entry.path()),
        })
        .sum()
}

/// No element of an array succeeds twice.
fn check_elements(attempts: &[TaskExecution], round: u32) {
    let closures = attempts.iter().filter_map(|attempt| attempt.closure.as_ref()?.metadata.as_ref());
    let mut succeeded = std::collections::BTreeSet::new();
    for one in closures.flat_map(|metadata| &metadata.external_resources) {
        if one.phase() == task_execution::Phase::Succeeded {
            assert!(succeeded.insert(one.index), "round {round}: element {} succeeded twice", one.index);
        }
    }
}

/// Whether a round got its workflow. What is registered at all is whole.
fn registered(fixture: &Fixture, round: u32) -> bool {
    let get = |kind, name: String| ObjectGetRequest { id: Some(id(kind, &name)) };
    let task = fixture.call(fixture.client.get_task(&get(ResourceType::Task, format!("t{round}"))));
    let workflow =
        fixture.call(fixture.client.get_workflow(&get(ResourceType::Workflow, format!("w{round}"))));
    let plan =
        fixture.call(fixture.client.get_launch_plan(&get(ResourceType::LaunchPlan, format!("w{round}"))));
    if let Ok(task) = &task {
        assert!(task.closure.as_ref().unwrap().compiled_task.as_ref().unwrap().template.is_some());
    }
    if let Ok(workflow) = &workflow {
        let compiled = workflow.closure.as_ref().unwrap().compiled_workflow.as_ref().unwrap();
        assert!(!compiled.tasks.is_empty());
        assert!(task.is_ok());
    }
    if plan.is_ok() {
        assert!(workflow.is_ok());
    }
    plan.is_ok()
}

/// Processes whose environment or command names the folder.
fn left_over(folder: &Path) -> Vec<String> {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let own = std::process::id().to_string();
    let mut left = Vec::new();
    for _ in 0..200 {
        left.clear();
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let id = process.file_name().to_string_lossy().into_owned();
            let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            if id != own && id.parse::<u32>().is_ok() && command.contains(name) {
                left.push(format!("{id}: {command}"));
            }
        }
        if left.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    left
}
