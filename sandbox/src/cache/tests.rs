use std::fs;

use flyte_client::{
    proto::core::{
        Blob, Identifier, Literal, NodeExecutionIdentifier, Primitive, Scalar, TaskMetadata,
        catalog_metadata::SourceExecution, literal, primitive, scalar,
    },
    register::cache::TTL_TAG,
};

use super::*;
use crate::Store;

struct Cache {
    store: Store,
    _folder: tempfile::TempDir,
}

impl Cache {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::open(folder.path()).unwrap(), _folder: folder }
    }

    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, rusqlite::Error>) -> T {
        self.store.write::<_, rusqlite::Error>(work).unwrap()
    }

    fn lookup(&self, task: &TaskTemplate, now: Timestamp) -> CacheLookup {
        self.write(|tx| lookup(tx, task, &LiteralMap::default(), now))
    }

    fn put(&self, task: &TaskTemplate, outputs: &LiteralMap, now: Timestamp) -> CatalogMetadata {
        let key = CacheKey::for_task(task, &LiteralMap::default()).unwrap();
        self.write(|tx| put(tx, &key, outputs, &source(), now))
    }

    fn rows(&self) -> i64 {
        self.write(|tx| tx.query_row("SELECT count(*) FROM cache", [], |row| row.get(0)))
    }
}

fn task(name: &str, ttl: Option<&str>) -> TaskTemplate {
    TaskTemplate {
        id: Some(Identifier { name: name.into(), version: "1".into(), ..Identifier::default() }),
        metadata: Some(TaskMetadata {
            discoverable: true,
            discovery_version: "c1".into(),
            tags: ttl.map(|ttl| (TTL_TAG.to_owned(), ttl.to_owned())).into_iter().collect(),
            ..TaskMetadata::default()
        }),
        ..TaskTemplate::default()
    }
}

fn source() -> TaskExecutionIdentifier {
    let node = NodeExecutionIdentifier { node_id: "n0".into(), ..NodeExecutionIdentifier::default() };
    TaskExecutionIdentifier { node_execution_id: Some(node), ..TaskExecutionIdentifier::default() }
}

fn outputs(value: scalar::Value) -> LiteralMap {
    let value = Some(literal::Value::Scalar(Box::new(Scalar { value: Some(value) })));
    LiteralMap { literals: [("o0".to_owned(), Literal { value, ..Literal::default() })].into() }
}

fn integer(value: i64) -> LiteralMap {
    outputs(scalar::Value::Primitive(Primitive { value: Some(primitive::Value::Integer(value)) }))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + seconds, 0).unwrap()
}

#[track_caller]
fn assert_hit(lookup: &CacheLookup, expected: &LiteralMap) {
    assert!(matches!(lookup, CacheLookup::Hit { outputs, .. } if outputs == expected), "{lookup:?}");
}

#[track_caller]
fn assert_miss(lookup: &CacheLookup) {
    assert!(matches!(lookup, CacheLookup::Miss(_)), "{lookup:?}");
}

#[test]
fn a_stored_result_is_found_with_its_source() {
    let cache = Cache::new();
    let task = task("t", None);
    assert_miss(&cache.lookup(&task, at(0)));
    let populated = cache.put(&task, &integer(1), at(0));
    assert_eq!(populated.source_execution, Some(SourceExecution::SourceTaskExecution(source())));
    let expected = CacheLookup::Hit { outputs: integer(1), source: populated };
    assert_eq!(cache.lookup(&task, at(1_000_000_000)), expected);
}

#[test]
fn a_task_without_cache_is_not_looked_for() {
    let mut task = task("t", None);
    task.metadata.as_mut().unwrap().discoverable = false;
    assert_eq!(Cache::new().lookup(&task, at(0)), CacheLookup::Disabled);
}

#[test]
fn a_later_result_replaces_an_earlier_one() {
    let cache = Cache::new();
    let task = task("t", None);
    cache.put(&task, &integer(1), at(0));
    cache.put(&task, &integer(2), at(1));
    assert_hit(&cache.lookup(&task, at(2)), &integer(2));
    assert_eq!(cache.rows(), 1);
}

