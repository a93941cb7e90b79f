//! References to inputs, outputs, nodes and other entities that are refused.

use snapbox::{prelude::*, str};

use super::{read, refused};

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
