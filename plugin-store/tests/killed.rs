//! A process that is killed while it changes the store, at each of its steps.
//!
//! The steps are the messages that the store logs. A child process, which is this test program again, kills
//! itself at one of them.

#![expect(clippy::print_stdout, reason = "at how many steps the process was killed has to be seen")]
#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::atomic::{AtomicUsize, Ordering},
};

use jiff::Timestamp;
use plugin_store::{LockFile, LockedRelease, Store, lock::LockedPlatform, store::sha256};

/// Tell the child what to do: where, what, and at which step to end.
const FOLDER: &str = "TEST_STORE";
const OPERATION: &str = "TEST_OPERATION";
const STEP: &str = "TEST_STEP";

/// More than any operation has.
const MOST_STEPS: usize = 40;
/// `again` installs the content of `install 1`, which is in the store as the version before.
const OPERATIONS: [&str; 5] = ["install 1", "install 2", "again", "rollback", "remove"];

struct StepLogger(AtomicUsize);

impl log::Log for StepLogger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("plugin_store")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) && self.0.fetch_sub(1, Ordering::Relaxed) == 0 {
            kill();
        }
    }

    fn flush(&self) {}
}

fn kill() -> ! {
    let this = rustix::process::getpid();
    rustix::process::kill_process(this, rustix::process::Signal::KILL).unwrap();
    unreachable!("the signal cannot be handled")
}

/// Not a test of its own: the process that is killed.
#[test]
fn child() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let logger = StepLogger(AtomicUsize::new(env::var(STEP).unwrap().parse().unwrap()));
    log::set_boxed_logger(Box::new(logger)).unwrap();
    log::set_max_level(log::LevelFilter::Debug);
    operate(&store(Path::new(&folder)), &env::var(OPERATION).unwrap());
}

fn store(home: &Path) -> Store {
    Store::new(home.join("plugins"))
}

fn operate(store: &Store, operation: &str) {
    let exclusive = store.exclusive(|| ()).unwrap();
    let mut lock = exclusive.read().unwrap();
    match operation {
        "rollback" => {
            let plugin = lock.plugins.get_mut("acme").unwrap();
            std::mem::swap(&mut plugin.current, plugin.previous.as_mut().unwrap());
        }
        "remove" => drop(lock.plugins.remove("acme")),
        install => {
            let install = if install == "again" { "install 1" } else { install };
            let file = exclusive.incoming("acme.download");
            fs::write(&file, format!("content of {install}")).unwrap();
            let hash = sha256(&file).unwrap();
            exclusive.add(&file, Some("signature"), "acme", &hash).unwrap();
            lock.install("acme", release(&hash));
        }
    }
    exclusive.commit(&lock).unwrap();
}

fn release(sha256: &str) -> LockedRelease {
    let file = LockedPlatform { path: String::new(), sha256: sha256.to_owned(), size: 1 };
    LockedRelease {
        version: "1.0.0".parse().unwrap(),
        source: "test".to_owned(),
        signer: None,
        channel: None,
        time: Timestamp::UNIX_EPOCH,
        sha256: sha256.to_owned(),
        files: BTreeMap::from([("x".to_owned(), file)]),
    }
}

fn run_child(home: &Path, operation: &str, step: usize) -> ExitStatus {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child", "--quiet"]);
    command.env(FOLDER, home).env(OPERATION, operation).env(STEP, step.to_string());
    command.stdout(std::process::Stdio::null()).status().unwrap()
}

/// The content that the link leads to; `None` without a link.
fn linked(store: &Store) -> Option<String> {
    let link = store.link("acme");
    link.symlink_metadata().ok()?;
    Some(fs::read_to_string(link).unwrap())
}

/// What a store must be at any moment: a link leads to a whole file, and one that is in the lock file, unless
/// the plugin is removed; then the loader refuses it.
fn check(store: &Store) -> LockFile {
    let lock = LockFile::read(&store.lock_file()).unwrap();
    let known: BTreeSet<&str> = lock.contents().collect();
    if linked(store).is_some() {
        let hash = sha256(&store.link("acme")).unwrap();
        let real = store.link("acme").canonicalize().unwrap();
        assert!(
            real.ends_with(Path::new(&hash).join(real.file_name().unwrap())),
            "a file of another content"
        );
        assert!(known.contains(hash.as_str()) || !lock.plugins.contains_key("acme"));
    }
    for hash in known {
        assert_eq!(sha256(&store.content("acme", hash)).unwrap(), hash, "a locked file is there and whole");
    }
    lock
}

/// What a store must be when no operation is unfinished.
fn check_tidy(store: &Store) {
    let lock = check(store);
    let current = lock.plugins.get("acme").map(|plugin| plugin.current.sha256.clone());
    let found = linked(store).map(|_| sha256(&store.link("acme")).unwrap());
    assert_eq!(found, current);
    let folder = store.link("acme").with_file_name("store");
    let names = |folder: PathBuf| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    let mut expected: BTreeSet<String> = lock.contents().map(str::to_owned).collect();
    expected.extend(["incoming".to_owned(), "lock".to_owned()]);
    assert_eq!(names(folder.clone()), expected);
    assert_eq!(names(folder.join("incoming")), BTreeSet::new());
}

/// The state before an operation: the operations in front of it.
fn prepared(operation: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for before in OPERATIONS.iter().take_while(|before| **before != operation) {
        operate(&store(home.path()), before);
    }
    home
}

#[test]
fn nothing_is_half_installed_or_lost_wherever_the_process_ends() {
    let mut killed = 0;
    for operation in OPERATIONS {
        for step in 0..MOST_STEPS {
            let home = prepared(operation);
            let store = store(home.path());
            let before = linked(&store);
            let status = run_child(home.path(), operation, step);
            check(&store);
            let now = linked(&store);
            let after = {
                // The next process finishes the operation or takes it back.
                drop(store.exclusive(|| ()).unwrap());
                check_tidy(&store);
                linked(&store)
            };
            assert!(
                now == before || now == after,
                "{operation}, step {step}: {before:?}, {now:?}, {after:?}"
            );
            if operation != "remove" && before.is_some() {
                assert!(now.is_some() && after.is_some(), "{operation}, step {step}: the plugin is lost");
            }
            if status.success() {
                assert!(step >= 2, "{operation} has only {step} steps");
                break;
            }
            killed += 1;
            if operation != "rollback" {
                operate(&store, operation);
                check_tidy(&store);
            }
        }
    }
    println!("killed at {killed} steps");
    assert!(killed >= 15, "{killed}");
}

#[test]
fn processes_that_change_the_store_wait_for_each_other() {
    let home = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..8)
        .map(|number| {
            let mut command = Command::new(env::current_exe().unwrap());
            command.args(["--exact", "child", "--quiet"]).stdout(std::process::Stdio::null());
            command.env(FOLDER, home.path()).env(OPERATION, format!("install {number}"));
            command.env(STEP, "1000000").spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    check_tidy(&store(home.path()));
}
