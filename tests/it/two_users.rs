//! Two users with a sandbox and a Python environment each, at once. The second is another user where the
//! tests run as root.

use std::{os::unix::process::CommandExt as _, path::Path, process::Command};

use tests::{Server, TestEnvironment};

use crate::home_with;

/// The uid of the user that owns no files.
const OTHER: u32 = 65534;

const WHERE: &str = "name: where
image: python:3
command: [python3, -c]
arguments: [\"import os, sys; print(os.getuid(), sys.prefix, file=open('/var/outputs/o', 'w'), end='')\"]
input_data_dir: /var/inputs
output_data_dir: /var/outputs
outputs: {o: str}
cache: false
";

struct User {
    home: TestEnvironment,
    uid: Option<u32>,
}

impl User {
    /// A user with an environment; `None` without a Python that can make one.
    fn new(uid: Option<u32>) -> Option<Self> {
        let home = home_with(&[]);
        home.write("where.yaml", WHERE);
        let environment = home.home().join("environment");
        let made = Command::new("/usr/bin/python3")
            .args(["-m", "venv", "--without-pip", "--symlinks"])
            .arg(&environment)
            .output()
            .ok()?;
        assert!(made.status.success(), "{made:?}");
        if let Some(uid) = uid {
            let all = home.home();
            let owner = format!("{uid}:{uid}");
            let done = Command::new("chown").args(["-R", &owner]).arg(all.parent().unwrap()).status();
            assert!(done.unwrap().success());
        }
        Some(Self { home, uid })
    }

    fn command(&self) -> Command {
        let mut command = self.home.command();
        if let Some(uid) = self.uid {
            command.uid(uid).gid(uid);
        }
        let path = format!("{}/environment/bin:/usr/bin:/bin", self.home.home().display());
        command.env("PATH", path).env("FLYTE_SANDBOX", "1");
        command
    }

    /// Runs the task, and returns its output.
    fn run(&self) -> String {
        let mut command = self.command();
        command.args(["run", "where.yaml", "--wait", "-o", "json"]);
        let answer = self.home.run_command(&mut command).json();
        answer["outputs"]["o"].as_str().unwrap().to_owned()
    }

    fn expected(&self) -> String {
        let uid = self.uid.unwrap_or_else(|| rustix::process::geteuid().as_raw());
        format!("{uid} [HOME]/environment")
    }
}

#[test]
fn have_a_sandbox_and_an_environment_each() {
    let is_root = rustix::process::geteuid().is_root();
    if !Path::new("/usr/bin/python3").exists() {
        return;
    }
    let users = [User::new(None).unwrap(), User::new(is_root.then_some(OTHER)).unwrap()];
    let _servers =
        users.each_ref().map(|user| Server::start(user.command().args(["sandbox", "start", "--port", "0"])));
    let seen = std::thread::scope(|scope| {
        users.each_ref().map(|user| scope.spawn(|| [user.run(), user.run()])).map(|run| run.join().unwrap())
    });
    for (user, seen) in users.iter().zip(seen) {
        assert_eq!(seen, [user.expected(), user.expected()]);
        let folder = user.home.home().join(".flyte/sandbox");
        let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(folder).unwrap());
        assert_eq!(owner, user.uid.unwrap_or_else(|| rustix::process::geteuid().as_raw()));
    }
}
