use flyte_client::proto::core::{BlobType, EnumType, UnionType};
use proptest::prelude::*;

use super::*;

fn literal_type(kind: Type) -> LiteralType {
    LiteralType { r#type: Some(kind), ..LiteralType::default() }
}

fn simple(simple: SimpleType) -> LiteralType {
    literal_type(Type::Simple(simple.into()))
}

fn union(variants: impl IntoIterator<Item = SimpleType>) -> LiteralType {
    literal_type(Type::UnionType(UnionType { variants: variants.into_iter().map(simple).collect() }))
}

fn read_primitive(expected: SimpleType, text: &str) -> Result<primitive::Value, String> {
    match read(&simple(expected), text.as_bytes())?.value {
        Some(literal::Value::Scalar(scalar)) => match scalar.value {
            Some(scalar::Value::Primitive(Primitive { value: Some(value) })) => Ok(value),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn simple_values_are_read_as_copilot_reads_them() {
    use primitive::Value::{Boolean, Datetime, Duration, FloatValue, Integer, StringValue};
    let time = |seconds, nanos| Datetime(prost_types::Timestamp { seconds, nanos });
    let cases = [
        (SimpleType::Integer, "3\n", Integer(3)),
        (SimpleType::Integer, " -9223372036854775808", Integer(i64::MIN)),
        (SimpleType::Float, "3", FloatValue(3.0)),
        (SimpleType::Float, "1e-3\n", FloatValue(0.001)),
        (SimpleType::Boolean, "True\n", Boolean(true)),
        (SimpleType::Boolean, "f", Boolean(false)),
        (SimpleType::String, "\n two words\t\n", StringValue("two words".into())),
        (SimpleType::String, "", StringValue(String::new())),
        (SimpleType::Datetime, "2026-01-02T03:04:05.5+01:00", time(1_767_319_445, 500_000_000)),
        (SimpleType::Datetime, "1969-12-31T23:59:59.75Z", time(-1, 750_000_000)),
        (
            SimpleType::Duration,
            "1h0.5s",
            Duration(prost_types::Duration { seconds: 3600, nanos: 500_000_000 }),
        ),
    ];
    for (expected, text, value) in cases {
        assert_eq!(read_primitive(expected, text), Ok(value), "{text}");
    }
}

#[test]
fn a_mismatch_shows_the_value() {
    let cases = [
        (SimpleType::Integer, "3.5", "its file holds `3.5`"),
        (SimpleType::Integer, "99999999999999999999", "its file holds `99999999999999999999`"),
        (SimpleType::Integer, "\n", "its file is empty"),
        (SimpleType::Boolean, "yes", "its file holds `yes`"),
        (SimpleType::Datetime, "tomorrow", "its file holds `tomorrow`"),
        (SimpleType::Duration, "1 day", "its file holds `1 day`"),
        (SimpleType::Float, "a\nb", "its file holds `a\\nb`"),
    ];
    for (expected, text, reason) in cases {
        assert_eq!(read_primitive(expected, text), Err(reason.to_owned()));
    }
    let long = "x".repeat(100);
    let reason = read_primitive(SimpleType::Integer, &long).unwrap_err();
    assert_eq!(reason, format!("its file holds `{}…`", "x".repeat(60)));
    assert_eq!(read(&simple(SimpleType::String), b"\xff"), Err("its file is not UTF-8 text".to_owned()));
}

#[test]
fn bytes_are_taken_as_they_are() {
    let expected = scalar(scalar::Value::Binary(Binary { value: b" \xff\n".to_vec(), tag: String::new() }));
    assert_eq!(read(&simple(SimpleType::Binary), b" \xff\n"), Ok(expected));
}

#[test]
fn lists_maps_and_structures_are_json() {
    let integers = literal_type(Type::CollectionType(Box::new(simple(SimpleType::Integer))));
    let Some(literal::Value::Collection(list)) = read(&integers, b"[1, 2]\n").unwrap().value else {
        panic!("a list is expected")
    };
    assert_eq!(list.literals[1], primitive(primitive::Value::Integer(2)));
    let map = literal_type(Type::MapValueType(Box::new(simple(SimpleType::String))));
    let Some(literal::Value::Map(map)) = read(&map, br#"{"a": "b"}"#).unwrap().value else {
        panic!("a map is expected")
    };
    assert_eq!(map.literals["a"], primitive(primitive::Value::StringValue("b".into())));
    let structure = read(&simple(SimpleType::Struct), br#"{"n": 1}"#).unwrap();
    let bytes = vec![0x81, 0xa1, b'n', 1];
    assert_eq!(structure, scalar(scalar::Value::Binary(Binary { value: bytes, tag: "msgpack".into() })));
    assert_eq!(
        read(&integers, b"1, 2").unwrap_err(),
        "its file holds `1, 2`, which is not JSON: expected value at line 1 column 2"
    );
    let reason = read(&integers, br#"["a"]"#).unwrap_err();
    assert!(reason.starts_with(r#"its file holds `[\"a\"]`: "#), "{reason}");
}

#[test]
fn an_enum_takes_its_values() {
    let colors = literal_type(Type::EnumType(EnumType { values: vec!["red".into(), "green".into()] }));
    assert_eq!(read(&colors, b"red\n"), Ok(primitive(primitive::Value::StringValue("red".into()))));
    assert!(read(&colors, b"blue").is_err());
}

#[test]
fn a_union_takes_the_first_variant_that_fits() {
    let number = union([SimpleType::Integer, SimpleType::String]);
    let integer = in_union(primitive(primitive::Value::Integer(1)), &simple(SimpleType::Integer));
    assert_eq!(read(&number, b"1"), Ok(integer));
    let word = primitive(primitive::Value::StringValue("one".into()));
    assert_eq!(read(&number, b"one"), Ok(in_union(word, &simple(SimpleType::String))));
}

#[test]
fn an_optional_value_may_be_missing() {
    let optional = union([SimpleType::Integer, SimpleType::None]);
    assert!(may_be_missing(&optional));
    assert!(!may_be_missing(&simple(SimpleType::Integer)));
    assert_eq!(read(&optional, b"\n"), Ok(nothing(&optional)));
    assert_eq!(read(&optional, b"null"), Ok(nothing(&optional)));
    assert!(read(&optional, b"one").is_err());
}

#[test]
fn files_and_folders_are_distinguished() {
    let folder = tempfile::tempdir().unwrap();
    let blob = |dimensionality: BlobDimensionality| {
        literal_type(Type::Blob(BlobType { format: "csv".into(), dimensionality: dimensionality.into() }))
    };
    let (single, multipart) = (blob(BlobDimensionality::Single), blob(BlobDimensionality::Multipart));
    assert!(stored(&multipart, folder.path(), "file:///x".into()).is_ok());
    let reason = stored(&single, folder.path(), "file:///x".into()).unwrap_err();
    assert_eq!(reason, format!("`{}` is a folder", folder.path().display()));
}

proptest! {
    #[test]
    fn integers_come_back(value in any::<i64>()) {
        prop_assert_eq!(
            read_primitive(SimpleType::Integer, &value.to_string()),
            Ok(primitive::Value::Integer(value))
        );
    }

    #[test]
    fn floats_come_back(value in prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::INFINITE) {
        prop_assert_eq!(
            read_primitive(SimpleType::Float, &go_format::float(value)),
            Ok(primitive::Value::FloatValue(value))
        );
    }

    #[test]
    fn any_bytes_can_be_tried(bytes in prop::collection::vec(any::<u8>(), 0..32), kind in 0..10i32) {
        let _ = read(&literal_type(Type::Simple(kind)), &bytes);
    }
}
