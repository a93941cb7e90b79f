//! Every command × every place of a plugin × every way to misbehave: exit codes and words.
//!
//! `ways.txt` has each place in each way, by a command that reaches it. `commands.txt` says what each command
//! does when a place is reached; what it does in other ways is in `ways.txt`. The whole table is an ignored
//! test, since it takes half an hour or more: `cargo test -p tests --test it -- --ignored crashing::table`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::{self, File},
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use clap::CommandFactory as _;
use snapbox::{Data, IntoData as _};
use tests::TestEnvironment;
use wait_timeout::ChildExt as _;

use super::home_where;

/// As `CRASH` has them, with a command that reaches each.
const PLACES: [(&str, &str); 17] = [
    ("constructor", "config show"),
    ("create", "config show"),
    ("thread", "config show"),
    ("thread-end", "config show"),
    ("configure_cli", "config show"),
    ("default", "crashing"),
    ("callback", "crashing"),
    ("run", "crashing"),
    ("get_remote", "config show"),
    ("secret_requires_group", "register --dry-run secret.yaml --version v1"),
    ("get_default_image", "register --dry-run task.yaml --version v1"),
    ("get_default_cache_policies", "register --dry-run task.yaml --version v1"),
    ("policy", "register --dry-run task.yaml --version v1"),
    ("get_auth_success_html", "plugin show crashing"),
    ("transport", "get projects"),
    // These never run: plugins and what they returned live until the process ends, and so do the threads that
    // call them.
    ("drop", "get projects"),
    ("thread-local", "get projects"),
];

/// Errors, and ends of the process; the others change what all of it shares.
const DEATHS: [&str; 11] = [
    "error",
    "panic",
    "panic-twice",
    "abort",
    "segfault",
    "stack",
    "exit-0",
    "exit-3",
    "exit-at-once",
    "hang",
    "memory",
];
const CHANGES: [&str; 9] = [
    "print",
    "close-stdout",
    "close-stderr",
    "replace-stdin",
    "directory",
    "environment",
    "umask",
    "locale",
    "signal",
];

/// Every command of the program, with arguments that it gets past where that needs no server.
const COMMANDS: [&str; 60] = [
    "--help",
    "--version",
    "completion bash",
    "config path",
    "config show",
    "crashing",
    "execution activate e",
    "execution approve e n",
    "execution archive e",
    "execution inputs e",
    "execution outputs e",
    "execution recover e",
    "execution reject e n",
    "execution relaunch e",
    "execution set-input e n 1",
    "execution show e",
    "execution terminate e",
    "execution watch e",
    "fetch e",
    "get domains",
    "get executions",
    "get launch-plans",
    "get nodes e",
    "get projects",
    "get task-executions e n",
    "get tasks",
    "get workflows",
    "launchplan activate l v",
    "launchplan deactivate l v",
    "login",
    "logout",
    "man --out-dir man",
    "plugin check nosuch",
    "plugin disable crashing",
    "plugin enable crashing",
    "plugin install nosuch",
    "plugin list",
    // It would find its own crate the second time, so it is refused.
    "plugin new N",
    "plugin path",
    "plugin publish site --key nosuch",
    "plugin remove nosuch",
    "plugin rollback nosuch",
    "plugin search",
    "plugin show crashing",
    "plugin update nosuch",
    "plugin wheel nosuch",
    "project activate nosuch",
    "project archive nosuch",
    "project create flytesnacks",
    "project update nosuch --description d",
    "register --dry-run secret.yaml --version v1",
    "register --dry-run task.yaml --version v1",
    "run nosuch",
    "sandbox reset --yes",
    // It would serve until it is stopped, so it is refused.
    "sandbox start --host nosuch",
    "sandbox status",
    "sandbox stop",
    "upload task.yaml",
    "version",
    "whoami",
];

/// A command line, and the place and way that the plugin misbehaves in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    command: &'static str,
    place: &'static str,
    way: &'static str,
}

/// What is compared of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    /// The exit code; that of a shell for a signal.
    code: i32,
    stdout: String,
    /// Errors, warnings and causes, and what the plugin printed; not Rust's own lines about a panic or a full
    /// stack.
    words: String,
}

impl Outcome {
    fn line(&self) -> String {
        format!("{:<4}{}", self.code, self.words).trim_end().to_owned()
    }

    fn names_plugin(&self) -> bool {
        self.words.contains("plugin `crashing`") || self.words.contains("[crashing]")
    }
}

