//! A home of its own for one test.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use tempfile::TempDir;

use crate::{Output, Running, output, redact::Redaction};

/// What of the surrounding environment a run gets: nothing that could change an answer. With
/// `FLYTE_PLUGIN_ISOLATE=1` the tests of plugins run with isolated ones.
const KEPT: [&str; 3] = ["ASAN_OPTIONS", ISOLATE, "LLVM_PROFILE_FILE"];
const ISOLATE: &str = "FLYTE_PLUGIN_ISOLATE";

/// A home with a plugins directory and an environment, in which flyte-host runs.
#[derive(Debug)]
pub struct TestEnvironment {
    root: TempDir,
    program: PathBuf,
    variables: BTreeMap<OsString, OsString>,
    redaction: Redaction,
}

impl TestEnvironment {
    /// An empty home for a program, which is called flyte-host in it, whatever the name of its file.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        // On some systems the temporary directory is behind a link, and paths would read differently.
        let path = root.path().canonicalize().expect("a directory that was just made");
        let environment = Self {
            program: path.join("bin").join(format!("flyte-host{}", env::consts::EXE_SUFFIX)),
            redaction: Redaction::new(&path.join("home")),
            variables: BTreeMap::new(),
            root,
        };
        for folder in [environment.plugins(), environment.cwd(), path.join("bin")] {
            fs::create_dir_all(folder).expect("a directory in an empty one");
        }
        link_or_copy(program, &environment.program);
        environment
    }

    /// The user's home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.program.parent().and_then(Path::parent).unwrap_or(self.root.path()).join("home")
    }

    /// Where programs are run.
    #[must_use]
    pub fn cwd(&self) -> PathBuf {
        self.home().join("work")
    }

    /// The user's plugins directory.
    #[must_use]
    pub fn plugins(&self) -> PathBuf {
        self.home().join(".flyte/plugins")
    }

    /// Sets an environment variable for all runs that follow.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) -> &mut Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Writes a file; the path is relative to where programs are run.
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.cwd().join(path);
        fs::create_dir_all(path.parent().expect("a path below the home"))
            .expect("a directory of the test's own");
        fs::write(&path, text).expect("a file of the test's own");
        path
    }

    /// Reads a file; the path is relative to where programs are run.
    #[must_use]
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.cwd().join(path)).expect("a file that the test asked for")
    }

    /// Drops a plugin into the plugins directory, as `libNAME.so`.
    pub fn install(&self, plugin: &str) -> PathBuf {
        self.copy(plugin, self.plugins().join(library_name(plugin)))
    }

    /// Drops a plugin that was built elsewhere into the plugins directory, as `libNAME.so`.
    pub fn install_from(&self, folder: &Path, plugin: &str) -> PathBuf {
        self.copy_file(&built_in(folder, plugin), self.plugins().join(library_name(plugin)))
    }

    /// Copies a plugin's library; the path is relative to where programs are run.
    pub fn copy(&self, plugin: &str, to: impl AsRef<Path>) -> PathBuf {
        self.copy_file(&built(plugin), to)
    }

    /// Copies any file; the path is relative to where programs are run.
    pub fn copy_file(&self, from: &Path, to: impl AsRef<Path>) -> PathBuf {
        let to = self.cwd().join(to);
        fs::create_dir_all(to.parent().expect("a path below the home"))
            .expect("a directory of the test's own");
        fs::copy(from, &to).unwrap_or_else(|error| panic!("no copy of `{}`: {error}", from.display()));
        to
    }

    /// The program in this home: no other variables than those of the test, and no terminal.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let bin = self.program.parent().expect("a file in a directory");
        let path =
            env::join_paths([bin, Path::new("/usr/bin"), Path::new("/bin")]).expect("no separator in them");
        command.env_clear().current_dir(self.cwd()).stdin(Stdio::null());
        command.envs(KEPT.into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.env("HOME", self.home()).env("PATH", path).env("COLUMNS", "100").envs(&self.variables);
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Output {
        self.run_command(self.command().args(arguments))
    }

    /// Runs a command.
    pub fn run_command(&self, command: &mut Command) -> Output {
        let output = output(command);
        self.output(command, &output.stdout, &output.stderr, output.status)
    }

    /// Starts the program, for a test that watches it.
    #[must_use]
    pub fn start(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Running<'_> {
        let mut command = self.command();
        command.args(arguments);
        Running::start(self, command)
    }

    /// Starts the program on a terminal, which util-linux's `script` makes. Words must not need quotes.
    #[must_use]
    pub fn start_on_terminal(&self, arguments: impl IntoIterator<Item: AsRef<str>>) -> Running<'_> {
        let mut script = Command::new("script");
        let mut line = "stty -echo cols 100; flyte-host".to_owned();
        for argument in arguments {
            line = line + " " + argument.as_ref();
        }
        script.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        let like = self.command();
        // Without live lines, unless the test asks for them with a `TERM` of its own.
        script.env_clear().env("TERM", "dumb").env("SHELL", "/bin/sh").current_dir(self.cwd());
        script.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Running::start_on_terminal(self, script)
    }

    /// What a run printed, redacted.
    pub(crate) fn output(
        &self,
        command: &Command,
        stdout: &[u8],
        stderr: &[u8],
        status: ExitStatus,
    ) -> Output {
        let redact = |text: &str| self.redaction.redact(text);
        let stderr = without_waits(&String::from_utf8_lossy(stderr));
        let command = redact(&self.command_line(command));
        let stdout = without_isolation(&String::from_utf8_lossy(stdout));
        Output::new(command, redact(&stdout), redact(&stderr), status)
    }

    /// The command line of flyte-host; the name alone of another program, whose arguments may be a whole
    /// script.
    fn command_line(&self, command: &Command) -> String {
        let program = Path::new(command.get_program());
        if program != self.program {
            return program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        }
        let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        let words = std::iter::once("flyte-host").chain(arguments.iter().map(AsRef::as_ref));
        shlex::try_join(words).expect("arguments without NUL")
    }
}

