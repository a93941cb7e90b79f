//! Which plugin call a thread is in: noted before each call and after it, at the cost of a few loads and
//! stores.

use std::{
    cell::{Cell, OnceCell},
    marker::PhantomData,
    sync::atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    thread,
};

use super::{
    Compared, KeptState,
    record::{self, CallLimit, CallRecord},
    shared::{SLOTS, Slot, record_in, shared},
};
#[cfg(unix)]
use super::{
    end,
    report::{self, Death},
};
use crate::Identity;

/// The number of a record in a slot's value.
const RECORD: u64 = u32::MAX as u64;
/// One change of a slot.
const CHANGE: u64 = 1 << 32;
/// What no slot holds otherwise: the process is the child of a `fork` inside a call.
const FORKED: u64 = u64::MAX;

static TAKEN: [AtomicBool; SLOTS] = [const { AtomicBool::new(false) }; SLOTS];
static FORKED_SLOT: Slot = Slot(AtomicU64::new(FORKED));
/// The call of the `fork`.
static FORKED_IN: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static SLOT: Cell<Option<&'static Slot>> = const { Cell::new(None) };
    /// Gives the slot back when the thread ends. Apart from `SLOT`, so that a signal handler reads only what
    /// has no destructor.
    static OWNED: OnceCell<OwnedSlot> = const { OnceCell::new() };
}

struct OwnedSlot(usize);

impl Drop for OwnedSlot {
    fn drop(&mut self) {
        SLOT.set(None);
        shared().slots[self.0].0.store(0, Relaxed);
        TAKEN[self.0].store(false, Release);
    }
}

/// While it lives, this thread is in a call of a plugin.
#[must_use = "the call ends when this is dropped"]
pub struct ActiveCall {
    record: &'static CallRecord,
    // Dropped after the call was marked as returned.
    _change: Change,
}

/// As [`ActiveCall`]; the state of the process is compared when it is dropped.
#[must_use = "the call ends when this is dropped"]
pub struct WatchedCall {
    // Dropped first: what follows is the host's.
    _call: ActiveCall,
    _state: Option<Box<KeptState<'static>>>,
}

/// While it lives, code of the host runs inside a plugin's call: what happens is not the plugin's doing, and
/// the time does not count for it.
///
/// It is an [`EndOnPanic`] as well.
#[must_use = "the host's code ends when this is dropped"]
pub struct HostCode {
    _change: Option<Change>,
    _end: EndOnPanic,
}

/// A panic of the host's code that would unwind into the plugin which called it ends the process, with exit
/// code 70: the program's panic hook has reported it.
#[must_use = "a panic is noticed when this is dropped"]
pub struct EndOnPanic {
    was_panicking: bool,
}

/// A change of this thread's slot, undone when it is dropped.
struct Change {
    outer: u64,
    _of_this_thread: PhantomData<*const ()>,
}

