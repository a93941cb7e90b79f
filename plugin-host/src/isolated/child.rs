//! The plugin's process: gives up its rights, loads the library, and answers calls until the host ends.

use std::{
    fs::File,
    io,
    os::unix::net::UnixStream,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use abi_stable::std_types::RResult;
use plugin_abi::vtable::{AbiResult, HooksBox, HostArc};

use super::{
    carry::Carry,
    channel::{Channel, receive_end},
    confine,
    ending::end_this_process,
    message::{Malformed, decode, encode},
    peer::{Peer, Served, Side},
    start::{CHILD_ARGUMENT, STARTER, Start, StartAnswer},
};
use crate::{
    error::{IsolatedError, LoadError},
    handshake, library,
    preflight::Passport,
};

/// Whether this process is a plugin's, by its arguments.
pub(super) fn is_child() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == CHILD_ARGUMENT)
}

/// Runs the plugin's process.
pub(super) fn run() -> u8 {
    match connect() {
        Ok((control, channel)) => {
            let peer = Peer::new(Side::Child, control);
            peer.keep_as(STARTER, Arc::new(Starter::default()));
            let _ = peer.serve(channel);
            end_this_process()
        }
        // Started by hand.
        Err(_) => 1,
    }
}

/// Takes the connection to the host from standard input, which becomes empty.
fn connect() -> io::Result<(UnixStream, Channel)> {
    let control = UnixStream::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let first = receive_end(&control)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok((control, Channel::new(first)))
}

/// The object that the host calls first.
#[derive(Default)]
struct Starter(Mutex<Option<Start>>);

impl Served for Starter {
    fn dispatch(&self, method: &str, input: &[u8], peer: &Arc<Peer>) -> Result<Vec<u8>, Malformed> {
        match method {
            "create" => {
                let (_, (start,)): (u64, (Start,)) = decode(input)?;
                encode(&self.load(start, peer))
            }
            "stop" => {
                peer.drop_objects();
                encode(&())
            }
            _ => Err(Malformed::new("unknown method of the start")),
        }
    }
}

impl Starter {
    /// Gives up the rights, loads the library, and creates the plugin.
    fn load(&self, mut start: Start, peer: &Arc<Peer>) -> Result<StartAnswer, IsolatedError> {
        let missing =
            confine::confine(&start.isolation, &start.path).map_err(|error| IsolatedError::new(&error))?;
        // Only now: a thread does not get the restrictions of another.
        let (connections, control) =
            (Arc::downgrade(peer), peer.control().map_err(|error| IsolatedError::new(&error))?);
        let serve = move || {
            Peer::serve_connections(&connections, &control);
            end_this_process()
        };
        thread::Builder::new().spawn(serve).map_err(|error| IsolatedError::new(&error))?;
        let host = start.host.take().ok_or_else(|| IsolatedError::new(&io::Error::other("no services")))?;
        let host = HostArc::make(HostArc::hold(host, peer));
        let hooks =
            create(&start, host).map_err(|error| IsolatedError::new(&error).with_hint(error.hint()))?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(start);
        let hooks = match hooks {
            RResult::ROk(hooks) => Ok(hooks.export(peer)),
            RResult::RErr(fault) => Err(fault.export(peer)),
        };
        Ok(StartAnswer { missing, hooks })
    }
}

fn create(start: &Start, host: HostArc) -> Result<AbiResult<HooksBox>, LoadError> {
    let passport = Passport::from_entries(start.passport.clone())
        .map_err(|_| LoadError::Disagrees { name: start.name.clone() })?;
    let header = library::header(&start.path).map_err(|source| LoadError::System {
        name: start.name.clone(),
        path: start.path.clone(),
        source,
    })?;
    let module = handshake::module(header, &passport)?;
    Ok((module.create())(host))
}
