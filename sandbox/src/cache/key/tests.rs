use flyte_client::proto::core::{
    Literal, LiteralCollection, LiteralType, Primitive, Scalar, SimpleType, TaskMetadata, Variable,
    literal::Value, literal_type, primitive, scalar,
};
use proptest::{collection::btree_map, prelude::*};

use super::*;

fn text(text: &str) -> Literal {
    let primitive = Primitive { value: Some(primitive::Value::StringValue(text.to_owned())) };
    Literal {
        value: Some(Value::Scalar(Box::new(Scalar { value: Some(scalar::Value::Primitive(primitive)) }))),
        ..Literal::default()
    }
}

fn hashed(value: &str, hash: &str) -> Literal {
    Literal { hash: hash.to_owned(), ..text(value) }
}

fn map(literals: impl IntoIterator<Item = (&'static str, Literal)>) -> LiteralMap {
    LiteralMap { literals: literals.into_iter().map(|(name, literal)| (name.to_owned(), literal)).collect() }
}

fn task(ignored: &[&str]) -> TaskTemplate {
    TaskTemplate {
        id: Some(Identifier {
            project: "p".into(),
            domain: "d".into(),
            name: "t".into(),
            version: "1".into(),
            ..Identifier::default()
        }),
        metadata: Some(TaskMetadata {
            discoverable: true,
            discovery_version: "c1".into(),
            cache_ignore_input_vars: ignored.iter().map(|&name| name.to_owned()).collect(),
            ..TaskMetadata::default()
        }),
        ..TaskTemplate::default()
    }
}

fn key(task: &TaskTemplate, inputs: &LiteralMap) -> CacheKey {
    CacheKey::for_task(task, inputs).unwrap()
}

#[test]
fn a_task_is_cached_if_it_says_so_and_has_a_cache_version() {
    let cached = task(&[]);
    for (discoverable, version) in [(false, "c1"), (true, ""), (true, "  "), (false, "")] {
        let mut task = cached.clone();
        let metadata = task.metadata.as_mut().unwrap();
        metadata.discoverable = discoverable;
        metadata.discovery_version = version.to_owned();
        assert_eq!(CacheKey::for_task(&task, &LiteralMap::default()), None, "{discoverable} `{version}`");
    }
    assert!(CacheKey::for_task(&cached, &LiteralMap::default()).is_some());
}

#[test]
fn the_version_of_the_task_does_not_count() {
    let mut other = task(&[]);
    other.id.as_mut().unwrap().version = "2".into();
    let inputs = map([("x", text("1"))]);
    assert_eq!(key(&task(&[]), &inputs).digest(), key(&other, &inputs).digest());
}

#[test]
fn name_cache_version_and_interface_count() {
    let inputs = map([("x", text("1"))]);
    let plain = key(&task(&[]), &inputs).digest();
    let changes: [fn(&mut TaskTemplate); 5] = [
        |task| task.id.as_mut().unwrap().project = "other".into(),
        |task| task.id.as_mut().unwrap().domain = "other".into(),
        |task| task.id.as_mut().unwrap().name = "other".into(),
        |task| task.metadata.as_mut().unwrap().discovery_version = "other".into(),
        |task| {
            let integer = LiteralType {
                r#type: Some(literal_type::Type::Simple(SimpleType::Integer.into())),
                ..LiteralType::default()
            };
            let variable = Variable { r#type: Some(integer), ..Variable::default() };
            let outputs = VariableMap { variables: [("y".to_owned(), variable)].into() };
            task.interface = Some(TypedInterface { inputs: None, outputs: Some(outputs) });
        },
    ];
    for change in changes {
        let mut other = task(&[]);
        change(&mut other);
        assert_ne!(key(&other, &inputs).digest(), plain, "{other:?}");
    }
}

#[test]
fn an_interface_without_variables_equals_none() {
    let mut other = task(&[]);
    other.interface = Some(TypedInterface { inputs: Some(VariableMap::default()), outputs: None });
    assert_eq!(key(&other, &map([])), key(&task(&[]), &map([])));
}

#[test]
fn a_hash_stands_for_the_value_wherever_it_is() {
    let list = |literal| Literal {
        value: Some(Value::Collection(LiteralCollection { literals: vec![literal] })),
        ..Literal::default()
    };
    let task = task(&[]);
    for nest in [std::convert::identity, list] {
        let one = key(&task, &map([("x", nest(hashed("1", "h")))]));
        assert_eq!(one, key(&task, &map([("x", nest(hashed("2", "h")))])));
        assert_ne!(one, key(&task, &map([("x", nest(hashed("1", "i")))])));
        assert_ne!(one, key(&task, &map([("x", nest(text("h")))])));
    }
}

#[test]
fn metadata_name_the_data_set_the_result_and_its_source() {
    let key = key(&task(&[]), &map([("x", text("1"))]));
    let source = TaskExecutionIdentifier { retry_attempt: 3, ..TaskExecutionIdentifier::default() };
    let metadata = key.metadata(7, source.clone());
    let dataset = metadata.dataset_id.unwrap();
    assert_eq!(dataset.resource_type, i32::from(ResourceType::Dataset));
    assert_eq!((dataset.project.as_str(), dataset.name.as_str()), ("p", "flyte_task-t"));
    assert_eq!(dataset.version, "c1-47DEQpj8-47DEQpj8");
    let tag = metadata.artifact_tag.unwrap();
    assert_eq!(tag.artifact_id, "7");
    assert!(tag.name.starts_with("flyte_cached-"), "{}", tag.name);
    assert_eq!(metadata.source_execution, Some(SourceExecution::SourceTaskExecution(source)));
}

proptest! {
    #[test]
    fn keys_are_equal_if_and_only_if_the_inputs_that_count_are(
        left in btree_map("[a-d]", "[xy]{0,2}", 0..4),
        right in btree_map("[a-d]", "[xy]{0,2}", 0..4),
    ) {
        let task = task(&["d"]);
        let inputs = |values: &std::collections::BTreeMap<String, String>| LiteralMap {
            literals: values.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        };
        let counting = |values: &std::collections::BTreeMap<String, String>| {
            let mut values = values.clone();
            values.remove("d");
            values
        };
        let (one, other) = (key(&task, &inputs(&left)), key(&task, &inputs(&right)));
        prop_assert_eq!(one.digest() == other.digest(), counting(&left) == counting(&right));
    }

    #[test]
    fn names_do_not_run_into_each_other(parts in "[ab]{4,8}", one in 0..4usize, other in 0..4usize) {
        let split = |at: usize| {
            let mut task = task(&[]);
            let id = task.id.as_mut().unwrap();
            (id.project, id.domain) = (parts[..at].to_owned(), parts[at..].to_owned());
            key(&task, &LiteralMap::default()).digest()
        };
        prop_assert_eq!(split(one) == split(other), one == other);
    }
}
