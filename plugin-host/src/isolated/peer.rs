//! The other process: calls to its objects, and the objects of this process that it may call.
//!
//! A call is made on a connection that belongs to its thread. Inside of a call of the other process it is the
//! connection of that call, on which the other side waits; otherwise one that is idle, or a new one. So what
//! a plugin borrows is only used on the thread that lent it, as in one process.

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    os::unix::net::UnixStream,
    rc::Rc,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use plugin_abi::PluginError;

use super::{
    channel::{Channel, receive_end, send_end},
    ending::{Ending, end_this_process},
    message::{Header, Malformed, join, split},
};

/// The deepest nesting of calls between the processes.
const MAX_NESTING: usize = 64;
/// How many threads of a plugin's own are served at once.
const MAX_SERVED: usize = 64;
/// How long a plugin's destructors may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// Stack size in bytes of a thread that runs code of a plugin: that of a main thread on Linux.
const STACK: usize = 8 << 20;

/// An object of this process that the other one may call.
pub(super) trait Served: Send + Sync {
    /// Calls a method by its name.
    fn dispatch(&self, method: &str, input: &[u8], peer: &Arc<Peer>) -> Result<Vec<u8>, Malformed>;
}

/// What a call lends to the other process until it returns.
pub(super) trait Lent {
    /// Its number; 0 for nothing.
    fn number(&self) -> u64;
    /// Calls a method by its name.
    fn dispatch(&self, method: &str, input: &[u8], peer: &Arc<Peer>) -> Result<Vec<u8>, Malformed>;
}

/// A call that lends nothing.
pub(super) struct Nothing;

impl Lent for Nothing {
    fn number(&self) -> u64 {
        0
    }

    fn dispatch(&self, _: &str, _: &[u8], _: &Arc<Peer>) -> Result<Vec<u8>, Malformed> {
        Err(Malformed::new("nothing is lent"))
    }
}

/// The other process, as this one sees it.
pub(super) struct Peer {
    /// Tells peers of one process apart.
    id: u64,
    side: Side,
    /// `None` without another process.
    control: Option<UnixStream>,
    idle: Mutex<Vec<Channel>>,
    objects: Mutex<HashMap<u64, Arc<dyn Served>>>,
    next_number: AtomicU64,
    /// Objects of the other process that are not used any more; it reads of them with the next call.
    released: Mutex<Vec<u64>>,
    served: AtomicUsize,
}

/// Which of the two processes this one is.
pub(super) enum Side {
    /// The plugin's.
    Child,
    /// Of none: values are taken apart without their functions.
    Detached,
    /// The host's: how the child ends, and how long one call may take.
    Host { ending: Ending, timeout: Duration },
}

thread_local! {
    /// The connections on which this thread answers a call, by the peer that made it; the last call is the
    /// innermost.
    static ANSWERING: RefCell<Vec<(u64, Rc<Channel>)>> = const { RefCell::new(Vec::new()) };
}

/// A call that this thread answers.
struct Answering;

impl Answering {
    fn enter(peer: u64, channel: &Rc<Channel>) -> Option<Self> {
        ANSWERING.with_borrow_mut(|calls| {
            (calls.len() < MAX_NESTING).then(|| {
                calls.push((peer, Rc::clone(channel)));
                Self
            })
        })
    }

    fn channel(peer: u64) -> Option<Rc<Channel>> {
        ANSWERING.with_borrow(|calls| {
            calls.iter().rev().find(|(id, _)| *id == peer).map(|(_, channel)| Rc::clone(channel))
        })
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        ANSWERING.with_borrow_mut(Vec::pop);
    }
}

impl Peer {
    pub(super) fn new(side: Side, control: UnixStream) -> Arc<Self> {
        Self::with_control(side, Some(control))
    }

    /// For values that are only data: nothing is kept for another process, and no call succeeds.
    pub(super) fn detached() -> Arc<Self> {
        Self::with_control(Side::Detached, None)
    }

