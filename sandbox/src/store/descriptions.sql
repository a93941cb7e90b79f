-- Descriptions of tasks and workflows.
CREATE TABLE description_entities (
    id INTEGER PRIMARY KEY,
    resource_type INTEGER NOT NULL,
    project TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    short_description TEXT NOT NULL,
    long_description BLOB NOT NULL,     -- admin.Description
    link TEXT NOT NULL,                 -- of the source code
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (resource_type, project, domain, name, version)
);

UPDATE launch_plans SET launch_condition_type = 'SCHED' WHERE schedule_type <> 'NONE';
