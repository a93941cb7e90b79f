//! YAML and JSON text as values: strict about duplicate keys, and able to find a value's line again.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::{Options, Spanned, UserMessageFormatter};

use super::field::{FieldPath, Step};

/// Reads all documents of a file; empty ones are skipped.
///
/// JSON is read by a JSON parser, since YAML's rules for tabs refuse some of it.
pub(crate) fn parse(text: &str, only_json: bool) -> Result<Vec<Value>, String> {
    if only_json || text.trim_start().starts_with(['{', '[']) {
        let values = serde_json::Deserializer::from_str(text).into_iter::<Strict>();
        match values.map(|value| value.map(|value| value.0)).collect() {
            Ok(values) => return Ok(values),
            Err(error) if only_json => return Err(error.to_string()),
            Err(_) => {} // A flow mapping of YAML starts like JSON.
        }
    }
    serde_saphyr::from_multiple_with_options::<Value>(text, options())
        .map_err(|error| error.without_snippet().render_with_formatter(&UserMessageFormatter))
}

/// Finds the line, counted from 1, of a value in the document with this index.
pub(crate) fn line(text: &str, document: usize, path: &FieldPath) -> Option<u64> {
    let documents = serde_saphyr::from_multiple_with_options::<Spanned<Node>>(text, options()).ok()?;
    let mut node = documents.get(document)?;
    for step in &path.0 {
        node = match (step, &node.value) {
            (Step::Index(index), Node::List(items)) => items.get(*index)?,
            (Step::Field(name) | Step::Key(name), Node::Map(entries)) => {
                &entries.iter().find(|(key, _)| key == name)?.1
            }
            _ => break,
        };
    }
    Some(node.referenced.line())
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
        Ok(Strict(value.into()))
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
                return Err(de::Error::custom(format!("key `{key}` is given twice")));
            }
        }
        Ok(Strict(Value::Object(object)))
    }
}

/// The shape of a document, with the place of each piece.
enum Node {
    Leaf,
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
        Ok(Node::Leaf)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Leaf)
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
