//! The short form of workflows and launch plans: what it becomes, and what it says about the rest.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

mod judge;

use data_encoding::HEXLOWER;
use flyte_client::register::{
    self, Entity, Identity, RegisterItem,
    render::{self, TextFormat},
};
use serde_json::{Value, json};
use snapbox::prelude::*;
use snapbox::str;

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

#[test]
fn references_that_lead_nowhere() {
    refused(
        "$inputs.name",
        "$inputs.nmae",
        str![[r#"
line 8: `nodes.greet.inputs.name` refers to `$inputs.nmae`, but the workflow has no input `nmae`
hint: did you mean `name`?
"#]],
    );
    refused(
        "$greet.greeting",
        "$gret.greeting",
        str![[r#"
line 11: `nodes.shout.inputs.text` refers to `$gret.greeting`, but there is no node `gret`
hint: did you mean `greet`?
"#]],
    );
    refused(
        "$greet.greeting",
        "$greet.text",
        str![[r#"
line 11: `nodes.shout.inputs.text` refers to `$greet.text`, but `greet` has no output `text`
hint: known names are `facts`, `greeting`, `parts`
"#]],
    );
    refused(
        "$greet.greeting",
        "$greet.greeting.x",
        str!["line 11: `nodes.shout.inputs.text` refers to `$greet.greeting.x`, but `str` has no such part"],
    );
    refused(
        "$inputs.name",
        "$HOME",
        str![[r#"
line 8: `nodes.greet.inputs.name` must be `$inputs.name` or `$node.output`, not `$HOME`
hint: write `$$` for a `$` that is not a reference
"#]],
    );
    refused(
        "$inputs.name",
        "Hello $inputs.name",
        str![[r#"
line 8: `nodes.greet.inputs.name` is `Hello $inputs.name`; a reference stands alone, texts are not put together
hint: write `$$` for a `$` that is not a reference
"#]],
    );
    refused(
        "after: [other]",
        "after: [others]",
        str![[r#"
line 12: `nodes.shout.after` refers to `others`, which is not a node
hint: did you mean `other`?
"#]],
    );
    refused(
        "{task: warm_up}",
        "{task: warm_up, after: shout}",
        str![[r#"
line 16: `nodes.other` waits for itself
hint: break the cycle among the nodes `other`, `shout`
"#]],
    );
}

#[test]
fn values_that_do_not_fit() {
    refused(
        "times: $inputs.times",
        "times: $inputs.name",
        str!["line 8: `nodes.greet.inputs.times` refers to `$inputs.name` of type `str`; expected `int`"],
    );
    refused(
        "times: $inputs.times",
        "times: three",
        str!["line 8: `nodes.greet.inputs.times` does not match its type: expected `int`, got text `three`"],
    );
    refused(
        ", times: $inputs.times",
        "",
        str!["line 8: `nodes.greet.inputs` lacks `times`, of type `int`, which the task `greet` needs"],
    );
    refused(
        "times: $inputs.times",
        "times: 3, tmes: 3",
        str![[r#"
line 8: `nodes.greet.inputs.tmes` is not an input of the task `greet`
hint: did you mean `times`?
"#]],
    );
    refused(
        "costs $$5",
        "5",
        str![[r#"
line 11: `nodes.shout.inputs.more[1]` does not match its type: expected `str`, got number `5`
hint: put it in quotes
"#]],
    );
    refused(
        "times: int = 3",
        "times: int = x",
        str!["line 4: `inputs.times.default` does not match its type: expected `int`, got text `x`"],
    );
    refused(
        "times: int = 3",
        "times: it = 3",
        str![[r#"
line 4: `inputs.times` is `it`: unknown type `it`
hint: types are written as in Python: `int`, `list[str]`, `dict[str, float]`, `file`, `int | None`
"#]],
    );
}

#[test]
fn keys_that_do_not_fit() {
    refused(
        "task: greet",
        "tsk: greet",
        str![[r#"
line 7: unknown field `nodes.greet.tsk`
hint: did you mean `task`?
"#]],
    );
    refused(
        "task: greet",
        "task: greet\n    workflow: x",
        str!["line 7: `nodes.greet` has both `task` and `workflow`"],
    );
    refused(
        "task: greet",
        "retries: 3",
        str![[r#"
line 7: `nodes.greet` lacks what it runs
hint: add `task`, `workflow` or `launch_plan`, with the name of one
"#]],
    );
    refused(
        "task: greet",
        "workflow: grets",
        str![[r#"
line 7: node `greet` runs workflow `grets`, which is not in these files
hint: add its file, or run it by `launch_plan`
"#]],
    );
    refused(
        "retries: 2",
        "retries: two",
        str!["line 13: `nodes.shout.retries` must be a whole number, not a string"],
    );
    refused(
        "outputs: {",
        "on_failure: stop\noutputs: {",
        str![
            "line 17: `on_failure` must be `fail_immediately` or `fail_after_executable_nodes_complete`, not `stop`"
        ],
    );
    refused(
        "$shout.text, parts",
        "{from: $shout.text, type: int}, parts",
        str!["line 17: `outputs.result.from` refers to `$shout.text` of type `str`; expected `int`"],
    );
}

#[test]
fn outputs_of_unknown_type_must_say_it() {
    let workflow = "{workflow: w, nodes: {a: {task: far}}, outputs: {x: $a.out}}";
    snapbox::assert_data_eq!(
        read(&[workflow]).unwrap_err(),
        str![[r#"
line 1: node `a` runs task `far`, which is not in these files
hint: write the type: `outputs.x: {from: …, type: …}`
"#]]
        .raw()
    );
    let workflow = "{workflow: w, nodes: {a: {task: far, inputs: {x: {}}}}}";
    snapbox::assert_data_eq!(
        read(&[workflow]).unwrap_err(),
        str![[r#"
line 1: `nodes.a.inputs.x` has an unknown type
hint: write it as `{value: …, type: …}`, or add the file that defines what takes it
"#]]
        .raw()
    );
}

#[test]
fn workflows_that_contain_each_other() {
    let first = "{workflow: one, nodes: {a: {workflow: two}}}";
    let second = "{workflow: two, nodes: {a: {launch_plan: one}}}";
    snapbox::assert_data_eq!(
        read(&[first, second]).unwrap_err(),
        str!["line 1: workflow `one` contains itself through its nodes"].raw()
    );
}

#[test]
fn launch_plans_that_cannot_be() {
    let refused = |plan: &str, expected: &str| {
        let error =
            read(&[TASKS, HELLO, &format!("{{launch_plan: p, workflow: hello, {plan}}}")]).unwrap_err();
        assert_eq!(error.lines().next().unwrap(), expected);
    };
    refused("inputs: {nam: x}", "line 1: `inputs.nam` is not an input of the workflow");
    refused(
        "inputs: {times: x}",
        "line 1: `inputs.times` does not match its type: expected `int`, got text `x`",
    );
    refused(
        "inputs: {times: 1}, fixed_inputs: {times: 1}",
        "line 1: `inputs.times` is also in `fixed_inputs`",
    );
    refused("schedule: every day", "line 1: `schedule` is `every day`: expected exactly 5 fields, found 2");
    refused("schedule: 60 0 * * *", "line 1: `schedule` is `60 0 * * *`: `60` is not a minute, 0 to 59");
    refused("schedule: '@Daily'", "line 1: `schedule` is `@Daily`: unrecognized descriptor");
    for never in ["0 0 30 2 *", "0 0 31 4 *", "0 0 31 feb,jun ?"] {
        refused(
            &format!("schedule: '{never}'"),
            &format!("line 1: `schedule` is `{never}`, which never fires: none of its months has such a day"),
        );
    }
    for rate in ["0m", "-1h", "99999999999999h"] {
        refused(
            &format!("schedule: {{rate: {rate}}}"),
            &format!("line 1: `schedule.rate` must be whole minutes such as `90m` or `1h`, not `{rate}`"),
        );
    }
    refused(
        "schedule: {rate: 90s}",
        "line 1: `schedule.rate` must be whole minutes such as `90m` or `1h`, not `90s`",
    );
    refused(
        "schedule: {rate: 1h, kickoff_time_input: name}",
        "line 1: `schedule.kickoff_time_input` is `name`, which is not a `datetime` input of the workflow",
    );
}

/// They are kept as maps, which nothing may take for one.
#[test]
fn numbers_that_json_lacks_are_no_maps_and_no_texts() {
    for (document, expected) in [
        (
            "{name: t, image: i, command: [c], inputs: .nan}",
            "`inputs` must be a map of names to types, not a number",
        ),
        ("{name: t, image: i, command: [c], environment: .inf}", "`environment` must be a map, not a number"),
        (
            "{name: t, image: i, command: [c], environment: {A: .inf}}",
            "`environment.A` must be a string, not a number",
        ),
        (
            "{name: t, image: i, command: [c], pod_template: {pod_spec: .nan}}",
            "`pod_template.pod_spec` must be a map, not a number",
        ),
        ("{name: t, image: i, command: [c], cache: .nan}", "`cache` must be a map, not a number"),
        (
            "{name: t, image: i, command: [c], requests: {cpu: 1e400}}",
            "`requests.cpu` must be an amount such as `500m` or `2Gi`, not a number",
        ),
        ("{name: .nan, image: i, command: [c]}", "`name` must be a string, not a number"),
        ("{workflow: w, nodes: .nan}", "`nodes` must be a map of names to nodes, not a number"),
        (
            "{workflow: w, inputs: .inf, nodes: {a: {task: t}}}",
            "`inputs` must be a map of names to types, not a number",
        ),
        (
            "{workflow: w, nodes: {a: {task: t, inputs: .inf}}}",
            "`nodes.a.inputs` must be a map of names to values, not a number",
        ),
    ] {
        let error = read(&[document]).unwrap_err();
        assert_eq!(error.lines().next().unwrap(), format!("line 1: {expected}"), "{document}");
    }
}

#[test]
fn defaults_and_constants_are_numbers_that_json_lacks_too() {
    let workflow = "{workflow: w, inputs: {a: float = .nan, b: 'float = -inf', c: {type: float, default: .inf}, d: {type: 'list[float]', default: [.NaN, 1]}}, \
                    nodes: {n: {task: t, inputs: {x: -.inf}}}}";
    let task = "{name: t, image: i, command: [c], inputs: {x: float}}";
    let entries = read(&[workflow, task]).unwrap();
    let written = render::text(entries.iter().map(|entry| &entry.entity), TextFormat::Json).unwrap();
    let floats: Vec<_> = written.lines().filter(|line| line.contains("floatValue")).map(str::trim).collect();
    for expected in [
        r#""floatValue": "NaN""#,
        r#""floatValue": "-Infinity""#,
        r#""floatValue": "Infinity""#,
        r#""floatValue": 1.0"#,
    ] {
        assert!(floats.iter().any(|line| line.trim_end_matches(',') == expected), "{expected}: {floats:?}");
    }
    let wrong = "{workflow: w, inputs: {a: str = .nan}, nodes: {n: {task: t, inputs: {x: 1.0}}}}";
    assert_eq!(
        read(&[wrong, task]).unwrap_err().lines().next().unwrap(),
        "line 1: `inputs.a.default` does not match its type: expected `str`, got number `.nan`"
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
