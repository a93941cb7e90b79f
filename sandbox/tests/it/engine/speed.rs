//! What the engine costs beside the processes. Prints; judges nothing.

#![expect(clippy::print_stdout, reason = "prints a measurement")]

use std::time::{Duration, Instant};

use flyte_client::proto::core::workflow_execution::Phase;

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
