//! Which type may go where another is expected.
//!
//! The rules are those of Flyte's compiler (`AreTypesCastable` in
//! `flytepropeller/pkg/compiler/validators/typing.go`), which also judges the inputs of executions:
//!
//! - Numeric types do not stand for each other; a text and an enum do, both ways.
//! - A list or map fits if its items do; an empty one, whose items are `None`, fits every other.
//! - A union fits if each of its variants fits one of the other's; a plain type must fit exactly one variant.
//! - A tag on what is given must be the tag of what is expected, for simple types and enums.
//! - Files fit if their formats are equal or one is empty; whether it is a file or a directory is not
//!   compared.
//! - Columns of a schema or data set: those that are expected must be there with their types; none expects
//!   nothing.

use prost_types::Struct;

use crate::proto::core::{
    LiteralType, SchemaType, SimpleType, StructuredDatasetType, UnionType, literal_type::Type,
    schema_type::schema_column::SchemaColumnType,
};

/// Whether a value of type `from` may go where `to` is expected.
pub fn accepts(to: &LiteralType, from: &LiteralType) -> bool {
    if let Some(Type::UnionType(union)) = &from.r#type
        && let [only] = union.variants.as_slice()
    {
        return casts(to, only) || casts(to, from);
    }
    casts(to, from)
}

fn casts(to: &LiteralType, from: &LiteralType) -> bool {
    match (&to.r#type, &from.r#type) {
        (Some(Type::CollectionType(to)), Some(Type::CollectionType(from)))
        | (Some(Type::MapValueType(to)), Some(Type::MapValueType(from))) => is_none(from) || casts(to, from),
        (Some(Type::Blob(to)), Some(Type::Blob(from))) => {
            to.format.is_empty() || from.format.is_empty() || to.format == from.format
        }
        (Some(Type::Schema(to)), Some(Type::Schema(from))) => schema_from_schema(to, from),
        (Some(Type::Schema(to)), Some(Type::StructuredDatasetType(from))) => {
            is_parquet(&from.format) && schema_from_dataset(to, from)
        }
        (Some(Type::StructuredDatasetType(_)), _) if is_none(from) => true,
        (Some(Type::StructuredDatasetType(to)), Some(Type::Schema(from))) => {
            is_parquet(&to.format) && dataset_from_schema(to, from)
        }
        (Some(Type::StructuredDatasetType(to)), Some(Type::StructuredDatasetType(from))) => {
            dataset_from_dataset(to, from)
        }
        (Some(Type::UnionType(to)), Some(Type::UnionType(from))) => {
            from.variants.iter().all(|from| to.variants.iter().any(|to| accepts(to, from)))
        }
        (Some(Type::UnionType(to)), _) => fits_one(to, from),
        (
            Some(
                Type::CollectionType(_)
                | Type::MapValueType(_)
                | Type::Blob(_)
                | Type::Schema(_)
                | Type::StructuredDatasetType(_),
            ),
            _,
        ) => false,
        _ if is_none(to) => is_none(from),
        _ => simple(to, from),
    }
}

