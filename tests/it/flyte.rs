//! A home with a sandbox in which something is registered, and whose executions run within the test.

use std::{ffi::OsStr, path::Path};

use flyte_client::{
    proto::admin::{LaunchPlanCreateRequest, TaskCreateRequest, WorkflowCreateRequest},
    register::{self, Entity, Identity},
};
use prost::Message as _;
use regex::Regex;
use sandbox::{EngineStart, Sandbox};
use tests::{Output, TestEnvironment};

use crate::sandbox_home;

/// A home and its sandbox.
pub(crate) struct Flyte {
    pub(crate) home: TestEnvironment,
    _sandbox: Sandbox,
}

/// A sandbox in which nothing is registered.
pub(crate) fn empty() -> Flyte {
    let home = sandbox_home(&[]);
    let root = home.home().join(".flyte/sandbox");
    let sandbox = Sandbox::open(&sandbox::SandboxOptions { root, engine: EngineStart::InProcess }).unwrap();
    Flyte { home, _sandbox: sandbox }
}

/// A sandbox that knows `fixtures/hello`.
pub(crate) fn hello() -> Flyte {
    let flyte = empty();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hello/hello.yaml");
    let identity = Identity {
        project: Some("flytesnacks".to_owned()),
        domain: Some("development".to_owned()),
        version: Some("v1".to_owned()),
    };
    for entry in register::read(&[file], &identity).unwrap() {
        let id = entry.entity.id().cloned();
        let (method, request) = match entry.entity {
            Entity::Task(spec) => ("CreateTask", TaskCreateRequest { id, spec: Some(*spec) }.encode_to_vec()),
            Entity::Workflow(spec) => {
                ("CreateWorkflow", WorkflowCreateRequest { id, spec: Some(*spec) }.encode_to_vec())
            }
            Entity::LaunchPlan(plan) => {
                ("CreateLaunchPlan", LaunchPlanCreateRequest { id, spec: plan.spec }.encode_to_vec())
            }
        };
        flyte._sandbox.answer(&format!("/flyteidl.service.AdminService/{method}"), &request).unwrap();
    }
    flyte
}

impl Flyte {
    /// Runs the program; times, durations and names that were made up are replaced.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Output {
        self.home.run(arguments).map(redact)
    }

    /// Runs the program, and leaves out what is passing.
    pub(crate) fn outcome(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Output {
        self.run(arguments).map(lasting)
    }
}

/// Replaces times, durations and names that were made up.
pub(crate) fn redact(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, name) in [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
        (r"\ba[bcdfghjklmnpqrstvwxz2-9]{19}\b", "[EXECUTION]"),
        (r"\b\d+(\.\d)?m?s\b {2,}", "[DURATION]  "),
        (r"\b\d+(\.\d)?m?s\b", "[DURATION]"),
        (r#""duration": "[^"]*""#, r#""duration": "[DURATION]""#),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
    }
    text
}

/// A text without what is passing: which phases are seen depends on the moment.
pub(crate) fn lasting(text: &str) -> String {
    let passing = Regex::new(r"^(node|execution) [^:]+: (QUEUED|RUNNING|SUCCEEDING|FAILING)").unwrap();
    text.lines().filter(|line| !passing.is_match(line)).map(|line| format!("{line}\n")).collect()
}
