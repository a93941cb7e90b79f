//! `plugin check`: what is wrong with a plugin, found without harming this process.
//!
//! | step | module |
//! |---|---|
//! | checks of the file as data | `file` |
//! | the process that runs its code, from this side | `process`, with the messages of `message` |
//! | that process itself | `app/check_child.rs` |
//! | codes, levels and remedies | `code`, `finding` |
//! | text and JSON | `print` |

pub mod code;
mod file;
mod finding;
pub(crate) mod message;
mod print;
#[cfg(target_os = "linux")]
mod process;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, builder::PossibleValuesParser};
use plugin_abi::Hook;
use plugin_host::LoadError;
use serde_json::Value;

#[cfg(target_os = "linux")]
use self::message::{Task, Times};
use self::{
    code::Level,
    finding::{Finding, Report},
};
use crate::{
    context::Context,
    ui::{error::CommandError, exit_code::Exit, output::Format},
};

/// After so many deaths the remaining functions are not called.
#[cfg(target_os = "linux")]
const MAX_DEATHS: usize = 16;
/// Seconds that a function may take before it is called slow.
#[cfg(target_os = "linux")]
const SLOW: f64 = 0.1;

/// Check a plugin: its file, its hooks and its commands
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Paths or names of plugins
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,

    /// Treat warnings as errors
    #[arg(long)]
    strict: bool,

    /// Call only these hooks, separated by commas [default: all]
    #[arg(long, value_name = "HOOKS", value_delimiter = ',', value_parser = hook_names())]
    hook: Vec<String>,

    /// Check it in a chain with another plugin as well, in both orders; can be repeated
    #[arg(long = "with", value_name = "FILE")]
    beside: Vec<String>,

    /// Run a command of the plugin as well, such as `"hello --name x"`; can be repeated
    #[arg(long, value_name = "COMMAND")]
    run: Vec<String>,

    /// Seconds that one call may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
}

fn hook_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Hook::ALL.iter().map(|hook| hook.name()))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let duration = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.filter(|duration| !duration.is_zero()).ok_or_else(|| "expected a number of seconds".to_owned())
}

pub(super) fn run(args: &CheckArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut objects = Vec::new();
    let mut errors = 0;
    let beside = beside(args, context)?;
    for name in &args.files {
        let report = check(name, &beside, args, context)?;
        errors += report.count(Level::Error);
        match context.ui.format() {
            Format::Table => print::text(&report, context.ui)?,
            Format::Name => {
                let lines = report.findings.iter().map(|finding| format!("{}\n", finding.code.name));
                context.ui.print(lines.collect::<String>())?;
            }
            Format::Json | Format::Yaml => objects.push(print::json(&report)),
        }
    }
    if matches!(context.ui.format(), Format::Json | Format::Yaml) {
        context.ui.structured(&Value::Array(objects))?;
    }
    match errors {
        0 => Ok(()),
        1 => Err(failed("found 1 error")),
        errors => Err(failed(&format!("found {errors} errors"))),
    }
}

fn failed(what: &str) -> CommandError {
    CommandError::new(Exit::PluginFailed, format_args!("plugin check {what}"))
}

/// The plugins of `--with`, which must be loadable themselves.
fn beside(args: &CheckArgs, context: &Context<'_>) -> Result<Vec<(String, PathBuf)>, CommandError> {
    let check = |name: &String| {
        let candidate = context.loader.check(&context.plugin_spec(name))?;
        let path = absolute(candidate.file.path())?;
        Ok((candidate.passport.name().to_owned(), path))
    };
    args.beside.iter().map(check).collect()
}

fn absolute(path: &Path) -> Result<PathBuf, CommandError> {
    std::path::absolute(path).map_err(|error| {
        CommandError::new(Exit::Failed, format_args!("could not resolve `{}`", path.display()))
            .caused_by(error)
    })
}

fn check(
    name: &str,
    beside: &[(String, PathBuf)],
    args: &CheckArgs,
    context: &Context<'_>,
) -> Result<Report, CommandError> {
    let found = context.loader.directories().find(&context.plugin_spec(name));
    let path = found.as_ref().map_or_else(|_| PathBuf::from(name), Clone::clone);
    let mut report = Report { file: path.clone(), ..Report::default() };
    match found.map_err(LoadError::from).and_then(|path| context.loader.check_file(&path)) {
        Ok(candidate) => {
            file::check(&candidate, &mut report);
            run_code(&path, candidate.passport.name(), beside, args, context, &mut report)?;
        }
        Err(error) => report.add(file::refused(&error)),
    }
    if args.strict {
        report.make_strict();
    }
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Ok(report)
}

#[cfg(not(target_os = "linux"))]
fn run_code(
    _: &Path,
    _: &str,
    _: &[(String, PathBuf)],
    args: &CheckArgs,
    _: &Context<'_>,
    report: &mut Report,
) -> Result<(), CommandError> {
    let _ = (&args.hook, &args.run, args.timeout);
    report.add(Finding::of_file("not-run", "its code was not run: that requires Linux", None));
    Ok(())
}

