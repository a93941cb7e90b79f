//! Progress lines on stderr, on terminals only.
//!
//! All lines belong to one [`MultiProgress`], so that other output does not get between them.

use std::time::{Duration, Instant};

use abi_stable::{erased_types::TD_Opaque, std_types::RStr};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use plugin_abi::vtable::{Progress, Progress_TO, ProgressBox};

use super::stream::{PROGRESS, Stream};

/// The template of a line with the elapsed time.
const CLOCK: &str = "{spinner} {msg}  {elapsed}";

/// Starts a line for a plugin; `total` is 0 if unknown.
pub(crate) fn for_plugin(message: &str, total: u64) -> ProgressBox {
    Progress_TO::from_value(counting(message, total), TD_Opaque)
}

/// Whether lines are shown: on terminals that can clear them, so not on a dumb terminal.
#[must_use]
pub fn is_seen() -> bool {
    Stream::Err.is_terminal() && !ProgressDrawTarget::stderr().is_hidden()
}

/// A line that counts finished steps. Hidden if stderr is not a terminal.
pub fn line(message: &str, total: usize) -> Line {
    counting(message, u64::try_from(total).unwrap_or(u64::MAX))
}

/// A line with the elapsed time. Hidden if stderr is not a terminal.
pub fn clock(message: &str) -> Line {
    Line::new(message, ProgressBar::new_spinner(), CLOCK)
}

/// As [`clock`], in the line below another one.
pub fn clock_after(before: &Line, message: &str) -> Line {
    let bar = ProgressBar::new_spinner();
    Line::placed(message, bar, CLOCK, |shown, bar| shown.insert_after(&before.0, bar))
}

fn counting(message: &str, total: u64) -> Line {
    match total {
        0 => Line::new(message, ProgressBar::new_spinner(), "{spinner} {msg}"),
        _ => Line::new(message, ProgressBar::new(total), "{msg} [{bar:30}] {pos}/{len}"),
    }
}

/// A progress line, removed when it is dropped.
pub struct Line(ProgressBar);

impl Line {
    fn new(message: &str, bar: ProgressBar, template: &str) -> Self {
        Self::placed(message, bar, template, MultiProgress::add)
    }

    fn placed(
        message: &str,
        bar: ProgressBar,
        template: &str,
        place: impl FnOnce(&MultiProgress, ProgressBar) -> ProgressBar,
    ) -> Self {
        if !is_seen() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = place(PROGRESS.get_or_init(MultiProgress::new), bar.with_style(style));
        bar.set_message(one_line(message));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Counts one more finished step.
    pub fn advance(&self) {
        self.0.inc(1);
    }

    /// Sets the elapsed time.
    pub fn count_from(&self, elapsed: Duration) {
        // Some systems' clocks do not go back beyond their start, where indicatif would panic.
        if Instant::now().checked_sub(elapsed).is_some() {
            // Clones of a bar are one bar.
            let _ = self.0.clone().with_elapsed(elapsed);
        }
    }

    /// Sets the text.
    pub fn say(&self, message: String) {
        self.0.set_message(one_line(&message));
    }
}

/// Escapes control characters, and newlines so that the text stays one line.
fn one_line(message: &str) -> String {
    flyte_text::sanitize(message).replace(['\n', '\t'], " ")
}

impl Progress for Line {
    fn set_position(&self, position: u64) {
        self.0.set_position(position);
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
        self.0.finish_and_clear();
        if let Some(shown) = PROGRESS.get() {
            shown.remove(&self.0);
        }
    }
}
