-- Attributes of projects, of their domains (`domain` is filled) and workflows (`workflow` too).
CREATE TABLE attributes (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL, domain TEXT NOT NULL, workflow TEXT NOT NULL,
    resource_type INTEGER NOT NULL,     -- admin.MatchableResource
    attributes BLOB NOT NULL,           -- admin.MatchingAttributes
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (project, domain, workflow, resource_type)
);

-- admin.WorkflowExecutionConfig: the settings that an execution runs with; none: those of its spec.
ALTER TABLE executions ADD COLUMN config BLOB;
