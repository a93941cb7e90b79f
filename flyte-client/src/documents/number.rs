//! Numbers for which `serde_json::Value` has no room: infinities, not-a-number, integers beyond 64 bits, and
//! floats beyond a double.
//!
//! They are kept as they are written, in a map with one key that no text for interchange holds. Code that
//! expects a number calls [`written`]; all other code finds a map, so that none of them is lost or changed in
//! silence.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

/// The key of the map that stands for such a number. U+FDD0 is a noncharacter.
const KEY: &str = "\u{fdd0}number";

/// From here on a double may stand for an integer that has no room in 64 bits.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// Why a text is not a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatError {
    /// It is none at all.
    NotANumber,
    /// It is beyond ±1.8e308, the range of a double.
    TooLarge,
}

/// Reads a float: digits as Rust and Python write them, or [`non_finite`].
///
/// # Errors
///
/// When the text is none, or beyond the range of a double.
pub fn float(text: &str) -> Result<f64, FloatError> {
    if let Some(number) = non_finite(text) {
        return Ok(number);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(FloatError::NotANumber);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(FloatError::TooLarge),
        Err(_) => Err(FloatError::NotANumber),
    }
}

/// Reads `nan`, `inf` and `infinity`, in any case, with a sign or without, and as YAML writes them: `.nan`,
/// `-.inf`.
#[must_use]
pub fn non_finite(text: &str) -> Option<f64> {
    let (sign, word) = match text.strip_prefix('-') {
        Some(word) => (-1.0, word),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let word = word.strip_prefix('.').unwrap_or(word).to_ascii_lowercase();
    match word.as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "infinity" => Some(sign * f64::INFINITY),
        _ => None,
    }
}

/// The number that a value stands for, as it is written, if `serde_json` has no room for it.
#[must_use]
pub fn written(value: &Value) -> Option<&str> {
    match value {
        Value::Object(object) if object.len() == 1 => object.get(KEY)?.as_str(),
        _ => None,
    }
}

/// Whether a value stands for such a number, and not for a map.
pub(crate) fn is_kept(value: &Value) -> bool {
    written(value).is_some()
}

/// The double nearest to a number as it is written; not-a-number for what is none.
pub(crate) fn nearest_double(written: &str) -> f64 {
    non_finite(written).or_else(|| written.parse().ok()).unwrap_or(f64::NAN)
}

/// Whether a text is an integer in decimal digits, of whatever size.
pub(crate) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A double that a parser read. Where it may not be what was written, it waits for [`exact`].
pub(super) fn from_double(value: f64) -> Value {
    let is_doubtful = value.fract() == 0.0 && value.abs() >= TWO_TO_63;
    match Number::from_f64(value) {
        Some(number) if !is_doubtful => Value::Number(number),
        _ => kept(&format!("{value:?}"), false),
    }
}

/// Whether a number in a value still waits for [`exact`].
pub(super) fn is_inexact(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(is_inexact),
        Value::Object(object) => is_waiting(value) || object.values().any(is_inexact),
        _ => false,
    }
}

/// A number that waits, once it is known how it is written. Behind a tag, an alias or the like, the double
/// counts.
pub(super) fn exact(waiting: Value, written: &str) -> Value {
    let double = waiting.get(KEY).and_then(|texts| texts.get(0)).and_then(Value::as_str).unwrap_or_default();
    match float(written) {
        Ok(number) if number.is_finite() && !is_integer(written) => Value::from(number),
        Ok(_) | Err(FloatError::TooLarge) => kept(written, true),
        Err(FloatError::NotANumber) => match float(double) {
            Ok(number) if number.is_finite() => Value::from(number),
            _ => kept(double, true),
        },
    }
}

/// A value in which no number waits any more: what still does is a double, as it was read.
pub(super) fn settled(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(settled).collect(),
        Value::Object(_) if is_waiting(&value) => exact(value, ""),
        Value::Object(object) => {
            Value::Object(object.into_iter().map(|(key, value)| (key, settled(value))).collect())
        }
        value => value,
    }
}

fn is_waiting(value: &Value) -> bool {
    matches!(value, Value::Object(object) if object.len() == 1 && object.get(KEY).is_some_and(Value::is_array))
}

fn kept(written: &str, is_exact: bool) -> Value {
    let text = Value::from(written);
    let held = if is_exact { text } else { Value::Array(vec![text]) };
    Value::Object(Map::from_iter([(KEY.to_owned(), held)]))
}

/// JSON with the numbers that have no room, Python's `NaN` and `Infinity` among them, as the maps that stand
/// for them.
pub(super) fn guard(json: &str) -> Cow<'_, str> {
    let mut guarded = String::new();
    let mut done = 0;
    for (start, token) in tokens(json) {
        if has_room(token) {
            continue;
        }
        guarded.push_str(&json[done..start]);
        guarded.push_str(&kept(token, true).to_string());
        done = start + token.len();
    }
    if done == 0 { Cow::Borrowed(json) } else { Cow::Owned(guarded + &json[done..]) }
}

/// Whether a word of JSON is left to the parser: a number that it reads exactly, or no number.
fn has_room(token: &str) -> bool {
    if matches!(token, "NaN" | "Infinity" | "-Infinity") {
        return false;
    }
    let is_number = token.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    if !is_number || token.parse::<i64>().is_ok() || token.parse::<u64>().is_ok() {
        return true;
    }
    match token.parse::<f64>() {
        Ok(number) => number.is_finite() && !is_integer(token),
        Err(_) => true,
    }
}

/// The words and numbers of JSON that are in no text, with their places.
fn tokens(json: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        loop {
            let next = rest + json[rest..].find(|c: char| c == '"' || is_word(c))?;
            if json[next..].starts_with('"') {
                rest = next + text_length(&json[next..])?;
                continue;
            }
            let end = json[next..].find(|c: char| !is_word(c)).map_or(json.len(), |length| next + length);
            rest = end;
            return Some((next, &json[next..end]));
        }
    })
}

/// How long the text in quotes is that this begins with, quotes included; `None` if it has no end.
fn text_length(json: &str) -> Option<usize> {
    let mut is_escaped = false;
    json.char_indices().skip(1).find_map(|(index, c)| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends.then_some(index + 1)
    })
}
