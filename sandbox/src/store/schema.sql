-- Columns are those of FlyteAdmin's tables (flyteadmin/pkg/repositories/models), since filters and sort keys name them.
-- Times are RFC 3339 in UTC with microseconds, so that they sort as text. Blobs are encoded messages.

CREATE TABLE projects (
    id INTEGER PRIMARY KEY,
    identifier TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    labels BLOB,                        -- admin.Labels
    state INTEGER NOT NULL DEFAULT 0,   -- admin.Project.ProjectState
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT
);

CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    closure BLOB NOT NULL,              -- admin.TaskClosure
    digest BLOB NOT NULL,
    type TEXT NOT NULL,
    short_description TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (project, domain, name, version)
);
CREATE INDEX tasks_by_name ON tasks (project, domain, name, created_at);
CREATE INDEX tasks_by_time ON tasks (project, domain, created_at);

CREATE TABLE workflows (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    typed_interface BLOB NOT NULL,      -- core.TypedInterface, for lists
    closure BLOB NOT NULL,              -- admin.WorkflowClosure
    remote_closure_identifier TEXT NOT NULL DEFAULT '',
    digest BLOB NOT NULL,
    short_description TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (project, domain, name, version)
);
CREATE INDEX workflows_by_name ON workflows (project, domain, name, created_at);
CREATE INDEX workflows_by_time ON workflows (project, domain, created_at);

CREATE TABLE launch_plans (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    spec BLOB NOT NULL,                 -- admin.LaunchPlanSpec
    workflow_id INTEGER REFERENCES workflows (id),
    closure BLOB NOT NULL,              -- admin.LaunchPlanClosure; `state` below counts
    state INTEGER NOT NULL DEFAULT 0,   -- admin.LaunchPlanState
    digest BLOB NOT NULL,
    schedule_type TEXT NOT NULL DEFAULT 'NONE',
    launch_condition_type TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (project, domain, name, version)
);
CREATE INDEX launch_plans_by_name ON launch_plans (project, domain, name, created_at);
CREATE INDEX launch_plans_by_time ON launch_plans (project, domain, created_at);
CREATE INDEX launch_plans_active ON launch_plans (project, domain, name) WHERE state = 1;

CREATE TABLE named_entity_metadata (
    id INTEGER PRIMARY KEY,
    resource_type INTEGER NOT NULL,
    project TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    state INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (resource_type, project, domain, name)
);

CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    execution_project TEXT NOT NULL, execution_domain TEXT NOT NULL, execution_name TEXT NOT NULL,
    launch_plan_id INTEGER REFERENCES launch_plans (id),
    workflow_id INTEGER REFERENCES workflows (id),
    task_id INTEGER REFERENCES tasks (id),
    phase TEXT NOT NULL,                -- name of core.WorkflowExecution.Phase
    spec BLOB NOT NULL,                 -- admin.ExecutionSpec as given out (without inputs)
    closure BLOB NOT NULL,              -- admin.ExecutionClosure
    inputs BLOB NOT NULL,               -- core.LiteralMap: fixed, default and given
    user_inputs BLOB NOT NULL,          -- core.LiteralMap: given
    outputs BLOB,                       -- core.LiteralMap
    abort_cause TEXT NOT NULL DEFAULT '',
    mode INTEGER NOT NULL DEFAULT 0,
    source_execution_id INTEGER,        -- for relaunch and recover
    parent_node_execution_id INTEGER,   -- for a launch-plan node's child
    cluster TEXT NOT NULL DEFAULT 'sandbox',
    inputs_uri TEXT NOT NULL DEFAULT '', user_inputs_uri TEXT NOT NULL DEFAULT '',
    error_kind TEXT, error_code TEXT,
    "user" TEXT NOT NULL DEFAULT '',
    state INTEGER NOT NULL DEFAULT 0,   -- admin.ExecutionState
    launch_entity TEXT NOT NULL DEFAULT '',
    started_at TEXT,
    execution_created_at TEXT, execution_updated_at TEXT,
    duration INTEGER NOT NULL DEFAULT 0, -- nanoseconds
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (execution_project, execution_domain, execution_name)
);
CREATE INDEX executions_by_time ON executions (execution_project, execution_domain, created_at);
CREATE INDEX executions_open ON executions (id)
    WHERE phase NOT IN ('SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT');

