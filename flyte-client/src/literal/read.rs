//! Values from JSON, by their types.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    ValueError, check, choice,
    error::{BEYOND_DOUBLE, BEYOND_INTEGER},
    fit::Fit,
    make,
    name::type_name,
    structure::{self, StructFormat},
    time,
};
use crate::documents::number::{self, FloatError};
use crate::proto::core::{
    Binary, EnumType, Literal, LiteralCollection, LiteralMap, LiteralType, SimpleType,
    literal::Value as LiteralValue, literal_type::Type, scalar::Value as ScalarValue,
};
use crate::proto::{
    json,
    path::{FieldPath, PathStep},
};

/// Reads values. The functions [`from_json`] and [`from_text`](super::from_text) use one with the
/// defaults.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    pub(super) structs: StructFormat,
    pub(super) now: Timestamp,
}

impl Default for Reader {
    fn default() -> Self {
        Self { structs: StructFormat::default(), now: Timestamp::now() }
    }
}

/// A value and how well it fits its type, which decides among the variants of a union.
pub(super) type Fitted = Result<(Literal, Fit), ValueError>;

/// Reads a value from JSON; see the table in [the module's documentation](super).
///
/// # Errors
///
/// If the value is not of the type: the way to the place, what is expected and what is given.
pub fn from_json(value: &Value, expected: &LiteralType) -> Result<Literal, ValueError> {
    Reader::default().json(value, expected)
}

impl Reader {
    /// Stores structures in this format.
    #[must_use]
    pub fn structs(mut self, format: StructFormat) -> Self {
        self.structs = format;
        self
    }

    /// Takes this instant for `now`.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// Reads a value from JSON, as [`from_json`] does.
    ///
    /// # Errors
    ///
    /// If the value is not of the type.
    pub fn json(&self, value: &Value, expected: &LiteralType) -> Result<Literal, ValueError> {
        self.fit_json(value, expected).map(|(literal, _)| literal)
    }

    /// Reads the plain form, or else Flyte's own.
    pub(super) fn fit_json(&self, value: &Value, expected: &LiteralType) -> Fitted {
        let plain = match self.plain(value, expected) {
            Ok(fitted) => return Ok(fitted),
            Err(error) => error,
        };
        if !is_message(value) {
            return Err(plain);
        }
        let Ok(literal) = json::read::<Literal>(value, &mut FieldPath::default()) else { return Err(plain) };
        check(&literal, expected)?;
        Ok((choice::into_variant(literal, expected), Fit::EXACT))
    }

