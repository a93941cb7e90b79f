//! How far a file is, where a person looks.

use indicatif::{ProgressBar, ProgressStyle};

use crate::ui::stream::Stream;

/// A line that goes away with its owner.
pub(super) struct Line(ProgressBar);

impl Line {
    /// Starts a line for a file; a length of 0 means that it is not known.
    pub(super) fn new(name: &str, length: u64) -> Self {
        if !Stream::Err.is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let (line, template) = match length {
            0 => (ProgressBar::new_spinner(), "{spinner} {msg}  {bytes}  {bytes_per_sec}"),
            length => (ProgressBar::new(length), "{msg}  [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}"),
        };
        let style = ProgressStyle::with_template(template);
        let line = line.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        line.set_message(flyte_text::sanitize_line(name).into_owned());
        Self(line)
    }

    /// So many bytes are done.
    pub(super) fn set(&self, done: u64) {
        self.0.set_position(done);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
