//! What lists may be filtered and sorted by: columns of FlyteAdmin's tables
//! (`flyteadmin/pkg/repositories/models`), under the names that people use.

use std::fmt;

use crate::near;

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Flyte's own words")]
pub enum Kind {
    Project,
    Task,
    Workflow,
    LaunchPlan,
    Execution,
    NodeExecution,
    TaskExecution,
}

/// Columns of every table.
const COMMON: [&str; 3] = ["created_at", "updated_at", "deleted_at"];

impl Kind {
    /// The word for one of them.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Task => "task",
            Self::Workflow => "workflow",
            Self::LaunchPlan => "launch plan",
            Self::Execution => "execution",
            Self::NodeExecution => "node execution",
            Self::TaskExecution => "task execution",
        }
    }

    /// The columns that mean something to people, beside those of every table.
    const fn own_columns(self) -> &'static [&'static str] {
        match self {
            Self::Project => &["identifier", "name", "description", "labels", "state"],
            Self::Task => &["project", "domain", "name", "version", "type", "short_description"],
            Self::Workflow => &["project", "domain", "name", "version", "short_description"],
            Self::LaunchPlan => {
                &["project", "domain", "name", "version", "state", "schedule_type", "workflow_id"]
            }
            Self::Execution => &[
                "execution_project",
                "execution_domain",
                "execution_name",
                "phase",
                "state",
                "started_at",
                "execution_created_at",
                "execution_updated_at",
                "duration",
                "abort_cause",
                "mode",
                "cluster",
                "error_kind",
                "error_code",
                "user",
                "launch_entity",
                "launch_plan_id",
                "workflow_id",
                "task_id",
                "source_execution_id",
                "parent_node_execution",
            ],
            Self::NodeExecution => &[
                "execution_project",
                "execution_domain",
                "execution_name",
                "node_id",
                "phase",
                "started_at",
                "node_execution_created_at",
                "node_execution_updated_at",
                "duration",
                "error_kind",
                "error_code",
                "cache_status",
                "parent_id",
            ],
            Self::TaskExecution => &[
                "project",
                "domain",
                "name",
                "version",
                "execution_project",
                "execution_domain",
                "execution_name",
                "node_id",
                "retry_attempt",
                "phase",
                "phase_version",
                "started_at",
                "task_execution_created_at",
                "task_execution_updated_at",
                "duration",
            ],
        }
    }

    /// The server's column for a key. `name` of an execution is `execution_name` there, and so on; a key with
    /// the name of another entity in front (`workflow.name`) is the server's to judge.
    ///
    /// # Errors
    ///
    /// When there is no such column.
    pub fn column(self, key: &str) -> Result<String, UnknownColumn> {
        if let Some((entity, column)) = key.split_once('.') {
            let column = if entity == "execution" { of_execution(column) } else { column };
            return Ok(format!("{entity}.{column}"));
        }
        let column = match self {
            Self::Execution | Self::NodeExecution => of_execution(key),
            Self::Project if key == "id" => "identifier",
            _ => key,
        };
        let is_known = COMMON.contains(&column) || self.own_columns().contains(&column);
        if is_known { Ok(column.to_owned()) } else { Err(UnknownColumn { kind: self, key: key.to_owned() }) }
    }

    /// All keys that people may use.
    fn keys(self) -> impl Iterator<Item = &'static str> {
        let short = move |column: &'static str| match self {
            Self::Execution | Self::NodeExecution => match column {
                "execution_project" => "project",
                "execution_domain" => "domain",
                "execution_name" => "name",
                column => column,
            },
            Self::Project if column == "identifier" => "id",
            _ => column,
        };
        self.own_columns().iter().copied().map(short).chain(COMMON)
    }
}

fn of_execution(key: &str) -> &str {
    match key {
        "project" => "execution_project",
        "domain" => "execution_domain",
        "name" => "execution_name",
        other => other,
    }
}

/// A key that lists have not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownColumn {
    kind: Kind,
    key: String,
}

impl fmt::Display for UnknownColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}s has no `{}`", self.kind.name(), self.key)
    }
}

impl std::error::Error for UnknownColumn {}

impl UnknownColumn {
    /// The key that was meant, or all there are.
    #[must_use]
    pub fn hint(&self) -> String {
        match near::nearest(&self.key, self.kind.keys()) {
            Some(key) => format!("did you mean `{key}`?"),
            None => {
                let keys: Vec<String> = self.kind.keys().map(|key| format!("`{key}`")).collect();
                format!("there are {}", keys.join(", "))
            }
        }
    }
}
