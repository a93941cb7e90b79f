//! Any type, and any value of it.

use flyte_client::literal;
use flyte_client::proto::core::{
    Binary, Blob, BlobMetadata, BlobType, EnumType, Error, Literal, LiteralCollection, LiteralMap,
    LiteralType, Primitive, Scalar, Schema, SchemaType, SimpleType, StructuredDataset,
    StructuredDatasetMetadata, StructuredDatasetType, Union, UnionType, Void,
    literal::Value as LiteralValue,
    literal_type::Type,
    primitive::Value as PrimitiveValue,
    scalar::Value as ScalarValue,
    schema_type::{SchemaColumn, schema_column::SchemaColumnType},
};
use proptest::{collection, prelude::*};
use prost_types::{Duration, Timestamp};
use serde_json::{Value, json};

fn literal_type(kind: Type) -> LiteralType {
    LiteralType { r#type: Some(kind), ..LiteralType::default() }
}

fn simple(kinds: &'static [SimpleType]) -> BoxedStrategy<LiteralType> {
    proptest::sample::select(kinds).prop_map(|kind| literal_type(Type::Simple(kind.into()))).boxed()
}

/// Types whose values are texts in JSON.
fn text_type() -> BoxedStrategy<LiteralType> {
    let values = proptest::collection::btree_set("[a-z]{1,4}", 1..4);
    let enumeration = values
        .prop_map(|values| literal_type(Type::EnumType(EnumType { values: values.into_iter().collect() })));
    prop_oneof![simple(&[SimpleType::String, SimpleType::Datetime, SimpleType::Duration]), enumeration]
        .boxed()
}

/// Types whose values are maps in JSON, and hold no others.
fn map_type() -> BoxedStrategy<LiteralType> {
    let blob = ("(|csv|txt)", 0..2_i32)
        .prop_map(|(format, dimensionality)| literal_type(Type::Blob(BlobType { format, dimensionality })));
    let column = SchemaColumn { name: "x".to_owned(), r#type: SchemaColumnType::Integer.into() };
    let schema = literal_type(Type::Schema(SchemaType { columns: vec![column] }));
    let dataset = "(|parquet|csv)".prop_map(|format| {
        literal_type(Type::StructuredDatasetType(StructuredDatasetType {
            format,
            ..StructuredDatasetType::default()
        }))
    });
    let others = simple(&[SimpleType::Binary, SimpleType::Error, SimpleType::Struct]);
    prop_oneof![blob, Just(schema), dataset, others].boxed()
}

fn word_type() -> BoxedStrategy<LiteralType> {
    simple(&[SimpleType::None, SimpleType::Boolean, SimpleType::Integer, SimpleType::Float])
}

fn list(item: LiteralType) -> LiteralType {
    literal_type(Type::CollectionType(Box::new(item)))
}

fn map(item: LiteralType) -> LiteralType {
    literal_type(Type::MapValueType(Box::new(item)))
}

fn union(variants: Vec<LiteralType>) -> LiteralType {
    literal_type(Type::UnionType(UnionType { variants }))
}

fn leaf() -> BoxedStrategy<LiteralType> {
    prop_oneof![text_type(), map_type(), word_type()].boxed()
}

/// Types whose JSON identifies the variant: no union has two variants that look alike.
pub(crate) fn plain_type() -> BoxedStrategy<LiteralType> {
    leaf()
        .prop_recursive(3, 12, 4, |inner| {
            let variants = (
                proptest::option::of(text_type()),
                proptest::option::of(prop_oneof![map_type(), inner.clone().prop_map(map)]),
                proptest::option::of(inner.clone().prop_map(list)),
                collection::vec(any::<bool>(), 4),
            );
            let unions = variants.prop_map(|(text, map, list, words)| {
                let kinds = [SimpleType::None, SimpleType::Boolean, SimpleType::Integer, SimpleType::Float];
                let words = kinds.into_iter().zip(words).filter(|(_, wanted)| *wanted);
                let words = words.map(|(kind, _)| literal_type(Type::Simple(kind.into())));
                // A text such as `/a` that could be either is taken for a URI.
                let map = map.filter(|map| !(is_string(text.as_ref()) && is_reference(map)));
                let mut variants: Vec<_> = words.chain(text).chain(map).chain(list).collect();
                if variants.is_empty() {
                    variants.push(literal_type(Type::Simple(SimpleType::Integer.into())));
                }
                union(variants)
            });
            prop_oneof![inner.clone().prop_map(list), inner.prop_map(map), unions]
        })
        .boxed()
}

fn is_string(of: Option<&LiteralType>) -> bool {
    of.is_some_and(|of| of.r#type == Some(Type::Simple(SimpleType::String.into())))
}

fn is_reference(of: &LiteralType) -> bool {
    matches!(of.r#type, Some(Type::Blob(_) | Type::Schema(_) | Type::StructuredDatasetType(_)))
}

/// All types.
pub(crate) fn any_type() -> BoxedStrategy<LiteralType> {
    leaf()
        .prop_recursive(3, 12, 4, |inner| {
            let unions = collection::vec(inner.clone(), 1..5).prop_map(union);
            prop_oneof![inner.clone().prop_map(list), inner.prop_map(map), unions]
        })
        .boxed()
}

/// A value of a type.
pub(crate) fn any_value(expected: &LiteralType) -> BoxedStrategy<Literal> {
    match expected.r#type.clone().unwrap() {
        Type::Simple(kind) => any_simple(SimpleType::try_from(kind).unwrap(), expected),
        Type::CollectionType(item) => collection::vec(any_value(&item), 0..4)
            .prop_map(|literals| literal(LiteralValue::Collection(LiteralCollection { literals })))
            .boxed(),
        Type::MapValueType(item) => collection::btree_map("[a-z.]{0,5}", any_value(&item), 0..4)
            .prop_map(|literals| literal(LiteralValue::Map(LiteralMap { literals })))
            .boxed(),
        Type::EnumType(known) => proptest::sample::select(known.values)
            .prop_map(|value| primitive(PrimitiveValue::StringValue(value)))
            .boxed(),
        Type::UnionType(union) => proptest::sample::select(union.variants)
            .prop_flat_map(|variant| {
                any_value(&variant).prop_map(move |value| {
                    let union = Union { value: Some(Box::new(value)), r#type: Some(variant.clone()) };
                    scalar(ScalarValue::Union(Box::new(union)))
                })
            })
            .boxed(),
        Type::Blob(blob) => any_uri()
            .prop_map(move |uri| {
                scalar(ScalarValue::Blob(Blob {
                    metadata: Some(BlobMetadata { r#type: Some(blob.clone()) }),
                    uri,
                }))
            })
            .boxed(),
        Type::Schema(schema) => any_uri()
            .prop_map(move |uri| scalar(ScalarValue::Schema(Schema { uri, r#type: Some(schema.clone()) })))
            .boxed(),
        Type::StructuredDatasetType(dataset) => any_uri()
            .prop_map(move |uri| {
                let metadata = StructuredDatasetMetadata { structured_dataset_type: Some(dataset.clone()) };
                scalar(ScalarValue::StructuredDataset(StructuredDataset { uri, metadata: Some(metadata) }))
            })
            .boxed(),
    }
}

fn any_uri() -> BoxedStrategy<String> {
    "(s3://b/[a-z]{1,4}|/[a-z]{1,4}|[a-z]{1,4}[.]csv)".boxed()
}

fn any_simple(kind: SimpleType, expected: &LiteralType) -> BoxedStrategy<Literal> {
    match kind {
        SimpleType::None => Just(scalar(ScalarValue::NoneType(Void {}))).boxed(),
        SimpleType::Integer => {
            any::<i64>().prop_map(|value| primitive(PrimitiveValue::Integer(value))).boxed()
        }
        SimpleType::Float => (proptest::num::f64::NORMAL | proptest::num::f64::ZERO)
            .prop_map(|value| primitive(PrimitiveValue::FloatValue(value)))
            .boxed(),
        SimpleType::String => {
            any::<String>().prop_map(|value| primitive(PrimitiveValue::StringValue(value))).boxed()
        }
        SimpleType::Boolean => {
            any::<bool>().prop_map(|value| primitive(PrimitiveValue::Boolean(value))).boxed()
        }
        SimpleType::Datetime => (-62_135_596_800..253_402_300_800_i64, 0..1_000_000_000)
            .prop_map(|(seconds, nanos)| primitive(PrimitiveValue::Datetime(Timestamp { seconds, nanos })))
            .boxed(),
        SimpleType::Duration => (0..315_576_000_000_i64, 0..1_000_000_000, any::<bool>())
            .prop_map(|(seconds, nanos, negative)| {
                let sign = if negative { -1 } else { 1 };
                primitive(PrimitiveValue::Duration(Duration {
                    seconds: seconds * i64::from(sign),
                    nanos: nanos * sign,
                }))
            })
            .boxed(),
        SimpleType::Binary => (collection::vec(any::<u8>(), 0..20), "(|pickle)")
            .prop_map(|(value, tag)| scalar(ScalarValue::Binary(Binary { value, tag })))
            .boxed(),
        SimpleType::Error => ("[a-z ]{0,9}", "[a-z]{0,3}")
            .prop_map(|(message, failed_node_id)| {
                scalar(ScalarValue::Error(Error { failed_node_id, message }))
            })
            .boxed(),
        SimpleType::Struct => {
            let expected = expected.clone();
            collection::vec(("[a-z]{1,4}", any_json()), 0..4)
                .prop_map(move |fields| {
                    let fields = Value::Object(fields.into_iter().collect());
                    literal::from_json(&fields, &expected).unwrap()
                })
                .boxed()
        }
    }
}

fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<u64>().prop_map(|value| json!(value)),
        proptest::num::f64::NORMAL.prop_map(|value| json!(value)),
        any::<String>().prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            collection::vec(("[a-z]{1,4}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
    .boxed()
}

fn literal(value: LiteralValue) -> Literal {
    Literal { value: Some(value), ..Literal::default() }
}

fn scalar(value: ScalarValue) -> Literal {
    literal(LiteralValue::Scalar(Box::new(Scalar { value: Some(value) })))
}

fn primitive(value: PrimitiveValue) -> Literal {
    scalar(ScalarValue::Primitive(Primitive { value: Some(value) }))
}
