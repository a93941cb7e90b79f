//! YAML files, read as PyYAML's `safe_load` reads them.
//!
//! PyYAML speaks YAML 1.1: a plain `yes`, `no`, `on` or `off` is a boolean, so `insecure: yes` is a setting
//! and not a word. Scalars keep their source text beside their kind, so that a client id of `0123` stays what
//! was written. The patterns are those of PyYAML's resolver (YAML 1.1, "Type Repository"), as flytekit uses
//! it (`flytekit/configuration/file.py`).

use std::collections::BTreeMap;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, Tag};

/// A value of a YAML file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    List(Vec<Value>),
    /// In file order; of a key that was merged in and stands there too, the last counts.
    Map(Vec<(String, Value)>),
    Null,
    /// A number or date, as it was written; `zero` tells whether Python takes it for false.
    Number {
        text: String,
        zero: bool,
    },
    Text(String),
}

/// What is wrong in a YAML file, and where (both counted from 1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

impl Value {
    /// Reads one document; an empty file is [`Value::Null`].
    pub(super) fn parse(text: &str) -> Result<Value, SyntaxError> {
        let mut options = Options::default();
        options.emit_comments = false;
        let events =
            Parser::new_from_str_with_options(text.strip_prefix('\u{feff}').unwrap_or(text), options);
        let mut builder = Builder { events, anchors: BTreeMap::new() };
        builder.document()
    }

    /// Follows a dotted key such as `admin.endpoint`.
    pub(super) fn lookup(&self, key: &str) -> Option<&Value> {
        key.split('.').try_fold(self, |value, part| value.entry(part))
    }

    /// The value of one key of a map.
    pub(super) fn entry(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Map(entries) => entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether Python takes the value for true; flytekit lets only such values and booleans replace a
    /// default.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Value::Bool(value) => *value,
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
            Value::Null => false,
            Value::Number { zero, .. } => !zero,
            Value::Text(text) => !text.is_empty(),
        }
    }

    /// What the value is, for "… is a list".
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Bool(_) => "a boolean",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Null => "empty",
            Value::Number { .. } => "a number",
            Value::Text(_) => "a string",
        }
    }
}

struct Builder<'input, I: granit_parser::BorrowedInput<'input>> {
    events: Parser<'input, I>,
    anchors: BTreeMap<usize, Value>,
}

impl<'input, I: granit_parser::BorrowedInput<'input>> Builder<'input, I> {
    fn document(&mut self) -> Result<Value, SyntaxError> {
        let mut document = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(document.unwrap_or(Value::Null)),
                Event::DocumentStart(..) if document.is_some() => {
                    return Err(at(&span, "a second document starts here; one is expected"));
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => document = Some(self.node(event, &span)?),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'input>, Span), SyntaxError> {
        match self.events.next() {
            Some(event) => event.map_err(|error| scan_error(&error)),
            None => Ok((Event::StreamEnd, Span::empty(granit_parser::Marker::new(0, 1, 0)))),
        }
    }

    fn node(&mut self, event: Event<'input>, span: &Span) -> Result<Value, SyntaxError> {
        let (anchor, value) = match event {
            Event::Alias(id) => {
                let value = self.anchors.get(&id).cloned();
                return value.ok_or_else(|| at(span, "an alias refers to the value that it stands in"));
            }
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(&text, style, tag.as_deref(), span)?),
            Event::SequenceStart(_, anchor, tag) => (anchor, self.list(tag.as_deref(), span)?),
            Event::MappingStart(_, anchor, tag) => (anchor, self.map(tag.as_deref(), span)?),
            _ => return Err(at(span, "a value is expected here")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn list(&mut self, tag: Option<&Tag>, span: &Span) -> Result<Value, SyntaxError> {
        expect_tag(tag, "seq", span)?;
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.node(event, &span)?),
            }
        }
    }

    fn map(&mut self, tag: Option<&Tag>, span: &Span) -> Result<Value, SyntaxError> {
        expect_tag(tag, "map", span)?;
        let mut merged = Vec::new();
        let mut entries = Vec::new();
        let mut lines = BTreeMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                merged.append(&mut entries);
                return Ok(Value::Map(merged));
            }
            let merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.node(event, &span)?;
            let key_span = span;
            let (event, span) = self.next()?;
            let value = self.node(event, &span)?;
            if merge {
                merge_into(&mut merged, value, &span)?;
            } else if let Some(key) = key_text(key) {
                // PyYAML forgets the first one, and with it a whole section.
                if let Some(first) = lines.insert(key.clone(), key_span.start.line()) {
                    return Err(at(
                        &key_span,
                        format!("duplicate key `{key}`; the first is in line {first}"),
                    ));
                }
                entries.push((key, value));
            }
        }
    }
}

