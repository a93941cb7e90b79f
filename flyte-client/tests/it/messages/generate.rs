//! Any message of a type, made from bytes, by its descriptor: fields that are added later are covered, too.
//!
//! The bytes come from proptest, so that a failing message shrinks: fewer bytes are fewer fields.

use flyte_client::{
    proto::descriptor,
    register::{Entity, EntityKind},
};
use prost::Message as _;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value,
};

/// Texts that YAML, JSON or Go's and Python's readers of them are known to take for something else.
const TEXTS: [&str; 40] = [
    "",
    " ",
    "a",
    "yes",
    "No",
    "on",
    "null",
    "~",
    "true",
    "1",
    "0x1F",
    "1_000",
    "1e3",
    "0755",
    "12:30:45",
    ".inf",
    "2020-01-01",
    "2020-01-01T00:00:00Z",
    "=",
    "<<",
    "- a",
    "a: b",
    "a #b",
    "#",
    "'",
    "\"",
    "\\",
    "{{ .x }}",
    "[",
    "*a",
    "&a",
    "!t",
    "%",
    "@x",
    "line\nbreak\n",
    " lead",
    "trail ",
    "tab\there",
    "\u{0}\u{7}\u{7f}\u{85}\u{2028}\u{feff}",
    "ünïcödé ☃ 😀",
];

/// Makes an entity; every input gives one.
pub(crate) fn entity(bytes: &[u8]) -> Entity {
    let mut bytes = Bytes(bytes);
    let kind = [EntityKind::Task, EntityKind::Workflow, EntityKind::LaunchPlan][bytes.below(3)];
    let mut message = message(&descriptor::message(kind.message_name()).unwrap(), &mut bytes, 0);
    name(&mut message);
    Entity::decode(kind, &message.encode_to_vec()).unwrap()
}

/// Only an entity with a name is one.
fn name(message: &mut DynamicMessage) {
    let holder = if message.descriptor().name() == "LaunchPlan" {
        message
    } else {
        message.get_field_by_name_mut("template").unwrap().as_message_mut().unwrap()
    };
    let id = holder.get_field_by_name_mut("id").unwrap().as_message_mut().unwrap();
    id.set_field_by_name("name", Value::String("generated".into()));
}

struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.next()) % limit
    }

    fn eight(&mut self) -> [u8; 8] {
        std::array::from_fn(|_| self.next())
    }

    fn text(&mut self) -> String {
        match self.below(60) {
            choice if choice < TEXTS.len() => TEXTS[choice].to_owned(),
            _ => (0..self.below(6))
                .map(|_| char::from_u32(u32::from(self.next()) << self.below(9)).unwrap_or('x'))
                .collect(),
        }
    }
}

fn message(descriptor: &MessageDescriptor, bytes: &mut Bytes<'_>, depth: usize) -> DynamicMessage {
    if let Some(known) = well_known(descriptor, bytes, depth) {
        return known;
    }
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        // Of a oneof, the last one stays.
        let some = bytes.below(4) == 3 && (depth < 12 || !matches!(field.kind(), Kind::Message(_)));
        if some {
            message.set_field(&field, value(&field, bytes, depth + 1));
        }
    }
    message
}

fn value(field: &FieldDescriptor, bytes: &mut Bytes<'_>, depth: usize) -> Value {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else { unreachable!("a map's entry is a message") };
        let value = entry.map_entry_value_field();
        let count = bytes.below(4);
        return Value::Map(
            (0..count).map(|_| (MapKey::String(bytes.text()), single(&value.kind(), bytes, depth))).collect(),
        );
    }
    if field.is_list() {
        let count = bytes.below(4);
        return Value::List((0..count).map(|_| single(&field.kind(), bytes, depth)).collect());
    }
    single(&field.kind(), bytes, depth)
}

