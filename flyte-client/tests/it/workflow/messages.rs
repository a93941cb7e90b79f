//! What short forms become: Flyte's messages.

use data_encoding::HEXLOWER;
use flyte_client::register::{
    Entity,
    render::{self, TextFormat},
};
use serde_json::{Value, json};
use snapbox::str;

use super::{HELLO, TASKS, names, read, shown};
use crate::judge;

#[test]
fn a_workflow_and_its_default_launch_plan() {
    let entries = read(&[HELLO, TASKS]).unwrap();
    assert_eq!(
        names(&entries),
        ["workflow hello", "launch plan hello", "task greet", "task shout", "task warm_up"]
    );
    shown(
        &entries[0].entity,
        str![[r#"
"@type": type.googleapis.com/flyteidl.admin.WorkflowSpec
template:
  id:
    domain: d
    name: hello
    project: p
    resourceType: WORKFLOW
    version: v
  interface:
    inputs:
      variables:
        name:
          description: name
          type:
            simple: STRING
        times:
          description: times
          type:
            simple: INTEGER
    outputs:
      variables:
        parts:
          description: parts
          type:
            collectionType:
              simple: STRING
        result:
          description: result
          type:
            simple: STRING
  metadata: {}
  metadataDefaults: {}
  nodes:
  - id: greet
    inputs:
    - binding:
        promise:
          var: name
      var: name
    - binding:
        promise:
          var: times
      var: times
    metadata:
      name: greet
    taskNode:
      referenceId:
        domain: d
        name: greet
        project: p
        resourceType: TASK
        version: v
  - id: shout
    inputs:
    - binding:
        collection:
          bindings:
          - promise:
              attrPath:
              - intValue: 0
              nodeId: greet
              var: parts
          - scalar:
              primitive:
                stringValue: costs $5
      var: more
    - binding:
        promise:
          nodeId: greet
          var: greeting
      var: text
    metadata:
      cacheVersion: v1
      cacheable: true
      name: shout
      retries:
        retries: 2
      timeout: 300s
    taskNode:
      referenceId:
        domain: d
        name: shout
        project: p
        resourceType: TASK
        version: v
    upstreamNodeIds:
    - greet
    - other
  - id: other
    metadata:
      name: other
    taskNode:
      referenceId:
        domain: d
        name: warm_up
        project: p
        resourceType: TASK
        version: v
  outputs:
  - binding:
      collection:
        bindings:
        - promise:
            nodeId: greet
            var: greeting
        - promise:
            nodeId: shout
            var: text
    var: parts
  - binding:
      promise:
        nodeId: shout
        var: text
    var: result

"#]],
    );
    shown(
        &entries[1].entity,
        str![[r#"
"@type": type.googleapis.com/flyteidl.admin.LaunchPlan
id:
  domain: d
  name: hello
  project: p
  resourceType: LAUNCH_PLAN
  version: v
spec:
  annotations: {}
  defaultInputs:
    parameters:
      name:
        required: true
        var:
          description: name
          type:
            simple: STRING
      times:
        default:
          scalar:
            primitive:
              integer: "3"
        var:
          description: times
          type:
            simple: INTEGER
  entityMetadata: {}
  fixedInputs: {}
  labels: {}
  rawOutputDataConfig: {}
  workflowId:
    domain: d
    name: hello
    project: p
    resourceType: WORKFLOW
    version: v

"#]],
    );
}

#[test]
fn sub_workflows_are_stored_within_and_defaults_fill_what_is_left_out() {
    let outer = "\
workflow: outer
nodes:
  inner: {workflow: hello, inputs: {name: $$me}}
  plan: {launch_plan: hello, inputs: {name: x, times: 1}, after: inner}
  named: {launch_plan: every_night}
outputs: {result: $inner.result}
";
    let plan = "\
launch_plan: every_night
workflow: hello
inputs: {name: world}
fixed_inputs: {times: 1}
schedule: {rate: 1h}
labels: {team: data}
";
    let entries = read(&[outer, plan, TASKS, HELLO]).unwrap();
    assert_eq!(
        names(&entries),
        [
            "workflow outer",
            "launch plan outer",
            "launch plan every_night",
            "task greet",
            "task shout",
            "task warm_up",
            "workflow hello",
            "launch plan hello",
        ]
    );
    let Entity::Workflow(spec) = &entries[0].entity else { panic!("a workflow") };
    assert_eq!(spec.sub_workflows.len(), 1);
    let template = spec.template.clone().unwrap();
    let bound: Vec<Vec<&str>> = template
        .nodes
        .iter()
        .map(|node| node.inputs.iter().map(|input| input.var.as_str()).collect())
        .collect();
    assert_eq!(bound, [vec!["name", "times"], vec!["name", "times"], vec!["name"]]);
    shown(
        &entries[2].entity,
        str![[r#"
"@type": type.googleapis.com/flyteidl.admin.LaunchPlan
id:
  domain: d
  name: every_night
  project: p
  resourceType: LAUNCH_PLAN
  version: v
spec:
  annotations: {}
  defaultInputs:
    parameters:
      name:
        default:
          scalar:
            primitive:
              stringValue: world
        var:
          description: name
          type:
            simple: STRING
  entityMetadata:
    schedule:
      rate:
        unit: HOUR
        value: 1
  fixedInputs:
    literals:
      times:
        scalar:
          primitive:
            integer: "1"
  labels:
    values:
      team: data
  rawOutputDataConfig: {}
  workflowId:
    domain: d
    name: hello
    project: p
    resourceType: WORKFLOW
    version: v

"#]],
    );
}

#[test]
fn a_plan_of_the_same_name_takes_the_place_of_the_default() {
    let plan = "{launch_plan: hello, workflow: hello, inputs: {name: world}, schedule: '@daily'}";
    let entries = read(&[TASKS, HELLO, plan]).unwrap();
    assert_eq!(names(&entries)[3..], ["workflow hello", "launch plan hello"]);
}

#[test]
fn what_is_not_read_is_left_to_the_server() {
    let workflow = "\
workflow: remote
nodes:
  a:
    task: elsewhere
    version: v9
    project: other
    inputs: {text: x, number: 3, float: {value: 3, type: float}, list: [1, 2], nested: [$b.out, y]}
  b: {task: elsewhere}
outputs:
  result: {from: $a.out.deep, type: 'list[int]', description: what it is}
";
    let entries = read(&[workflow]).unwrap();
    shown(
        &entries[0].entity,
        str![[r#"
"@type": type.googleapis.com/flyteidl.admin.WorkflowSpec
template:
  id:
    domain: d
    name: remote
    project: p
    resourceType: WORKFLOW
    version: v
  interface:
    inputs: {}
    outputs:
      variables:
        result:
          description: what it is
          type:
            collectionType:
              simple: INTEGER
  metadata: {}
  metadataDefaults: {}
  nodes:
  - id: a
    inputs:
    - binding:
        scalar:
          primitive:
            floatValue: 3.0
      var: float
    - binding:
        collection:
          bindings:
          - scalar:
              primitive:
                integer: "1"
          - scalar:
              primitive:
                integer: "2"
      var: list
    - binding:
        collection:
          bindings:
          - promise:
              nodeId: b
              var: out
          - scalar:
              primitive:
                stringValue: "y"
      var: nested
    - binding:
        scalar:
          primitive:
            integer: "3"
      var: number
    - binding:
        scalar:
          primitive:
            stringValue: x
      var: text
    metadata:
      name: a
    taskNode:
      referenceId:
        domain: d
        name: elsewhere
        project: other
        resourceType: TASK
        version: v9
    upstreamNodeIds:
    - b
  - id: b
    metadata:
      name: b
    taskNode:
      referenceId:
        domain: d
        name: elsewhere
        project: p
        resourceType: TASK
        version: v
  outputs:
  - binding:
      promise:
        attrPath:
        - stringValue: deep
        nodeId: a
        var: out
    var: result

"#]],
    );
}

/// flyteidl reads what we make, keeps every field of it, and shows the same.
#[test]
fn the_official_messages_read_it() {
    let plan =
        "{launch_plan: daily, workflow: hello, inputs: {name: x}, schedule: 0 3 * * *, environment: {A: b}}";
    let entries = read(&[TASKS, HELLO, plan]).unwrap();
    let questions: Vec<_> = entries
        .iter()
        .map(|entry| {
            let message = entry.entity.kind().message_name();
            json!({"message": message, "bytes": HEXLOWER.encode(&entry.entity.encode())})
        })
        .collect();
    let Some(answers) = judge::ask("register/parse.py", &Value::Array(questions)) else { return };
    for (entry, answer) in entries.iter().zip(answers.as_array().unwrap()) {
        let ours: Value =
            serde_json::from_str(&render::text([&entry.entity], TextFormat::Json).unwrap()).unwrap();
        let mut ours = ours.as_array().map_or_else(|| ours.clone(), |all| all[0].clone());
        ours.as_object_mut().unwrap().remove("@type");
        assert_eq!(answer, &ours);
    }
}

#[test]
fn many_workflows_take_time_by_their_number() {
    let one = |index: usize| format!("{{workflow: w{index}, nodes: {{a: {{task: warm_up}}}}}}\n");
    let all = |count: usize| (0..count).map(one).collect::<Vec<_>>().join("---\n");
    let entries = read(&[TASKS, &all(2_000)]).unwrap();
    assert_eq!(entries.len(), 3 + 2 * 2_000);
}
