//! What ends an installation in the middle: a kill, a full disk, a connection that breaks, a second one.

#![expect(clippy::print_stdout, reason = "how many kills came in time has to be seen")]

use std::{
    env, fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use snapbox::str;
use tests::{FileFate, snapshot};
use wait_timeout::ChildExt as _;

use super::{Company, loaded_version, stable};

/// How often an installation is killed; more with this variable.
const ROUNDS: &str = "FLYTE_TEST_ROUNDS";
const DEFAULT_ROUNDS: u32 = 20;

#[test]
fn a_kill_at_any_moment_leaves_the_old_version_or_the_new_one() {
    let rounds = env::var(ROUNDS).map_or(DEFAULT_ROUNDS, |rounds| rounds.parse().unwrap());
    let company = Company::new();
    company.release("1.1.0");
    let user = company.user();
    let versions = ["acme@1.0.0", "acme@1.1.0"];
    user.run(["plugin", "install", versions[0]]).success();
    let start = Instant::now();
    user.run(["plugin", "install", versions[1]]).success();
    let whole = start.elapsed();
    let (mut killed, mut kept) = (0, 0);
    for round in 0..rounds {
        let before = loaded_version(&user).unwrap();
        let wanted = if before == "1.0.0" { versions[1] } else { versions[0] };
        let mut command = user.command();
        command.args(["plugin", "install", wanted]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // Every part of the time that an installation takes, in an order that is the same each time.
        let moment = whole.mul_f64(f64::from(round * 37 % rounds) / f64::from(rounds));
        if child.wait_timeout(moment.max(Duration::from_millis(1))).unwrap().is_none() {
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        }
        let after = loaded_version(&user).expect("a plugin is installed");
        assert!(after == before || wanted.ends_with(&after), "{before}, {wanted}, {after}");
        kept += u32::from(after == before);
    }
    println!("{killed} of {rounds} installations were killed, {kept} left the old version");
    assert!(killed > 0);
    user.run(["plugin", "install", "acme@1.1.0"]).success();
    let store = user.plugins().join("store");
    assert_eq!(fs::read_dir(store.join("incoming")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(store).unwrap().count(), 4, "two versions, `incoming` and `lock`");
}

#[test]
fn a_full_disk_changes_nothing() {
    let company = Company::new();
    let user = company.user();
    user.run(["plugin", "install", "acme"]).success();
    company.release("1.1.0");
    let lock = user.read("../.flyte/plugins.lock");
    // No file may become larger than 1 MiB: an error of the same kind as that of a full disk.
    let like = user.command();
    let mut command = Command::new("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$@\"", "bash"]).arg(like.get_program());
    command.args(["plugin", "update"]).env_clear().current_dir(user.cwd());
    command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = user.run_command(&mut command);
    assert!(output.contains("File too large"), "{}", output.stderr());
    output.failure(1);
    assert_eq!(user.read("../.flyte/plugins.lock"), lock);
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
    user.run(["plugin", "update"]).success();
    assert_eq!(loaded_version(&user).as_deref(), Some("1.1.0"));
}

#[test]
fn a_download_that_breaks_off_continues() {
    let company = Company::new();
    let user = company.user();
    company.server.decide(|request, number| match request.path.ends_with("libacme.so") && number <= 3 {
        true => FileFate::CutAfter(300_000),
        false => FileFate::Sent,
    });
    user.run(["plugin", "install", "acme"]).success();
    let requests = company.server.requests();
    let ranges: Vec<Option<&str>> = requests
        .iter()
        .filter(|request| request.path.ends_with("libacme.so"))
        .map(|request| request.range.as_deref())
        .collect();
    assert_eq!(ranges, [None, Some("bytes=300000-"), Some("bytes=600000-"), Some("bytes=900000-")]);
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
}

#[test]
fn a_mirror_that_changes_a_file_in_the_middle_is_refused() {
    let company = Company::new();
    let user = company.user();
    company.server.decide(|request, number| match (request.path.ends_with("libacme.so"), number) {
        (true, 1) => FileFate::CutAfter(300_000),
        (true, _) => FileFate::Answer {
            status: "200 OK",
            head: "etag: \"other\"\r\n".to_owned(),
            body: vec![0; 400_000],
        },
        _ => FileFate::Sent,
    });
    snapshot!(
        stable(user.run(["plugin", "install", "acme"])),
        str![[r#"
------- stderr -------
error: `https://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so` is not the file in the index of its repository
  caused by: its SHA-256 is `[SHA256]`, expected `[SHA256]`
hint: tell the publisher: the file was damaged or replaced after it was signed
[exit: 1]
"#]]
    );
    assert_eq!(loaded_version(&user), None);
}

#[test]
fn two_installations_at_once_wait_for_each_other() {
    let company = Company::new();
    company.release("1.1.0");
    let user = company.user();
    let children: Vec<_> = (0..4)
        .map(|number| {
            let mut command = user.command();
            command.args(["plugin", "install", ["acme@1.0.0", "acme@1.1.0"][number % 2]]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert!(loaded_version(&user).is_some());
    let list = user.run(["plugin", "list", "-o", "json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    let lock = user.read("../.flyte/plugins.lock");
    assert!(lock.contains("[plugin.acme.previous]"), "{lock}");
}
