//! What is printed can be read, and says the same; by us and by the official package.

use std::{fs, path::PathBuf, sync::Arc};

use flyte_client::{
    proto::{
        admin::{LaunchPlan, LaunchPlanMetadata, LaunchPlanSpec},
        core::Identifier,
    },
    register::{
        self, Entity, FastArchive, Identity, ItemOrigin, RegisterItem, Source,
        render::{self, TextFormat},
    },
};
use proptest::{prelude::*, strategy::ValueTree as _};
use prost_types::Any;

use super::generate;
use crate::python;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..3000)
}

fn entry(entity: Entity) -> RegisterItem {
    RegisterItem { source: Source::whole("test"), entity, origin: ItemOrigin::Package, archive: None }
}

/// Reads a text as `register` reads a file.
fn read(text: &str, ending: &str) -> Vec<Entity> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("entities.{ending}"));
    fs::write(&file, text).unwrap();
    let entries = register::read(&[file], &Identity::default())
        .unwrap_or_else(|error| panic!("{error}: {}\n{text}", error.cause()));
    entries.into_iter().map(|entry| entry.entity).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_entity_survives_yaml_and_json(bytes in bytes(), more in bytes()) {
        let entities = [generate::entity(&bytes), generate::entity(&more)];

        let yaml = render::text(&entities, TextFormat::Yaml).unwrap();
        prop_assert_eq!(&read(&yaml, "yaml"), &entities, "{}", yaml);

        let json = render::text(&entities, TextFormat::Json).unwrap();
        prop_assert_eq!(&read(&json, "json"), &entities, "{}", json);
    }

    #[test]
    fn any_entity_survives_its_file(bytes in bytes()) {
        let entity = generate::entity(&bytes);
        let folder = tempfile::tempdir().unwrap();

        render::files(&[entry(entity.clone())], folder.path()).unwrap();

        let entries = register::read(&[folder.path().to_owned()], &Identity::default()).unwrap();
        let entities: Vec<_> = entries.into_iter().map(|entry| entry.entity).collect();
        prop_assert_eq!(entities, [entity]);
    }
}

#[test]
fn the_official_package_reads_the_same_from_every_form() {
    let Some(python) = python::interpreter() else { return };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::default());
    let entries: Vec<_> = (0..150)
        .map(|index| {
            let bytes = bytes().new_tree(&mut runner).unwrap().current();
            entry(rename(generate::entity(&bytes), index))
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    render::files(&entries, &files).unwrap();

    for (form, ending) in [(TextFormat::Yaml, "yaml"), (TextFormat::Json, "json")] {
        let text = folder.path().join(format!("entities.{ending}"));
        fs::write(&text, render::text(entries.iter().map(|entry| &entry.entity), form).unwrap()).unwrap();

        let report = python::run(&python, "packages/compare.py", &[&files, &text]);

        assert_eq!(report, "150 and 150 entities, 0 differences\n");
    }
}

/// Gives an entity a name of its own, so that it can be found again.
fn rename(mut entity: Entity, index: usize) -> Entity {
    let id = match &mut entity {
        Entity::LaunchPlan(plan) => plan.id.as_mut(),
        Entity::Task(spec) => spec.template.as_mut().and_then(|template| template.id.as_mut()),
        Entity::Workflow(spec) => spec.template.as_mut().and_then(|template| template.id.as_mut()),
    };
    id.unwrap().name = format!("generated{index}");
    entity
}

fn plan_with_conditions(type_url: &str, value: &[u8]) -> Entity {
    let conditions = Any { type_url: type_url.into(), value: value.to_vec() };
    let metadata = LaunchPlanMetadata { launch_conditions: Some(conditions), ..Default::default() };
    Entity::LaunchPlan(Box::new(LaunchPlan {
        id: Some(Identifier { name: "plan".into(), ..Default::default() }),
        spec: Some(LaunchPlanSpec {
            workflow_id: Some(Identifier { name: "flow".into(), ..Default::default() }),
            entity_metadata: Some(metadata),
            ..Default::default()
        }),
        closure: None,
    }))
}

#[test]
fn conditions_of_an_unknown_type_survive() {
    let plan = plan_with_conditions("type.googleapis.com/acme.Trigger", b"\x0a\x03abc\xff");
    let yaml = render::text([&plan], TextFormat::Yaml).unwrap();

    snapbox::assert_data_eq!(
        &yaml,
        snapbox::str![[r#"
"@type": type.googleapis.com/flyteidl.admin.LaunchPlan
id:
  name: plan
spec:
  entityMetadata:
    launchConditions:
      "@type": type.googleapis.com/acme.Trigger
      value: CgNhYmP/
  workflowId:
    name: flow

"#]]
    );
    assert_eq!(read(&yaml, "yaml"), [plan]);
}

#[test]
fn equal_entities_print_the_same_text() {
    let bytes: Vec<u8> = (0..2000_u32).map(|n| u8::try_from((n * 7919) >> 3 & 255).unwrap()).collect();
    let print = || render::text([&generate::entity(&bytes)], TextFormat::Yaml).unwrap();
    let first = print();
    assert!((0..10).all(|_| print() == first));
}

#[test]
fn files_are_named_as_pyflyte_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let archive = FastArchive {
        name: "fast0a1b.tar.gz".into(),
        source: Source::whole("test"),
        bytes: b"code".to_vec(),
    };
    let archive = Some(Arc::new(archive));
    let plan = |name: &str| {
        let Entity::LaunchPlan(mut plan) = plan_with_conditions("", b"") else { unreachable!() };
        plan.id.as_mut().unwrap().name = name.to_owned();
        RegisterItem { archive: archive.clone(), ..entry(Entity::LaunchPlan(plan)) }
    };
    let entries: Vec<_> = (0..11).map(|n| plan(["a.b_c", "x/../y"][n % 2])).collect();

    let files = render::files(&entries, folder.path()).unwrap();

    let names = |files: &[PathBuf]| -> Vec<String> {
        files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(&files[..2]), ["00_a.b_c_3.pb", "01_x-..-y_3.pb"]);
    assert_eq!(names(&files[10..]), ["10_a.b_c_3.pb", "fast0a1b.tar.gz"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 12);

    let read = register::read(&[folder.path().to_owned()], &Identity::default()).unwrap();
    assert!(read.iter().all(|entry| entry.archive.as_ref().unwrap().bytes == b"code"));

    let error = render::files(&entries[..1], folder.path()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.starts_with("the folder holds `"), "{cause}");
}