/// `<<: *base` and `<<: [*first, *second]`; of two sources the first wins, so it is put last.
fn merge_into(merged: &mut Vec<(String, Value)>, value: Value, span: &Span) -> Result<(), SyntaxError> {
    match value {
        Value::Map(entries) => merged.extend(entries),
        Value::List(items) => {
            for item in items.into_iter().rev() {
                merge_into(merged, item, span)?;
            }
        }
        _ => return Err(at(span, "`<<` takes a map, or a list of maps")),
    }
    Ok(())
}

/// Keys that are not text (`yes:`, `1:`) can match no key that we look for, but they may name an image.
fn key_text(key: Value) -> Option<String> {
    match key {
        Value::Text(text) | Value::Number { text, .. } => Some(text),
        _ => None,
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Result<Value, SyntaxError> {
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { resolve(text) } else { Value::Text(text.to_owned()) });
    };
    match (tag.handle(), tag.suffix()) {
        ("!", "") | ("tag:yaml.org,2002:", "str") => Ok(Value::Text(text.to_owned())),
        ("tag:yaml.org,2002:", "bool" | "int" | "float" | "null") => Ok(resolve(text)),
        (handle, suffix) => Err(unknown_tag(handle, suffix, span)),
    }
}

fn expect_tag(tag: Option<&Tag>, expected: &str, span: &Span) -> Result<(), SyntaxError> {
    match tag.map(|tag| (tag.handle(), tag.suffix())) {
        None => Ok(()),
        Some(("tag:yaml.org,2002:", suffix)) if suffix == expected => Ok(()),
        Some((handle, suffix)) => Err(unknown_tag(handle, suffix, span)),
    }
}

fn unknown_tag(handle: &str, suffix: &str, span: &Span) -> SyntaxError {
    at(span, format!("the tag `{handle}{suffix}` has no meaning here"))
}

/// What a plain scalar is in YAML 1.1.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ if is_integer(text) || is_float(text) => {
            Value::Number { text: text.to_owned(), zero: is_zero(text) }
        }
        _ if is_date(text) => Value::Number { text: text.to_owned(), zero: false },
        _ => Value::Text(text.to_owned()),
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

fn all(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || allowed(c))
}

fn is_integer(text: &str) -> bool {
    let digits = unsigned(text);
    if let Some(rest) = digits.strip_prefix("0b") {
        return all(rest, |c| matches!(c, '0' | '1'));
    }
    if let Some(rest) = digits.strip_prefix("0x") {
        return all(rest, |c| c.is_ascii_hexdigit());
    }
    match digits.strip_prefix('0') {
        Some("") => true,
        Some(octal) => all(octal, |c| matches!(c, '0'..='7')),
        None => starts_with_digit(digits) && is_base_60(digits, digits.contains(':')),
    }
}

/// `190:20:30`; without colons, plain digits.
fn is_base_60(digits: &str, colons: bool) -> bool {
    let mut parts = digits.split(':');
    let head = parts.next().is_some_and(|head| all(head, |c| c.is_ascii_digit()));
    head && (!colons
        || parts.all(|part| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])))
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn is_float(text: &str) -> bool {
    let number = unsigned(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let Some((whole, fraction)) = number.split_once('.') else { return false };
    let (fraction, exponent) = match fraction.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (fraction, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        exponent
            .strip_prefix(['+', '-'])
            .is_some_and(|e| !e.is_empty() && e.chars().all(|c| c.is_ascii_digit()))
    });
    let fraction_fits = fraction.chars().all(|c| c == '_' || c.is_ascii_digit());
    let whole_fits = match whole {
        "" => number == text && starts_with_digit(fraction),
        _ if whole.contains(':') => exponent.is_none() && starts_with_digit(whole) && is_base_60(whole, true),
        _ => starts_with_digit(whole) && is_base_60(whole, false),
    };
    exponent_fits && fraction_fits && whole_fits
}

