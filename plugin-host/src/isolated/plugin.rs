//! A plugin in a process of its own, as the host has it: starts the process, and starts it again after its
//! end.

use std::{
    io,
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::{net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak, mpsc},
    thread,
};

use plugin_abi::{
    PluginError,
    vtable::{AbiResult, FaultBox, HooksBox, HostArc},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    carry::Carry,
    channel::{Channel, send_descriptors},
    ending::Ending,
    environment,
    interfaces::HooksStandIn,
    message::{decode, encode},
    object::{ObjectRef, Restarted, Source},
    peer::{Nothing, Peer, Side},
    settings::Isolation,
    start::{CHILD_ARGUMENT, STARTER, SentAccesses, Start},
};
use crate::{
    Identity,
    access::Accesses,
    error::{CallSite, IsolatedError},
    loaded_file::LoadedFile,
    preflight::Passport,
};

/// Why a plugin's process could not be started.
pub(crate) enum StartError {
    /// The plugin's `create` returned an error.
    Create(PluginError),
    /// The process ended in code of the plugin.
    Ended(CallSite, PluginError),
    /// The process did not come that far.
    Load(IsolatedError),
    /// There is no process.
    System(io::Error),
}

/// What is needed to start the process, as often as necessary.
pub(crate) struct Template {
    /// The program of the process; `None`: this one.
    pub(crate) program: Option<PathBuf>,
    pub(crate) file: LoadedFile,
    /// The library looks for files beside itself.
    pub(crate) by_path: bool,
    pub(crate) passport: Passport,
    pub(crate) isolation: Isolation,
    /// Whether to record what the plugin reads.
    pub(crate) records: bool,
    /// Variables that the process never gets.
    pub(crate) hidden: &'static [&'static str],
    pub(crate) host: HostArc,
}

/// A plugin's process, and how it is started again.
pub(crate) struct Process {
    template: Template,
    current: Mutex<Current>,
}

struct Current {
    hooks: ObjectRef,
    restarts: u32,
}

/// Starts a plugin's process; returns its hooks, the process, and what this system lacks of the isolation.
///
/// `enter` gets what is about to run, for messages.
pub(crate) fn start(
    template: Template,
    enter: &mut dyn FnMut(&'static str),
) -> Result<(HooksBox, Arc<Process>, Vec<String>), StartError> {
    let (hooks, missing) = template.start(enter)?;
    let process = Arc::new(Process { template, current: Mutex::new(Current { hooks, restarts: 0 }) });
    Ok((HooksStandIn::hooks(Source::Plugin(process.clone())), process, missing))
}

impl Process {
    /// What the plugin read until now; `None` if that is not recorded, or is not known for all of its
    /// processes.
    pub(crate) fn accesses(&self) -> Option<Accesses> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let accesses: Option<SentAccesses> = call_starter(current.hooks.peer(), "accesses", &()).ok()?;
        (current.restarts == 0).then(|| accesses.map(Accesses::from))?
    }
}

