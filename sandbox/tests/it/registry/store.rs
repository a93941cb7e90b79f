//! Concurrent clients, and folders that cannot hold a sandbox.

use std::fs;

use flyte_client::proto::admin::ResourceListRequest;
use sandbox::{EngineStart, Sandbox, SandboxOptions};

use super::{Fixture, done, list, shown, task};

#[test]
fn two_processes_register_at_once() {
    let fixture = Fixture::new();
    let clients = [fixture.another(), fixture.another()];
    std::thread::scope(|scope| {
        for (index, client) in clients.iter().enumerate() {
            scope.spawn(move || {
                for version in 0..20 {
                    done(client.create_task(&task(&format!("t{index}"), &version.to_string()))).unwrap();
                }
            });
        }
    });
    let all = ResourceListRequest { limit: 100, ..list("") };
    assert_eq!(done(fixture.client.list_tasks(&all)).unwrap().tasks.len(), 40);
}

#[test]
fn of_two_equal_registrations_one_already_exists() {
    let fixture = Fixture::new();
    let clients = [fixture.another(), fixture.another()];
    let results: Vec<_> = std::thread::scope(|scope| {
        let calls = clients.iter().map(|client| scope.spawn(|| done(client.create_task(&task("t", "1")))));
        calls.collect::<Vec<_>>().into_iter().map(|call| call.join().unwrap()).collect()
    });
    let refusals: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).map(shown).collect();
    assert_eq!(refusals, ["ALREADY_EXISTS: task with identical structure already exists"]);
}

#[test]
fn a_folder_that_cannot_be_created_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("file/sandbox");
    fs::write(folder.path().join("file"), "").unwrap();
    let error =
        Sandbox::open(&SandboxOptions { root: root.clone(), engine: EngineStart::External }).err().unwrap();
    assert_eq!(error.to_string(), format!("could not create the sandbox's folder `{}`", root.display()));
}

#[test]
fn an_invalid_database_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.db");
    fs::write(
        &file,
        "this is a text, and it is long enough to be taken for the head of a database file".repeat(9),
    )
    .unwrap();
    let options = SandboxOptions { root: folder.path().to_owned(), engine: EngineStart::External };
    let error = Sandbox::open(&options).err().unwrap();
    assert_eq!(error.to_string(), format!("could not open the sandbox's database `{}`", file.display()));
}