CREATE TABLE node_executions (
    id INTEGER PRIMARY KEY,
    execution_project TEXT NOT NULL, execution_domain TEXT NOT NULL, execution_name TEXT NOT NULL,
    node_id TEXT NOT NULL,              -- unique in its execution: `n0`, `n0-0-n1` below a sub-workflow
    phase TEXT NOT NULL,                -- name of core.NodeExecution.Phase
    input_uri TEXT NOT NULL DEFAULT '',
    closure BLOB NOT NULL,              -- admin.NodeExecutionClosure
    node_execution_metadata BLOB NOT NULL, -- admin.NodeExecutionMetaData
    inputs BLOB, outputs BLOB,          -- core.LiteralMap
    parent_id INTEGER REFERENCES node_executions (id),
    parent_task_execution_id INTEGER,
    error_kind TEXT, error_code TEXT, cache_status TEXT,
    dynamic_workflow_remote_closure_reference TEXT NOT NULL DEFAULT '',
    internal_data BLOB,
    started_at TEXT,
    node_execution_created_at TEXT, node_execution_updated_at TEXT,
    duration INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (execution_project, execution_domain, execution_name, node_id),
    FOREIGN KEY (execution_project, execution_domain, execution_name)
        REFERENCES executions (execution_project, execution_domain, execution_name)
);
CREATE INDEX node_executions_by_parent ON node_executions (parent_id);

CREATE TABLE task_executions (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    execution_project TEXT NOT NULL, execution_domain TEXT NOT NULL, execution_name TEXT NOT NULL,
    node_id TEXT NOT NULL,
    retry_attempt INTEGER NOT NULL,
    phase TEXT NOT NULL,                -- name of core.TaskExecution.Phase
    phase_version INTEGER NOT NULL DEFAULT 0,
    input_uri TEXT NOT NULL DEFAULT '',
    closure BLOB NOT NULL,              -- admin.TaskExecutionClosure
    inputs BLOB, outputs BLOB,          -- core.LiteralMap
    process INTEGER, process_started INTEGER, -- the attempt's process group, to be swept after a crash
    started_at TEXT,
    task_execution_created_at TEXT, task_execution_updated_at TEXT,
    duration INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (execution_project, execution_domain, execution_name, node_id, retry_attempt),
    FOREIGN KEY (execution_project, execution_domain, execution_name, node_id)
        REFERENCES node_executions (execution_project, execution_domain, execution_name, node_id)
);

-- Results of tasks, by what they were made from.
CREATE TABLE cache (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL, -- of the task
    cache_version TEXT NOT NULL,
    signature BLOB NOT NULL,            -- hash of the interface
    inputs BLOB NOT NULL,               -- hash of the inputs that count
    outputs BLOB NOT NULL,              -- core.LiteralMap
    source BLOB NOT NULL,               -- core.TaskExecutionIdentifier
    task_version TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT,                    -- none: never
    UNIQUE (project, domain, name, cache_version, signature, inputs)
);
CREATE INDEX cache_expiring ON cache (expires_at) WHERE expires_at IS NOT NULL;

-- Of equal cached tasks that are to run one at a time, the one that runs.
CREATE TABLE cache_reservations (
    key BLOB PRIMARY KEY,
    owner TEXT NOT NULL,
    expires_at TEXT NOT NULL
);

-- Signed URLs: who has the token may do one thing with one file until it expires.
CREATE TABLE blob_grants (
    token TEXT PRIMARY KEY,
    path TEXT NOT NULL,                 -- below the folder of blobs
    writes INTEGER NOT NULL,            -- 1: PUT, 0: GET
    content_md5 BLOB,                   -- what is put has to have it; none: anything
    expires_at TEXT NOT NULL
);
CREATE INDEX blob_grants_by_time ON blob_grants (expires_at);
