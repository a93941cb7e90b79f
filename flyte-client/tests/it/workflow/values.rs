//! Values and their types: inputs of nodes, defaults, outputs.

use flyte_client::register::render::{self, TextFormat};
use snapbox::str;

use super::{read, refused};

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

/// They are kept as maps, which nothing may take for one.
#[test]
fn numbers_that_json_lacks_are_neither_maps_nor_texts() {
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