/// Leaves out the lines about a slow answer: on a busy machine any call may be slow.
fn without_waits(stderr: &str) -> String {
    let is_wait = |line: &&str| line.starts_with("waiting for `") && line.contains("` to answer (");
    stderr.split_inclusive('\n').filter(|line| !is_wait(line)).collect()
}

/// Leaves out the line of `plugin show` about the isolation, in tests that run with isolated plugins.
fn without_isolation(stdout: &str) -> String {
    let is_isolated = env::var_os(ISOLATE).is_some();
    let is_fact =
        |line: &&str| line.trim_end().strip_suffix("yes").is_some_and(|key| key.trim_end() == "isolated");
    stdout.split_inclusive('\n').filter(|line| !is_isolated || !is_fact(line)).collect()
}

/// The library that Cargo built of one of the plugins, beside the test executable.
fn built(plugin: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    built_in(test.parent().expect("a file in a directory"), plugin)
}

/// The library of one of the plugins in a folder where Cargo put it, under the name that it gave.
fn built_in(folder: &Path, plugin: &str) -> PathBuf {
    let package = if plugin == "acme" { "sample" } else { plugin };
    let library = folder.join(library_name(&format!("{package}_plugin")));
    assert!(library.exists(), "no `{}`: is the plugin a dependency of this package?", library.display());
    library
}

fn library_name(name: &str) -> String {
    format!("{}{name}{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX)
}

#[cfg(unix)]
pub(crate) fn link_or_copy(program: &Path, to: &Path) {
    std::os::unix::fs::symlink(program, to).expect("a link in a directory of the test's own");
}

#[cfg(not(unix))]
pub(crate) fn link_or_copy(program: &Path, to: &Path) {
    fs::copy(program, to).expect("a copy in a directory of the test's own");
}
