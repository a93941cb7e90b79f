//! Types as people write them.

use crate::proto::core::{
    BlobType, LiteralType, SimpleType, blob_type::BlobDimensionality, literal_type::Type,
};

/// Writes a type as the short form of tasks has it: `int`, `list[str]`, `int | None`, `file[csv]`, `enum[red,
/// green]`.
///
/// What the short form cannot write has a name too: `schema`, `binary`, `error`, and `dataset[parquet]` for a
/// data set of one format.
///
/// # Example
///
/// ```
/// let optional = flyte_client::register::read::task::parse_type("Optional[List[int]]").unwrap();
/// assert_eq!(flyte_client::literal::type_name(&optional), "list[int] | None");
/// ```
pub fn type_name(of: &LiteralType) -> String {
    match &of.r#type {
        Some(Type::Simple(simple)) => simple_name(*simple).to_owned(),
        Some(Type::CollectionType(item)) => format!("list[{}]", type_name(item)),
        Some(Type::MapValueType(value)) => format!("dict[str, {}]", type_name(value)),
        Some(Type::Blob(blob)) => blob_name(blob),
        Some(Type::Schema(_)) => "schema".to_owned(),
        Some(Type::StructuredDatasetType(dataset)) => with_format("dataset", &dataset.format),
        Some(Type::EnumType(values)) => {
            let values: Vec<_> = values.values.iter().map(|value| quoted(value)).collect();
            format!("enum[{}]", values.join(", "))
        }
        Some(Type::UnionType(union)) => union.variants.iter().map(type_name).collect::<Vec<_>>().join(" | "),
        None => "unknown".to_owned(),
    }
}

fn simple_name(simple: i32) -> &'static str {
    match SimpleType::try_from(simple) {
        Ok(SimpleType::None) => "None",
        Ok(SimpleType::Integer) => "int",
        Ok(SimpleType::Float) => "float",
        Ok(SimpleType::String) => "str",
        Ok(SimpleType::Boolean) => "bool",
        Ok(SimpleType::Datetime) => "datetime",
        Ok(SimpleType::Duration) => "duration",
        Ok(SimpleType::Binary) => "binary",
        Ok(SimpleType::Error) => "error",
        Ok(SimpleType::Struct) => "dict",
        Err(_) => "unknown",
    }
}

pub(super) fn blob_name(blob: &BlobType) -> String {
    let directory = blob.dimensionality == i32::from(BlobDimensionality::Multipart);
    with_format(if directory { "directory" } else { "file" }, &blob.format)
}

fn with_format(name: &str, format: &str) -> String {
    if format.is_empty() { name.to_owned() } else { format!("{name}[{}]", quoted(format)) }
}

/// A value in brackets, in quotes where the reader of types would cut it.
fn quoted(value: &str) -> String {
    let plain = !value.is_empty()
        && value.trim() == value
        && !value.contains([',', ']'])
        && !value.starts_with(['"', '\'']);
    match (plain, value.contains('"')) {
        (true, _) => value.to_owned(),
        (false, false) => format!("\"{value}\""),
        (false, true) => format!("'{value}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::type_name;
    use crate::register::read::task::parse_type;

    #[test]
    fn a_name_reads_back_as_its_type() {
        for written in [
            "int",
            "float",
            "str",
            "bool",
            "datetime",
            "duration",
            "None",
            "dict",
            "file",
            "file[csv]",
            "directory",
            "dataset",
            "enum[red, green]",
            "list[dict[str, int]]",
            "int | str | None",
            "enum[\"a, b\", c]",
        ] {
            let parsed = parse_type(written).unwrap();
            assert_eq!(type_name(&parsed), written);
        }
    }
}