impl CallRecord {
    /// The record of a function. `site` says where a call is, after a verb: ``in `get_remote` ``.
    #[must_use]
    pub fn new(identity: &Identity, site: &str, limit: CallLimit) -> &'static Self {
        record::intern(identity, site, limit, |record| shared().note(record))
    }

    /// Stands for code of the host where a plugin may be called: a built-in default.
    #[must_use]
    pub fn for_host() -> &'static Self {
        record::of_host()
    }

    /// The record of the same function, for a caller that continues without an answer which is late.
    #[cold]
    pub(crate) fn limited_by_caller(&'static self) -> &'static Self {
        if self.index() == 0 { self } else { Self::new(self.identity(), self.site(), CallLimit::OfCaller) }
    }

    /// Notes that this thread calls the function now. What its first calls change in the process is restored,
    /// and named in a warning, when they end.
    #[inline]
    pub fn enter_watched(&'static self) -> WatchedCall {
        self.enter_comparing(Compared::All)
    }

    /// As [`CallRecord::enter_watched`], while other threads of the program do their own work: the actions of
    /// signals and the mode of the terminal may be theirs, and are left alone.
    #[inline]
    pub fn enter_watched_beside_host(&'static self) -> WatchedCall {
        self.enter_comparing(Compared::BesideHost)
    }

    #[inline]
    fn enter_comparing(&'static self, compared: Compared) -> WatchedCall {
        let state = if self.is_new() { self.keep_state(compared) } else { None };
        WatchedCall { _call: self.enter(), _state: state }
    }

    #[cold]
    fn keep_state(&'static self, compared: Compared) -> Option<Box<KeptState<'static>>> {
        self.count_watched();
        KeptState::new_if_supervised(self.identity(), self.site(), compared).map(Box::new)
    }

    /// Notes that this thread calls the function now.
    #[inline]
    pub fn enter(&'static self) -> ActiveCall {
        ActiveCall { record: self, _change: Change::new(self.index() as u64) }
    }
}

/// Notes that the host's code runs, inside a plugin's call or not.
#[inline]
pub fn host_code() -> HostCode {
    // A thread without a slot was never in a plugin's call: it may be a thread of a plugin.
    HostCode { _change: SLOT.get().is_some().then(|| Change::new(0)), _end: end_on_panic() }
}

/// For code of the host that a plugin calls, and that is not marked with [`host_code`].
#[inline]
pub fn end_on_panic() -> EndOnPanic {
    EndOnPanic { was_panicking: thread::panicking() }
}

impl Drop for EndOnPanic {
    #[inline]
    fn drop(&mut self) {
        if thread::panicking() && !self.was_panicking {
            end_after_panic();
        }
    }
}

impl Drop for ActiveCall {
    #[inline]
    fn drop(&mut self) {
        record::mark_returned(self.record);
    }
}

impl Change {
    #[inline]
    fn new(record: u64) -> Self {
        let slot = SLOT.get().unwrap_or_else(|| take_slot());
        let outer = slot.0.load(Relaxed);
        if outer == FORKED {
            returned_in_child();
        }
        slot.0.store((outer & !RECORD).wrapping_add(CHANGE) | record, Relaxed);
        Self { outer, _of_this_thread: PhantomData }
    }
}

impl Drop for Change {
    #[inline]
    fn drop(&mut self) {
        let Some(slot) = SLOT.get() else { return };
        let now = slot.0.load(Relaxed);
        if now == FORKED {
            returned_in_child();
        }
        slot.0.store((now & !RECORD).wrapping_add(CHANGE) | (self.outer & RECORD), Relaxed);
    }
}

#[cold]
fn take_slot() -> &'static Slot {
    let is_free = |taken: &&AtomicBool| taken.compare_exchange(false, true, Acquire, Relaxed).is_ok();
    let slot = match TAKEN.iter().position(|taken| is_free(&taken)) {
        Some(index) => {
            // Set once a thread: it has no slot yet.
            let _ = OWNED.with(|owned| owned.set(OwnedSlot(index)));
            &shared().slots[index]
        }
        None => Box::leak(Box::new(Slot(AtomicU64::new(0)))),
    };
    SLOT.set(Some(slot));
    slot
}

/// The plugin call that this thread is in. Safe to call in a signal handler.
pub(super) fn current() -> Option<&'static CallRecord> {
    record_in(SLOT.get()?.0.load(Relaxed))
}

/// Ends the process because of a bug in the host, which its panic hook has reported.
#[cold]
fn end_after_panic() -> ! {
    #[cfg(unix)]
    end::after_panic();
    #[cfg(not(unix))]
    std::process::abort();
}

/// Without `fork` there is no such child.
#[cfg(not(unix))]
fn returned_in_child() {}

/// In the child of a `fork`, which shares the slots' memory with its parent: leaves the parent's slot alone.
pub(super) fn after_fork_in_child() {
    if let Some(record) = current() {
        FORKED_IN.store(record.index() as u64, Relaxed);
        SLOT.set(Some(&FORKED_SLOT));
    }
}

#[cold]
#[cfg(unix)]
fn returned_in_child() {
    if let Some(record) = record_in(FORKED_IN.load(Relaxed)) {
        report::write(record, Death::ReturnedTwice);
    }
    end::at_once(report::PLUGIN_FAILED);
}
