-- Tags of executions, and their labels as keys with values.
CREATE TABLE execution_tags (
    id INTEGER PRIMARY KEY,
    execution_project TEXT NOT NULL, execution_domain TEXT NOT NULL, execution_name TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,                -- empty for a tag
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    FOREIGN KEY (execution_project, execution_domain, execution_name)
        REFERENCES executions (execution_project, execution_domain, execution_name)
);
CREATE INDEX execution_tags_by_execution
    ON execution_tags (execution_project, execution_domain, execution_name);
CREATE INDEX execution_tags_by_key ON execution_tags (key);
