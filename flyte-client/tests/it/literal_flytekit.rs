//! Values against those of the official type engine, both ways.

use data_encoding::HEXLOWER;
use flyte_client::literal;
use flyte_client::proto::core::{Literal, LiteralType};
use prost::Message;
use serde_json::{Value, json};

const SCRIPT: &str = "literal/values.py";

fn message<T: Message + Default>(case: &Value, key: &str) -> T {
    let bytes = HEXLOWER.decode(case[key].as_str().unwrap().as_bytes()).unwrap();
    T::decode(bytes.as_slice()).unwrap()
}

/// Each value as a person writes it becomes the literal that flytekit makes of it, and flytekit reads ours.
#[test]
fn the_type_engine_and_we_make_equal_literals() {
    let Some(cases) = crate::judge::ask(SCRIPT, &Value::Null) else { return };
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    let mut ours = Vec::new();
    for case in cases {
        let (of, theirs): (LiteralType, Literal) = (message(case, "type"), message(case, "literal"));
        let name = case["name"].as_str().unwrap();
        let read = literal::from_json(&case["plain"], &of).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read, theirs, "{name}");
        assert_eq!(literal::check(&theirs, &of), Ok(()), "{name}");
        let again = literal::from_json(&literal::to_json(&theirs), &of).unwrap();
        assert_eq!(again, theirs, "{name}, written as {}", literal::to_json(&theirs));
        ours.push(json!(HEXLOWER.encode(&again.encode_to_vec())));
    }
    let Some(verdicts) = crate::judge::ask(SCRIPT, &Value::Array(ours)) else { return };
    for verdict in verdicts.as_array().unwrap() {
        assert_eq!(verdict["equal"], true, "{} is read as {}", verdict["name"], verdict["read"]);
    }
}
