//! A person with a browser, whom the program under test reaches as the variable `BROWSER` says.

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

/// How long one visit may take: much longer than any does.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the person does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Person {
    /// Signs in.
    #[default]
    SignsIn,
    /// Says no to what the provider asks.
    Denies,
    /// Closes the tab at once.
    Closes,
    /// Follows somebody else's link first, and signs in then.
    IsLedAstray,
    /// Signs in, and loads the last page once more.
    Reloads,
    /// Asks the callback for other things first, and signs in then.
    Strays,
    /// Types the code of another device.
    TypesCode,
    /// Goes away before anything was opened, and never comes back.
    IsAway,
}

impl Person {
    /// As `browser.mjs` names it.
    fn word(self) -> &'static str {
        match self {
            Self::SignsIn => "sign-in",
            Self::Denies => "deny",
            Self::Closes => "close",
            Self::IsLedAstray => "wrong-state",
            Self::Reloads => "replay",
            Self::Strays => "stray",
            Self::TypesCode => "device",
            Self::IsAway => "away",
        }
    }
}

/// Headless Chromium with somebody in front of it.
#[derive(Debug)]
pub struct Browser {
    folder: TempDir,
    program: PathBuf,
    visits: Receiver<String>,
}

impl Browser {
    /// A browser that nobody has opened yet.
    #[must_use]
    pub fn new(programs: &Programs, person: Person) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let script = programs.install("browser.mjs", folder.path());
        let (visits, report) = reports();
        let program = folder.path().join("browser");
        // What it prints would be taken for the program's.
        let text = format!(
            "#!/bin/sh\nWHAT={} OUT='{out}' TMPDIR='{out}' HOME='{out}' CHROMIUM='{}' REPORT={report} \\\n\
             exec '{}' '{}' \"$1\" >/dev/null 2>&1 </dev/null\n",
            person.word(),
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

    /// Somebody opens an address in it, and this waits until the visit has ended.
    ///
    /// # Panics
    ///
    /// If it went wrong.
    pub fn visit(&self, url: &str) {
        Command::new(&self.program).arg(url).status().expect("a program of the test's own");
        self.wait();
    }

    /// Waits until a visit has ended.
    ///
    /// # Panics
    ///
    /// If it went wrong, or nobody comes.
    pub fn wait(&self) {
        match self.visits.recv_timeout(PATIENCE) {
            Ok(trouble) => assert!(trouble.is_empty(), "in the browser: {trouble}"),
            Err(error) => panic!("nobody used the browser: {error}; it was opened with {:?}", self.opened()),
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

    /// The status and headers with which a page came: `page`, or `wrong` of somebody else's link.
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

/// The end of every visit, with what went wrong in it, and the address at which it is told.
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