impl Template {
    fn start(&self, enter: &mut dyn FnMut(&'static str)) -> Result<(ObjectRef, Vec<String>), StartError> {
        let peer = self.connect().map_err(StartError::System)?;
        let start = self.description();
        let ended = |site| move |error| StartError::Ended(site, error);
        enter("in a constructor of its library");
        let loaded: Result<Vec<String>, IsolatedError> =
            call_starter(&peer, "load", &(start,)).map_err(ended(CallSite::Library))?;
        let missing = loaded.map_err(StartError::Load)?;
        let host = self.host.clone().export(&peer);
        enter("in `create`");
        let created: <AbiResult<HooksBox> as Carry>::Wire =
            call_starter(&peer, "create", &(host,)).map_err(ended(CallSite::Create))?;
        match created {
            Ok(hooks) => Ok((ObjectRef::kept(hooks.number(), &peer), missing)),
            Err(fault) => {
                let fault = FaultBox::make(FaultBox::hold(fault, &peer));
                Err(StartError::Create(PluginError::from_raw(&fault)))
            }
        }
    }

    fn description(&self) -> Start {
        let passport = self.passport.entries();
        Start {
            path: self.file.path().to_owned(),
            stamp: self.file.stamp(),
            by_path: self.by_path,
            passport: passport.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            isolation: self.isolation.clone(),
            records: self.records,
        }
    }

    /// Starts the process, which takes the connection from its standard input.
    fn connect(&self) -> io::Result<Arc<Peer>> {
        let (ours, theirs) = UnixStream::pair()?;
        let (first, end) = Channel::pair()?;
        let descriptors: Vec<BorrowedFd<'_>> =
            std::iter::once(end.as_fd()).chain(self.file.descriptors()).collect();
        send_descriptors(&ours, &descriptors)?;
        let program = self.program.as_deref().unwrap_or(Path::new(THIS_PROGRAM));
        let mut command = Command::new(program);
        command.arg(CHILD_ARGUMENT).arg(self.passport.name()).stdin(Stdio::from(OwnedFd::from(theirs)));
        // Ctrl-C is the host's: it decides when the plugin ends.
        command.stdout(io::stderr()).process_group(0);
        for variable in environment::hidden(&self.isolation, self.hidden) {
            command.env_remove(variable);
        }
        if let Some(name) = std::env::args_os().next() {
            command.arg0(name);
        }
        let (child, serve) = spawn(command, ours.try_clone()?)?;
        let ending =
            Ending::new(Identity::from_passport(&self.passport), self.isolation.source.clone(), child);
        let side = Side::Host { ending, timeout: self.isolation.timeout };
        let peer = Peer::new(side, ours);
        peer.add_idle(first);
        serve.send(Arc::downgrade(&peer)).map_err(io::Error::other)?;
        Ok(peer)
    }
}

/// The file of this program, also after it was replaced.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Starts the process, and a thread that answers calls which the plugin's own threads begin.
///
/// The thread is the one that starts the process, as the system ends the process with it.
fn spawn(mut command: Command, control: UnixStream) -> io::Result<(Child, mpsc::Sender<Weak<Peer>>)> {
    let (send_child, child) = mpsc::channel();
    let (send_peer, peer) = mpsc::channel();
    let serve = move || {
        // An error means that the receiver is gone.
        let _ = send_child.send(command.spawn());
        if let Ok(peer) = peer.recv() {
            Peer::serve_connections(&peer, &control);
        }
    };
    thread::Builder::new().name("plugin".to_owned()).stack_size(256 << 10).spawn(serve)?;
    let child = child.recv().map_err(io::Error::other)??;
    Ok((child, send_peer))
}

fn call_starter<R: DeserializeOwned>(
    peer: &Arc<Peer>,
    method: &'static str,
    arguments: &impl Serialize,
) -> Result<R, PluginError> {
    let failed = |malformed| peer.fail(method, &malformed);
    let body = encode(&(0_u64, arguments)).map_err(failed)?;
    decode(&peer.call(STARTER, method, &body, &Nothing)?).map_err(failed)
}

impl Restarted for Process {
    fn object(&self) -> Result<ObjectRef, PluginError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = current.hooks.peer().ending().filter(|ending| ending.has_ended());
        let Some(ended) = ended else { return Ok(current.hooks.clone()) };
        if current.restarts >= self.template.isolation.restarts {
            return Err(ended.ended(""));
        }
        current.restarts += 1;
        log::warn!("starting the process of plugin `{}` again", self.template.passport.name());
        current.hooks = self.template.start(&mut |_| {}).map_err(StartError::into_plugin_error)?.0;
        Ok(current.hooks.clone())
    }
}

impl Drop for Process {
    /// Lets the plugin's destructors run, within the time that its `stop` has.
    fn drop(&mut self) {
        let current = self.current.get_mut().unwrap_or_else(PoisonError::into_inner);
        let peer = current.hooks.peer();
        let Some(ending) = peer.ending() else { return };
        if !ending.is_known() && call_starter::<()>(peer, "stop", &()).is_ok() {
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
            Self::Create(error) | Self::Ended(_, error) => {
                problem.with_causes([error.message_with_location()]).with_causes(error.causes())
            }
            Self::Load(failure) => problem.caused_by(failure),
            Self::System(error) => problem.caused_by(error),
        }
    }
}
