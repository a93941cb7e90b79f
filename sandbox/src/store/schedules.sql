-- The schedules of active launch plans. Those of a database without this table start now.
CREATE TABLE schedules (
    launch_plan_id INTEGER PRIMARY KEY REFERENCES launch_plans (id),
    since TEXT NOT NULL                 -- the last time that it started an execution for, or its activation
);
INSERT INTO schedules
    SELECT id, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') FROM launch_plans
    WHERE state = 1 AND schedule_type <> 'NONE' AND deleted_at IS NULL;
