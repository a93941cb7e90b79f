//! Launch plans that are refused.

use super::{HELLO, TASKS, read};

#[test]
fn invalid_launch_plans() {
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