#[cfg(target_os = "linux")]
fn run_code(
    path: &Path,
    name: &str,
    beside: &[(String, PathBuf)],
    args: &CheckArgs,
    context: &Context<'_>,
    report: &mut Report,
) -> Result<(), CommandError> {
    let path = absolute(path)?;
    let hooks = if args.hook.is_empty() {
        Hook::ALL.iter().map(|hook| hook.name().to_owned()).collect()
    } else {
        args.hook.clone()
    };
    let task = Task {
        files: vec![path.clone()],
        hooks,
        skip: Vec::new(),
        run: args.run.clone(),
        isolate: false,
        is_short: false,
    };
    let mut checker = Checker::new(args.timeout, name, context, report)?;
    let works = checker.run(task.clone(), None)?;
    checker.confirm_slow_start(&task)?;
    checker.note_slow();
    if !works {
        return Ok(());
    }
    if context.global.isolate {
        let task = Task { isolate: true, is_short: true, run: Vec::new(), ..task.clone() };
        checker.run(task, None)?;
    }
    for (other, file) in beside {
        for (files, chain) in [
            ([path.clone(), file.clone()], format!("`{name}`, `{other}`")),
            ([file.clone(), path.clone()], format!("`{other}`, `{name}`")),
        ] {
            let task = Task { files: files.to_vec(), is_short: true, run: Vec::new(), ..task.clone() };
            checker.run(task, Some(&chain))?;
        }
    }
    Ok(())
}

/// Runs the processes of one file.
#[cfg(target_os = "linux")]
struct Checker<'a> {
    limit: Duration,
    folder: tempfile::TempDir,
    line: crate::ui::progress::Line,
    name: &'a str,
    report: &'a mut Report,
}

#[cfg(target_os = "linux")]
impl<'a> Checker<'a> {
    fn new(
        limit: Duration,
        name: &'a str,
        context: &Context<'_>,
        report: &'a mut Report,
    ) -> Result<Self, CommandError> {
        let folder = tempfile::tempdir().map_err(|error| {
            CommandError::new(Exit::Failed, "could not create a temporary directory").caused_by(error)
        })?;
        let line = context.ui.clock(&format!("checking `{name}`"));
        Ok(Self { limit, folder, line, name, report })
    }

    /// Runs a task until all functions were called: one that ends the process is left out the next time.
    /// Returns whether the plugins could be loaded.
    fn run(&mut self, mut task: Task, chain: Option<&str>) -> Result<bool, CommandError> {
        let is_started = |function: &str| !matches!(function, "" | "constructor" | "interfaces" | "create");
        for _ in 0..MAX_DEATHS {
            let outcome = self.start(&task)?;
            for observation in outcome.observations {
                let found = Finding {
                    chain: chain.map(str::to_owned),
                    is_isolated: task.isolate,
                    ..Finding::of_call(observation)
                };
                self.report.add(found);
            }
            if chain.is_none() && !task.isolate {
                self.add_times(outcome.times);
            }
            match outcome.died_in {
                Some(call) if is_started(&call.function) && !task.skip.contains(&call.function) => {
                    task.skip.push(call.function);
                }
                died => return Ok(died.is_none() && !self.is_refused()),
            }
        }
        Ok(true)
    }

    fn is_refused(&self) -> bool {
        self.report.findings.iter().any(|finding| {
            let function = finding.call.as_ref().map_or("create", |call| &call.function);
            matches!(function, "constructor" | "interfaces" | "create") && finding.level == Level::Error
        })
    }

    fn start(&mut self, task: &Task) -> Result<process::Outcome, CommandError> {
        let Self { line, name, folder, .. } = self;
        let mut say =
            |function: &str| line.say(format!("checking `{name}`: {}", finding::described(function)));
        let outcome = process::run(task, self.limit, folder.path(), &mut say)
            .map_err(|error| CommandError::new(Exit::Failed, "could not start a process").caused_by(error))?;
        match outcome.failed {
            Some(reason) => Err(CommandError::new(Exit::Internal, "the process of the check failed")
                .caused_by(reason)
                .hint("report this bug in flyte-host".to_owned())),
            None => Ok(outcome),
        }
    }

    fn add_times(&mut self, times: std::collections::BTreeMap<String, Times>) {
        for (function, new) in times {
            let known = self.report.times.entry(function).or_insert(new);
            known.fastest_seconds = known.fastest_seconds.min(new.fastest_seconds);
            known.slowest_seconds = known.slowest_seconds.max(new.slowest_seconds);
        }
    }

    /// Loading is measured once a process. On a busy machine that may be slow by accident.
    fn confirm_slow_start(&mut self, task: &Task) -> Result<(), CommandError> {
        let is_slow = |times: &Times| times.fastest_seconds > SLOW;
        if !["constructor", "create"].iter().any(|name| self.report.times.get(*name).is_some_and(is_slow)) {
            return Ok(());
        }
        let task = Task { hooks: Vec::new(), run: Vec::new(), ..task.clone() };
        for _ in 0..2 {
            let outcome = self.start(&task)?;
            self.add_times(outcome.times);
        }
        Ok(())
    }

    fn note_slow(&mut self) {
        let times = self.report.times.clone();
        for (function, times) in times.into_iter().filter(|(_, times)| times.fastest_seconds > SLOW) {
            let milliseconds = times.fastest_seconds * 1e3;
            self.report.add(Finding::of_call(message::Observation {
                code: "slow".to_owned(),
                call: message::Call { function, input: String::new() },
                message: format!(
                    "takes {milliseconds:.0} ms, and should take less than {:.0} ms",
                    SLOW * 1e3
                ),
                remedy: None,
            }));
        }
    }
}
