//! The child process that loads plugins and writes their edits as data.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use clap::CommandFactory as _;
use plugin_abi::{Hook, vtable::Command_TO};
use plugin_host::{Candidate, Chain, Identity, Link, Loader, access};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::record::{PluginCall, PluginEdits};
use crate::{
    app::{args::Cli, startup, version_info},
    command_tree::Tree,
    flyte::configuration::Configurations,
    settings::Settings,
};

/// The first argument of the child. The others are the plugins' files.
pub(super) const ARGUMENT: &str = "__record-command-line";
/// Bytes of memory that the child may use.
const MEMORY: u64 = 4 << 30;

/// A line from the child to its parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    /// A plugin's function is about to run.
    Call(PluginCall),
    /// The plugins have to be loaded by the parent, which then reports the error.
    NoAnswer,
    /// The answer.
    Answer { plugins: Vec<PluginEdits>, accesses: RecordedAccesses },
}

/// [`access::Accesses`] of a child, if nothing else happened.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordedAccesses {
    pub(super) variables: Vec<OsString>,
    pub(super) files: Vec<PathBuf>,
    pub(super) directory: bool,
}

/// Runs the child and gives its exit code, if this process is one.
pub(in crate::app) fn run_if_child(words: &[OsString]) -> Option<u8> {
    match words {
        [_, argument, plugins @ ..] if argument == ARGUMENT => Some(run(plugins).map_or(1, |()| 0)),
        _ => None,
    }
}

/// `None` if the parent is gone.
fn run(plugins: &[OsString]) -> Option<()> {
    let mut parent = take_stdout().ok()?;
    let mut send = |message: &Message| writeln!(parent, "{}", serde_json::to_string(message).ok()?).ok();
    let answer = answer(plugins, &mut send).unwrap_or(Message::NoAnswer);
    send(&answer)
}

fn answer(plugins: &[OsString], send: &mut dyn FnMut(&Message) -> Option<()>) -> Option<Message> {
    let settings = Settings::read().ok()?;
    let flags = startup::PluginFlags::default();
    let loader = startup::loader(&flags, &settings).with_recorded_accesses();
    let candidates = plugins.iter().map(|path| loader.check_file(path.as_ref()));
    let candidates: Vec<Candidate> = candidates.collect::<Result<_, _>>().ok()?;
    let summaries: Vec<String> =
        candidates.iter().map(|candidate| version_info::summary(&candidate.passport)).collect();
    limit().ok()?;
    // Now: once accesses are recorded, no process can be started.
    let isolated = load_isolated(&loader, candidates, send)?;
    let (recorded, accesses) = access::record(|| {
        let links = isolated.into_iter().map(|plugin| match plugin {
            PendingPlugin::Isolated(link) => Some(link),
            PendingPlugin::Checked(candidate) => load(&loader, candidate, send),
        });
        let chain = Chain::new(links.collect::<Option<_>>()?, Configurations::default().builtin());
        let edits = edits(&chain, &summaries, |plugin| send(&call(plugin, Hook::ConfigureCli.name())))?;
        Some((edits, accesses_of_isolated(&chain)?))
    })
    .ok()?;
    let (edits, isolated) = recorded?;
    let access::Accesses { variables, files, directory, opaque: None } = accesses.and(isolated) else {
        return None;
    };
    let accesses = RecordedAccesses {
        variables: variables.into_iter().collect(),
        // A path that is not UTF-8 cannot be written down, so the record would be incomplete.
        files: files.into_iter().map(|path| path.to_str().map(PathBuf::from)).collect::<Option<_>>()?,
        directory,
    };
    Some(Message::Answer { plugins: edits, accesses })
}

/// A plugin on its way into the chain.
enum PendingPlugin {
    Isolated(Link),
    Checked(Candidate),
}

fn load_isolated(
    loader: &Loader,
    candidates: Vec<Candidate>,
    send: &mut dyn FnMut(&Message) -> Option<()>,
) -> Option<Vec<PendingPlugin>> {
    let load = |candidate: Candidate| {
        if loader.isolates(candidate.passport.name()) {
            return load(loader, candidate, send).map(PendingPlugin::Isolated);
        }
        Some(PendingPlugin::Checked(candidate))
    };
    candidates.into_iter().map(load).collect()
}

fn load(loader: &Loader, candidate: Candidate, send: &mut dyn FnMut(&Message) -> Option<()>) -> Option<Link> {
    send(&call(&Identity::from_passport(&candidate.passport), "create"))?;
    loader.load(candidate).ok()
}

/// What the isolated plugins of a chain read.
fn accesses_of_isolated(chain: &Chain) -> Option<access::Accesses> {
    let isolated = chain.plugins().iter().filter(|link| link.isolation().is_some());
    isolated.map(Link::accesses).try_fold(access::Accesses::default(), |all, read| Some(all.and(read?)))
}

fn call(plugin: &Identity, function: &str) -> Message {
    let (plugin, version) = (plugin.name.clone(), plugin.version.clone());
    Message::Call(PluginCall { plugin, version, function: function.to_owned() })
}

/// As `startup` does it: the last plugin first.
fn edits(
    chain: &Chain,
    summaries: &[String],
    mut before: impl FnMut(&Identity) -> Option<()>,
) -> Option<Vec<PluginEdits>> {
    let mut tree = Tree::new(Cli::command());
    let mut all = Vec::new();
    for (index, link) in chain.plugins().iter().enumerate().rev() {
        let view = tree.view();
        let identity = link.identity();
        before(identity)?;
        let raw = chain.configure_cli(index, Command_TO::from_ptr(RRef::new(&view), TD_Opaque)).ok()?;
        let edits = tree.record(identity, raw).ok()?;
        all.push(PluginEdits {
            name: identity.name.clone(),
            version: identity.version.clone(),
            homepage: identity.homepage.clone(),
            summary: summaries.get(index)?.clone(),
            edits,
        });
    }
    Some(all)
}

/// The pipe to the parent. What plugins print goes to the standard error from now on.
fn take_stdout() -> io::Result<File> {
    let pipe = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(File::from(pipe))
}

fn limit() -> io::Result<()> {
    let limit = |maximum| Rlimit { current: Some(maximum), maximum: Some(maximum) };
    setrlimit(Resource::Core, limit(0))?;
    // Checkers of memory reserve more than the limit for themselves.
    if data_size().is_some_and(|size| size < MEMORY) {
        setrlimit(Resource::Data, limit(MEMORY))?;
    }
    Ok(())
}

/// Bytes of private memory that this process has reserved.
fn data_size() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(5)?.parse::<u64>().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}
