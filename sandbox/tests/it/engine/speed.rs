//! What the engine costs beside the processes. Prints; judges nothing.

#![expect(clippy::print_stdout, reason = "prints a measurement")]

use std::time::{Duration, Instant};

use flyte_client::proto::core::{KeyValuePair, task_template::Target, workflow_execution::Phase};

use super::{
    build::{interface, node, task, values, workflow},
    fixture::{Fixture, error, phase},
};

const NODES: usize = 100;

#[test]
#[ignore = "measures: cargo test -p sandbox --release --test it -- --ignored --nocapture speed"]
fn hundred_nodes() {
    let fixture = Fixture::new();
    let nothing = task("nothing", interface(&[], &[]), "exit 0").on(&fixture);
    for is_chain in [true, false] {
        let nodes = (0..NODES).map(|index| {
            let mut node = node(&format!("n{index}"), &nothing, &[]);
            if is_chain && index > 0 {
                node.upstream_node_ids = vec![format!("n{}", index - 1)];
            }
            node
        });
        let name = if is_chain { "chain" } else { "fan" };
        let plan = workflow(name, interface(&[], &[]), nodes.collect(), &[]).on(&fixture);
        let start = Instant::now();
        let execution = fixture.launch(&plan, "", values(&[]));
        let end = fixture.end(&execution);
        let took = start.elapsed();
        let nodes = (0..NODES).flat_map(|index| fixture.attempts(&execution, &format!("n{index}")));
        let spent: Duration = nodes
            .map(|attempt| Duration::try_from(attempt.closure.unwrap().duration.unwrap()).unwrap())
            .sum();
        assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
        println!("{name}: {NODES} nodes in {took:?}, of which attempts ran for {spent:?} in all");
    }
}

/// The module of [`python_chain`].
const MODULE: &str = "from flytekit import task\n\n@task\ndef inc(x: int) -> int:\n    return x + 1\n";

#[test]
#[ignore = "measures: FLYTE_TEST_PYTHON=… cargo test -p sandbox --release --test it -- --ignored --nocapture speed"]
fn python_chain() {
    let python = std::env::var("FLYTE_TEST_PYTHON").unwrap();
    let bin = std::path::Path::new(&python).parent().unwrap().display().to_string();
    let code = tempfile::tempdir().unwrap();
    std::fs::write(code.path().join("chain.py"), MODULE).unwrap();
    let fixture = Fixture::new();
    let mut inc = task("inc", interface(&["x: int"], &["o0: int"]), "");
    inc.template.r#type = "python-task".to_owned();
    if let Some(Target::Container(container)) = &mut inc.template.target {
        container.data_config = None;
        let line = "pyflyte-execute --inputs {{.input}} --output-prefix {{.outputPrefix}} \
             --raw-output-data-prefix {{.rawOutputDataPrefix}} \
             --resolver flytekit.core.python_auto_container.default_task_resolver -- \
             task-module chain task-name inc";
        container.command = line.split_whitespace().map(str::to_owned).collect();
        let path = format!("{bin}:{}", std::env::var("PATH").unwrap());
        let variables = [("PATH", path), ("PYTHONPATH", code.path().display().to_string())];
        container.env = variables.map(|(key, value)| KeyValuePair { key: key.to_owned(), value }).into();
    }
    let inc = inc.on(&fixture);
    for (name, length) in [("one", 1), ("five", 5)] {
        let nodes = (0..length).map(|index| {
            let input = if index == 0 { "x = .x".to_owned() } else { format!("x = n{}.o0", index - 1) };
            node(&format!("n{index}"), &inc, &[&input])
        });
        let output = format!("o = n{}.o0", length - 1);
        let interface = interface(&["x: int"], &["o: int"]);
        let plan = workflow(name, interface, nodes.collect(), &[&output]).on(&fixture);
        for round in 0..5 {
            let start = Instant::now();
            let execution = fixture.launch(&plan, "", values(&["x = 1"]));
            let end = fixture.end(&execution);
            assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
            println!("chain of {length}, round {round}: {:?}", start.elapsed());
        }
    }
}
