//! YAML and JSON text as values: strict about duplicate keys, exact about numbers, and able to find a value's
//! line again.
//!
//! Every YAML or JSON text of a user that is not configuration is read here, so that a value means the same
//! in a document, in a file of inputs, in a default and after `-i`. Numbers for which `serde_json` has no
//! room are kept as they are written, see [`number`]. JSON may hold `NaN`, `Infinity` and `-Infinity`, which
//! Python writes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::{NonFiniteFloatPolicy, Options, Spanned};

use crate::proto::path::{FieldPath, PathStep};

pub mod number;
mod wording;

/// Reads all documents of a text; empty ones are skipped.
///
/// JSON is read by a JSON parser, since YAML's rules for tabs refuse some of it.
///
/// # Errors
///
/// What is wrong, and at which line and column.
pub fn parse(text: &str, only_json: bool) -> Result<Vec<Value>, String> {
    if only_json || text.trim_start().starts_with(['{', '[']) {
        match json(text) {
            Ok(values) => return Ok(values),
            Err(error) if only_json => return Err(error),
            Err(_) => {} // A flow mapping of YAML starts like JSON.
        }
    }
    let values: Vec<Strict> = yaml(text)?;
    let values: Vec<Value> = values.into_iter().map(|value| value.0).collect();
    if values.iter().any(number::is_inexact) {
        Ok(yaml::<Spanned<Node>>(text)?.into_iter().map(|node| exact(node, text)).collect())
    } else {
        Ok(values)
    }
}

/// Reads the one document of a text; `None` without any.
///
/// # Errors
///
/// As [`parse`], and when there is more than one.
pub fn parse_one(text: &str, only_json: bool) -> Result<Option<Value>, String> {
    let mut values = parse(text, only_json)?;
    match values.len() {
        0 | 1 => Ok(values.pop()),
        _ => Err("more than one document; expected one".to_owned()),
    }
}

fn json(text: &str) -> Result<Vec<Value>, String> {
    let read = |text: &str| {
        let values = serde_json::Deserializer::from_str(text).into_iter::<Strict>();
        values.map(|value| value.map(|value| value.0)).collect::<Result<Vec<Value>, _>>()
    };
    let values = read(text).map_err(|error| wording::in_words(&error.to_string()));
    if values.as_ref().is_ok_and(|values| !values.iter().any(number::is_inexact)) {
        return values;
    }
    let values = match number::guard(text) {
        // What the guard changes moves columns, so the first reading knows better where something is wrong.
        Cow::Owned(guarded) => read(&guarded).or(values),
        Cow::Borrowed(_) => values,
    };
    values.map(|values| values.into_iter().map(number::settled).collect())
}

fn yaml<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, String> {
    serde_saphyr::from_multiple_with_options::<T>(text, options())
        .map_err(|error| wording::in_words(&error.without_snippet().render_with_formatter(&wording::Wording)))
}

/// Finds the line, counted from 1, of a value in the document with this index.
pub(crate) fn line(text: &str, document: usize, path: &FieldPath) -> Option<u64> {
    let documents = yaml::<Spanned<Node>>(text).ok()?;
    let mut node = documents.get(document)?;
    for step in &path.0 {
        node = match (step, &node.value) {
            (PathStep::Index(index), Node::List(items)) => items.get(*index)?,
            (PathStep::Field(name) | PathStep::Key(name), Node::Map(entries)) => {
                &entries.iter().find(|(key, _)| key == name)?.1
            }
            _ => break,
        };
    }
    Some(node.referenced.line())
}

/// A value with its unusual numbers as they are written.
fn exact(node: Spanned<Node>, text: &str) -> Value {
    match node.value {
        Node::Leaf(value) if number::is_inexact(&value) => {
            let span = node.defined.span();
            let start = span.byte_offset().and_then(|start| usize::try_from(start).ok());
            let length = span.byte_len().and_then(|length| usize::try_from(length).ok());
            let written = start.zip(length).and_then(|(start, length)| text.get(start..start + length));
            number::exact(value, written.unwrap_or_default().trim())
        }
        Node::Leaf(value) => value,
        Node::List(items) => items.into_iter().map(|item| exact(item, text)).collect(),
        Node::Map(entries) => {
            Value::Object(entries.into_iter().map(|(key, node)| (key, exact(node, text))).collect())
        }
    }
}

/// Booleans as in YAML 1.2, so that an input may be called `n` or `on`.
///
/// Limits that a workflow of many thousand nodes stays within, and a bomb of aliases does not.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 512,
            max_documents: 100_000,
            max_nodes: 10_000_000,
            max_events: 40_000_000,
        },
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

/// A JSON value; of two equal keys, the parser of `serde_json` would drop one in silence.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(number::from_double(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Strict, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(Strict(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut object = Map::new();
        while let Some((key, Strict(value))) = map.next_entry::<String, Strict>()? {
            if object.insert(key.clone(), value).is_some() {
                return Err(de::Error::custom(format!("key `{key}` is duplicated")));
            }
        }
        Ok(Strict(Value::Object(object)))
    }
}

/// A document with the place of each piece.
enum Node {
    Leaf(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(String, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Leaf(number::from_double(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests;
