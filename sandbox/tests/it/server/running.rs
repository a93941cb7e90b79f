//! How other processes find a server; a sandbox has at most one.

use sandbox::server::running_server;

use super::{Served, bind};

#[test]
fn a_server_is_found_while_it_runs() {
    let served = Served::new();
    let found = running_server(served.folder.path()).unwrap();
    assert_eq!((found.address, found.pid), (served.address, std::process::id()));
    let folder = served.stop();
    assert_eq!(running_server(folder.path()), None);
}

#[test]
fn leftover_files_of_a_killed_server_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(running_server(folder.path()), None);
    std::fs::write(folder.path().join("server.json"), r#"{"pid":1,"address":"127.0.0.1:1"}"#).unwrap();
    std::fs::write(folder.path().join("server.lock"), "").unwrap();
    assert_eq!(running_server(folder.path()), None);
}

#[test]
fn a_sandbox_is_served_once() {
    let served = Served::new();
    let error = bind(&served.folder).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "the sandbox in `{}` is already being served on `{}` by process {}",
            served.folder.path().display(),
            served.address,
            std::process::id()
        )
    );
    assert_eq!(error.hint().unwrap(), "run `flyte-host sandbox stop` to stop it");
}
