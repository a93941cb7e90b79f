//! [`Ui`]: results, notes and errors, as text, tables, JSON and YAML.
//!
//! Results go to the standard output, everything else to the standard error. Colour is used on terminals
//! only, and never as the only carrier of meaning.

use std::{
    fmt,
    io::Write,
    sync::{Arc, OnceLock},
};

use super::{
    error::{CommandError, ErrorFormat},
    exit_code::Exit,
    stream::{Stream, Streams},
};

/// The output format of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON.
    Json,
    /// One name per line.
    Name,
    /// A table.
    #[default]
    Table,
    /// YAML.
    Yaml,
}

impl Format {
    /// Its name on the command line.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Name => "name",
            Self::Table => "table",
            Self::Yaml => "yaml",
        }
    }
}

/// What a command prints with: its output format, and the streams. Clones write to the same streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ui {
    format: Format,
    streams: Streams,
    /// Unset until the command line is parsed. Shared with the panic hook, which is installed before.
    error_format: Arc<OnceLock<ErrorFormat>>,
}

impl Ui {
    /// The same streams, for a command with another output format.
    #[must_use]
    pub(crate) fn with_format(&self, format: Format) -> Self {
        Self { format, ..self.clone() }
    }

    /// For a command whose output no one reads.
    #[cfg(target_os = "linux")]
    pub(crate) fn discarded() -> Self {
        Self { streams: Streams::discarded(), ..Self::default() }
    }

    /// The output format of the command.
    #[must_use]
    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    /// The streams themselves, for what is not text of this program.
    #[must_use]
    pub(crate) const fn streams(&self) -> &Streams {
        &self.streams
    }

    /// Sets how errors are printed from now on, in all clones; a second call changes nothing.
    pub(crate) fn set_error_format(&self, is_json: bool, is_verbose: bool) {
        let format = match (is_json, is_verbose) {
            (true, _) => ErrorFormat::Json,
            (false, true) => ErrorFormat::Whole,
            (false, false) => self.error_format_of_stderr(),
        };
        // An error means that it is set.
        let _ = self.error_format.set(format);
    }

    fn error_format(&self) -> ErrorFormat {
        self.error_format.get().copied().unwrap_or_else(|| self.error_format_of_stderr())
    }

    fn error_format_of_stderr(&self) -> ErrorFormat {
        if self.streams.is_terminal(Stream::Err) { ErrorFormat::Short } else { ErrorFormat::Whole }
    }

