-- Tries of the elements of array nodes.
CREATE TABLE array_elements (
    id INTEGER PRIMARY KEY,
    node_execution_id INTEGER NOT NULL REFERENCES node_executions (id),
    element INTEGER NOT NULL, attempt INTEGER NOT NULL,
    phase INTEGER NOT NULL,             -- core.TaskExecution.Phase
    cache_status INTEGER NOT NULL,      -- core.CatalogCacheStatus
    outputs BLOB,                       -- core.LiteralMap
    error BLOB,                         -- core.ExecutionError
    process INTEGER, process_started INTEGER, -- to be swept after a crash
    UNIQUE (node_execution_id, element, attempt)
);

-- The workflows that dynamic nodes made.
CREATE TABLE dynamic_workflows (
    node_execution_id INTEGER PRIMARY KEY REFERENCES node_executions (id),
    closure BLOB NOT NULL               -- core.CompiledWorkflowClosure
);
