//! Waiting: a thread that looks at the running calls, says what is waited for, and ends the process at a
//! limit.

use std::{
    sync::{
        OnceLock,
        atomic::Ordering::Relaxed,
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    end, exit, journal,
    record::{CallLimit, CallRecord},
    report::{self, Death, PLUGIN_FAILED},
    shared::{SLOTS, record_in, shared},
};

/// How long a call may take before the user reads what is waited for.
const NOTE_AFTER: Duration = Duration::from_secs(2);

/// How often the calls are looked at.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long calls may take before the process ends; `None`: without limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// Opening a library and `create`.
    pub create: Option<Duration>,
    /// A hook, a callback, a lazy default or a cache policy.
    pub hook: Option<Duration>,
    /// How to change the limits, as a hint for the user.
    pub hint: String,
}

impl Default for CallLimits {
    fn default() -> Self {
        let (create, hook) = (Duration::from_secs(30), Duration::from_mins(1));
        Self { create: Some(create), hook: Some(hook), hint: "wait, and try again".to_owned() }
    }
}

impl CallLimits {
    fn for_call(&self, record: &CallRecord) -> Option<Duration> {
        match record.limit {
            CallLimit::Create => self.create,
            CallLimit::Hook => self.hook,
            CallLimit::OfCaller | CallLimit::Unlimited => None,
        }
    }
}

static LIMITS: OnceLock<CallLimits> = OnceLock::new();

/// Starts the thread, once. Without it, calls have no limits. The receiver gets a message, or is closed, when
/// the thread runs: a thread that starts needs a lock of the loader, which a library holds while it is
/// opened.
pub(super) fn start(limits: CallLimits) -> Receiver<()> {
    let (running, receiver) = mpsc::sync_channel(1);
    if LIMITS.set(limits).is_ok() {
        let thread = thread::Builder::new().name("plugin-watchdog".to_owned()).stack_size(64 << 10);
        if let Err(error) = thread.spawn(move || run(running)) {
            log::debug!("could not start the thread that limits calls of plugins: {error}");
        }
    }
    receiver
}

fn run(running: SyncSender<()>) {
    // An error means that the caller does not wait.
    let _ = running.send(());
    drop(running);
    let limits = LIMITS.get_or_init(CallLimits::default);
    let shortest = [limits.create, limits.hook].into_iter().flatten().min().unwrap_or(INTERVAL);
    let interval = INTERVAL.min(shortest / 4).max(Duration::from_millis(10));
    let mut watched = [const { Watched::NEW }; SLOTS];
    let mut last = Instant::now();
    loop {
        thread::sleep(interval);
        if exit::is_finished() {
            return;
        }
        // While the process is stopped, no call can answer.
        let passed = last.elapsed().min(2 * interval);
        last = Instant::now();
        for (watched, slot) in watched.iter_mut().zip(&shared().slots) {
            let Some((record, next)) = watched.observe(slot.0.load(Relaxed), passed, limits) else {
                continue;
            };
            match next {
                Step::Note => report::note_waiting(record),
                Step::End(limit) => give_up(record, limit, &limits.hint),
            }
        }
    }
}

fn give_up(record: &CallRecord, limit: Duration, hint: &'static str) {
    let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    report::write(record, Death::TimedOut(milliseconds, hint));
    // The user has read it, and the plugin did not crash.
    journal::remove();
    end::at_once(PLUGIN_FAILED);
}

/// What a slot's value was, and for how long.
struct Watched {
    value: u64,
    since: Duration,
    noted: bool,
}

/// What to do about a call that does not return.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Note,
    End(Duration),
}

impl Watched {
    const NEW: Self = Self { value: 0, since: Duration::ZERO, noted: false };

    /// Takes a slot's value into account, `passed` after the last one.
    fn observe(
        &mut self,
        value: u64,
        passed: Duration,
        limits: &CallLimits,
    ) -> Option<(&'static CallRecord, Step)> {
        if value != self.value {
            *self = Self { value, ..Self::NEW };
            return None;
        }
        let record = record_in(value)?;
        self.since += passed;
        if let Some(limit) = limits.for_call(record).filter(|limit| self.since >= *limit) {
            return Some((record, Step::End(limit)));
        }
        let is_due = record.limit != CallLimit::Unlimited && self.since >= NOTE_AFTER && !self.noted;
        self.noted |= is_due;
        is_due.then_some((record, Step::Note))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    fn record(limit: CallLimit) -> u64 {
        let identity = Identity { name: "slow".to_owned(), version: "1.0.0".to_owned(), homepage: None };
        CallRecord::new(&identity, "in `watchdog`", limit).index() as u64
    }

    fn steps(value: u64, limits: &CallLimits, seconds: u32) -> Vec<(u32, Step)> {
        let mut watched = Watched::NEW;
        let observed = |second| {
            let step = watched.observe(value, Duration::from_secs(1), limits)?.1;
            Some((second, step))
        };
        (0..=seconds).filter_map(observed).collect()
    }

    #[test]
    fn a_call_is_noted_once_and_ends_at_its_limit() {
        let limits = CallLimits { hook: Some(Duration::from_secs(4)), create: None, ..CallLimits::default() };
        let end = || (4, Step::End(Duration::from_secs(4)));
        assert_eq!(steps(record(CallLimit::Hook), &limits, 4), [(2, Step::Note), end()]);
        assert_eq!(steps(record(CallLimit::Create), &limits, 100), [(2, Step::Note)]);
        assert_eq!(steps(record(CallLimit::Unlimited), &limits, 100), []);
        assert_eq!(steps(0, &limits, 100), []);
    }

    #[test]
    fn every_change_starts_again() {
        let limits = CallLimits { hook: Some(Duration::from_secs(2)), ..CallLimits::default() };
        let (mut watched, call) = (Watched::NEW, record(CallLimit::Hook));
        for change in 0..100 {
            assert_eq!(
                watched.observe(call | change << 32, Duration::from_secs(1), &limits).map(|it| it.1),
                None
            );
            assert_eq!(
                watched.observe(call | change << 32, Duration::from_secs(1), &limits).map(|it| it.1),
                None
            );
        }
    }
}