    /// Writes text to stdout; control characters are escaped.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub(crate) fn print(&self, text: impl fmt::Display) -> Result<(), CommandError> {
        let text = text.to_string();
        Ok(self.streams.write(Stream::Out, flyte_text::sanitize(&text).as_bytes())?)
    }

    /// As [`Ui::print`], but keeps ANSI styles.
    ///
    /// # Errors
    ///
    /// As [`Ui::print`].
    pub(crate) fn print_styled(&self, text: &str) -> Result<(), CommandError> {
        Ok(self.streams.write(Stream::Out, flyte_text::sanitize_styled(text).as_bytes())?)
    }

    /// Writes text for another program unchanged: a script, YAML.
    ///
    /// # Errors
    ///
    /// As [`Ui::print`].
    pub(crate) fn print_exact(&self, text: &str) -> Result<(), CommandError> {
        self.streams.write_raw(Stream::Out, text.as_bytes())?;
        Ok(self.streams.flush()?)
    }

    /// Writes JSON for another program.
    ///
    /// # Errors
    ///
    /// As [`Ui::print`].
    pub(crate) fn print_json(&self, text: &str) -> Result<(), CommandError> {
        self.print_exact(&flyte_text::sanitize_json(text))
    }

    /// Writes text to stderr; control characters are escaped. Best effort: write errors are ignored.
    pub(crate) fn note(&self, text: impl fmt::Display) {
        let text = text.to_string();
        let _ = self.streams.write(Stream::Err, flyte_text::sanitize(&text).as_bytes());
    }

    /// As [`Ui::note`], but keeps ANSI styles.
    pub(crate) fn note_styled(&self, text: &str) {
        let _ = self.streams.write(Stream::Err, flyte_text::sanitize_styled(text).as_bytes());
    }

    /// Writes an error to stderr.
    pub(crate) fn report(&self, error: &CommandError) {
        self.note_styled(&error.render(self.error_format()));
    }

    /// Writes an error as a warning to stderr, for a command that continues.
    pub(crate) fn warn(&self, error: &CommandError) {
        self.note_styled(&error.render_as_warning(self.error_format()));
    }

    /// Cuts a long value for a terminal; `all` is the hint that says how to print all of it.
    #[must_use]
    pub(crate) fn readable(&self, value: String, all: &str) -> String {
        if self.streams.is_terminal(Stream::Out) { cut(value, all) } else { value }
    }

    /// Writes a table: a heading, and rows with as many cells.
    ///
    /// # Errors
    ///
    /// As [`Ui::print`].
    pub(crate) fn table(
        &self,
        heading: &[&str],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Result<(), CommandError> {
        let mut writer = tabwriter::TabWriter::new(Vec::new()).padding(2);
        let mut line = |cells: Vec<String>| {
            // Tabs separate the cells, newlines the rows.
            let one_line = |cell: &String| flyte_text::sanitize(cell).replace(['\t', '\n'], " ");
            let cells: Vec<String> = cells.iter().map(one_line).collect();
            writeln!(writer, "{}", cells.join("\t")).expect("writing to a `Vec` cannot fail");
        };
        line(heading.iter().map(|&cell| cell.to_owned()).collect());
        rows.into_iter().for_each(&mut line);
        let bytes = writer.into_inner().expect("writing to a `Vec` cannot fail");
        let text = String::from_utf8_lossy(&bytes);
        self.print(text.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>())
    }

    /// Writes a value as YAML if that is the output format, else as JSON.
    ///
    /// # Errors
    ///
    /// As [`Ui::print`].
    pub(crate) fn structured(&self, value: &serde_json::Value) -> Result<(), CommandError> {
        if self.format == Format::Yaml {
            let text = serde_saphyr::to_string(value);
            let text = text.map_err(|error| CommandError::from_error(Exit::Internal, error))?;
            // It leaves the controls of bidirectional text as they are. JSON is YAML, and escapes them.
            if !flyte_text::sanitize::has_terminal_controls(&text) {
                return self.print_exact(&text);
            }
        }
        self.print_json(&format!("{value:#}\n"))
    }
}

#[cfg(test)]
impl Ui {
    /// Writes into memory.
    pub(crate) fn captured() -> Self {
        Self { streams: Streams::captured(), ..Self::default() }
    }

    /// What was written.
    pub(crate) fn text(&self, stream: Stream) -> String {
        self.streams.text(stream)
    }
}

/// Maximum length in characters of a value on a terminal.
const LONGEST: usize = 200;

fn cut(value: String, all: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => {
            let count = grouped(value.chars().count());
            format!("{}… ({count} characters; {all})", &value[..end])
        }
        None => value,
    }
}

/// `3,000,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let starts_group = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    let digits = digits.char_indices().map(|(at, digit)| match starts_group(at) {
        true => format!(",{digit}"),
        false => digit.to_string(),
    });
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_between_characters() {
        let fits = "é".repeat(LONGEST);
        assert_eq!(cut(fits.clone(), "x"), fits);
        assert_eq!(
            cut(format!("{fits}ü"), "`-o json` shows all"),
            format!("{fits}… (201 characters; `-o json` shows all)")
        );
        let long = cut("x".repeat(3_000_000), "x");
        assert!(long.ends_with("x… (3,000,000 characters; x)"), "{}", long.len());
    }

    #[test]
    fn numbers_have_groups_of_three() {
        assert_eq!(
            [0, 12, 123, 1234, 123_456, 1_234_567].map(grouped),
            ["0", "12", "123", "1,234", "123,456", "1,234,567"]
        );
    }

    #[test]
    fn yaml_with_control_characters_is_written_as_json() {
        for (text, expected) in [("plain", "plain\n"), ("a\u{202e}b", "\"a\\u202eb\"\n")] {
            let ui = Ui::captured().with_format(Format::Yaml);
            ui.structured(&text.into()).unwrap();
            assert_eq!(ui.text(Stream::Out), expected);
        }
    }

    #[test]
    fn all_clones_print_errors_in_the_format_of_the_command() {
        let early = Ui::captured();
        early.clone().set_error_format(true, false);
        early.report(&CommandError::new(Exit::Failed, "no"));
        assert!(early.text(Stream::Err).starts_with("{\"error\":"), "{}", early.text(Stream::Err));
    }
}
