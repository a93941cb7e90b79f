//! Results and notes: text, tables, JSON and YAML.
//!
//! Results go to the standard output, everything else to the standard error. Colour is used on terminals
//! only, and never as the only carrier of meaning.

use std::io::Write;

use super::{error::CommandError, exit_code::Exit, stream::Stream};

/// The output format of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// One name per line.
    Name,
    /// A table.
    Table,
    /// YAML.
    Yaml,
}

impl Format {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Name => "name",
            Self::Table => "table",
            Self::Yaml => "yaml",
        }
    }
}

/// Writes text to stdout; control characters are escaped.
///
/// # Errors
///
/// As [`Stream::write`].
pub fn print(text: &str) -> Result<(), CommandError> {
    Ok(Stream::Out.write(flyte_text::sanitize(text).as_bytes())?)
}

/// As [`print()`], but keeps ANSI styles.
///
/// # Errors
///
/// As [`Stream::write`].
pub fn print_styled(text: &str) -> Result<(), CommandError> {
    Ok(Stream::Out.write(flyte_text::sanitize_styled(text).as_bytes())?)
}

/// Writes text for another program unchanged: a script, YAML.
///
/// # Errors
///
/// As [`Stream::write`].
pub fn print_exact(text: &str) -> Result<(), CommandError> {
    Ok(Stream::Out.write_raw(text.as_bytes()).and_then(|()| Stream::Out.flush())?)
}

/// Writes JSON for another program.
///
/// # Errors
///
/// As [`Stream::write`].
pub fn print_json(text: &str) -> Result<(), CommandError> {
    print_exact(&flyte_text::sanitize_json(text))
}

/// Writes text to stderr; control characters are escaped. Best effort: write errors are ignored.
pub fn note(text: &str) {
    let _ = Stream::Err.write(flyte_text::sanitize(text).as_bytes());
}

/// As [`note`], but keeps ANSI styles.
pub fn note_styled(text: &str) {
    let _ = Stream::Err.write(flyte_text::sanitize_styled(text).as_bytes());
}

/// Maximum length in characters of a value on a terminal.
const LONGEST: usize = 200;

/// Cuts a long value for a terminal; `all` is the hint that says how to print all of it.
#[must_use]
pub fn readable(value: String, all: &str) -> String {
    if Stream::Out.is_terminal() { cut(value, all) } else { value }
}

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

/// Writes a table: a heading, and rows with as many cells.
///
/// # Errors
///
/// As [`Stream::write`].
pub fn table(heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<(), CommandError> {
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
    let text: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    print(&text)
}

/// Writes a value as JSON or YAML.
///
/// # Errors
///
/// As [`Stream::write`].
pub fn structured(format: Format, value: &serde_json::Value) -> Result<(), CommandError> {
    if format == Format::Yaml {
        let text = serde_saphyr::to_string(value);
        let text = text.map_err(|error| CommandError::from_error(Exit::Internal, error))?;
        // It leaves the controls of bidirectional text as they are. JSON is YAML, and has escapes for all.
        if !flyte_text::sanitize::has_terminal_controls(&text) {
            return print_exact(&text);
        }
    }
    print_json(&format!("{value:#}\n"))
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
}
