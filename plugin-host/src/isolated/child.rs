//! The plugin's process: gives up its rights, loads the library, and answers calls until the host ends.

use std::{
    fs::File,
    io,
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use plugin_abi::vtable::{AbiResult, HooksBox, HostArc, PluginModuleRef};

use super::{
    carry::Carry,
    channel::{Channel, receive_descriptors},
    confine,
    ending::end_this_process,
    message::{Malformed, decode, encode},
    peer::{Peer, Served, Side},
    start::{CHILD_ARGUMENT, STARTER, SentAccesses, Start},
};
use crate::{
    access::Recording,
    error::{IsolatedError, LoadError},
    handshake,
    loaded_file::LoadedFile,
    preflight::Passport,
};

/// Whether this process is a plugin's, by its arguments.
pub(super) fn is_child() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == CHILD_ARGUMENT)
}

/// Runs the plugin's process.
pub(super) fn run() -> u8 {
    match connect() {
        Ok((control, channel, file)) => {
            let peer = Peer::new(Side::Child, control);
            peer.keep_as(STARTER, Arc::new(Starter::new(file)));
            let _ = peer.serve(channel);
            end_this_process()
        }
        // Started by hand.
        Err(_) => 1,
    }
}

/// Takes the connection to the host from standard input, which becomes empty; the first message has the
/// descriptors of the plugin's file as well.
fn connect() -> io::Result<(UnixStream, Channel, Vec<OwnedFd>)> {
    confine::close_inherited()?;
    // The end of the connection is noticed by a thread of this process, of which the plugin may take the
    // descriptor away.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let control = UnixStream::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let mut descriptors = receive_descriptors(&control)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    if descriptors.is_empty() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let channel = Channel::new(UnixStream::from(descriptors.remove(0)));
    Ok((control, channel, descriptors))
}

/// The object that the host calls first.
struct Starter {
    /// The descriptors of the plugin's file.
    file: Mutex<Vec<OwnedFd>>,
    module: Mutex<Option<PluginModuleRef>>,
    /// What the plugin reads, if that is recorded.
    recording: Mutex<Option<Recording>>,
}

impl Served for Starter {
    fn dispatch(&self, method: &str, input: &[u8], peer: &Arc<Peer>) -> Result<Vec<u8>, Malformed> {
        match method {
            "load" => {
                let (_, (start,)): (u64, (Start,)) = decode(input)?;
                encode(&self.load(start, peer))
            }
            "create" => {
                let (_, (host,)): (u64, (<HostArc as Carry>::Wire,)) = decode(input)?;
                encode(&self.create(HostArc::make(HostArc::hold(host, peer)))?.export(peer))
            }
            "accesses" => {
                let recording = lock(&self.recording).take();
                encode(&recording.map(|recording| SentAccesses::from(recording.stop())))
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
    fn new(file: Vec<OwnedFd>) -> Self {
        Self { file: Mutex::new(file), module: Mutex::default(), recording: Mutex::default() }
    }

    /// Gives up the rights, and loads the library; returns what this system lacks of the isolation.
    fn load(&self, start: Start, peer: &Arc<Peer>) -> Result<Vec<String>, IsolatedError> {
        let failed = |error: io::Error| IsolatedError::new(&error);
        let missing = confine::confine(&start.isolation, &start.path).map_err(failed)?;
        if start.records {
            *lock(&self.recording) = Some(Recording::start().map_err(|error| IsolatedError::new(&error))?);
        }
        // Only now: a thread does not get the restrictions of another.
        serve_connections(peer).map_err(failed)?;
        let descriptors = std::mem::take(&mut *lock(&self.file));
        let file = LoadedFile::from_descriptors(start.path, start.stamp, descriptors)
            .ok_or_else(|| failed(io::Error::other("no descriptor of the plugin's file")))?;
        let module = load(&file, start.by_path, start.passport)
            .map_err(|error| IsolatedError::new(&error).with_hint(error.hint()))?;
        *lock(&self.module) = Some(module);
        Ok(missing)
    }

    fn create(&self, host: HostArc) -> Result<AbiResult<HooksBox>, Malformed> {
        let module = *lock(&self.module);
        let module = module.ok_or_else(|| Malformed::new("`create` before `load`"))?;
        Ok((module.create())(host))
    }
}

/// Answers calls that threads of the host begin, until it ends.
fn serve_connections(peer: &Arc<Peer>) -> io::Result<()> {
    let (peer, control) = (Arc::downgrade(peer), peer.control()?);
    let (send, runs) = mpsc::channel();
    let serve = move || {
        let _ = send.send(());
        Peer::serve_connections(&peer, &control);
        end_this_process()
    };
    thread::Builder::new().spawn(serve)?;
    // The start of a thread takes a lock of the system's loader, which a constructor that does not return
    // keeps: the thread would not notice the host's end.
    runs.recv().map_err(io::Error::other)
}

fn load(
    file: &LoadedFile,
    by_path: bool,
    passport: Vec<(String, String)>,
) -> Result<PluginModuleRef, LoadError> {
    let name = passport.iter().find(|(key, _)| key == "name").map(|(_, name)| name.clone());
    let passport = Passport::from_entries(passport)
        .map_err(|_| LoadError::Disagrees { name: name.unwrap_or_default() })?;
    handshake::module(file.load(&passport, by_path)?, &passport)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
