//! Requests to SQL and errors, and pages over a real table.

use flyte_client::Status;
use flyte_client::proto::admin::{Sort, sort::Direction};
use rusqlite::Connection;

use super::*;

static OWNERS: Table = Table {
    entity: "workflow",
    name: "owners",
    from: "owners",
    columns: &[Column::text("name")],
    joins: &[],
};
static THINGS: Table = Table {
    entity: "task",
    name: "things",
    from: "things",
    columns: &[
        Column::text("name"),
        Column::integer("state"),
        Column::duration("duration"),
        Column::integer("owner"),
    ],
    joins: &[Join { table: &OWNERS, on: "owners.id = things.owner" }],
};

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT, created_at TEXT);
             CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, state INTEGER, duration INTEGER, owner INTEGER, created_at TEXT);
             INSERT INTO owners VALUES (1, 'ann', ''), (2, 'bob', '');
             INSERT INTO things VALUES
                 (1, 'a', 0, 1000000000, 1, '2026-01-01T00:00:00.000000Z'),
                 (2, 'ab', 1, 90000000000, 2, '2026-01-02T00:00:00.000000Z'),
                 (3, 'b', 0, 5, 2, '2026-01-03T00:00:00.000000Z'),
                 (4, 'a', 1, 0, 1, '2026-01-04T00:00:00.000000Z');",
        )
        .unwrap();
    connection
}

fn ids(listing: Listing) -> Vec<i64> {
    listing.rows(&database(), "things.id", |row| row.get(0)).unwrap().rows
}

fn filtered(filters: &str) -> Vec<i64> {
    ids(Listing::new(&THINGS).filters(filters).unwrap())
}

fn refusal(failure: ServiceError) -> String {
    let status = Status::from(failure);
    format!("{}: {}", status.code.name(), status.message)
}

#[test]
fn every_filter_function_selects_its_rows() {
    assert_eq!(filtered("eq(name,a)"), [1, 4]);
    assert_eq!(filtered("ne(name, a)"), [2, 3]);
    assert_eq!(filtered("gt(id,2)"), [3, 4]);
    assert_eq!(filtered("gte(id,2)+lt(id,4)"), [2, 3]);
    assert_eq!(filtered("lte(task.id,1)"), [1]);
    assert_eq!(filtered("contains(name,b)"), [2, 3]);
    assert_eq!(filtered("not_like(name,a%)"), [3]);
    assert_eq!(filtered("value_in(name,ab;b)"), [2, 3]);
    assert_eq!(filtered("value_in(name,b)"), [3]);
    assert_eq!(filtered("value_not_in(id,1;2;3)"), [4]);
    assert_eq!(filtered("gt(duration,1m)"), [2]);
    assert_eq!(filtered("eq(duration,1)"), [1]);
    assert_eq!(filtered("eq(duration,1m30s)"), [2]);
    assert_eq!(filtered("gt(created_at,2026-01-02T12:00:00Z)"), [3, 4]);
    assert_eq!(filtered("gte(created_at,2026-01-04)"), [4]);
    assert_eq!(filtered("eq(workflow.name,bob)+eq(state,1)"), [2]);
    assert_eq!(filtered("eq(workflow.name,bob)+contains(workflow.name,o)"), [2, 3]);
}

#[test]
fn values_are_never_sql() {
    assert_eq!(filtered("eq(name,' OR 1=1 --)"), [0_i64; 0]);
    assert_eq!(filtered("value_in(name,a');b)"), [3]);
}

#[test]
fn invalid_filters_are_rejected() {
    let refused = |filters| refusal(Listing::new(&THINGS).filters(filters).unwrap_err());
    assert_eq!(refused("name=a"), "INVALID_ARGUMENT: invalid value for filters");
    assert_eq!(refused("eq(name,a)+"), "INVALID_ARGUMENT: invalid value for filters");
    assert_eq!(refused("eq(nme,a)"), "INVALID_ARGUMENT: 'task.nme' is invalid filter");
    assert_eq!(refused("eq(workflow.state,a)"), "INVALID_ARGUMENT: 'workflow.state' is invalid filter");
    assert_eq!(refused("eq(signal.type,a)"), "INVALID_ARGUMENT: 'signal' entity is not allowed in filters");
    assert_eq!(refused("like(name,a)"), "INVALID_ARGUMENT: unrecognized filter function: like");
    assert_eq!(
        refused("eq(state,ACTIVE)"),
        "INVALID_ARGUMENT: 'task.state' is a number, and `ACTIVE` is none"
    );
    assert_eq!(
        refused("eq(created_at,soon)"),
        "INVALID_ARGUMENT: Timestamp soon must conform to RFC3339 Nano spec"
    );
    assert_eq!(refused("eq(duration,1 day)"), "INVALID_ARGUMENT: Failed to parse duration [1 day]");
    assert_eq!(refused("eq(name,a;b)"), "INVALID_ARGUMENT: filter function `eq` takes one value, not 2");
}

#[test]
fn the_first_direction_is_down() {
    let by = |key: &str, direction: Direction| {
        let sort = Sort { key: key.to_owned(), direction: direction.into() };
        Listing::new(&THINGS).sorted(Some(&sort))
    };
    assert_eq!(ids(by("created_at", Direction::default()).unwrap()), [4, 3, 2, 1]);
    assert_eq!(ids(by("name", Direction::Ascending).unwrap()), [1, 4, 2, 3]);
    assert_eq!(ids(Listing::new(&THINGS).sorted(None).unwrap()), [1, 2, 3, 4]);
    let error = by("1; DROP TABLE things", Direction::Ascending).unwrap_err();
    assert_eq!(refusal(error), "INVALID_ARGUMENT: invalid sort key '1; DROP TABLE things'");
}

#[test]
fn pages_join_without_gap() {
    let page = |limit, token: &str| {
        let listing = Listing::new(&THINGS).limit(limit).unwrap().token(token, "ListThings").unwrap();
        let page = listing.rows(&database(), "things.id", |row| row.get::<_, i64>(0)).unwrap();
        (page.rows, page.token)
    };
    assert_eq!(page(3, ""), (vec![1, 2, 3], "3".to_owned()));
    assert_eq!(page(3, "3"), (vec![4], String::new()));
    // An exactly full last page is followed by an empty one.
    assert_eq!(page(2, "2"), (vec![3, 4], "4".to_owned()));
    assert_eq!(page(2, "4"), (vec![], String::new()));

    let refused = |limit, token| {
        let listing =
            Listing::new(&THINGS).limit(limit).and_then(|listing| listing.token(token, "ListThings"));
        refusal(listing.unwrap_err())
    };
    assert_eq!(refused(0, ""), "INVALID_ARGUMENT: invalid value for limit");
    assert_eq!(refused(1, "x"), "INVALID_ARGUMENT: invalid pagination token x for ListThings");
    assert_eq!(refused(1, "-1"), "INVALID_ARGUMENT: invalid pagination token -1 for ListThings");
}
