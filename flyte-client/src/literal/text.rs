//! Values from one text each: what stands behind `--input name=value`.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{
    Reader, ValueError, ValueProblem, choice,
    error::{BEYOND_DOUBLE, BEYOND_INTEGER},
    fit::Fit,
    make,
    name::type_name,
    read::{Fitted, given_text},
    time,
};
use crate::proto::core::{
    Binary, Literal, LiteralType, SimpleType, literal_type::Type, scalar::Value as ScalarValue,
};
use crate::{
    documents::{self, number},
    plain_text,
};

/// Larger files are not read as inputs, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Reads a value from a text; see the table in [the module's documentation](super).
///
/// A structure, list or map may be in a file, which is read.
///
/// # Errors
///
/// If the text cannot be read as the type, or its file cannot be read.
///
/// # Example
///
/// ```
/// use flyte_client::{literal, register::read::task::parse_type};
///
/// let number = literal::from_text("3", &parse_type("int").unwrap()).unwrap();
/// assert_eq!(literal::to_json(&number), serde_json::json!(3));
///
/// let wrong = literal::from_text("three", &parse_type("int").unwrap()).unwrap_err();
/// assert_eq!(wrong.to_string(), "expected `int`, got text `three`");
/// ```
pub fn from_text(text: &str, expected: &LiteralType) -> Result<Literal, ValueError> {
    Reader::default().text(text, expected)
}

impl Reader {
    /// Reads a value from a text, as [`from_text`] does.
    ///
    /// # Errors
    ///
    /// If the text cannot be read as the type, or its file cannot be read.
    pub fn text(&self, text: &str, expected: &LiteralType) -> Result<Literal, ValueError> {
        self.fit_text(text, expected).map(|(literal, _)| literal)
    }

    fn fit_text(&self, text: &str, expected: &LiteralType) -> Fitted {
        self.fit_parsed(text, container(text).as_ref(), expected)
    }

    /// Reads a text that is this list or map too. What takes the list or map takes it as such; what does not
    /// may take the text, but not for the address of a file.
    fn fit_parsed(&self, text: &str, parsed: Option<&Value>, expected: &LiteralType) -> Fitted {
        let mismatch = || ValueError::mismatch(type_name(expected), given_text(text));
        let structured = parsed.map(|value| self.fit_json(value, expected));
        match (&expected.r#type, structured) {
            (_, Some(Ok(fitted))) => Ok(fitted),
            (Some(Type::UnionType(union)), _) => {
                let read = |variant: &LiteralType| self.fit_parsed(text, parsed, variant);
                choice::best(&union.variants, read).map_err(|only| only.unwrap_or_else(mismatch))
            }
            (Some(Type::Simple(simple)), structured) => {
                match (SimpleType::try_from(*simple).map_err(|_| mismatch())?, structured) {
                    (SimpleType::Struct, Some(Err(error))) => Err(error),
                    (SimpleType::Struct, _) => self.document(text, expected),
                    (simple, _) => self.word(text, simple).ok_or_else(|| refused(text, simple, expected)),
                }
            }
            (Some(Type::EnumType(_)), _) => self.fit_json(&Value::String(text.to_owned()), expected),
            (_, Some(Err(error))) => Err(error),
            (Some(Type::CollectionType(_) | Type::MapValueType(_)), None) => self.document(text, expected),
            (_, None) => self.fit_json(&Value::String(text.to_owned()), expected),
        }
    }