    fn plain(&self, value: &Value, expected: &LiteralType) -> Fitted {
        let mismatch = || ValueError::mismatch(type_name(expected), given(value));
        if let Some(written) = number::written(value)
            && !matches!(expected.r#type, Some(Type::UnionType(_)))
        {
            return unusual_number(written, expected);
        }
        match (&expected.r#type, value) {
            (Some(Type::UnionType(union)), _) => {
                let read = |variant: &LiteralType| self.fit_json(value, variant);
                choice::best(&union.variants, read).map_err(|only| only.unwrap_or_else(mismatch))
            }
            (Some(Type::Simple(simple)), _) => {
                let simple = SimpleType::try_from(*simple).map_err(|_| mismatch())?;
                match simple {
                    SimpleType::Struct => self.structure(value, expected),
                    _ => self.simple(value, simple).ok_or_else(|| refused(value, simple, expected)),
                }
            }
            (Some(Type::CollectionType(item)), Value::Array(items)) => self.list(items, item),
            (Some(Type::MapValueType(item)), Value::Object(entries)) => self.map(entries, item),
            (Some(Type::EnumType(known)), Value::String(text)) => enumerated(text, known, expected),
            (Some(Type::Blob(_) | Type::Schema(_) | Type::StructuredDatasetType(_)), _) => {
                make::stored(value, expected).ok_or_else(mismatch)
            }
            _ => Err(mismatch()),
        }
    }

    fn simple(&self, value: &Value, simple: SimpleType) -> Option<(Literal, Fit)> {
        match (simple, value) {
            (SimpleType::None, Value::Null) => Some((make::none(), Fit::EXACT)),
            // What YAML 1.1 and `-i` take, and YAML 1.2 reads as a text.
            (SimpleType::Boolean, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "yes" | "on" => Some((make::boolean(true), Fit::LAX)),
                "no" | "off" => Some((make::boolean(false), Fit::LAX)),
                _ => None,
            },
            (SimpleType::Boolean, Value::Bool(flag)) => Some((make::boolean(*flag), Fit::EXACT)),
            (SimpleType::Integer, Value::Number(number)) => match number.as_i64() {
                Some(integer) => Some((make::integer(integer), Fit::EXACT)),
                None => whole(number.as_f64()?).map(|integer| (make::integer(integer), Fit::CONVERTED)),
            },
            (SimpleType::Float, Value::Number(number)) => {
                let fit = if number.is_f64() { Fit::EXACT } else { Fit::CONVERTED };
                Some((make::float(number.as_f64()?), fit))
            }
            (SimpleType::Float, Value::String(text)) => {
                number::non_finite(text.trim()).map(|number| (make::float(number), Fit::LAX))
            }
            (SimpleType::String, Value::String(text)) => Some((make::text(text), Fit::TEXT)),
            (SimpleType::Datetime, Value::String(text)) => {
                Some((make::datetime(time::datetime(text, self.now).ok()?), Fit::TIME))
            }
            (SimpleType::Duration, Value::String(text)) => {
                Some((make::duration(time::duration(text)?), Fit::TIME))
            }
            (SimpleType::Binary, _) => binary(value),
            (SimpleType::Error, _) => make::error(value),
            _ => None,
        }
    }

    fn list(&self, items: &[Value], item: &LiteralType) -> Fitted {
        let mut fit = Fit::EXACT;
        let mut literals = Vec::with_capacity(items.len());
        for (index, value) in items.iter().enumerate() {
            let (literal, item_fit) =
                self.fit_json(value, item).map_err(|error| error.within(PathStep::Index(index)))?;
            fit = fit.max(item_fit);
            literals.push(literal);
        }
        Ok((make::literal(LiteralValue::Collection(LiteralCollection { literals })), fit))
    }

    fn map(&self, entries: &Map<String, Value>, item: &LiteralType) -> Fitted {
        let mut fit = Fit::EXACT;
        let mut map = LiteralMap::default();
        for (key, value) in entries {
            let (literal, item_fit) = self.fit_json(value, item).map_err(|error| error.within_name(key))?;
            fit = fit.max(item_fit);
            map.literals.insert(key.clone(), literal);
        }
        Ok((make::literal(LiteralValue::Map(map)), fit))
    }

    fn structure(&self, value: &Value, expected: &LiteralType) -> Fitted {
        let Value::Object(fields) = value else {
            return Err(ValueError::mismatch(type_name(expected), given(value)));
        };
        let described = structure::check_properties(fields, expected.metadata.as_ref())?;
        let literal = make::literal(LiteralValue::Scalar(Box::new(structure::store(fields, self.structs)?)));
        Ok((literal, if described { Fit::DESCRIBED } else { Fit::STRUCTURE }))
    }
}

/// A number for which JSON's value has no room.
fn unusual_number(written: &str, expected: &LiteralType) -> Fitted {
    let given = || format!("number `{written}`");
    let is = |simple: SimpleType| expected.r#type == Some(Type::Simple(simple.into()));
    match number::float(written) {
        Ok(number) if is(SimpleType::Float) => {
            let fit = if number::is_integer(written) { Fit::CONVERTED } else { Fit::EXACT };
            Ok((make::float(number), fit))
        }
        Err(FloatError::TooLarge) if is(SimpleType::Float) => {
            Err(ValueError::value(type_name(expected), given(), BEYOND_DOUBLE))
        }
        _ if is(SimpleType::Integer) && number::is_integer(written) => {
            Err(ValueError::value(type_name(expected), given(), BEYOND_INTEGER))
        }
        _ => Err(ValueError::mismatch(type_name(expected), given())),
    }
}

/// Why a value does not fit a simple type.
fn refused(value: &Value, simple: SimpleType, expected: &LiteralType) -> ValueError {
    let reason = match (simple, value) {
        (SimpleType::Integer, Value::Number(number)) if number.is_u64() => Some(BEYOND_INTEGER),
        (SimpleType::Datetime, Value::String(text)) => time::datetime_problem(text),
        (SimpleType::Duration, Value::String(text)) => time::duration_problem(text),
        _ => None,
    };
    match reason {
        Some(reason) => ValueError::value(type_name(expected), given(value), reason),
        None => ValueError::mismatch(type_name(expected), given(value)),
    }
}

/// Whether a map looks like `flyteidl.core.Literal` in its proto3 JSON form.
fn is_message(value: &Value) -> bool {
    let Some(object) = value.as_object() else { return false };
    let values = ["scalar", "collection", "map", "offloadedMetadata", "offloaded_metadata"];
    let is_value = |key: &str| values.contains(&key);
    object.keys().filter(|key| is_value(key)).count() == 1
        && object.keys().all(|key| is_value(key) || key == "hash" || key == "metadata")
}

fn enumerated(text: &str, known: &EnumType, expected: &LiteralType) -> Fitted {
    if known.values.iter().any(|value| value == text) {
        return Ok((make::text(text), Fit::ENUM));
    }
    Err(ValueError::value(type_name(expected), format!("`{text}`"), "is not one of its values"))
}

/// `{value: <base64>, tag: …}`, or base64 alone.
fn binary(value: &Value) -> Option<(Literal, Fit)> {
    let decode = |text: &str| BASE64_STANDARD.decode(text).ok();
    let (bytes, tag, fit) = match value {
        Value::String(text) => (decode(text)?, "", Fit::LAX),
        Value::Object(fields) if fields.keys().all(|key| key == "value" || key == "tag") => {
            let tag = fields.get("tag").map_or(Some(""), Value::as_str)?;
            (decode(fields.get("value")?.as_str()?)?, tag, Fit::REFERENCE)
        }
        _ => return None,
    };
    Some((make::scalar(ScalarValue::Binary(Binary { value: bytes, tag: tag.to_owned() })), fit))
}

/// A whole number that a double holds exactly.
fn whole(number: f64) -> Option<i64> {
    let fits = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    fits.then(|| format!("{number:.0}").parse().ok()).flatten()
}

/// What a JSON value is, for messages.
pub(super) fn given(value: &Value) -> String {
    match value {
        Value::Null => "`null`".to_owned(),
        Value::Bool(flag) => format!("boolean `{flag}`"),
        Value::Number(number) => format!("number `{number}`"),
        Value::String(text) => given_text(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => {
            number::written(value).map_or_else(|| "a map".to_owned(), |written| format!("number `{written}`"))
        }
    }
}

/// A text for messages, cut when it is long.
pub(super) fn given_text(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return format!("text `{text}`");
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("text `{start}…`")
}
