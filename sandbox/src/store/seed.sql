-- What FlyteAdmin's sandbox starts with.
INSERT INTO projects (identifier, name, description, created_at, updated_at)
VALUES (
    'flytesnacks', 'flytesnacks', 'Default project setup.',
    strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')
);
