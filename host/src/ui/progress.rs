//! Progress lines on stderr, on terminals only.
//!
//! All lines belong to one [`MultiProgress`], so that other output does not get between them.

use std::time::{Duration, Instant};

use abi_stable::{erased_types::TD_Opaque, std_types::RStr};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use plugin_abi::vtable::{Progress, Progress_TO, ProgressBox};

use super::{
    output::Ui,
    stream::{Stream, Streams},
};

/// The template of a line with the elapsed time.
const CLOCK: &str = "{spinner} {msg}  {elapsed}";

impl Ui {
    /// Whether progress is shown: on terminals that can clear lines, so not on a dumb terminal.
    #[must_use]
    pub(crate) fn has_progress(&self) -> bool {
        self.streams().is_terminal(Stream::Err) && !ProgressDrawTarget::stderr().is_hidden()
    }

    /// A line that counts finished steps. Hidden if progress is not shown.
    pub(crate) fn progress(&self, message: &str, total: usize) -> Line {
        self.counting(message, u64::try_from(total).unwrap_or(u64::MAX))
    }

    /// A line for a plugin; `total` is 0 if unknown.
    pub(crate) fn progress_for_plugin(&self, message: &str, total: u64) -> ProgressBox {
        Progress_TO::from_value(self.counting(message, total), TD_Opaque)
    }

    /// A line for the transfer of a file of `length` bytes; 0 if unknown.
    pub(crate) fn transfer(&self, name: &str, length: u64) -> Line {
        let name = flyte_text::sanitize_line(name);
        match length {
            0 => self.line(&name, ProgressBar::new_spinner(), "{spinner} {msg}  {bytes}  {bytes_per_sec}"),
            length => self.line(
                &name,
                ProgressBar::new(length),
                "{msg}  [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}",
            ),
        }
    }

    /// A line with the elapsed time. Hidden if progress is not shown.
    pub(crate) fn clock(&self, message: &str) -> Line {
        self.line(message, ProgressBar::new_spinner(), CLOCK)
    }

    /// As [`Ui::clock`], in the line below another one.
    pub(crate) fn clock_after(&self, before: &Line, message: &str) -> Line {
        let bar = ProgressBar::new_spinner();
        self.insert(message, bar, CLOCK, |shown, bar| shown.insert_after(&before.bar, bar))
    }

    fn counting(&self, message: &str, total: u64) -> Line {
        match total {
            0 => self.line(message, ProgressBar::new_spinner(), "{spinner} {msg}"),
            _ => self.line(message, ProgressBar::new(total), "{msg} [{bar:30}] {pos}/{len}"),
        }
    }

    fn line(&self, message: &str, bar: ProgressBar, template: &str) -> Line {
        self.insert(message, bar, template, MultiProgress::add)
    }

    fn insert(
        &self,
        message: &str,
        bar: ProgressBar,
        template: &str,
        insert: impl FnOnce(&MultiProgress, ProgressBar) -> ProgressBar,
    ) -> Line {
        if !self.has_progress() {
            return Line { bar: ProgressBar::hidden(), streams: None };
        }
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = insert(self.streams().progress(), bar.with_style(style));
        bar.set_message(one_line(message));
        bar.enable_steady_tick(Duration::from_millis(100));
        Line { bar, streams: Some(self.streams().clone()) }
    }
}

/// A progress line, removed when it is dropped.
pub(crate) struct Line {
    bar: ProgressBar,
    /// `None`: hidden.
    streams: Option<Streams>,
}

impl Line {
    /// Counts one more finished step.
    pub(crate) fn advance(&self) {
        self.bar.inc(1);
    }

    /// Sets how much is finished.
    pub(crate) fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// Sets the elapsed time.
    pub(crate) fn count_from(&self, elapsed: Duration) {
        // Some systems' clocks do not go back beyond their start, where indicatif would panic.
        if Instant::now().checked_sub(elapsed).is_some() {
            // Clones of a bar are one bar.
            let _ = self.bar.clone().with_elapsed(elapsed);
        }
    }

    /// Sets the text.
    pub(crate) fn say(&self, message: String) {
        self.bar.set_message(one_line(&message));
    }
}

/// Escapes control characters, and newlines so that the text stays one line.
fn one_line(message: &str) -> String {
    flyte_text::sanitize(message).replace(['\n', '\t'], " ")
}

impl Progress for Line {
    fn set_position(&self, position: u64) {
        self.bar.set_position(position);
    }
    fn set_message(&self, message: RStr<'_>) {
        self.say(message.as_str().to_owned());
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        if let Some(streams) = &self.streams {
            streams.progress().remove(&self.bar);
        }
    }
}
