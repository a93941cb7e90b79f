//! One thing with all that is known of it, for people: a word and a value each line.

use std::fmt::Write as _;

use super::NOTHING;

/// Facts of one thing, in order.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    lines: Vec<(String, String)>,
    sections: Vec<(String, Vec<(String, String)>)>,
}

impl Facts {
    /// Adds a fact; what is empty or nothing is left out.
    #[must_use]
    pub(crate) fn fact(mut self, word: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() && value != NOTHING {
            self.lines.push((word.to_owned(), value));
        }
        self
    }

    /// Adds facts under a heading; none if there are none.
    #[must_use]
    pub(crate) fn section(mut self, heading: &str, lines: Vec<(String, String)>) -> Self {
        if !lines.is_empty() {
            self.sections.push((heading.to_owned(), lines));
        }
        self
    }

    /// The text.
    #[must_use]
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        write_lines(&mut text, "", &self.lines);
        for (heading, lines) in &self.sections {
            let _ = writeln!(text, "{heading}");
            write_lines(&mut text, "  ", lines);
        }
        text
    }
}

/// Writes words and values, the values below each other.
fn write_lines(text: &mut String, indent: &str, lines: &[(String, String)]) {
    let width = lines.iter().map(|(word, _)| word.chars().count()).max().unwrap_or(0);
    for (word, value) in lines {
        let continued = format!("\n{indent}{:width$}  ", "");
        let value = value.trim_end().replace('\n', &continued);
        let lines = format!("{indent}{word:width$}  {value}");
        lines.lines().for_each(|line| text.push_str(&format!("{}\n", line.trim_end())));
    }
}