#[test]
fn a_result_lives_as_long_as_its_task_says() {
    let cache = Cache::new();
    let task = task("t", Some("60s"));
    cache.put(&task, &integer(1), at(0));
    assert_hit(&cache.lookup(&task, at(59)), &integer(1));
    assert_miss(&cache.lookup(&task, at(60)));
    assert_eq!(cache.rows(), 0, "expired results are deleted");
}

#[test]
fn the_shorter_of_both_times_holds() {
    for (stored, asked) in [(None, Some("60s")), (Some("60s"), None), (Some("90s"), Some("60s"))] {
        let cache = Cache::new();
        cache.put(&task("t", stored), &integer(1), at(0));
        assert_hit(&cache.lookup(&task("t", asked), at(59)), &integer(1));
        assert_miss(&cache.lookup(&task("t", asked), at(60)));
    }
}

#[test]
fn a_time_that_cannot_be_read_keeps_nothing() {
    let cache = Cache::new();
    let task = task("t", Some("for ever"));
    cache.put(&task, &integer(1), at(0));
    assert_miss(&cache.lookup(&task, at(0)));
}

#[test]
fn a_time_beyond_the_calendar_is_for_ever() {
    let cache = Cache::new();
    let task = task("t", Some("99999999999999s"));
    cache.put(&task, &integer(1), at(0));
    assert_hit(&cache.lookup(&task, at(1_000_000_000)), &integer(1));
}

#[test]
fn storing_deletes_expired_results() {
    let cache = Cache::new();
    cache.put(&task("old", Some("60s")), &integer(1), at(0));
    cache.put(&task("new", None), &integer(2), at(60));
    assert_eq!(cache.rows(), 1);
}

#[test]
fn a_result_with_a_missing_file_is_deleted() {
    let cache = Cache::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("o0");
    fs::write(&file, "data").unwrap();
    let outputs =
        outputs(scalar::Value::Blob(Blob { uri: format!("file://{}", file.display()), ..Blob::default() }));
    let task = task("t", None);
    cache.put(&task, &outputs, at(0));
    assert_hit(&cache.lookup(&task, at(1)), &outputs);
    fs::remove_file(&file).unwrap();
    assert_miss(&cache.lookup(&task, at(2)));
    assert_eq!(cache.rows(), 0);
}

#[test]
fn one_owner_at_a_time_has_a_reservation() {
    let cache = Cache::new();
    let key = CacheKey::for_task(&task("t", None), &LiteralMap::default()).unwrap();
    let other = CacheKey::for_task(&task("u", None), &LiteralMap::default()).unwrap();
    let reserve = |key: &CacheKey, owner: &str, now| cache.write(|tx| reserve(tx, key, owner, now));
    let held = |until| Reservation::Held { owner: "one".into(), until };
    assert_eq!(reserve(&key, "one", at(0)), Reservation::Acquired);
    assert_eq!(reserve(&key, "two", at(1)), held(at(30)));
    assert_eq!(reserve(&other, "two", at(1)), Reservation::Acquired);
    // The owner's heartbeat renews it, and another owner cannot release it.
    assert_eq!(reserve(&key, "one", at(10)), Reservation::Acquired);
    cache.write(|tx| release(tx, &key, "two"));
    assert_eq!(reserve(&key, "two", at(39)), held(at(40)));
    cache.write(|tx| release(tx, &key, "one"));
    assert_eq!(reserve(&key, "two", at(39)), Reservation::Acquired);
}

#[test]
fn a_dead_owner_does_not_block_for_ever() {
    let cache = Cache::new();
    let key = CacheKey::for_task(&task("t", None), &LiteralMap::default()).unwrap();
    let reserve = |owner: &str, now| cache.write(|tx| reserve(tx, &key, owner, now));
    assert_eq!(reserve("one", at(0)), Reservation::Acquired);
    assert_eq!(reserve("two", at(30)), Reservation::Acquired);
    assert_eq!(reserve("one", at(31)), Reservation::Held { owner: "two".into(), until: at(60) });
}