/// Longer than any run takes, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(120);
/// A command of a plugin may run as long as it likes, and ends with the signal of Ctrl-C and its kin.
const LIMIT_OF_RUN: Duration = Duration::from_secs(5);

fn run(home: &TestEnvironment, case: Case) -> Outcome {
    // Crashes of the runs before would pause the plugin, and be in the words of this one.
    for folder in [".local/state/flyte-host", ".cache"] {
        let _ = fs::remove_dir_all(home.home().join(folder));
    }
    let path = |name: &str| home.home().join(name);
    let file = |name: &str| Stdio::from(File::create(path(name)).unwrap());
    let mut command = home.command();
    command.args(case.command.split(' ')).env("CRASH", format!("{}:{}", case.way, case.place));
    if case.way == "hang" {
        command.env("FLYTE_PLUGIN_TIMEOUT", "2").env("FLYTE_HOST_TIMEOUT", "2");
    }
    let child = command.stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
    let is_run = (case.place, case.way) == ("run", "hang");
    let status = wait(child, if is_run { LIMIT_OF_RUN } else { LIMIT });
    let read = |name: &str| {
        let text = String::from_utf8_lossy(&fs::read(path(name)).unwrap()).into_owned();
        text.replace(home.home().to_str().unwrap(), "[HOME]")
    };
    Outcome {
        code: status.code().or_else(|| Some(128 + status.signal()?)).unwrap(),
        stdout: read("stdout"),
        words: reports(&read("stderr")),
    }
}

/// Waits for the end; a process that does not end is terminated.
fn wait(mut child: Child, limit: Duration) -> ExitStatus {
    if let Some(status) = child.wait_timeout(limit).unwrap() {
        return status;
    }
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    if let Some(status) = child.wait_timeout(LIMIT_OF_RUN).unwrap() {
        return status;
    }
    child.kill().unwrap();
    child.wait().unwrap()
}

fn reports(stderr: &str) -> String {
    let starts = ["error: ", "  caused by: ", "warning: ", "printed ", "waiting "];
    let lines = stderr.lines().filter(|line| starts.iter().any(|start| line.starts_with(start)));
    let shortened = |line: &str| {
        // Reports to its author are the same everywhere, and lines of panics differ.
        let end = ["; report this plugin bug", " (tests/plugins/", " (/rustc/"];
        let end = end.iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
        line[..end].trim_start().to_owned()
    };
    // On a busy machine any call may be slow.
    let is_kept = |line: &String| !line.starts_with("waiting ");
    lines.map(shortened).filter(is_kept).collect::<Vec<_>>().join("; ")
}

/// Runs all cases, on as many threads as there are CPUs, each with a home of its own.
fn run_all(cases: &[Case]) -> BTreeMap<Case, Outcome> {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        let home = home_where("");
        while let Some(case) = cases.get(next.fetch_add(1, Relaxed)) {
            let outcome = run(&home, *case);
            outcomes.lock().unwrap().insert(*case, outcome);
        }
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    outcomes.into_inner().unwrap()
}

/// The commands as they are without a crash.
fn run_without_crash(commands: impl IntoIterator<Item = &'static str>) -> BTreeMap<&'static str, Outcome> {
    let cases: BTreeSet<Case> =
        commands.into_iter().map(|command| Case { command, place: "nowhere", way: "abort" }).collect();
    let outcomes = run_all(&cases.into_iter().collect::<Vec<_>>());
    outcomes.into_iter().map(|(case, outcome)| (case.command, outcome)).collect()
}

fn ways() -> impl Iterator<Item = &'static str> {
    DEATHS.into_iter().chain(CHANGES)
}

/// Commands that work with a plugin that cannot be used; they warn of it.
fn works_without_plugins(command: &str) -> bool {
    ["--help", "man", "sandbox"].contains(&command.split(' ').next().unwrap())
}

/// What is wrong with the outcome of a case that reaches its place.
fn fault(case: Case, outcome: &Outcome, without_crash: &Outcome) -> Option<&'static str> {
    let ends_call = match (case.place, case.way) {
        // A constructor and a thread have no caller that an error could be returned to.
        ("constructor" | "thread" | "thread-end", "error") => return None,
        // The thread ends, and the plugin continues.
        ("thread", "panic") => false,
        ("run", "hang") => return (outcome.code != 143).then_some("does not end"),
        ("drop" | "thread-local", _) => return (outcome != without_crash).then_some("ran"),
        (_, way) => DEATHS.contains(&way),
    };
    if ends_call && outcome.code == 0 && !works_without_plugins(case.command) {
        return Some("succeeds");
    }
    if ends_call && !outcome.names_plugin() {
        return Some("does not name the plugin");
    }
    if !ends_call && outcome.code != without_crash.code {
        return Some("fails");
    }
    (!ends_call && outcome.stdout != without_crash.stdout).then_some("prints something else")
}

