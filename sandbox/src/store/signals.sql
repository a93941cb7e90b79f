-- Answers to the gates of executions. A signal may be there before its gate is reached.
CREATE TABLE signals (
    id INTEGER PRIMARY KEY,
    execution_project TEXT NOT NULL, execution_domain TEXT NOT NULL, execution_name TEXT NOT NULL,
    signal_id TEXT NOT NULL,
    type BLOB NOT NULL,                 -- core.LiteralType
    value BLOB,                         -- core.Literal; none: not answered
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    UNIQUE (execution_project, execution_domain, execution_name, signal_id)
);
