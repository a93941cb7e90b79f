//! The command line with the plugins' edits, without loading the plugins.
//!
//! `--help`, completion and `man` need what plugins add to the command line, and none of their functions. So
//! a child process loads the plugins under limits and writes their edits as data; whatever happens to it,
//! this process continues. Isolated plugins run in processes of their own there as well, which watch them.
//! The answer is kept with everything that it depended on, which [`plugin_host::access`] watches: the files
//! of the plugins in their order, their settings and isolation, the program, and the variables, files and
//! directory that their code read. If one of these has changed, the plugins are asked again.
//!
//! | step | module |
//! |---|---|
//! | what an answer depends on, and whether that is unchanged | `dependencies` |
//! | the file of an answer | `record` |
//! | the child process, from the parent's side | `spawn` |
//! | the child process | `child` |

mod child;
mod dependencies;
mod record;
mod spawn;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::CommandFactory as _;
use plugin_host::{Candidate, Identity, Loader, isolated::RecordedEdits};

pub(super) use self::child::run_if_child;
use self::{
    dependencies::{Dependencies, Request},
    record::{Death, Outcome, PluginCall, Record},
};
use super::{
    args::Cli,
    startup::{PluginFlags, Startup, isolates_all},
    version_info,
};
use crate::{
    command_tree::Tree,
    context::PluginInUse,
    settings::Settings,
    ui::{error::CommandError, exit_code::Exit},
};

/// Time limit of the child for help.
const HELP_LIMIT: Duration = Duration::from_secs(10);
/// Time limit of the child when a shell waits for completions.
const COMPLETION_LIMIT: Duration = Duration::from_secs(2);

/// The command line with the changes of the selected plugins, which are not loaded: for completion, help, and
/// commands that need no hook. `None` if the words ask for something else, or if the plugins have to be
/// loaded.
pub(super) fn start(
    words: &[OsString],
    is_completion: bool,
    flags: &PluginFlags,
    settings: &Settings,
    loader: &Loader,
) -> Option<Startup> {
    // Most command lines need loaded plugins; they are not parsed twice.
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
    if !is_completion && words.clone().next().is_some() && !words.any(may_need_no_plugin) {
        return None;
    }
    // Errors are those of loading, which follows.
    let selection = flags.selection(settings).ok().filter(|selection| !selection.specs.is_empty())?;
    let find = |spec: &String| loader.directories().find(spec).ok();
    let files = selection.specs.iter().map(find).collect::<Option<Vec<_>>>()?;
    let limit = if is_completion { COMPLETION_LIMIT } else { HELP_LIMIT };
    let check = || loader.check_all(&selection).is_ok();
    let request = Request { plugins: &files, settings, isolates_all: isolates_all(flags) };
    match command_line(&request, check, limit) {
        Ok(tree) => Some(Startup { chain: None, tree: tree?, plugin_error: None, is_recorded: true }),
        Err(error) => Some(Startup { is_recorded: true, ..Startup::without_plugins(error) }),
    }
}

/// Whether a word of the command line asks for help, or may be a command that needs no loaded plugin.
fn may_need_no_plugin(word: &str) -> bool {
    let is_short_help = word.starts_with('-') && !word.starts_with("--") && word.contains('h');
    matches!(word, "--help" | "help" | "man" | "plugin" | "sandbox") || is_short_help
}

/// The command line with the edits of plugins.
///
/// `check` says whether the files may be loaded; it is called before the plugins are asked.
///
/// `None` if the plugins have to be loaded to know it: a check fails, they return an error, or they depend on
/// what cannot be watched.
///
/// # Errors
///
/// If the plugins ended the child process, or did not answer in time.
fn command_line(
    request: &Request<'_>,
    check: impl FnOnce() -> bool,
    limit: Duration,
) -> Result<Option<Tree>, CommandError> {
    let Some(program) = Dependencies::of_program(request) else { return Ok(None) };
    let place = record::path(&program);
    let kept = place.as_deref().and_then(Record::read).filter(|record| record.is_current(&program));
    let Some(record) = kept.or_else(|| check().then(|| spawn::record(program, request, limit))?) else {
        return Ok(None);
    };
    if let Some(place) = place.filter(|_| record.is_new() && record.can_be_kept()) {
        // A cache that cannot be written costs time only.
        if let Err(error) = record.write(&place) {
            log::debug!("cannot keep the command line of the plugins in `{}`: {error}", place.display());
        }
    }
    match record.outcome {
        Outcome::Edits(plugins) => Ok(tree(plugins)),
        Outcome::Died(death) => Err(error(&death)),
    }
}

/// The commands that a plugin adds, if a record that is unchanged says so: of the plugins in use, or of this
/// plugin alone.
pub(super) fn commands(
    candidate: &Candidate,
    in_use: &[PluginInUse],
    flags: &PluginFlags,
    settings: &Settings,
) -> Option<Vec<String>> {
    let in_use = in_use.iter().map(|plugin| plugin.path.clone()).collect();
    let alone = vec![candidate.file.path().to_owned()];
    let edits = |plugins: Vec<PathBuf>| {
        let index = plugins.iter().rev().position(|path| path == candidate.file.path())?;
        let request = Request { plugins: &plugins, settings, isolates_all: isolates_all(flags) };
        let program = Dependencies::of_program(&request)?;
        let record = Record::read(&record::path(&program)?).filter(|record| record.is_current(&program))?;
        match record.outcome {
            Outcome::Edits(mut recorded) if index < recorded.len() => Some(recorded.remove(index).edits),
            _ => None,
        }
    };
    edits(in_use).or_else(|| edits(alone)).map(RecordedEdits::added_commands)
}

/// `None` if the recorded edits cannot be applied; the plugins are then loaded, for the error's sake.
fn tree(plugins: Vec<record::PluginEdits>) -> Option<Tree> {
    for plugin in plugins.iter().rev() {
        version_info::note_summary(plugin.summary.clone());
    }
    let mut tree = Tree::new(Cli::command());
    for plugin in plugins {
        let identity = Identity { name: plugin.name, version: plugin.version, homepage: plugin.homepage };
        tree.apply(&identity, plugin.edits.into_abi()).ok()?;
    }
    Some(tree)
}

fn error(death: &Death) -> CommandError {
    let Death { call: PluginCall { plugin, version, function }, verb, cause } = death;
    CommandError::new(Exit::PluginFailed, format_args!("plugin `{plugin}` {version} {verb} in `{function}`"))
        .caused_by(cause.clone())
        .hint("use `--no-plugins` to run without the plugin".to_owned())
}