fn is_zero(text: &str) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let mantissa = unsigned(if text.contains("0x") { text } else { mantissa });
    mantissa.chars().all(|c| matches!(c, '0' | '_' | '.' | ':' | 'x' | 'b'))
}

/// `2026-08-01` and the start of every timestamp; only the kind matters, never the date.
fn is_date(text: &str) -> bool {
    let date: Vec<&str> = text.split(['T', 't', ' ', '\t']).next().unwrap_or(text).split('-').collect();
    let digits = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit())
    };
    let [year, month, day] = date[..] else { return false };
    digits(year, 4..=4)
        && digits(month, 1..=2)
        && digits(day, 1..=2)
        && (text.contains(':') || (text.len() == 10 && month.len() == 2))
}

fn at(span: &Span, message: impl Into<String>) -> SyntaxError {
    SyntaxError { line: span.start.line(), column: span.start.col() + 1, message: message.into() }
}

fn scan_error(error: &ScanError) -> SyntaxError {
    let marker = error.marker();
    SyntaxError { line: marker.line(), column: marker.col() + 1, message: error.info() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        Value::parse(text).unwrap()
    }

    fn refused(text: &str) -> (usize, usize, String) {
        let error = Value::parse(text).unwrap_err();
        (error.line, error.column, error.message)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn plain_words_of_yaml_1_1_are_booleans_and_quoted_ones_are_not() {
        let list = read("[yes, Off, 'on', \"no\", y, ~, !!str yes]");
        let expected = [
            Value::Bool(true),
            Value::Bool(false),
            text("on"),
            text("no"),
            text("y"),
            Value::Null,
            text("yes"),
        ];
        assert_eq!(list, Value::List(expected.to_vec()));
    }

    #[test]
    fn numbers_and_dates_keep_their_spelling() {
        for number in
            ["0", "-12", "0x1F", "0b101", "0777", "1_000", "1.5", "-.inf", ".5", "6.02e+23", "190:20:30"]
        {
            assert!(matches!(read(number), Value::Number { text, .. } if text == number), "{number}");
        }
        for date in ["2026-08-01", "2026-8-1 10:00:00", "2026-08-01T10:00:00Z"] {
            assert!(matches!(read(date), Value::Number { text, .. } if text == date), "{date}");
        }
        for word in
            ["localhost:30080", "1.2.3", "0o17", "089", "1e5", "v1", "10.0.0.1:80", "2026-8-1", "1:99", "_1"]
        {
            assert_eq!(read(word), text(word));
        }
    }

    #[test]
    fn python_takes_zeros_for_false() {
        for zero in ["0", "-0", "0.0", ".0", "0x0", "0b0", "000", "0.0e+10"] {
            assert!(!read(zero).is_truthy(), "{zero}");
        }
        for other in ["1", "0x10", "0.01", "10:00", "0b1", "[0]", "{a: 0}", "'0'"] {
            assert!(read(other).is_truthy(), "{other}");
        }
    }

    #[test]
    fn aliases_and_merges() {
        let root = read("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 5\nd: *a\n");
        let at = |key: &str| match root.lookup(key) {
            Some(Value::Number { text, .. }) => text.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!([at("c.x"), at("c.y"), at("c.z"), at("d.x")], ["5", "2", "4", "1"]);
    }

    #[test]
    fn a_key_stands_once_in_a_map() {
        assert_eq!(refused("a: x\na: y"), (2, 1, "duplicate key `a`; the first is in line 1".into()));
        assert_eq!(read("a: {b: x}\nc: {b: y}").lookup("c.b"), Some(&text("y")));
    }

    #[test]
    fn what_is_broken_is_placed() {
        assert_eq!(
            refused("a: 1\n---\nb: 2"),
            (2, 1, "a second document starts here; one is expected".into())
        );
        assert_eq!(refused("a: !mine x"), (1, 10, "the tag `!mine` has no meaning here".into()));
        assert_eq!(refused("a: &a [*a]").2, "an alias refers to the value that it stands in");
        assert_eq!(refused("<<: 1").2, "`<<` takes a map, or a list of maps");
        let (line, _, message) = refused("admin:\n  endpoint: a\n insecure: [\n");
        assert!(line >= 3 && !message.is_empty(), "{line}: {message}");
    }
}
