//! Homes with the files, entities and servers that the examples of the help texts name.

use std::{path::Path, process::Command};

use tests::{Server, TestEnvironment, prepared};

use crate::{
    flyte::{self, Flyte},
    home_with, plugin_store, sandbox_home,
};

/// The execution of the examples.
const EXECUTION: &str = "a4d8pz5d6mxzq2hwbvc7";

/// A home for one example.
pub(super) enum Fixture {
    /// A home without a server, or with one outside.
    Home { home: TestEnvironment, _servers: Vec<Server> },
    /// The embedded sandbox, whose engine is the test.
    Sandbox(Box<Flyte>),
    /// A sandbox that may still be served after the example.
    Served(TestEnvironment),
}

impl Fixture {
    /// The home that an example of a command needs; `None` if what it takes was not prepared.
    pub(super) fn for_command(command: &str, line: &str) -> Option<Self> {
        Some(match command {
            "completion" | "man" => Self::Home { home: laptop(), _servers: Vec::new() },
            "login" | "logout" | "whoami" => {
                let (home, server) = without_sign_in();
                Self::Home { home, _servers: vec![server] }
            }
            "plugin" | "" => plugins(line),
            "sandbox" => served(line),
            "upload" if line.contains("s3://") => s3()?,
            _ => Self::Sandbox(Box::new(sandbox(line))),
        })
    }

    pub(super) fn home(&self) -> &TestEnvironment {
        match self {
            Self::Home { home, .. } | Self::Served(home) => home,
            Self::Sandbox(flyte) => &flyte.home,
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Self::Served(home) = self {
            let _ = home.run(["sandbox", "stop"]);
        }
    }
}

fn fixture_file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/examples").join(name)
}

/// Files of the examples.
fn write_files(home: &TestEnvironment) {
    for name in ["task.yaml", "workflow.yaml"] {
        home.copy_file(&fixture_file(name), name);
    }
    home.write("data.csv", "a,b\n1,2\n");
    home.write("images/one.png", "one");
    home.write("inputs.yaml", "name: World\n");
}

/// A package as `pyflyte package` makes it, of the same entities.
fn write_package(home: &TestEnvironment) {
    home.run(["register", "--dry-run", "task.yaml", "workflow.yaml", "-o", "pb", "--out-dir", "packed"])
        .success();
    let packed = home.cwd().join("packed");
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(home.cwd().join("flyte-package.tgz")).arg("-C").arg(packed);
    assert!(tar.arg(".").status().unwrap().success());
}

/// A sandbox with entities in two versions, and an execution in the state that the example is about.
fn sandbox(line: &str) -> Flyte {
    let flyte = flyte::empty();
    let home = &flyte.home;
    write_files(home);
    if line.contains("register") {
        write_package(home);
        return flyte;
    }
    if line.contains("project ") && !line.contains("create") {
        home.run(["project", "create", "data"]).success();
    }
    for version in ["v1", "v2"] {
        home.run(["register", "task.yaml", "workflow.yaml", "--version", version]).success();
    }
    if line.contains("deactivate") {
        home.run(["launchplan", "activate", "nightly"]).success();
    }
    if line.contains(EXECUTION) || line.contains("get executions") {
        execution(home, line);
    }
    flyte
}

fn execution(home: &TestEnvironment, line: &str) {
    let gate = match line {
        line if line.contains("set-input") => "my.questions",
        line if ["approve", "reject", "terminate"].iter().any(|verb| line.contains(verb)) => "my.approval",
        _ => {
            home.run(["run", "my.workflow", "-i", "name=World", "--name", EXECUTION, "--wait"]).success();
            return;
        }
    };
    let gates = fixture_file("gates.yaml");
    home.run(["register", gates.to_str().unwrap(), "--version", "v1"]).success();
    let mut run = home.start(["run", gate, "--name", EXECUTION, "--wait"]);
    run.until("waits for");
    run.press_ctrl_c();
    let _ = run.finish();
}

/// A home with a repository of `acme`, and with it installed where the example is about an installed plugin.
fn repository(line: &str) -> Fixture {
    let home = sandbox_home(&[]);
    home.copy("acme", "libacme.so");
    if !line.contains("--new-key") {
        for (version, key) in [("1.1.0", "--new-key"), ("1.2.0", "--name=site")] {
            let file = plugin_store::plugin(&home, version);
            let file = file.to_str().unwrap();
            home.run(["plugin", "publish", "site", file, "--key", "acme.key", key]).success();
        }
    }
    let site = home.cwd().join("site");
    home.write(
        "../.flyte/host.toml",
        format!("[[repositories]]\nname = 'site'\nurl = '{}'\n", site.display()),
    );
    if ["remove", "rollback", "update", "--locked"].iter().any(|word| line.contains(word)) {
        for version in ["acme@1.1.0", "acme@1.2.0"] {
            home.run(["plugin", "install", version]).success();
        }
    }
    Fixture::Home { home, _servers: Vec::new() }
}

fn plugins(line: &str) -> Fixture {
    let of_repositories = ["install", "publish", "remove", "rollback", "search", "update", "--outdated"];
    if of_repositories.iter().any(|word| line.contains(word)) {
        return repository(line);
    }
    let home = sandbox_home(&["acme"]);
    for copy in ["libacme.so", "target/release/libacme.so"] {
        home.copy("acme", copy);
    }
    write_files(&home);
    if line.contains("disable") {
        home.run(["plugin", "enable", "acme"]).success();
    }
    Fixture::Home { home, _servers: Vec::new() }
}

/// A home with the folders that shells create.
fn laptop() -> TestEnvironment {
    let home = home_with(&[]);
    for folder in [".config/fish/completions", ".config/elvish"] {
        std::fs::create_dir_all(home.home().join(folder)).unwrap();
    }
    home
}

fn served(line: &str) -> Fixture {
    let home = sandbox_home(&[]);
    if line.contains("stop") {
        home.run(["sandbox", "start", "--port", "0", "--background"]).success();
    }
    if line.contains("reset") {
        home.run(["get", "projects"]).success();
    }
    Fixture::Served(home)
}

/// A server without authentication. Real sign-ins are in `sign_in`.
fn without_sign_in() -> (TestEnvironment, Server) {
    let mut home = home_with(&[]);
    let server = Server::start(home.command().args(["sandbox", "start", "--port", "0"]));
    home.set("FLYTE_PLATFORM_URL", server.endpoint()).set("FLYTE_PLATFORM_INSECURE", "true");
    (home, server)
}

/// A bucket, and the keys for it.
fn s3() -> Option<Fixture> {
    let python = prepared("FLYTE_TEST_PYTHON")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/s3/server.py");
    let mut command = Command::new(python);
    let store = Server::start(command.arg(script).stderr(std::process::Stdio::null()));
    let (mut home, server) = without_sign_in();
    write_files(&home);
    home.set("FLYTE_AWS_ENDPOINT", format!("http://{}", store.endpoint()));
    home.set("FLYTE_AWS_ACCESS_KEY_ID", "key").set("FLYTE_AWS_SECRET_ACCESS_KEY", "secret");
    Some(Fixture::Home { home, _servers: vec![store, server] })
}
