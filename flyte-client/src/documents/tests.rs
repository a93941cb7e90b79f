use serde_json::json;

use super::*;

fn values(text: &str, only_json: bool) -> Vec<Value> {
    parse(text, only_json).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The number that each of the items of a list is written as, or the item.
fn shown(text: &str, only_json: bool) -> Vec<String> {
    let list = values(text, only_json).remove(0);
    let shown =
        |item: &Value| number::written(item).map_or_else(|| item.to_string(), |text| format!("<{text}>"));
    list.as_array().unwrap().iter().map(shown).collect()
}

#[test]
fn numbers_without_room_are_kept_as_they_are_written() {
    let yaml = "- .nan\n- .NaN\n- .Inf\n- -.inf\n- +.inf\n- 1e400\n- -1e400\n- 18446744073709551616\n- -9223372036854775809\n";
    let expected = [
        "<.nan>",
        "<.NaN>",
        "<.Inf>",
        "<-.inf>",
        "<+.inf>",
        "<1e400>",
        "<-1e400>",
        "<18446744073709551616>",
        "<-9223372036854775809>",
    ];
    assert_eq!(shown(yaml, false), expected);
    let json = "[NaN, Infinity, -Infinity, 1e400, 18446744073709551616, \"NaN \\\" Infinity\"]";
    for only_json in [true, false] {
        let expected = [
            "<NaN>",
            "<Infinity>",
            "<-Infinity>",
            "<1e400>",
            "<18446744073709551616>",
            r#""NaN \" Infinity""#,
        ];
        assert_eq!(shown(json, only_json), expected);
    }
}

#[test]
fn numbers_with_room_are_numbers() {
    let text = "[1, -1, 9223372036854775807, 18446744073709551615, 9007199254740993, 0.5, 1e19, 1e300, 3.0]";
    let expected = [
        "1",
        "-1",
        "9223372036854775807",
        "18446744073709551615",
        "9007199254740993",
        "0.5",
        "1e+19",
        "1e+300",
        "3.0",
    ];
    assert_eq!(shown(text, true), expected);
    assert_eq!(shown(&text.replacen('[', "[ !!int 1, ", 1), false)[1..], expected);
    assert_eq!(values("a: &x .inf\nb: *x\nc: 'text'\nd: {e: [.nan, 1]}", false)[0]["c"], json!("text"));
    assert_eq!(number::written(&values("a: &x .inf\nb: *x", false)[0]["b"]), Some(".inf"));
    assert_eq!(number::written(&values("a: !!float .inf", false)[0]["a"]), Some(".inf"));
}

#[test]
fn texts_that_look_like_numbers_stay_texts() {
    assert_eq!(
        values("['.nan', \"1e400\", nan, Infinity]", false),
        [json!([".nan", "1e400", "nan", "Infinity"])]
    );
}

#[test]
fn what_is_wrong_is_said_without_words_of_the_parser() {
    for (text, expected) in [
        ("a: 1\na: 2", "key `a` is duplicated at line 2, column 1"),
        ("a: *x", "unknown anchor at line 1, column 4"),
        ("{\"a\": 1, \"a\": NaN}", "key `a` is duplicated at line 1, column 10"),
        ("a: !!int x", "the value is not an integer at line 1, column 10"),
    ] {
        let error = parse(text, false).unwrap_err();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let deep = format!("{}1{}", "[".repeat(600), "]".repeat(600));
    let error = parse(&deep, false).unwrap_err();
    assert!(error.contains("nested too deeply"), "{error}");
    assert_eq!(parse_one("a: 1\n---\nb: 2", false).unwrap_err(), "more than one document; expected one");
}

#[test]
fn floats_are_read_everywhere_alike() {
    for text in [".nan", ".NaN", "NaN", "nan", ".NAN"] {
        assert!(number::float(text).unwrap().is_nan(), "{text}");
    }
    for text in [".inf", "+.inf", ".Inf", "inf", "Infinity", "+inf", "INF"] {
        assert_eq!(number::float(text), Ok(f64::INFINITY), "{text}");
    }
    for text in ["-.inf", "-inf", "-Infinity"] {
        assert_eq!(number::float(text), Ok(f64::NEG_INFINITY), "{text}");
    }
    for (text, expected) in [("0.5", 0.5), ("1e9", 1e9), ("-.5", -0.5), ("+3", 3.0), ("1e308", 1e308)] {
        assert_eq!(number::float(text), Ok(expected), "{text}");
    }
    for text in ["1e400", "-1e400"] {
        assert_eq!(number::float(text), Err(number::FloatError::TooLarge), "{text}");
    }
    for text in ["", ".", "-", "infi", "..inf", "1_000", "0x10", "x"] {
        assert_eq!(number::float(text), Err(number::FloatError::NotANumber), "{text}");
    }
}
