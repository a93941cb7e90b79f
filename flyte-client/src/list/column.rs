//! What lists may be filtered and sorted by: columns of FlyteAdmin's tables
//! (`flyteadmin/pkg/repositories/models`), under the names that people use.

use std::fmt;

use super::value::{
    CACHE_STATUS, ColumnType, ERROR_KIND, EXECUTION_MODE, EXECUTION_PHASE, EXECUTION_STATE, LAUNCH_ENTITY,
    LAUNCH_PLAN_STATE, NODE_PHASE, PROJECT_STATE, SCHEDULE_TYPE, TASK_PHASE,
};

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Flyte's own words")]
pub enum ColumnKind {
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

impl ColumnKind {
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

    /// Its name in front of a column, in FlyteAdmin's filters.
    const fn entity(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Task => "task",
            Self::Workflow => "workflow",
            Self::LaunchPlan => "launch_plan",
            Self::Execution => "execution",
            Self::NodeExecution => "node_execution",
            Self::TaskExecution => "task_execution",
        }
    }

    /// Other entities whose columns its filters may name
    /// (the repositories of `flyteadmin/pkg/repositories/gormimpl`).
    const fn joined(self) -> &'static [Self] {
        match self {
            Self::LaunchPlan => &[Self::Workflow],
            Self::Execution => &[Self::LaunchPlan, Self::Workflow, Self::Task],
            Self::NodeExecution => &[Self::Execution],
            Self::TaskExecution => &[Self::Task, Self::Execution, Self::NodeExecution],
            Self::Project | Self::Task | Self::Workflow => &[],
        }
    }

    /// The columns that mean something to people, beside those of every table.
    const fn own_columns(self) -> &'static [(&'static str, ColumnType)] {
        use ColumnType::{Code, Duration, Name, Number, Text, Time};
        match self {
            Self::Project => &[
                ("identifier", Text),
                ("name", Text),
                ("description", Text),
                ("labels", Text),
                ("state", Code(PROJECT_STATE)),
            ],
            Self::Task => &[
                ("project", Text),
                ("domain", Text),
                ("name", Text),
                ("version", Text),
                ("type", Text),
                ("short_description", Text),
            ],
            Self::Workflow => &[
                ("project", Text),
                ("domain", Text),
                ("name", Text),
                ("version", Text),
                ("short_description", Text),
            ],
            Self::LaunchPlan => &[
                ("project", Text),
                ("domain", Text),
                ("name", Text),
                ("version", Text),
                ("state", Code(LAUNCH_PLAN_STATE)),
                ("schedule_type", Name(SCHEDULE_TYPE)),
                ("workflow_id", Number),
            ],
            Self::Execution => &[
                ("execution_project", Text),
                ("execution_domain", Text),
                ("execution_name", Text),
                ("phase", Name(EXECUTION_PHASE)),
                ("state", Code(EXECUTION_STATE)),
                ("started_at", Time),
                ("execution_created_at", Time),
                ("execution_updated_at", Time),
                ("duration", Duration),
                ("abort_cause", Text),
                ("mode", Code(EXECUTION_MODE)),
                ("cluster", Text),
                ("error_kind", Name(ERROR_KIND)),
                ("error_code", Text),
                ("user", Text),
                ("launch_entity", Name(LAUNCH_ENTITY)),
                ("launch_plan_id", Number),
                ("workflow_id", Number),
                ("task_id", Number),
                ("source_execution_id", Number),
                ("parent_node_execution_id", Number),
            ],
            Self::NodeExecution => &[
                ("execution_project", Text),
                ("execution_domain", Text),
                ("execution_name", Text),
                ("node_id", Text),
                ("phase", Name(NODE_PHASE)),
                ("started_at", Time),
                ("node_execution_created_at", Time),
                ("node_execution_updated_at", Time),
                ("duration", Duration),
                ("error_kind", Name(ERROR_KIND)),
                ("error_code", Text),
                ("cache_status", Name(CACHE_STATUS)),
                ("parent_id", Number),
            ],
            Self::TaskExecution => &[
                ("project", Text),
                ("domain", Text),
                ("name", Text),
                ("version", Text),
                ("execution_project", Text),
                ("execution_domain", Text),
                ("execution_name", Text),
                ("node_id", Text),
                ("retry_attempt", Number),
                ("phase", Name(TASK_PHASE)),
                ("phase_version", Number),
                ("started_at", Time),
                ("task_execution_created_at", Time),
                ("task_execution_updated_at", Time),
                ("duration", Duration),
            ],
        }
    }

    /// The server's column for a key: `name` of an execution is `execution_name` there, and so on. A key with
    /// the name of another entity in front, such as `workflow.name`, is one of those that the server can
    /// join.
    ///
    /// # Errors
    ///
    /// For an unknown column.
    pub(super) fn column(self, key: &str) -> Result<Column, UnknownColumn> {
        let unknown = || UnknownColumn { kind: self, key: key.to_owned() };
        let Some((entity, name)) = key.split_once('.') else {
            let (name, of_type) = self.own_column(key).ok_or_else(unknown)?;
            return Ok(Column { name: name.to_owned(), of_type });
        };
        if matches!((self, entity), (Self::Execution, "admin_tag" | "execution_tag")) {
            return Ok(Column { name: key.to_owned(), of_type: ColumnType::Text });
        }
        let mut kinds = std::iter::once(&self).chain(self.joined());
        let kind = kinds.find(|kind| kind.entity() == entity).ok_or_else(unknown)?;
        let (name, of_type) = kind.own_column(name).ok_or_else(unknown)?;
        Ok(Column { name: format!("{entity}.{name}"), of_type })
    }

    /// The server's column to sort by: one of its own.
    pub(super) fn sort_key(self, key: &str) -> Result<String, UnknownColumn> {
        let own = key.strip_prefix(self.entity()).and_then(|key| key.strip_prefix('.')).unwrap_or(key);
        let column = self.own_column(own);
        column
            .map(|(name, _)| name.to_owned())
            .ok_or_else(|| UnknownColumn { kind: self, key: key.to_owned() })
    }

    fn own_column(self, key: &str) -> Option<(&'static str, ColumnType)> {
        let key = match self {
            Self::Execution | Self::NodeExecution => of_execution(key),
            Self::Project if key == "id" => "identifier",
            _ => key,
        };
        let common = COMMON.iter().map(|name| (*name, ColumnType::Time));
        self.own_columns().iter().copied().chain(common).find(|(name, _)| *name == key)
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
        self.own_columns().iter().map(move |(name, _)| short(name)).chain(COMMON)
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

/// A column of the server, and what its values are.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) of_type: ColumnType,
}

/// A key that lists have not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownColumn {
    kind: ColumnKind,
    key: String,
}

impl fmt::Display for UnknownColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown key `{}` for a list of {}s", self.key, self.kind.name())
    }
}

impl std::error::Error for UnknownColumn {}

impl UnknownColumn {
    /// The key that was meant, or all there are.
    #[must_use]
    pub fn hint(&self) -> String {
        match flyte_text::closest(&self.key, self.kind.keys()) {
            Some(key) => format!("did you mean `{key}`?"),
            None => {
                let keys: Vec<String> = self.kind.keys().map(|key| format!("`{key}`")).collect();
                format!("use one of {}", keys.join(", "))
            }
        }
    }
}