fn single(kind: &Kind, bytes: &mut Bytes<'_>, depth: usize) -> Value {
    let eight = bytes.eight();
    let four = [eight[0], eight[1], eight[2], eight[3]];
    match kind {
        Kind::Double => Value::F64(number(f64::from_le_bytes(eight), true)),
        Kind::Float => {
            Value::F32(Some(f32::from_le_bytes(four)).filter(|value| !value.is_nan()).unwrap_or(0.25))
        }
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(i32::from_le_bytes(four)),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(i64::from_le_bytes(eight)),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::from_le_bytes(four)),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::from_le_bytes(eight)),
        Kind::Bool => Value::Bool(eight[0] & 1 == 1),
        Kind::String => Value::String(bytes.text()),
        Kind::Bytes => Value::Bytes(eight.to_vec().into()),
        Kind::Message(descriptor) => Value::Message(message(descriptor, bytes, depth)),
        Kind::Enum(descriptor) => {
            let values: Vec<_> = descriptor.values().map(|value| value.number()).collect();
            let unknown = eight[1] == 255;
            Value::EnumNumber(if unknown { 1000 } else { values[usize::from(eight[0]) % values.len()] })
        }
    }
}

/// NaN is unequal to itself, and JSON has no form for others in free-form values.
fn number(value: f64, infinite: bool) -> f64 {
    if value.is_nan() || (value.is_infinite() && !infinite) { 0.25 } else { value }
}

/// Messages that have a form of their own in JSON, with rules for their content.
fn well_known(descriptor: &MessageDescriptor, bytes: &mut Bytes<'_>, depth: usize) -> Option<DynamicMessage> {
    let seconds = i64::from_le_bytes(bytes.eight());
    let nanos = i32::from(bytes.next()) * [1, 1_000, 1_000_000][bytes.below(3)];
    let known: DynamicMessage = match descriptor.full_name() {
        "google.protobuf.Timestamp" => {
            let seconds = seconds.rem_euclid(253_402_300_799 + 62_135_596_800) - 62_135_596_800;
            transcode(descriptor, &prost_types::Timestamp { seconds, nanos })
        }
        "google.protobuf.Duration" => {
            let seconds = seconds % 315_576_000_000;
            let nanos = if seconds < 0 { -nanos } else { nanos };
            transcode(descriptor, &prost_types::Duration { seconds, nanos })
        }
        "google.protobuf.Struct" => transcode(descriptor, &free_form(bytes, depth)),
        "google.protobuf.Any" => transcode(descriptor, &any(bytes)),
        _ => return None,
    };
    Some(known)
}

fn transcode(descriptor: &MessageDescriptor, message: &impl prost::Message) -> DynamicMessage {
    DynamicMessage::decode(descriptor.clone(), message.encode_to_vec().as_slice()).unwrap()
}

/// A message that both sides know; others are in a test of their own, since Python has no form for them.
fn any(bytes: &mut Bytes<'_>) -> prost_types::Any {
    let id = flyte_client::proto::core::Identifier { name: bytes.text(), ..Default::default() };
    prost_types::Any::from_msg(&id).unwrap()
}

fn free_form(bytes: &mut Bytes<'_>, depth: usize) -> prost_types::Struct {
    let count = bytes.below(4);
    let fields = (0..count).map(|_| (bytes.text(), free_value(bytes, depth + 1))).collect();
    prost_types::Struct { fields }
}

fn free_value(bytes: &mut Bytes<'_>, depth: usize) -> prost_types::Value {
    use prost_types::value::Kind as Free;
    let kind = match bytes.below(if depth < 8 { 7 } else { 5 }) {
        0 => Free::NullValue(0),
        1 => Free::BoolValue(bytes.next() & 1 == 1),
        2 => Free::NumberValue(number(f64::from_le_bytes(bytes.eight()), false)),
        3 => Free::NumberValue(f64::from(bytes.next()) - 100.0),
        4 => Free::StringValue(bytes.text()),
        5 => Free::StructValue(free_form(bytes, depth)),
        _ => {
            let count = bytes.below(3);
            let values = (0..count).map(|_| free_value(bytes, depth + 1)).collect();
            Free::ListValue(prost_types::ListValue { values })
        }
    };
    prost_types::Value { kind: Some(kind) }
}
