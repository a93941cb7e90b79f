//! Progress of a command: a line on the standard error, only where a person looks.

use std::time::Duration;

use abi_stable::{erased_types::TD_Opaque, std_types::RStr};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use plugin_abi::vtable::{Progress, Progress_TO, ProgressBox};

use super::output::Stream;

/// All lines of one command.
#[derive(Default)]
pub(super) struct Lines {
    shown: MultiProgress,
}

impl Lines {
    /// Starts a line; `total` of 0 means that the end is not known. Not on a terminal, it shows nothing.
    pub(super) fn start(&self, message: &str, total: u64) -> ProgressBox {
        Progress_TO::from_value(self.line(message, total), TD_Opaque)
    }

    fn line(&self, message: &str, total: u64) -> Line {
        if !Stream::Err.is_terminal() {
            return Line(ProgressBar::hidden());
        }
        let bar = if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
        let template = if total == 0 { "{spinner} {msg}" } else { "{msg} [{bar:30}] {pos}/{len}" };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.shown.add(bar.with_style(style));
        bar.set_message(message.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Line(bar)
    }

    /// Writes something else, with the lines out of the way meanwhile.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.shown.suspend(write)
    }
}

/// The only line of a built-in command. Not on a terminal, it shows nothing.
pub fn line(message: &str, total: usize) -> Line {
    Lines::default().line(message, u64::try_from(total).unwrap_or(u64::MAX))
}

/// One line, which goes away with its last owner.
pub struct Line(ProgressBar);

impl Line {
    /// One more is done.
    pub fn advance(&self) {
        self.0.inc(1);
    }
}

impl Progress for Line {
    fn set_position(&self, position: u64) {
        self.0.set_position(position);
    }
    fn set_message(&self, message: RStr<'_>) {
        self.0.set_message(message.as_str().to_owned());
    }
    #[cfg(feature = "next-protocol")]
    fn revision(&self) -> u32 {
        1
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
