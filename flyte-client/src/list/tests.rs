use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    client::CallOptions,
    transport::{Call, CallResponse, Reply, Status, Transport},
};

/// A server with so many tasks, which remembers how it was asked.
struct Tasks {
    count: u32,
    asked: Mutex<Vec<(u32, String)>>,
}

impl Tasks {
    fn list(&self, request: &admin::ResourceListRequest) -> admin::TaskList {
        self.asked.lock().unwrap().push((request.limit, request.token.clone()));
        let start: u32 = request.token.parse().unwrap_or(0);
        let end = (start + request.limit).min(self.count);
        let tasks = (start..end).map(|number| admin::Task {
            id: Some(core::Identifier { name: format!("t{}", number / 2), ..Default::default() }),
            ..Default::default()
        });
        let token = if end - start == request.limit { end.to_string() } else { String::new() };
        admin::TaskList { tasks: tasks.collect(), token }
    }
}

impl Transport for Tasks {
    fn call(&self, call: Call) -> Reply<'_> {
        let answer = crate::transport::serve(&call.message, |request| Ok::<_, Status>(self.list(&request)));
        Box::pin(std::future::ready(
            answer.map(|message| CallResponse { metadata: Vec::new(), message: message.into() }),
        ))
    }
}

/// How many tasks came, and how the server was asked.
fn listed(count: u32, limit: Option<usize>, by_name: bool) -> (usize, Vec<(u32, String)>) {
    let server = Arc::new(Tasks { count, asked: Mutex::default() });
    let client = Client::new(server.clone(), CallOptions::default());
    let query = Query { limit, ..Query::default() };
    let mut seen = std::collections::BTreeSet::new();
    let keep = |task: &admin::Task| !by_name || seen.insert(task.id.clone().unwrap().name);
    let id = named("p", "d", "");
    let work = tasks(&client, &id, &query, keep);
    let found = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work).unwrap();
    let asked = server.asked.lock().unwrap().clone();
    (found.len(), asked)
}

fn asked(calls: &[(u32, &str)]) -> Vec<(u32, String)> {
    calls.iter().map(|&(limit, token)| (limit, token.to_owned())).collect()
}

#[test]
fn a_list_is_read_to_its_end() {
    assert_eq!(listed(0, None, false), (0, asked(&[(100, "")])));
    assert_eq!(listed(230, None, false), (230, asked(&[(100, ""), (100, "100"), (100, "200")])));
    // A last page that is full has one more behind it, which is empty.
    assert_eq!(listed(200, None, false), (200, asked(&[(100, ""), (100, "100"), (100, "200")])));
}

#[test]
fn a_limit_ends_a_list() {
    assert_eq!(listed(230, Some(0), false), (0, vec![]));
    assert_eq!(listed(230, Some(7), false), (7, asked(&[(7, "")])));
    assert_eq!(listed(230, Some(130), false), (130, asked(&[(100, ""), (30, "100")])));
}

#[test]
fn a_limit_counts_what_is_kept() {
    assert_eq!(listed(6, Some(2), true), (2, asked(&[(2, ""), (1, "2")])));
    assert_eq!(listed(230, None, true).0, 115);
}

#[test]
fn filters_become_the_servers() {
    for (kind, text, expected) in [
        (ColumnKind::Execution, "phase=failed", "eq(phase,FAILED)"),
        (ColumnKind::Execution, "name~part, state = archived", "contains(execution_name,part)+eq(state,1)"),
        (ColumnKind::Execution, "execution.name=x", "eq(execution.execution_name,x)"),
        (ColumnKind::Execution, "workflow.name!=x", "ne(workflow.name,x)"),
        (ColumnKind::Execution, "phase in (failed;Aborted)", "value_in(phase,FAILED;ABORTED)"),
        (ColumnKind::Execution, "phase not in (RUNNING)", "value_not_in(phase,RUNNING)"),
        (ColumnKind::Execution, "created_at>2024-01-01", "gt(created_at,2024-01-01T00:00:00Z)"),
        (
            ColumnKind::Execution,
            "created_at<=2024-01-01T02:00:00+02:00",
            "lte(created_at,2024-01-01T00:00:00Z)",
        ),
        (ColumnKind::LaunchPlan, "state=active", "eq(state,1)"),
        (ColumnKind::Project, "id=flytesnacks", "eq(identifier,flytesnacks)"),
        (ColumnKind::Task, "name contains my.module", "contains(name,my.module)"),
        (ColumnKind::Task, "version=a=b", "eq(version,a=b)"),
        (ColumnKind::Task, "", ""),
        (ColumnKind::Execution, "mode=RELAUNCH", "eq(mode,3)"),
        (ColumnKind::Execution, "mode!=child-workflow", "ne(mode,4)"),
        (ColumnKind::Execution, "mode in (manual;3)", "value_in(mode,0;3)"),
        (ColumnKind::Execution, "state=EXECUTION_ARCHIVED", "eq(state,1)"),
        (ColumnKind::Execution, "state NOT IN (Execution_Active)", "value_not_in(state,0)"),
        (ColumnKind::Execution, "state=1", "eq(state,1)"),
        (ColumnKind::Execution, "launch_plan.state=Active", "eq(launch_plan.state,1)"),
        (ColumnKind::Execution, "launch_entity=LAUNCH_PLAN", "eq(launch_entity,launch_plan)"),
        (ColumnKind::Execution, "launch_entity=launch plan", "eq(launch_entity,launch_plan)"),
        (ColumnKind::Execution, "error_kind=user", "eq(error_kind,USER)"),
        (ColumnKind::Execution, "phase~fail", "contains(phase,FAIL)"),
        (ColumnKind::Execution, "admin_tag.name=a", "eq(admin_tag.name,a)"),
        (ColumnKind::Execution, "duration>1m30s", "gt(duration,90s)"),
        (ColumnKind::Execution, "duration>=1.5", "gte(duration,1.5s)"),
        (ColumnKind::Execution, "duration<1d 1h", "lt(duration,90000s)"),
        (ColumnKind::Project, "state=system-archived", "eq(state,3)"),
        (ColumnKind::Project, "state=9", "eq(state,9)"),
        (ColumnKind::LaunchPlan, "state!=INACTIVE", "ne(state,0)"),
        (ColumnKind::LaunchPlan, "schedule_type=cron", "eq(schedule_type,CRON)"),
        (
            ColumnKind::LaunchPlan,
            "workflow.created_at>2024-01-01",
            "gt(workflow.created_at,2024-01-01T00:00:00Z)",
        ),
        (ColumnKind::NodeExecution, "phase=dynamic_running", "eq(phase,DYNAMIC_RUNNING)"),
        (ColumnKind::NodeExecution, "cache_status=hit", "eq(cache_status,CACHE_HIT)"),
        (ColumnKind::NodeExecution, "cache_status=CACHE_MISS", "eq(cache_status,CACHE_MISS)"),
        (ColumnKind::NodeExecution, "cache_status=cached", "eq(cache_status,CACHE_HIT)"),
        (ColumnKind::TaskExecution, "phase=retryable_failed", "eq(phase,RETRYABLE_FAILED)"),
        (ColumnKind::TaskExecution, "retry_attempt>0", "gt(retry_attempt,0)"),
    ] {
        let filter = Filter::parse(kind, text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.to_string(), expected, "of `{text}`");
    }
}

