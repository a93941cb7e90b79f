//! Our `.proto` files against the descriptors of the official package.

use std::fs;

use flyte_client::proto::descriptor;
use prost_reflect::Kind;

use crate::python;

#[test]
fn every_declaration_is_as_in_the_official_package() {
    let Some(python) = python::interpreter() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours.bin");
    fs::write(&ours, descriptor::FILE_DESCRIPTOR_SET).unwrap();

    let report = python::run(&python, "compare_descriptors.py", &[&ours]);

    assert!(report.ends_with(" 0 differences\n"), "{report}");
}

/// Proto3 JSON treats an `Any` by what is in it. [`flyte_client::register`] handles the only one that can be
/// registered; this test fails when Flyte adds another.
#[test]
fn launch_conditions_are_the_only_value_of_an_open_type() {
    let packages = ["flyteidl.core", "flyteidl.admin"];
    let messages =
        descriptor::pool().all_messages().filter(|message| packages.contains(&message.package_name()));
    let open: Vec<_> = messages
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .filter(
            |field| matches!(field.kind(), Kind::Message(kind) if kind.full_name() == "google.protobuf.Any"),
        )
        .map(|field| field.full_name().to_owned())
        .collect();

    assert_eq!(open, ["flyteidl.admin.LaunchPlanMetadata.launch_conditions"]);
}
