//! MessagePack, in which flytekit packs dataclasses and other structures.

use flyte_client::literal::float_to_json;
use rmpv::Value as Packed;
use serde_json::Value as Json;

use super::go_format;

/// The tag of binary values that are MessagePack.
pub(super) const TAG: &str = "msgpack";

/// Decodes one MessagePack value; `None` if the bytes are anything else.
pub(super) fn unpack(mut bytes: &[u8]) -> Option<Packed> {
    rmpv::decode::read_value(&mut bytes).ok().filter(|_| bytes.is_empty())
}

/// A value as Go's `%v` prints it, as propeller does in commands: `map[a:1 b:[x y]]`.
pub(super) fn to_go_text(value: &Packed) -> String {
    match value {
        Packed::Nil => "<nil>".to_owned(),
        Packed::Boolean(value) => value.to_string(),
        Packed::Integer(value) => value.to_string(),
        Packed::F32(value) => go_format::short_float(f64::from(*value)),
        Packed::F64(value) => go_format::short_float(*value),
        Packed::String(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        Packed::Binary(bytes) | Packed::Ext(_, bytes) => {
            format!("[{}]", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(" "))
        }
        Packed::Array(items) => {
            format!("[{}]", items.iter().map(to_go_text).collect::<Vec<_>>().join(" "))
        }
        Packed::Map(fields) => {
            let mut fields: Vec<_> =
                fields.iter().map(|(key, value)| (to_go_text(key), to_go_text(value))).collect();
            fields.sort();
            let fields: Vec<_> = fields.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// A value as JSON; values without a JSON form become text.
pub(super) fn to_json(value: &Packed) -> Json {
    match value {
        Packed::Nil => Json::Null,
        Packed::Boolean(value) => (*value).into(),
        Packed::Integer(value) => match (value.as_i64(), value.as_u64()) {
            (Some(value), _) => value.into(),
            (None, Some(value)) => value.into(),
            (None, None) => Json::Null,
        },
        Packed::F32(value) => float_to_json(f64::from(*value)),
        Packed::F64(value) => float_to_json(*value),
        Packed::String(text) => String::from_utf8_lossy(text.as_bytes()).into(),
        Packed::Binary(bytes) | Packed::Ext(_, bytes) => data_encoding::BASE64.encode(bytes).into(),
        Packed::Array(items) => items.iter().map(to_json).collect(),
        Packed::Map(fields) => {
            let name = |key: &Packed| key.as_str().map_or_else(|| to_go_text(key), str::to_owned);
            fields
                .iter()
                .map(|(key, value)| (name(key), to_json(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
    }
}
