//! A sandbox that is served by the test itself, with something registered, and the program before it.

use std::{ffi::OsStr, path::Path, sync::Arc, thread};

use regex::Regex;
use sandbox::{
    EngineStart, Sandbox,
    server::{self, Server},
};
use tests::{Output, TestEnvironment};
use tokio::sync::oneshot;

use crate::home_with;

/// A home, and the server that it uses.
pub(crate) struct Served {
    pub(crate) home: TestEnvironment,
    /// `HOST:PORT`.
    pub(crate) endpoint: String,
    _end: oneshot::Sender<()>,
}

/// A served sandbox in which nothing is registered. It takes messages of up to so many bytes.
pub(crate) fn empty(largest_message: usize) -> Served {
    let mut home = home_with(&[]);
    let root = home.home().join(".flyte/sandbox");
    let sandbox = Sandbox::open(&sandbox::SandboxOptions { root, engine: EngineStart::InProcess }).unwrap();
    let options = server::ServerOptions {
        address: ([127, 0, 0, 1], 0).into(),
        largest_message,
        ..server::ServerOptions::default()
    };
    let server = Server::bind(Arc::new(sandbox), &options).unwrap();
    let endpoint = server.address().to_string();
    let (end, ended) = oneshot::channel::<()>();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(server.run(async {
            let _ = ended.await;
        }))
    });
    home.set("FLYTE_PLATFORM_URL", &endpoint).set("FLYTE_PLATFORM_INSECURE", "true");
    Served { home, endpoint, _end: end }
}

/// A served sandbox that knows `fixtures/hello`, version `v1`.
pub(crate) fn hello() -> Served {
    let served = empty(20 << 20);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hello/hello.yaml");
    served.home.copy_file(&file, "hello.yaml");
    served.home.run(["register", "hello.yaml", "--version", "v1"]).success();
    served
}

impl Served {
    /// Runs the program, straight against the server.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Output {
        self.through(&self.endpoint, arguments)
    }

    /// Runs the program against an endpoint that leads to the server. Times and names that were made up are
    /// replaced, and phases that are seen by chance left out.
    pub(crate) fn through(&self, endpoint: &str, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Output {
        let mut command = self.home.command();
        command.args(arguments).env("FLYTE_PLATFORM_URL", endpoint);
        self.home.run_command(&mut command).map(without_chance)
    }
}

/// Replaces times and invented names, and leaves out phases that are seen by chance.
fn without_chance(text: &str) -> String {
    let passing =
        Regex::new(r"(?m)^ *(node|execution) \S+: (QUEUED|RUNNING|SUCCEEDING|FAILING).*\n").unwrap();
    let mut text = passing.replace_all(text, "").into_owned();
    for (pattern, name) in [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
        (r"\ba[bcdfghjklmnpqrstvwxz2-9]{19}\b", "[EXECUTION]"),
        (r"\b\d+(\.\d)?m?s\b", "[DURATION]"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
    }
    text
}
