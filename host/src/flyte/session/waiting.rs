//! What a user sees while nobody answers.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use flyte_client::client::WaitObserver;

use crate::ui::{
    output,
    progress::{self, Line},
    stream::Stream,
};

/// Tells once, however many calls wait at the same time: on a terminal by a line that counts the seconds, elsewhere by one that
/// stays.
pub(super) struct Waiting {
    text: String,
    waits: Mutex<Waits>,
}

#[derive(Default)]
struct Waits {
    calls: usize,
    line: Option<Line>,
}

impl Waiting {
    /// `place` is the server, for people.
    pub(super) fn new(place: &str) -> Self {
        Self { text: format!("waiting for {} to answer", quoted(place)), waits: Mutex::default() }
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address in backticks, words as they are.
fn quoted(place: &str) -> String {
    if place.contains(' ') { place.to_owned() } else { format!("`{place}`") }
}

impl WaitObserver for Waiting {
    fn waits(&self, time: Duration) {
        let mut waits = self.waits();
        waits.calls += 1;
        if waits.calls > 1 {
            return;
        }
        if Stream::Err.is_terminal() {
            waits.line = Some(progress::clock(&self.text));
        } else {
            output::note(&format!("{} ({})\n", self.text, flyte_text::duration(time)));
        }
    }

    fn is_over(&self) {
        let mut waits = self.waits();
        waits.calls = waits.calls.saturating_sub(1);
        if waits.calls == 0 {
            waits.line = None;
        }
    }
}
