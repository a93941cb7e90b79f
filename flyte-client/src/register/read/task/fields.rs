//! Typed access to the keys of an object, with errors that say where.

use serde_json::{Map, Value};

use super::error::TaskError;
use crate::documents::number;

/// The keys of one object of a short form.
pub(in crate::register) struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: String,
}

impl<'a> Fields<'a> {
    /// Takes an object whose keys are all in `known`.
    pub(in crate::register) fn new(value: &'a Value, path: &str, known: &[&str]) -> Result<Self, TaskError> {
        let object = map(value).ok_or_else(|| wrong_kind(path, value, "a map"))?;
        let fields = Fields { object, path: path.to_owned() };
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(fields),
            Some(key) => Err(unknown(&fields.at(key), key, known)),
        }
    }

    /// The path to a key.
    pub(in crate::register) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key; null counts as absent.
    pub(in crate::register) fn value(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// The value of a key that has two names, and the name in use.
    pub(in crate::register) fn either<'k>(
        &self,
        keys: [&'k str; 2],
    ) -> Result<Option<(&'k str, &'a Value)>, TaskError> {
        let [first, second] = keys;
        match (self.value(first), self.value(second)) {
            (Some(_), Some(_)) => {
                let problem = format!("and `{}` are two names of one thing", self.at(second));
                Err(TaskError::new(self.at(first), problem).with_hint("keep one of the two"))
            }
            (Some(value), None) => Ok(Some((first, value))),
            (None, Some(value)) => Ok(Some((second, value))),
            (None, None) => Ok(None),
        }
    }

    pub(in crate::register) fn text(&self, key: &str) -> Result<Option<&'a str>, TaskError> {
        self.value(key).map(|value| text(value, &self.at(key))).transpose()
    }

    pub(in crate::register) fn flag(&self, key: &str) -> Result<Option<bool>, TaskError> {
        let read = |value: &Value| {
            value.as_bool().ok_or_else(|| wrong_kind(&self.at(key), value, "`true` or `false`"))
        };
        self.value(key).map(read).transpose()
    }

    pub(in crate::register) fn texts(&self, key: &str) -> Result<Vec<String>, TaskError> {
        match self.value(key) {
            Some(value) => texts(value, &self.at(key)),
            None => Ok(Vec::new()),
        }
    }

    /// A map of texts, in the order of the document.
    pub(in crate::register) fn text_map(&self, key: &str) -> Result<Vec<(String, String)>, TaskError> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        let path = self.at(key);
        let object = map(value).ok_or_else(|| wrong_kind(&path, value, "a map"))?;
        object
            .iter()
            .map(|(name, value)| Ok((name.clone(), text(value, &format!("{path}.{name}"))?.to_owned())))
            .collect()
    }
}

/// A map that does not stand for a number.
fn map(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|_| number::written(value).is_none())
}

pub(in crate::register) fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, TaskError> {
    value.as_str().ok_or_else(|| {
        let error = wrong_kind(path, value, "a string");
        // How it is written is not known here: `1_000`, `1.10` and `True` print otherwise.
        let is_scalar = value.is_number() || value.is_boolean() || number::written(value).is_some();
        if is_scalar { error.with_hint("put it in quotes") } else { error }
    })
}

pub(in crate::register) fn texts(value: &Value, path: &str) -> Result<Vec<String>, TaskError> {
    let items = value.as_array().ok_or_else(|| wrong_kind(path, value, "a list of strings"))?;
    let item = |(index, item)| text(item, &format!("{path}[{index}]")).map(str::to_owned);
    items.iter().enumerate().map(item).collect()
}

pub(in crate::register) fn wrong_kind(path: &str, value: &Value, expected: &str) -> TaskError {
    TaskError::new(path, format!("must be {expected}, not {}", kind(value)))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) if number::written(value).is_some() => "a number",
        Value::Object(_) => "a map",
    }
}

fn unknown(path: &str, key: &str, known: &[&str]) -> TaskError {
    let error = TaskError::unknown_field(path);
    match flyte_text::closest(key, known.iter().copied()) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint(format!("known names are `{}`", known.join("`, `"))),
    }
}
