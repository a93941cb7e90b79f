//! The short form of workflows and launch plans: what it becomes, and what it says about the rest.

mod fields;
mod launch_plans;
mod messages;
mod references;
mod values;

use flyte_client::register::{
    self, Entity, Identity, RegisterItem,
    render::{self, TextFormat},
};
use snapbox::prelude::*;

const TASKS: &str = "\
name: greet
image: a:1
command: [greet]
inputs: {name: str, times: int}
outputs: {greeting: str, parts: 'list[str]', facts: dict}
---
name: shout
image: a:1
command: [shout]
inputs: {text: str, more: 'list[str] | None'}
outputs: {text: str}
---
name: warm_up
image: a:1
command: [warm]
";

const HELLO: &str = "\
workflow: hello
inputs:
  name: str
  times: int = 3
nodes:
  greet:
    task: greet
    inputs: {name: $inputs.name, times: $inputs.times}
  shout:
    task: shout
    inputs: {text: $greet.greeting, more: [$greet.parts.0, costs $$5]}
    after: [other]
    retries: 2
    timeout: 5m
    cache: {version: v1}
  other: {task: warm_up}
outputs: {result: $shout.text, parts: [$greet.greeting, $shout.text]}
";

fn identity() -> Identity {
    let text = |text: &str| Some(text.to_owned());
    Identity { project: text("p"), domain: text("d"), version: text("v") }
}

/// Reads documents from files of their own, in this order.
fn read(documents: &[&str]) -> Result<Vec<RegisterItem>, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let path = folder.path().join(format!("{index}.yaml"));
        std::fs::write(&path, document).unwrap();
        paths.push(path);
    }
    register::read(&paths, &identity()).map_err(|error| {
        let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        let text = error.to_string();
        let at_line = text.split_once(".yaml:").map(|(_, rest)| format!("line {rest}"));
        format!("{}{hint}", at_line.unwrap_or_else(|| error.cause().to_string()))
    })
}

fn names(entries: &[RegisterItem]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| format!("{} {}", entry.entity.kind(), entry.entity.id().unwrap().name))
        .collect()
}

#[track_caller]
fn shown(entity: &Entity, expected: impl IntoData) {
    snapbox::assert_data_eq!(render::text([entity], TextFormat::Yaml).unwrap(), expected.raw());
}

/// A workflow of one node, in which `from` is replaced.
#[track_caller]
fn refused(from: &str, to: &str, expected: impl IntoData) {
    assert!(HELLO.contains(from), "`{from}` is in the workflow");
    let workflow = HELLO.replacen(from, to, 1);
    snapbox::assert_data_eq!(read(&[TASKS, &workflow]).unwrap_err(), expected.raw());
}
