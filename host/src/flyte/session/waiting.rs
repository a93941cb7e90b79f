//! The progress line while a server does not answer.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use flyte_client::client::WaitObserver;

use crate::ui::{output::Ui, progress::Line, stream::Stream};

/// Prints one line however many calls wait: on a terminal with the elapsed time until the answer, elsewhere a
/// plain one.
pub(super) struct Waiting {
    ui: Ui,
    text: String,
    waits: Mutex<Waits>,
}

#[derive(Default)]
struct Waits {
    calls: usize,
    line: Option<Line>,
}

impl Waiting {
    /// `target` is the server as messages name it.
    pub(super) fn new(ui: &Ui, target: &str) -> Self {
        Self {
            ui: ui.clone(),
            text: format!("waiting for {} to answer", quoted(target)),
            waits: Mutex::default(),
        }
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address in backticks; `embedded sandbox` and the like as they are.
fn quoted(target: &str) -> String {
    if target.contains(' ') { target.to_owned() } else { format!("`{target}`") }
}

impl WaitObserver for Waiting {
    fn waits(&self, time: Duration) {
        let mut waits = self.waits();
        waits.calls += 1;
        if waits.calls > 1 {
            return;
        }
        if self.ui.streams().is_terminal(Stream::Err) {
            waits.line = Some(self.ui.clock(&self.text));
        } else {
            self.ui.note(format_args!("{} ({})\n", self.text, flyte_text::duration(time)));
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
