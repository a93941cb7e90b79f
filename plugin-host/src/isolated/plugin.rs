//! A plugin in a process of its own, as the host has it: starts the process, and starts it again after its
//! end.

use std::{
    io,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
};

use plugin_abi::{
    PluginError,
    vtable::{FaultBox, HooksBox, HostArc},
};

use super::{
    carry::Carry,
    channel::{Channel, send_end},
    ending::Ending,
    interfaces::HooksStandIn,
    message::{decode, encode},
    object::{ObjectRef, Restarted, Source},
    peer::{Nothing, Peer, Side},
    settings::Isolation,
    start::{CHILD_ARGUMENT, STARTER, Start, StartAnswer},
};
use crate::error::IsolatedError;

/// Why a plugin's process could not be started.
pub(crate) enum StartError {
    /// The plugin's `create` failed.
    Create(PluginError),
    /// The process did not come that far.
    Load(IsolatedError),
    /// There is no process.
    System(io::Error),
}

/// What is needed to start the process, as often as necessary.
pub(crate) struct Template {
    /// The program of the process; `None`: this one.
    pub(crate) program: Option<PathBuf>,
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) passport: Vec<(String, String)>,
    pub(crate) isolation: Isolation,
    /// Variables that the process does not get.
    pub(crate) hidden: &'static [&'static str],
    pub(crate) host: HostArc,
}

/// A plugin's process, and how it is started again.
struct Process {
    template: Template,
    current: Mutex<Current>,
}

struct Current {
    hooks: ObjectRef,
    restarts: u32,
}

/// Starts a plugin's process; returns its hooks, and what this system lacks of the isolation.
pub(crate) fn start(template: Template) -> Result<(HooksBox, Vec<String>), StartError> {
    let (hooks, missing) = template.start()?;
    let process = Process { template, current: Mutex::new(Current { hooks, restarts: 0 }) };
    Ok((HooksStandIn::hooks(Source::Plugin(Arc::new(process))), missing))
}

impl Template {
    fn start(&self) -> Result<(ObjectRef, Vec<String>), StartError> {
        let peer = self.connect().map_err(StartError::System)?;
        let start = Start {
            name: self.name.clone(),
            path: self.path.clone(),
            passport: self.passport.clone(),
            isolation: self.isolation.clone(),
            host: Some(self.host.clone().export(&peer)),
        };
        let answer = call_starter(&peer, "create", &(start,)).map_err(StartError::Create)?;
        let answer: Result<StartAnswer, IsolatedError> =
            decode(&answer).map_err(|malformed| StartError::Create(peer.fail("create", &malformed)))?;
        let StartAnswer { missing, hooks } = answer.map_err(StartError::Load)?;
        match hooks {
            Ok(hooks) => Ok((ObjectRef::kept(hooks.number(), &peer), missing)),
            Err(fault) => {
                let fault = FaultBox::make(FaultBox::hold(fault, &peer));
                Err(StartError::Create(PluginError::from_raw(&fault)))
            }
        }
    }

    /// Starts the process, which takes the connection from its standard input.
    fn connect(&self) -> io::Result<Arc<Peer>> {
        let (ours, theirs) = UnixStream::pair()?;
        let (first, end) = Channel::pair()?;
        send_end(&ours, &end)?;
        let program = self.program.as_deref().unwrap_or(Path::new(THIS_PROGRAM));
        let mut command = Command::new(program);
        command.arg(CHILD_ARGUMENT).arg(&self.name).stdin(Stdio::from(OwnedFd::from(theirs)));
        // Ctrl-C is the host's: it decides when the plugin ends.
        command.stdout(io::stderr()).process_group(0);
        for variable in self.hidden {
            command.env_remove(variable);
        }
        if let Some(name) = std::env::args_os().next() {
            command.arg0(name);
        }
        let child = command.spawn()?;
        let side =
            Side::Host { ending: Ending::new(self.name.clone(), child), timeout: self.isolation.timeout };
        let peer = Peer::new(side, ours);
        peer.add_idle(first);
        serve_connections(&peer)?;
        Ok(peer)
    }
}

/// The file of this program, also after it was replaced.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Answers calls that the plugin's own threads begin.
fn serve_connections(peer: &Arc<Peer>) -> io::Result<()> {
    let (control, peer): (_, Weak<Peer>) = (peer.control()?, Arc::downgrade(peer));
    let serve = move || Peer::serve_connections(&peer, &control);
    thread::Builder::new().name("plugin".to_owned()).stack_size(256 << 10).spawn(serve)?;
    Ok(())
}

fn call_starter(
    peer: &Arc<Peer>,
    method: &'static str,
    arguments: &impl serde::Serialize,
) -> Result<Vec<u8>, PluginError> {
    let body = encode(&(0_u64, arguments)).map_err(|malformed| peer.fail(method, &malformed))?;
    peer.call(STARTER, method, &body, &Nothing)
}

impl Restarted for Process {
    fn object(&self) -> Result<ObjectRef, PluginError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = current.hooks.peer().ending().filter(|ending| ending.is_known());
        let Some(ended) = ended else { return Ok(current.hooks.clone()) };
        if current.restarts >= self.template.isolation.restarts {
            return Err(ended.ended());
        }
        current.restarts += 1;
        log::warn!("starting the process of plugin `{}` again", self.template.name);
        current.hooks = self.template.start().map_err(StartError::into_plugin_error)?.0;
        Ok(current.hooks.clone())
    }
}

impl Drop for Process {
    /// Lets the plugin's destructors run, within the time that its `stop` has.
    fn drop(&mut self) {
        let current = self.current.get_mut().unwrap_or_else(PoisonError::into_inner);
        let peer = current.hooks.peer();
        let Some(ending) = peer.ending() else { return };
        if !ending.is_known() && call_starter(peer, "stop", &()).is_ok() {
            ending.kill();
        }
        peer.drop_objects();
    }
}

impl StartError {
    /// The error of a hook whose process could not be started again.
    fn into_plugin_error(self) -> PluginError {
        let problem = PluginError::new("the plugin's process could not be started again");
        match self {
            Self::Create(error) => {
                problem.with_causes([error.message_with_location()]).with_causes(error.causes())
            }
            Self::Load(failure) => problem.caused_by(failure),
            Self::System(error) => problem.caused_by(error),
        }
    }
}