/// Simple types and enums.
fn simple(to: &LiteralType, from: &LiteralType) -> bool {
    let is = |of: &LiteralType, kind: SimpleType| of.r#type == Some(Type::Simple(kind.into()));
    let is_enum = |of: &LiteralType| matches!(of.r#type, Some(Type::EnumType(_)));
    if (is_enum(from) && is(to, SimpleType::String)) || (is_enum(to) && is(from, SimpleType::String)) {
        return true;
    }
    if !tag(from).is_empty() && tag(from) != tag(to) {
        return false;
    }
    if is(to, SimpleType::Struct) && is(from, SimpleType::Struct) {
        return match (&to.metadata, &from.metadata) {
            (Some(to), Some(from)) => to == from || has_properties(from, to),
            _ => true,
        };
    }
    to.r#type == from.r#type
}

fn tag(of: &LiteralType) -> &str {
    of.structure.as_ref().map_or("", |structure| &structure.tag)
}

fn is_none(of: &LiteralType) -> bool {
    of.r#type == Some(Type::Simple(SimpleType::None.into()))
}

/// A type that is not a union must fit one variant, and not two.
fn fits_one(union: &UnionType, from: &LiteralType) -> bool {
    union.variants.iter().filter(|to| accepts(to, from)).count() == 1
}

/// Whether one JSON schema has all properties of another, each described alike: a class and what derives from
/// it.
///
/// Flyte compares the schemas in full; the properties are the part of it that dataclasses differ in.
fn has_properties(from: &Struct, to: &Struct) -> bool {
    let properties = |schema: &Struct| {
        let found = schema.fields.get("properties")?.kind.clone()?;
        match found {
            prost_types::value::Kind::StructValue(properties) => Some(properties.fields),
            _ => None,
        }
    };
    let (Some(from), Some(to)) = (properties(from), properties(to)) else { return false };
    to.iter().all(|(name, expected)| from.get(name) == Some(expected))
}

/// A schema is always stored as Parquet.
fn is_parquet(format: &str) -> bool {
    format.is_empty() || format.eq_ignore_ascii_case("parquet")
}

fn schema_from_schema(to: &SchemaType, from: &SchemaType) -> bool {
    let found = |name: &str| from.columns.iter().rfind(|column| column.name == name);
    from.columns.is_empty()
        || to
            .columns
            .iter()
            .all(|column| found(&column.name).is_some_and(|from| from.r#type == column.r#type))
}

fn schema_from_dataset(to: &SchemaType, from: &StructuredDatasetType) -> bool {
    let found = |name: &str| from.columns.iter().rfind(|column| column.name == name);
    from.columns.is_empty()
        || to.columns.iter().all(|column| {
            found(&column.name).is_some_and(|from| {
                column_type(column.r#type) == from.literal_type.as_ref().and_then(simple_of)
            })
        })
}

fn dataset_from_schema(to: &StructuredDatasetType, from: &SchemaType) -> bool {
    let found = |name: &str| from.columns.iter().rfind(|column| column.name == name);
    from.columns.is_empty()
        || to.columns.iter().all(|column| {
            found(&column.name).is_some_and(|from| {
                column_type(from.r#type) == column.literal_type.as_ref().and_then(simple_of)
            })
        })
}

fn dataset_from_dataset(to: &StructuredDatasetType, from: &StructuredDatasetType) -> bool {
    let formats =
        to.format.is_empty() || from.format.is_empty() || to.format.eq_ignore_ascii_case(&from.format);
    let found = |name: &str| from.columns.iter().rfind(|column| column.name == name);
    let fits = |to: &Option<LiteralType>, from: &Option<LiteralType>| match (to, from) {
        (Some(to), Some(from)) => casts(to, from),
        (to, from) => to == from,
    };
    formats
        && (from.columns.is_empty()
            || to.columns.iter().all(|column| {
                found(&column.name).is_some_and(|from| fits(&column.literal_type, &from.literal_type))
            }))
}

fn simple_of(of: &LiteralType) -> Option<SimpleType> {
    match of.r#type {
        Some(Type::Simple(simple)) => SimpleType::try_from(simple).ok(),
        _ => None,
    }
}

fn column_type(column: i32) -> Option<SimpleType> {
    Some(match SchemaColumnType::try_from(column).ok()? {
        SchemaColumnType::Integer => SimpleType::Integer,
        SchemaColumnType::Float => SimpleType::Float,
        SchemaColumnType::String => SimpleType::String,
        SchemaColumnType::Boolean => SimpleType::Boolean,
        SchemaColumnType::Datetime => SimpleType::Datetime,
        SchemaColumnType::Duration => SimpleType::Duration,
    })
}

#[cfg(test)]
mod tests {
    use super::accepts;
    use crate::register::read::task::parse_type;

    fn check(to: &str, from: &str) -> bool {
        accepts(&parse_type(to).unwrap(), &parse_type(from).unwrap())
    }

    #[test]
    fn what_goes_where() {
        for (to, from) in [
            ("int", "int"),
            ("str", "enum[a]"),
            ("enum[a]", "str"),
            ("list[int]", "list[None]"),
            ("dict[str, int]", "dict[str, None]"),
            ("int | None", "int"),
            ("int | None", "None"),
            ("int | None", "int | None"),
            ("int | str | None", "None | int"),
            ("file", "file[csv]"),
            ("file[csv]", "file"),
            ("file", "directory"),
            ("dataset", "None"),
            ("list[int | None]", "list[int]"),
            ("dict", "dict"),
        ] {
            assert!(check(to, from), "`{to}` takes `{from}`");
        }
    }

    #[test]
    fn what_does_not_go_where() {
        for (to, from) in [
            ("int", "float"),
            ("float", "int"),
            ("int", "None"),
            ("None", "int"),
            ("enum[a]", "enum[b]"),
            ("list[int]", "int"),
            ("list[int]", "list[float]"),
            ("int", "int | None"),
            ("int | None", "int | str"),
            ("str | enum[a]", "str"),
            ("file[csv]", "file[txt]"),
            ("file", "dataset"),
            ("dict[str, int]", "dict"),
            ("dict", "dict[str, int]"),
            ("datetime", "str"),
        ] {
            assert!(!check(to, from), "`{to}` does not take `{from}`");
        }
    }
}
