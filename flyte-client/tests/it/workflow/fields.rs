//! Fields that are refused.

use snapbox::str;

use super::refused;

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