#[test]
fn invalid_filters_are_refused() {
    let error = |kind, text| {
        let error = Filter::parse(kind, text).unwrap_err();
        format!("{error}; {}", error.hint())
    };
    for (kind, text, expected) in [
        (ColumnKind::Task, "name", "no operator in filter `name`; write `KEY=VALUE`"),
        (ColumnKind::Task, "name=", "no key or no value beside `=` in filter `name=`; write `KEY=VALUE`"),
        (ColumnKind::Task, "nmae=x", "unknown key `nmae` for a list of tasks; did you mean `name`?"),
        (
            ColumnKind::Workflow,
            "phase=x",
            "unknown key `phase` for a list of workflows; use one of `project`, `domain`, `name`",
        ),
        (ColumnKind::Task, "created_at>soon", "invalid time `soon` for `created_at`; write a date"),
        (
            ColumnKind::Task,
            "name=a\\,b",
            "could not look for `a,b`: Flyte's filters have no escape for `,`; look",
        ),
        (
            ColumnKind::Execution,
            "phase=FAILD",
            "unknown phase `FAILD`; did you mean `FAILED`? use one of `QUEUED`, `RUNNING`, `SUCCEEDING`,",
        ),
        (ColumnKind::Execution, "phase=7", "unknown phase `7`; use one of `QUEUED`"),
        (
            ColumnKind::Execution,
            "state=gone",
            "unknown state `gone`; use one of `EXECUTION_ACTIVE`, `EXECUTION_ARCHIVED`",
        ),
        (ColumnKind::Execution, "workflow.id=x", "unknown key `workflow.id` for a list of executions;"),
        (ColumnKind::Execution, "phase==FAILED", "unknown operator `==`; write `phase=FAILED`"),
        (ColumnKind::Execution, "phase<>FAILED", "unknown operator `<>`; write `phase!=FAILED`"),
        (ColumnKind::Execution, "phase!==FAILED", "unknown operator `!==`; write `phase!=FAILED`"),
        (ColumnKind::Execution, "duration=>1", "unknown operator `=>`; write `duration>=1`"),
        (ColumnKind::Execution, "duration>long", "invalid duration `long` for `duration`; write a duration"),
        (ColumnKind::Execution, "duration>-1s", "invalid duration `-1s` for `duration`; write a duration"),
        (
            ColumnKind::Execution,
            "created_at~2024",
            "could not look for a part of `created_at`: not a text; write",
        ),
        (
            ColumnKind::Execution,
            "phase=FAILED;ABORTED",
            "invalid list of values in `phase=FAILED;ABORTED`; write `KEY in",
        ),
        (
            ColumnKind::Execution,
            "phase in (FAILED,ABORTED)",
            "invalid list of values in `phase in (FAILED`; write `KEY in",
        ),
        (ColumnKind::Execution, "phase in ()", "invalid list of values in `phase in ()`; write `KEY in"),
        (
            ColumnKind::TaskExecution,
            "retry_attempt=first",
            "invalid number `first` for `retry_attempt`; write a whole",
        ),
        (
            ColumnKind::Task,
            "execution.phase=FAILED",
            "unknown key `execution.phase` for a list of tasks; use one of",
        ),
    ] {
        let error = error(kind, text);
        assert!(error.starts_with(expected), "of `{text}`: {error}");
    }
}
