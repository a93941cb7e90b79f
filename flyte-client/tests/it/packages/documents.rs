//! Documents as flytectl prints them, and inputs of several kinds together.

use std::{fs, path::Path};

use flyte_client::{
    proto::core::node::Target,
    register::{self, Entity, EntityKind, Identity, RegisterItem},
};

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
}

fn read(content: &str) -> Vec<RegisterItem> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "input.yaml", content);
    register::read(&[folder.path().join("input.yaml")], &Identity::default())
        .unwrap_or_else(|error| panic!("{error}: {}", error.cause()))
}

fn names(entries: &[RegisterItem]) -> Vec<(EntityKind, &str)> {
    entries.iter().map(|entry| (entry.entity.kind(), entry.entity.id().unwrap().name.as_str())).collect()
}

const TASK: &str = "template: {id: {name: t}, type: raw-container, container: {image: x}}\n";

#[test]
fn every_kind_is_known_by_its_keys() {
    for (document, kind) in [
        (TASK, EntityKind::Task),
        ("template: {id: {resource_type: TASK, name: t}}\n", EntityKind::Task),
        ("template: {id: {name: t, resourceType: 2}}\n", EntityKind::Workflow),
        ("template: {id: {name: t}, failure_node: {id: n}}\n", EntityKind::Workflow),
        ("{template: {id: {name: t}}, subWorkflows: []}\n", EntityKind::Workflow),
        ("{id: {name: t}, spec: {workflow_id: {name: w}}}\n", EntityKind::LaunchPlan),
        ("{id: {name: t}, spec: {template: {type: x}}}\n", EntityKind::Task),
        ("{id: {name: t}, spec: {template: {nodes: []}}}\n", EntityKind::Workflow),
        ("{\"@type\": a.b/flyteidl.admin.TaskSpec, template: {id: {name: t}}}\n", EntityKind::Task),
        ("{id: {name: t}, closure: {compiledTask: {template: {type: x}}}}\n", EntityKind::Task),
    ] {
        assert_eq!(names(&read(document)), [(kind, "t")], "{document}");
    }
}

#[test]
fn a_file_may_hold_several_documents_and_lists() {
    let text = format!(
        "# a comment\n---\n{TASK}---\n\n---\n- {{id: {{name: p}}, spec: {{workflowId: {{name: w}}}}}}\n- {TASK}---\n\
         launchPlans:\n- {{id: {{name: q}}, spec: {{workflowId: {{name: w}}}}}}\ntoken: '100'\n"
    );
    let entries = read(&text);
    assert_eq!(
        names(&entries),
        [
            (EntityKind::Task, "t"),
            (EntityKind::LaunchPlan, "p"),
            (EntityKind::Task, "t"),
            (EntityKind::LaunchPlan, "q")
        ]
    );
    let numbers: Vec<_> = entries.iter().map(|entry| entry.source.to_string()).collect();
    assert!(numbers[0].ends_with("document 1") && numbers[3].ends_with("document 3"), "{numbers:?}");
}

#[test]
fn json_may_be_indented_with_tabs_as_flytectl_does() {
    let entries = read("{\n\t\"template\": {\n\t\t\"id\": {\"name\": \"t\"},\n\t\t\"type\": \"x\"\n\t}\n}\n");
    assert_eq!(names(&entries), [(EntityKind::Task, "t")]);
}

#[test]
fn what_the_compiler_added_to_a_workflow_is_taken_out() {
    let entries = read(
        r#"
id: {resourceType: WORKFLOW, project: p, domain: d, name: w, version: v1}
closure:
  createdAt: "2024-05-06T07:08:09Z"
  compiledWorkflow:
    primary:
      connections: {downstream: {start-node: {ids: [n0]}}}
      template:
        id: {resourceType: WORKFLOW, project: p, domain: d, name: w, version: v1}
        nodes:
        - {id: start-node}
        - {id: end-node, inputs: [{var: o0, binding: {promise: {nodeId: n0, var: o0}}}]}
        - id: n0
          upstreamNodeIds: [start-node, n1]
          inputs: [{var: a, binding: {promise: {nodeId: start-node, var: a}}}]
          taskNode: {referenceId: {resourceType: TASK, project: p, domain: d, name: t, version: v1}}
    tasks:
    - template: {id: {resourceType: TASK, project: p, domain: d, name: t, version: v1}, type: x}
shortDescription: adds
"#,
    );
    assert_eq!(names(&entries), [(EntityKind::Task, "t"), (EntityKind::Workflow, "w")]);
    let Entity::Workflow(spec) = &entries[1].entity else { panic!("a workflow") };
    assert_eq!(spec.description.as_ref().unwrap().short_description, "adds");
    let [node] = spec.template.as_ref().unwrap().nodes.as_slice() else { panic!("one node") };
    assert_eq!(node.upstream_node_ids, ["n1"]);
    assert!(format!("{:?}", node.inputs).contains("OutputReference { node_id: \"\", var: \"a\""));
    assert!(matches!(node.target, Some(Target::TaskNode(_))));
}

#[test]
fn two_names_for_one_thing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", "{id: {name: a}, spec: {template: {type: x, id: {name: b}}}}\n");
    let error = register::read(&[folder.path().join("a.yaml")], &Identity::default()).unwrap_err();
    assert_eq!(error.cause().to_string(), "two names: `::a:` in `id`, `::b:` in the template");
}

#[test]
fn a_folder_is_read_in_order_with_its_sub_folders() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "b/2.yaml", TASK.replace("name: t", "name: second"));
    write(folder.path(), "b/1.json", r#"{"template": {"id": {"name": "first"}, "type": "x"}}"#);
    write(folder.path(), "a.yml", TASK);
    write(folder.path(), "z/0_ab_1.pb", b"\x0a\x06\x0a\x04\x22\x02ab");
    write(folder.path(), "z/fast12.tar.gz", b"code");
    write(folder.path(), "notes.md", "not read");
    write(folder.path(), ".git/config.yaml", "not: read");

    let entries = register::read(&[folder.path().to_owned()], &Identity::default()).unwrap();

    let names: Vec<_> = names(&entries).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["t", "first", "second", "ab"]);
    let archives: Vec<_> = entries.iter().map(|entry| entry.archive.is_some()).collect();
    assert_eq!(archives, [false, false, false, true]);
}

#[test]
fn identifiers_are_filled_where_they_are_open() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "w.yaml",
        r#"
template:
  id: {name: w, project: "{{ registration.project }}", domain: given}
  nodes:
  - id: n0
    branchNode:
      ifElse:
        case: {thenNode: {id: n1, workflowNode: {launchplanRef: {name: p, version: "{{ registration.version }}"}}}}
"#,
    );
    let identity =
        Identity { project: Some("P".into()), domain: Some("D".into()), version: Some("V".into()) };
    let entries = register::read(&[folder.path().to_owned()], &identity).unwrap();
    let id = entries[0].entity.id().unwrap();
    assert_eq!((&*id.project, &*id.domain, &*id.version), ("P", "given", "V"));
    let text = format!("{:?}", entries[0].entity);
    assert!(text.contains(r#"project: "P", domain: "D", name: "p", version: "V""#), "{text}");
}

#[test]
fn the_short_form_is_a_document_too() {
    let entries = read("name: greet\nimage: busybox\ncommand: [echo, hello]\n");
    assert_eq!(names(&entries), [(EntityKind::Task, "greet")]);
    assert!(matches!(entries[0].origin, register::ItemOrigin::Short(_)));
}