    fn word(&self, text: &str, simple: SimpleType) -> Option<(Literal, Fit)> {
        let trimmed = text.trim();
        let word = trimmed.to_lowercase();
        Some(match simple {
            SimpleType::None => match word.as_str() {
                "none" | "null" => (make::none(), Fit::EXACT),
                "" => (make::none(), Fit::LAX),
                _ => return None,
            },
            SimpleType::Boolean => match word.as_str() {
                "true" | "false" => (make::boolean(word == "true"), Fit::EXACT),
                "yes" | "y" | "on" | "t" | "1" => (make::boolean(true), Fit::LAX),
                "no" | "n" | "off" | "f" | "0" => (make::boolean(false), Fit::LAX),
                _ => return None,
            },
            SimpleType::Integer => (make::integer(trimmed.parse().ok()?), Fit::EXACT),
            SimpleType::Float => {
                let fit = match trimmed.parse::<i128>() {
                    Ok(_) => Fit::CONVERTED,
                    Err(_) if trimmed.contains(|c: char| c.is_ascii_digit()) => Fit::EXACT,
                    Err(_) => Fit::LAX, // `inf`, `nan`
                };
                (make::float(number::float(trimmed).ok()?), fit)
            }
            SimpleType::String => (make::text(text), Fit::TEXT),
            SimpleType::Datetime => (make::datetime(time::datetime(text, self.now).ok()?), Fit::TIME),
            SimpleType::Duration => (make::duration(time::duration(text)?), Fit::TIME),
            SimpleType::Binary => {
                let binary = Binary { value: BASE64_STANDARD.decode(trimmed).ok()?, tag: String::new() };
                (make::scalar(ScalarValue::Binary(binary)), Fit::LAX)
            }
            SimpleType::Error => make::error(&Value::String(text.to_owned()))?,
            SimpleType::Struct => return None,
        })
    }

    /// A list, map or structure: JSON or YAML in place, or the file that holds it.
    fn document(&self, text: &str, expected: &LiteralType) -> Fitted {
        if let Some(file) = text.strip_prefix('@') {
            return self.fit_json(&read_file(file)?, expected);
        }
        let parsed = documents::parse(text, false);
        if let Ok([value @ (Value::Array(_) | Value::Object(_))]) = parsed.as_deref() {
            return self.fit_json(value, expected);
        }
        let endings = ["json", "yaml", "yml"];
        let path = Path::new(text);
        if path
            .extension()
            .is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
        {
            return self.fit_json(&read_file(text)?, expected);
        }
        match parsed {
            Err(reason) if text.trim_start().starts_with(['[', '{']) => Err(ValueError::value(
                type_name(expected),
                given_text(text),
                format!("is not JSON or YAML: {reason}"),
            )),
            _ => Err(ValueError::mismatch(type_name(expected), given_text(text))),
        }
    }
}

/// Why a text does not fit a simple type.
fn refused(text: &str, simple: SimpleType, expected: &LiteralType) -> ValueError {
    let trimmed = text.trim();
    let reason = match simple {
        SimpleType::Integer if number::is_integer(trimmed) => Some(BEYOND_INTEGER),
        SimpleType::Float if number::float(trimmed) == Err(number::FloatError::TooLarge) => {
            Some(BEYOND_DOUBLE)
        }
        SimpleType::Datetime => time::datetime_problem(text),
        SimpleType::Duration => time::duration_problem(text),
        _ => None,
    };
    match reason {
        Some(reason) => ValueError::value(type_name(expected), given_text(text), reason),
        None => ValueError::mismatch(type_name(expected), given_text(text)),
    }
}

/// The list or map that a text is when it begins and ends as one in JSON, or in YAML's own form of it (`{a:
/// 1}`).
fn container(text: &str) -> Option<Value> {
    let trimmed = text.trim();
    let encloses = |open, close| trimmed.starts_with(open) && trimmed.ends_with(close);
    if !encloses('[', ']') && !encloses('{', '}') {
        return None;
    }
    match documents::parse(text, false).ok()?.as_mut_slice() {
        [value @ (Value::Array(_) | Value::Object(_))] => Some(value.take()),
        _ => None,
    }
}

fn read_file(file: &str) -> Result<Value, ValueError> {
    let fail = |reason: String| ValueError::new(ValueProblem::File { file: file.to_owned(), reason });
    let size = fs::metadata(file).map_err(|error| fail(error.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        return Err(fail(format!("larger than {}", flyte_text::size(MAX_FILE_BYTES))));
    }
    let text = plain_text::read(Path::new(file)).map_err(|error| fail(error.to_string()))?;
    let only_json = Path::new(file).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    documents::parse_one(&text, only_json).map_err(fail)?.ok_or_else(|| fail("the file is empty".into()))
}
