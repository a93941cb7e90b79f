//! Types of inputs and outputs, written as Python writes them.
//!
//! | written | Flyte's type |
//! |---|---|
//! | `int`, `float`, `str`, `bool`, `datetime`, `date`, `timedelta` or `duration`, `None` | simple |
//! | `dict` or `struct` | simple STRUCT, as flytekit marks it |
//! | `list[T]`, `dict[str, T]` | collection, map |
//! | `file`, `file[csv]`, `directory` (also `FlyteFile`, `FlyteDirectory`) | blob |
//! | `dataset` or `StructuredDataset` | structured dataset |
//! | `enum[red, green]`, or a list of texts | enum |
//! | `T \| U`, `T \| None`, `Union[T, U]`, `Optional[T]` | union |
//! | an object | the proto3 JSON of `flyteidl.core.LiteralType` |
//!
//! Sources: `flytekit/core/type_engine.py`, `flytekit/types/`; the tags of variants are the names of
//! flytekit's transformers.

use std::collections::BTreeMap;

use prost_types::{Struct, Value as ProtoValue, value::Kind as ValueKind};
use serde_json::Value;

use super::error::TaskError;
use super::fields::{self, wrong_kind};
use crate::documents::number;
use crate::proto::core::{
    BlobType, EnumType, LiteralType, SimpleType, StructuredDatasetType, TypeAnnotation, TypeStructure,
    UnionType, blob_type::BlobDimensionality, literal_type::Type,
};
use crate::proto::{json, path::FieldPath};

/// Deeper types than this are refused.
const MAX_DEPTH: usize = 32;

/// Reads a type; `path` is for messages.
pub(in crate::register) fn read(value: &Value, path: &str) -> Result<LiteralType, TaskError> {
    match value {
        Value::String(text) => parse(text).map_err(|problem| {
            TaskError::new(path, format!("is `{text}`: {problem}")).with_hint(
                "types are written as in Python: `int`, `list[str]`, `dict[str, float]`, `file`, `int | None`",
            )
        }),
        Value::Array(_) => Ok(enumeration(fields::texts(value, path)?).literal),
        Value::Object(_) if !number::is_kept(value) => json::read(value, &mut FieldPath::default())
            .map_err(|error| TaskError::new(path, format!("is not a literal type: {error}"))),
        other => Err(wrong_kind(path, other, "a type such as `int` or `list[str]`")),
    }
}

/// Reads the written form of a type.
pub fn parse(text: &str) -> Result<LiteralType, String> {
    let mut parser = Parser { rest: text, depth: 0 };
    let parsed = parser.union()?;
    match parser.rest.trim_start() {
        "" => Ok(parsed.into_literal()),
        rest => Err(format!("unexpected `{rest}` at the end")),
    }
}

/// A type, and the name that flytekit's transformer has for it in unions.
#[derive(Clone, PartialEq)]
struct Typed {
    literal: LiteralType,
    tag: &'static str,
}

/// One type, or the variants of a union.
struct Variants(Vec<Typed>);

impl Variants {
    fn into_literal(mut self) -> LiteralType {
        match self.0.len() {
            1 => self.0.remove(0).literal,
            _ => {
                let variants = self.0.into_iter().map(Typed::tagged).collect();
                literal_type(Type::UnionType(UnionType { variants }))
            }
        }
    }

    /// Adds variants as Python does: flat, and each once.
    fn extend(&mut self, other: Variants) {
        for typed in other.0 {
            if !self.0.contains(&typed) {
                self.0.push(typed);
            }
        }
    }
}

impl Typed {
    fn tagged(self) -> LiteralType {
        let structure = TypeStructure { tag: self.tag.to_owned(), dataclass_type: BTreeMap::new() };
        LiteralType { structure: Some(structure), ..self.literal }
    }
}