    fn with_control(side: Side, control: Option<UnixStream>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            side,
            control,
            idle: Mutex::default(),
            objects: Mutex::default(),
            next_number: AtomicU64::new(1),
            released: Mutex::default(),
            served: AtomicUsize::new(0),
        })
    }

    /// The connection on which new ones are sent.
    pub(super) fn control(&self) -> io::Result<UnixStream> {
        self.control.as_ref().ok_or(io::ErrorKind::NotConnected)?.try_clone()
    }

    /// A number that no object of this process has.
    pub(super) fn new_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    /// Keeps an object for the other process; returns its number, 0 without another process.
    pub(super) fn keep(&self, object: Arc<dyn Served>) -> u64 {
        if matches!(self.side, Side::Detached) {
            return 0;
        }
        let number = self.new_number();
        lock(&self.objects).insert(number, object);
        number
    }

    /// Keeps an object under a number that both processes know.
    pub(super) fn keep_as(&self, number: u64, object: Arc<dyn Served>) {
        lock(&self.objects).insert(number, object);
    }

    /// Drops all objects that are kept for the other process.
    pub(super) fn drop_objects(&self) {
        let objects = std::mem::take(&mut *lock(&self.objects));
        drop(objects);
    }

    /// Notes that an object of the other process is not used any more.
    pub(super) fn release(&self, number: u64) {
        lock(&self.released).push(number);
    }

    /// Calls a method of an object of the other process, and answers its calls until it returns.
    pub(super) fn call(
        self: &Arc<Self>,
        object: u64,
        method: &'static str,
        body: &[u8],
        lent: &dyn Lent,
    ) -> Result<Vec<u8>, PluginError> {
        let nested = Answering::channel(self.id);
        let is_nested = nested.is_some();
        let channel = nested.map_or_else(|| self.channel().map(Rc::new), Ok);
        let channel = channel.map_err(|error| self.fail_io(method, &error))?;
        let released = std::mem::take(&mut *lock(&self.released));
        let message = join(&Header::Call { object, method, released }, body);
        let message = message.map_err(|malformed| self.fail(method, &malformed))?;
        channel.send(&message).map_err(|error| self.fail_io(method, &error))?;
        let result = self.wait(method, &channel, lent)?;
        if !is_nested && let Some(channel) = Rc::into_inner(channel) {
            lock(&self.idle).push(channel);
        }
        Ok(result)
    }

    /// Waits for the result of a call. Only the time in which the other process has its turn counts.
    fn wait(
        self: &Arc<Self>,
        method: &'static str,
        channel: &Rc<Channel>,
        lent: &dyn Lent,
    ) -> Result<Vec<u8>, PluginError> {
        let mut left = self.limit(method);
        loop {
            let start = left.map(|_| Instant::now());
            let mut message = channel.receive(left).map_err(|error| self.fail_io(method, &error))?;
            let (header, body) = split(&message).map_err(|malformed| self.fail(method, &malformed))?;
            match header {
                Header::Return => {
                    let start = message.len() - body.len();
                    message.drain(..start);
                    return Ok(message);
                }
                Header::Call { object, method: called, released } => {
                    left = left.zip(start).map(|(left, start)| left.saturating_sub(start.elapsed()));
                    self.answer(channel, object, called, released, body, lent)
                        .map_err(|malformed| self.fail(method, &malformed))?;
                }
            }
        }
    }

    /// Answers one call of the other process.
    fn answer(
        self: &Arc<Self>,
        channel: &Rc<Channel>,
        object: u64,
        method: &str,
        released: Vec<u64>,
        body: &[u8],
        lent: &dyn Lent,
    ) -> Result<(), Malformed> {
        let answering = Answering::enter(self.id, channel);
        let answering = answering.ok_or_else(|| Malformed::new("calls are nested too deeply"))?;
        let dropped: Vec<_> = released.iter().map(|number| lock(&self.objects).remove(number)).collect();
        drop(dropped);
        let answer = if object != 0 && object == lent.number() {
            lent.dispatch(method, body, self)?
        } else {
            let target = lock(&self.objects).get(&object).cloned();
            target.ok_or_else(|| Malformed::new("unknown object"))?.dispatch(method, body, self)?
        };
        drop(answering);
        let message = join(&Header::Return, &answer)?;
        // A broken connection is noticed by the next read.
        let _ = channel.send(&message);
        Ok(())
    }

    /// Answers calls until the connection ends.
    pub(super) fn serve(self: &Arc<Self>, channel: Channel) -> Result<(), Malformed> {
        let channel = Rc::new(channel);
        while let Ok(message) = channel.receive(None) {
            match split(&message)? {
                (Header::Call { object, method, released }, body) => {
                    self.answer(&channel, object, method, released, body, &Nothing)?;
                }
                (Header::Return, _) => return Err(Malformed::new("a result without a call")),
            }
        }
        Ok(())
    }

    /// Answers the calls that other threads of the other process begin, until it ends.
    ///
    /// The thread that waits for connections does not keep the peer.
    pub(super) fn serve_connections(peer: &Weak<Self>, control: &UnixStream) {
        while let Ok(Some(end)) = receive_end(control) {
            let Some(peer) = peer.upgrade() else { return };
            if peer.served.load(Ordering::Relaxed) >= MAX_SERVED && matches!(peer.side, Side::Host { .. }) {
                // The connection ends, and with it the child.
                continue;
            }
            peer.served.fetch_add(1, Ordering::Relaxed);
            let serve = move || {
                if let Err(malformed) = peer.serve(Channel::new(end)) {
                    // The calls that are open learn of it.
                    drop(peer.fail("serve", &malformed));
                }
                peer.served.fetch_sub(1, Ordering::Relaxed);
            };
            // Without a thread the connection ends as well.
            let _ = thread::Builder::new().stack_size(STACK).spawn(serve);
        }
    }

    /// Adds a connection that no thread uses.
    pub(super) fn add_idle(&self, channel: Channel) {
        lock(&self.idle).push(channel);
    }

    /// A connection that no thread uses.
    fn channel(&self) -> io::Result<Channel> {
        if let Some(channel) = lock(&self.idle).pop() {
            return Ok(channel);
        }
        let control = self.control.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let (ours, theirs) = Channel::pair()?;
        send_end(control, &theirs)?;
        Ok(ours)
    }

    /// How long the child may take for a method; commands and calls to Flyte take as long as they take.
    fn limit(&self, method: &str) -> Option<Duration> {
        match &self.side {
            Side::Host { timeout, .. } => match method {
                "run" | "call" => None,
                "stop" => Some(STOP_TIMEOUT.min(*timeout)),
                _ => Some(*timeout),
            },
            Side::Child | Side::Detached => None,
        }
    }

    /// Ends the other process because of what it sent.
    pub(super) fn fail(&self, method: &str, malformed: &Malformed) -> PluginError {
        match &self.side {
            Side::Host { ending, .. } => ending.malformed(method, malformed),
            Side::Child => end_this_process(),
            Side::Detached => PluginError::new(malformed),
        }
    }

    fn fail_io(&self, method: &str, error: &io::Error) -> PluginError {
        match &self.side {
            Side::Host { ending, timeout } if error.kind() == io::ErrorKind::TimedOut => {
                ending.timed_out(method, *timeout)
            }
            Side::Host { ending, .. } => ending.ended(method),
            Side::Child => end_this_process(),
            Side::Detached => PluginError::new(error),
        }
    }

    /// How to allow a plugin what the system refused; the host's side only.
    pub(super) fn refusal_hint(&self) -> Option<String> {
        self.ending().map(Ending::refusal_hint)
    }

    /// How the child ended, if it did; the host's side only.
    pub(super) fn ending(&self) -> Option<&Ending> {
        match &self.side {
            Side::Host { ending, .. } => Some(ending),
            Side::Child | Side::Detached => None,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
