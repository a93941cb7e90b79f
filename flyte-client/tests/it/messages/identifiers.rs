//! No identifier is forgotten when project, domain and version are filled: reflection is the judge.

use flyte_client::{
    proto::descriptor,
    register::{DOMAIN, Entity, Identity, PROJECT, VERSION},
};
use proptest::prelude::*;
use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::generate;

const FILLED: [(&str, &str, &str); 3] = [
    ("project", PROJECT, "the project"),
    ("domain", DOMAIN, "the domain"),
    ("version", VERSION, "the version"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_identifier_is_filled(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let entity = generate::entity(&bytes);
        let [project, domain, version] = FILLED.map(|(_, _, value)| Some(value.to_owned()));
        let filled = Identity { project, domain, version }.fill(entity.clone());
        prop_assert_eq!(filled, fill_by_reflection(&entity));
    }
}

fn fill_by_reflection(entity: &Entity) -> Entity {
    let descriptor = descriptor::message(entity.kind().message_name()).unwrap();
    let mut message = DynamicMessage::decode(descriptor, entity.encode().as_slice()).unwrap();
    visit(&mut message);
    Entity::decode(entity.kind(), &message.encode_to_vec()).unwrap()
}

fn visit(message: &mut DynamicMessage) {
    if message.descriptor().full_name() == "flyteidl.core.Identifier" {
        for (field, placeholder, value) in FILLED {
            let present = message.get_field_by_name(field).unwrap().as_str().unwrap().to_owned();
            if present.is_empty() || present == placeholder {
                message.set_field_by_name(field, Value::String(value.to_owned()));
            }
        }
    }
    let inner = message.fields_mut().filter(|(field, _)| !field.full_name().starts_with("google.protobuf."));
    for (_, value) in inner {
        match value {
            Value::Message(message) => visit(message),
            Value::List(items) => items.iter_mut().filter_map(Value::as_message_mut).for_each(visit),
            Value::Map(entries) => entries.values_mut().filter_map(Value::as_message_mut).for_each(visit),
            _ => {}
        }
    }
}