fn literal_type(kind: Type) -> LiteralType {
    LiteralType { r#type: Some(kind), ..LiteralType::default() }
}

fn simple(kind: SimpleType, tag: &'static str) -> Typed {
    Typed { literal: literal_type(Type::Simple(kind.into())), tag }
}

fn blob(format: &str, dimensionality: BlobDimensionality, tag: &'static str) -> Typed {
    let blob = BlobType { format: format.to_owned(), dimensionality: dimensionality.into() };
    Typed { literal: literal_type(Type::Blob(blob)), tag }
}

fn enumeration(values: Vec<String>) -> Typed {
    Typed { literal: literal_type(Type::EnumType(EnumType { values })), tag: "DefaultEnumTransformer" }
}

/// An untyped dict; the annotation tells the server's cache how values are encoded.
fn structure() -> Typed {
    let text = |text: &str| ProtoValue { kind: Some(ValueKind::StringValue(text.to_owned())) };
    let fields = |key: &str, value| Struct { fields: [(key.to_owned(), value)].into_iter().collect() };
    let format = fields("serialization-format", text("msgpack"));
    let key = fields("cache-key-metadata", ProtoValue { kind: Some(ValueKind::StructValue(format)) });
    let mut typed = simple(SimpleType::Struct, "Typed Dict");
    typed.literal.annotation = Some(TypeAnnotation { annotations: Some(key) });
    typed
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn union(&mut self) -> Result<Variants, String> {
        let mut variants = Variants(Vec::new());
        loop {
            variants.extend(self.single()?);
            if !self.take('|') {
                return Ok(variants);
            }
        }
    }

    fn single(&mut self) -> Result<Variants, String> {
        let name = self.word();
        let simple_kind = match name {
            "int" | "integer" => Some((SimpleType::Integer, "int")),
            "float" => Some((SimpleType::Float, "float")),
            "str" | "string" => Some((SimpleType::String, "str")),
            "bool" | "boolean" => Some((SimpleType::Boolean, "bool")),
            "datetime" => Some((SimpleType::Datetime, "datetime")),
            "date" => Some((SimpleType::Datetime, "date")),
            "timedelta" | "duration" => Some((SimpleType::Duration, "timedelta")),
            "None" | "none" => Some((SimpleType::None, "none")),
            _ => None,
        };
        if let Some((kind, tag)) = simple_kind {
            return Ok(Variants(vec![simple(kind, tag)]));
        }
        Ok(Variants(vec![match name {
            "struct" => structure(),
            "dict" | "Dict" => self.dict()?,
            "list" | "List" => {
                let item = self.argument(name)?;
                Typed {
                    literal: literal_type(Type::CollectionType(Box::new(item.into_literal()))),
                    tag: "Typed List",
                }
            }
            "file" | "FlyteFile" => blob(self.format()?, BlobDimensionality::Single, "FlyteFilePath"),
            "directory" | "FlyteDirectory" => {
                blob(self.format()?, BlobDimensionality::Multipart, "FlyteDirectory")
            }
            "dataset" | "StructuredDataset" => Typed {
                literal: literal_type(Type::StructuredDatasetType(StructuredDatasetType::default())),
                tag: "StructuredDataset Transformer",
            },
            "enum" => enumeration(self.enum_values()?),
            "Optional" | "Union" => return self.written_union(name),
            "" => return Err(self.unexpected("a type")),
            _ => return Err(unknown(name)),
        }]))
    }

    fn dict(&mut self) -> Result<Typed, String> {
        if !self.take('[') {
            return Ok(structure());
        }
        match self.word() {
            "str" | "string" => {}
            other => return Err(format!("the keys of a `dict` are `str`, not `{other}`")),
        }
        self.expect(',')?;
        let value = self.nested()?;
        self.expect(']')?;
        Ok(Typed {
            literal: literal_type(Type::MapValueType(Box::new(value.into_literal()))),
            tag: "Typed Dict",
        })
    }

    fn written_union(&mut self, name: &str) -> Result<Variants, String> {
        if name == "Optional" {
            let mut variants = self.argument(name)?;
            variants.extend(Variants(vec![simple(SimpleType::None, "none")]));
            return Ok(variants);
        }
        self.expect('[')?;
        let mut variants = self.nested()?;
        while self.take(',') {
            variants.extend(self.nested()?);
        }
        self.expect(']')?;
        Ok(variants)
    }

    /// `[T]` after a name that needs it.
    fn argument(&mut self, name: &str) -> Result<Variants, String> {
        if !self.take('[') {
            return Err(format!("`{name}` needs the type of its items, such as `{name}[int]`"));
        }
        let inner = self.nested()?;
        self.expect(']')?;
        Ok(inner)
    }

    fn nested(&mut self) -> Result<Variants, String> {
        if self.depth == MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} types are nested"));
        }
        self.depth += 1;
        let inner = self.union();
        self.depth -= 1;
        inner
    }

    fn format(&mut self) -> Result<&'a str, String> {
        if !self.take('[') {
            return Ok("");
        }
        let format = self.value("a format such as `csv`")?;
        self.expect(']')?;
        Ok(format)
    }

    fn enum_values(&mut self) -> Result<Vec<String>, String> {
        self.expect('[')?;
        let mut values = vec![self.value("a value")?.to_owned()];
        while self.take(',') {
            values.push(self.value("a value")?.to_owned());
        }
        self.expect(']')?;
        Ok(values)
    }

    /// A format or enum value: quoted, or anything up to the next `,` or `]`.
    fn value(&mut self, expected: &str) -> Result<&'a str, String> {
        self.rest = self.rest.trim_start();
        if let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let (value, rest) = self.rest[1..].split_once(quote).ok_or("a quote is not closed")?;
            self.rest = rest;
            return Ok(value);
        }
        let end = self.rest.find([',', ']']).unwrap_or(self.rest.len());
        let value = self.rest[..end].trim();
        self.rest = &self.rest[end..];
        if value.is_empty() { Err(self.unexpected(expected)) } else { Ok(value) }
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        // `typing.List`, `datetime.timedelta`
        word.rsplit('.').next().unwrap_or(word)
    }

    fn take(&mut self, expected: char) -> bool {
        match self.rest.trim_start().strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, expected: char) -> Result<(), String> {
        if self.take(expected) { Ok(()) } else { Err(self.unexpected(&format!("`{expected}`"))) }
    }

    fn unexpected(&self, expected: &str) -> String {
        match self.rest.trim_start().chars().next() {
            Some(c) => format!("expected {expected} before `{c}`"),
            None => format!("expected {expected} at the end"),
        }
    }
}

fn unknown(name: &str) -> String {
    const NAMES: [&str; 15] = [
        "bool",
        "dataset",
        "date",
        "datetime",
        "dict",
        "directory",
        "duration",
        "enum",
        "file",
        "float",
        "int",
        "list",
        "str",
        "struct",
        "timedelta",
    ];
    match flyte_text::closest(name, NAMES) {
        Some(near) => format!("unknown type `{name}`; did you mean `{near}`?"),
        None => format!("unknown type `{name}`"),
    }
}