fn snapshot(file: &str, text: String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/crashing").join(file);
    snapbox::assert_data_eq!(text.raw(), Data::read_from(&path, None).raw());
}

/// The names of all commands of the program, without the groups.
fn leaves(command: &clap::Command, path: &str, found: &mut Vec<String>) {
    for below in command.get_subcommands() {
        let path = format!("{path}{} ", below.get_name());
        match below.has_subcommands() {
            true => leaves(below, &path, found),
            // A process that the program itself starts, without plugins.
            false if path == "sandbox engine " => {}
            false => found.push(path),
        }
    }
}

#[test]
fn every_command_is_in_the_table() {
    let mut names = Vec::new();
    leaves(&flyte_host::app::args::Cli::command(), "", &mut names);
    names.retain(|name| !COMMANDS.iter().any(|line| format!("{line} ").starts_with(name)));
    assert_eq!(names, [""; 0]);
}

#[test]
fn each_place_in_each_way() {
    let case = |(place, command)| ways().map(move |way| Case { command, place, way });
    let cases: Vec<Case> = PLACES.into_iter().flat_map(case).collect();
    let without_crash = run_without_crash(PLACES.map(|(_, command)| command));
    let outcomes = run_all(&cases);
    let (mut table, mut faults) = (String::new(), String::new());
    for case in &cases {
        if case.way == DEATHS[0] {
            writeln!(table, "\n{}: flyte-host {}", case.place, case.command).unwrap();
        }
        writeln!(table, "  {:<14}{}", case.way, outcomes[case].line()).unwrap();
        if let Some(fault) = fault(*case, &outcomes[case], &without_crash[case.command]) {
            writeln!(faults, "{case:?} {fault}").unwrap();
        }
    }
    snapshot("ways.txt", table);
    assert_eq!(faults, "");
}

#[test]
fn each_command_in_each_place() {
    // What happens while the library is loaded is as in `create`; `default`, `callback` and `run` are of one
    // command.
    let places = PLACES.iter().map(|(place, _)| *place).filter(|place| {
        !["constructor", "thread", "thread-end", "default", "callback", "run", "drop", "thread-local"]
            .contains(place)
    });
    let places: Vec<&str> = places.collect();
    let case = |command| places.iter().map(move |place| Case { command, place, way: "abort" });
    let outcomes = run_all(&COMMANDS.into_iter().flat_map(case).collect::<Vec<_>>());
    let without_crash = run_without_crash(COMMANDS);
    let mut table = String::new();
    for command in COMMANDS {
        let before = &without_crash[command];
        writeln!(table, "\nflyte-host {command}\n  -: {}", before.line()).unwrap();
        for case in case(command) {
            let outcome = &outcomes[&case];
            if (outcome.code, &outcome.words) != (before.code, &before.words) {
                writeln!(table, "  {}: {}", case.place, outcome.line()).unwrap();
            }
        }
    }
    snapshot("commands.txt", table);
}

#[test]
#[ignore = "takes half an hour; run it after changes of `plugin-host/src/calls`"]
fn each_command_in_each_place_and_way() {
    let case = |command| PLACES.iter().map(move |(place, _)| Case { command, place, way: "abort" });
    let without_crash = run_without_crash(COMMANDS);
    let reached = run_all(&COMMANDS.into_iter().flat_map(case).collect::<Vec<_>>());
    let is_reached = |(case, outcome): &(Case, Outcome)| {
        let before = &without_crash[case.command];
        (outcome.code, &outcome.words) != (before.code, &before.words)
    };
    let reached = reached.into_iter().filter(is_reached).map(|(case, _)| case);
    let cases: Vec<Case> = reached.flat_map(|case| ways().map(move |way| Case { way, ..case })).collect();
    let mut faults = String::new();
    for (case, outcome) in run_all(&cases) {
        if let Some(fault) = fault(case, &outcome, &without_crash[case.command]) {
            writeln!(faults, "{case:?} {fault}: {}", outcome.line()).unwrap();
        }
    }
    assert_eq!(faults, "");
}
