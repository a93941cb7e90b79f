//! A user with a browser, which the program under test opens by the variable `BROWSER`.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::Programs;
use crate::ChildProcess;

/// How long one visit may take: much longer than any does.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the user does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserAction {
    /// Signs in.
    #[default]
    SignIn,
    /// Says no to what the provider asks.
    Deny,
    /// Closes the tab at once.
    CloseTab,
    /// Follows the callback link of another sign-in first, and signs in then.
    FollowForeignLink,
    /// Signs in, and loads the last page once more.
    Reload,
    /// Asks the callback for other things first, and signs in then.
    RequestOtherPaths,
    /// Types the code of another device.
    EnterCode,
    /// Goes away before anything was opened, and never comes back.
    Away,
}

impl UserAction {
    /// As `browser.mjs` names it.
    fn script_name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Deny => "deny",
            Self::CloseTab => "close",
            Self::FollowForeignLink => "wrong-state",
            Self::Reload => "replay",
            Self::RequestOtherPaths => "stray",
            Self::EnterCode => "device",
            Self::Away => "away",
        }
    }
}

/// Headless Chromium with a scripted user.
#[derive(Debug)]
pub struct Browser {
    folder: TempDir,
    program: PathBuf,
    visits: Receiver<String>,
}

impl Browser {
    /// A browser that is not open yet.
    #[must_use]
    pub fn new(programs: &Programs, action: UserAction) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let script = programs.install("browser.mjs", folder.path());
        let (visits, report) = reports();
        let program = folder.path().join("browser");
        // What it prints would be taken for the program's.
        let text = format!(
            "#!/bin/sh\nWHAT={} OUT='{out}' TMPDIR='{out}' HOME='{out}' CHROMIUM='{}' REPORT={report} \\\n\
             exec '{}' '{}' \"$1\" >/dev/null 2>&1 </dev/null\n",
            action.script_name(),
            programs.chromium.display(),
            programs.node.display(),
            script.display(),
            out = folder.path().display(),
        );
        write_program(&program, &text);
        Self { folder, program, visits }
    }

    /// The value of `BROWSER`: a program that gets the address as its argument.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Opens a URL in it, and waits until the visit has ended.
    ///
    /// # Panics
    ///
    /// If it went wrong.
    pub fn visit(&self, url: &str) {
        let _ = ChildProcess::spawn(Command::new(&self.program).arg(url)).finish();
        self.wait();
    }

    /// Waits until a visit has ended.
    ///
    /// # Panics
    ///
    /// If it failed, or the browser is not opened.
    pub fn wait(&self) {
        match self.visits.recv_timeout(PATIENCE) {
            Ok(trouble) => assert!(trouble.is_empty(), "in the browser: {trouble}"),
            Err(error) => panic!("the browser was not used: {error}; it was opened with {:?}", self.opened()),
        }
    }

    /// The addresses that it was opened with.
    #[must_use]
    pub fn opened(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("opened.txt")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What `browser.mjs` wrote into a file.
    ///
    /// # Panics
    ///
    /// If it did not.
    #[must_use]
    pub fn seen(&self, file: &str) -> String {
        let path = self.folder.path().join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("the browser wrote no `{file}`: {error}"))
    }

    /// The status and headers with which a page came: `page`, or `wrong` for the link of another sign-in.
    ///
    /// # Panics
    ///
    /// If the person did not get so far.
    #[must_use]
    pub fn answer(&self, page: &str) -> Value {
        serde_json::from_str(&self.seen(&format!("{page}.json"))).expect("what was just written as JSON")
    }

    /// What the picture of the last page, `page.png`, shows: `width`, `height`, and the number of `colours`.
    ///
    /// # Panics
    ///
    /// If the person did not get so far.
    #[must_use]
    pub fn picture(&self) -> Value {
        serde_json::from_str(&self.seen("page.picture.json")).expect("what was just written as JSON")
    }
}

/// A channel with the error of each visit, empty for success, and the address that receives them.
fn reports() -> (Receiver<String>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the system's choice");
    let address = listener.local_addr().expect("a listener's address");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut text = String::new();
            let read = stream.and_then(|mut stream| stream.read_to_string(&mut text));
            if sender.send(read.map_or_else(|error| error.to_string(), |_| text)).is_err() {
                break;
            }
        }
    });
    (receiver, address.to_string())
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).expect("a file of the test's own");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a file of the test's own");
}
