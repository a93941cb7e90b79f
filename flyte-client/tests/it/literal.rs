//! Values of all types: what is written reads back, and fits its type.

mod generate;

use self::generate::{any_type, any_value, plain_type};
use flyte_client::documents;
use flyte_client::literal::{self, Reader, StructFormat};
use flyte_client::proto::core::{Literal, LiteralMap, LiteralType};
use flyte_client::register::read::task::parse_type;
use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Value, json};

/// A type and some values of it.
fn typed(types: BoxedStrategy<LiteralType>) -> impl Strategy<Value = (LiteralType, Literal)> {
    types.prop_flat_map(|of| (Just(of.clone()), any_value(&of)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back((of, value) in typed(plain_type())) {
        let written = literal::to_json(&value);
        let read = literal::from_json(&written, &of);
        prop_assert_eq!(read.as_ref(), Ok(&value), "{} of {}", written, literal::type_name(&of));
        prop_assert_eq!(literal::check(&value, &of), Ok(()));
        prop_assert!(literal::accepts(&of, &of) || literal::type_name(&of).contains('|'));
    }

    /// Variants that look alike may be confused, but what is shown stays the same.
    #[test]
    fn unions_of_any_types_show_the_same_again((of, value) in typed(any_type())) {
        let written = literal::to_json(&value);
        let read = literal::from_json(&written, &of).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(literal::check(&read, &of), Ok(()));
        let again = literal::from_json(&literal::to_json(&read), &of);
        prop_assert_eq!(again.as_ref(), Ok(&read));
    }

    #[test]
    fn a_text_of_json_is_a_value_too((of, value) in typed(plain_type())) {
        let written = literal::to_json(&value);
        if written.is_array() || written.is_object() {
            prop_assert_eq!(literal::from_text(&written.to_string(), &of), Ok(value));
        }
    }

    /// The same variant wins on the command line and in a file, however alike the variants are.
    #[test]
    fn a_list_or_map_means_the_same_as_text_and_in_a_file((of, value) in typed(any_type())) {
        let written = literal::to_json(&value);
        if written.is_array() || written.is_object() {
            let from_text = literal::from_text(&written.to_string(), &of);
            prop_assert_eq!(from_text, literal::from_json(&written, &of));
        }
    }

    #[test]
    fn no_text_makes_a_panic(text in "\\PC{0,40}", of in any_type()) {
        prop_assume!(!text.starts_with('@') && !text.contains('.'));
        if let Ok(value) = literal::from_text(&text, &of) {
            prop_assert_eq!(literal::check(&value, &of), Ok(()));
        }
    }

    #[test]
    fn equal_inputs_have_equal_digests((_, value) in typed(any_type())) {
        let inputs = |value: &Literal| LiteralMap { literals: [("x".to_owned(), value.clone())].into() };
        let copy = Literal::decode(value.encode_to_vec().as_slice()).unwrap();
        prop_assert_eq!(literal::digest(&inputs(&value), &[]), literal::digest(&inputs(&copy), &[]));
    }
}

fn literal_type(written: &str) -> LiteralType {
    parse_type(written).unwrap()
}

/// The variant that a value for a union becomes.
fn variant(value: &Literal) -> String {
    use flyte_client::proto::core::{literal::Value as LiteralValue, scalar::Value as ScalarValue};
    let Some(LiteralValue::Scalar(scalar)) = &value.value else { panic!("no union: {value:?}") };
    let Some(ScalarValue::Union(union)) = &scalar.value else { panic!("no union: {value:?}") };
    literal::type_name(union.r#type.as_ref().unwrap())
}

#[test]
fn a_text_becomes_the_variant_that_fits_best() {
    for (union, text, expected) in [
        ("str | int", "3", "int"),
        ("str | int", "3.5", "str"),
        ("int | float", "3", "int"),
        ("float | int", "3", "int"),
        ("int | float", "3.5", "float"),
        ("str | float", "nan", "str"),
        ("bool | int", "1", "int"),
        ("bool | str", "yes", "str"),
        ("bool | int", "yes", "bool"),
        ("str | datetime", "2026-01-31", "datetime"),
        ("str | duration", "1h", "duration"),
        ("str | enum[red]", "red", "enum[red]"),
        ("str | enum[red]", "blue", "str"),
        ("str | file", "s3://bucket/key", "file"),
        ("str | file", "key", "str"),
        ("str | None", "None", "None"),
        ("str | None", "", "str"),
        ("int | None", "", "None"),
        ("str | list[int]", "[1, 2]", "list[int]"),
        ("str | list[int]", "[1, x]", "str"),
        ("dict | dict[str, int]", "{a: 1}", "dict[str, int]"),
        ("dict | dict[str, int]", "{a: b}", "dict"),
        ("list[float] | list[int]", "[1, 2]", "list[int]"),
        ("list[float] | list[int]", "[]", "list[float]"),
        ("str | list[str]", r#"["a"]"#, "list[str]"),
        ("str | list[str]", r#""a""#, "str"),
        ("str | list[float]", r#"["NaN"]"#, "list[float]"),
        ("file | list[str]", "[]", "list[str]"),
        ("dataset | list[float]", r#"["NaN"]"#, "list[float]"),
        ("dataset | dict[str, float]", r#"{"a": "Infinity"}"#, "dict[str, float]"),
        ("file | str", r#"{"uri": "x"}"#, "file"),
        ("str | list[int | None]", "[null]", "list[int | None]"),
        ("str | file", "[1, 2]", "str"),
    ] {
        let value = literal::from_text(text, &literal_type(union)).unwrap();
        assert_eq!(variant(&value), expected, "`{text}` for `{union}`");
    }
}

#[test]
fn mistakes_say_where_and_what() {
    for (written, value, expected) in [
        ("int", json!("3"), "expected `int`, got text `3`"),
        ("int", json!(3.5), "expected `int`, got number `3.5`"),
        ("list[int]", json!([1, "x"]), "`[1]`: expected `int`, got text `x`"),
        ("dict[str, list[int]]", json!({"a": [0, true]}), "`a[1]`: expected `int`, got boolean `true`"),
        ("dict[str, int]", json!({"a b": null}), "`[\"a b\"]`: expected `int`, got `null`"),
        ("int | None", json!("x"), "expected `int | None`, got text `x`"),
        ("list[int] | None", json!([0, "x"]), "`[1]`: expected `int`, got text `x`"),
        ("enum[red, green]", json!("blue"), "invalid `enum[red, green]`: `blue` is not one of its values"),
        ("datetime", json!("soon"), "expected `datetime`, got text `soon`"),
        ("file[csv]", json!({"uri": "x", "format": "txt"}), "expected `file[csv]`, got a map"),
        ("dict", json!([1]), "expected `dict`, got a list"),
    ] {
        let error = literal::from_json(&value, &literal_type(written)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn flytes_own_json_reads_where_nothing_plain_fits() {
    let read = |written: &str, value: Value| {
        literal::from_json(&value, &literal_type(written)).map(|value| literal::to_json(&value))
    };
    let integer = json!({"scalar": {"primitive": {"integer": "3"}}});
    assert_eq!(read("int", integer.clone()), Ok(json!(3)));
    assert_eq!(read("list[int]", json!([1, integer])), Ok(json!([1, 3])));
    assert_eq!(read("str | int", integer.clone()), Ok(json!(3)));
    assert_eq!(read("dict", integer.clone()), Ok(integer.clone()), "a structure is what it is");
    let error = literal::from_json(&integer, &literal_type("str")).unwrap_err();
    assert_eq!(error.to_string(), "expected `str`, got `int`");
}

#[test]
fn structures_are_generic_if_asked_for() {
    let structure = json!({"a": 1, "b": [0.5, null, true, "x"], "c": {}});
    let generic =
        Reader::default().structs(StructFormat::Generic).json(&structure, &literal_type("dict")).unwrap();
    assert_eq!(literal::to_json(&generic), structure);
    assert_eq!(literal::check(&generic, &literal_type("dict")), Ok(()));
    assert_ne!(generic, literal::from_json(&structure, &literal_type("dict")).unwrap());
}

#[test]
fn a_container_may_be_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("values.yaml");
    std::fs::write(&path, "[1, 2]\n").unwrap();
    let path = path.to_str().unwrap();
    for text in [path.to_owned(), format!("@{path}")] {
        assert_eq!(
            literal::to_json(&literal::from_text(&text, &literal_type("list[int]")).unwrap()),
            json!([1, 2])
        );
    }
    let missing = literal::from_text("@nowhere.json", &literal_type("list[int]")).unwrap_err();
    assert_eq!(missing.to_string(), "could not read `nowhere.json`: No such file or directory (os error 2)");
}

#[test]
fn local_files_are_those_without_a_scheme() {
    let files =
        literal::from_json(&json!(["a.csv", "s3://b/c", "/d/e", "file:///f"]), &literal_type("list[file]"))
            .unwrap();
    let folder = literal::from_text("out", &literal_type("directory | None")).unwrap();
    let mut values = LiteralMap {
        literals: [("files".to_owned(), files), ("folder".to_owned(), folder)].into_iter().collect(),
    };
    let mut found = literal::local_files(&mut values);
    let seen: Vec<_> =
        found.iter().map(|file| (file.at.to_string(), file.uri.clone(), file.folder)).collect();
    assert_eq!(
        seen,
        [
            ("files[0]".to_owned(), "a.csv".to_owned(), Some(false)),
            ("files[2]".to_owned(), "/d/e".to_owned(), Some(false)),
            ("folder".to_owned(), "out".to_owned(), Some(true)),
        ]
    );
    *found[0].uri = "s3://b/a.csv".to_owned();
    assert_eq!(literal::local_files(&mut values).len(), 2);
}

mod inputs {
    use flyte_client::literal::inputs::{self, GivenInput};
    use flyte_client::proto::core::{Parameter, ParameterMap, Variable, parameter::Behavior};
    use serde_json::json;

    fn parameter(written: &str, behavior: Behavior) -> Parameter {
        let variable = Variable { r#type: Some(super::literal_type(written)), ..Variable::default() };
        Parameter { var: Some(variable), behavior: Some(behavior) }
    }

    fn expected() -> ParameterMap {
        let default = flyte_client::literal::from_json(&json!(3), &super::literal_type("int")).unwrap();
        let parameters = [
            ("name".to_owned(), parameter("str", Behavior::Required(true))),
            ("count".to_owned(), parameter("int", Behavior::Default(default))),
        ];
        ParameterMap { parameters: parameters.into() }
    }

    fn text(name: &str, text: &str) -> (String, GivenInput) {
        (name.to_owned(), GivenInput::Text(text.to_owned()))
    }

    #[test]
    fn the_last_one_counts_and_defaults_are_left_to_the_server() {
        let file = ("name".to_owned(), GivenInput::Json(json!("from the file")));
        let read = inputs::parse(&expected(), vec![file, text("name", "3")]).unwrap();
        assert_eq!(json!(flyte_client::literal::map_to_json(&read)), json!({"name": "3"}));
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let errors = inputs::parse(&expected(), vec![text("count", "many"), text("nmae", "x")]).unwrap_err();
        let errors: Vec<_> = errors.iter().map(|error| (error.to_string(), error.hint())).collect();
        assert_eq!(
            errors,
            [
                ("`inputs.count`: expected `int`, got text `many`".to_owned(), None),
                ("unknown input `nmae`".to_owned(), Some("did you mean `name`?".to_owned())),
                ("missing input `name` (str)".to_owned(), None),
            ]
        );
    }
}

/// Whatever is written in whichever form, a float is the same.
#[test]
fn numbers_that_json_lacks_are_read_in_every_form() {
    let float = parse_type("float").unwrap();
    let shown =
        |literal: Result<Literal, literal::ValueError>| literal.map(|literal| literal::to_json(&literal));
    for (written, expected) in [
        (".nan", "NaN"),
        (".NaN", "NaN"),
        ("nan", "NaN"),
        (".inf", "Infinity"),
        ("+.Inf", "Infinity"),
        ("inf", "Infinity"),
        ("-.inf", "-Infinity"),
        ("-inf", "-Infinity"),
        ("-Infinity", "-Infinity"),
    ] {
        assert_eq!(shown(literal::from_text(written, &float)), Ok(json!(expected)), "{written}");
        for text in [format!("x: {written}"), format!("x: '{written}'"), format!("{{\"x\": \"{written}\"}}")]
        {
            let value = &documents::parse(&text, false).unwrap()[0]["x"];
            assert_eq!(shown(literal::from_json(value, &float)), Ok(json!(expected)), "{text}");
        }
    }
}

#[test]
fn numbers_that_json_lacks_are_floats_only() {
    let reread = |of: &str, text: &str| {
        let value = &documents::parse(text, false).unwrap()[0];
        literal::from_json(value, &parse_type(of).unwrap())
            .map_or_else(|error| error.to_string(), |literal| literal::to_json(&literal).to_string())
    };
    for (of, text, expected) in [
        ("str", ".nan", "expected `str`, got number `.nan`"),
        ("int", "-.INF", "expected `int`, got number `-.INF`"),
        ("bool", ".inf", "expected `bool`, got number `.inf`"),
        ("file", ".inf", "expected `file`, got number `.inf`"),
        ("dict", ".inf", "expected `dict`, got number `.inf`"),
        ("dict[str, str]", ".inf", "expected `dict[str, str]`, got number `.inf`"),
        ("dict[str, float]", "a: .inf", r#"{"a":"Infinity"}"#),
        (
            "list[float]",
            "[1, 1e400]",
            "`[1]`: invalid `float`: number `1e400` is beyond the range of a double, ±1.8e308",
        ),
        ("str | float", ".nan", r#""NaN""#),
        ("str | int", ".nan", "expected `str | int`, got number `.nan`"),
        ("dict", "a: [{b: .nan}]", r#"{"a":[{"b":"NaN"}]}"#),
        (
            "dict",
            "a: [{b: 1e400}]",
            "`a[0].b`: invalid `dict`: number `1e400` is beyond the range of a double, ±1.8e308",
        ),
        (
            "dict",
            "a: 18446744073709551616",
            "`a`: invalid `dict`: number `18446744073709551616` is beyond 64 bits",
        ),
        ("dict", "a: 18446744073709551615", r#"{"a":18446744073709551615}"#),
        ("float", "18446744073709551616", "1.8446744073709552e+19"),
    ] {
        assert_eq!(reread(of, text), expected, "{of}: {text}");
    }
    let value = &documents::parse("a: {b: [.nan]}", false).unwrap()[0];
    let old = Reader::default().structs(StructFormat::Generic).json(value, &parse_type("dict").unwrap());
    assert_eq!(
        old.unwrap_err().to_string(),
        "`a.b[0]`: invalid `dict`: number `.nan` has no form in `google.protobuf.Struct`"
    );
}
