//! Tasks.

use flyte_client::proto::{
    admin::{
        NamedEntityIdentifierListRequest, ObjectGetRequest, ResourceListRequest, Sort, TaskCreateRequest,
    },
    core::{K8sPod, ResourceType, RuntimeMetadata, TaskTemplate, task_template::Target},
};

use super::{Fixture, done, id, list, refused, task};

fn template(request: &mut TaskCreateRequest) -> &mut TaskTemplate {
    request.spec.as_mut().unwrap().template.as_mut().unwrap()
}

#[test]
fn a_task_is_returned_as_registered() {
    let fixture = Fixture::new();
    done(fixture.client.create_task(&task("t", "1"))).unwrap();
    // The kind of the identifier is ignored.
    for kind in [ResourceType::Task, ResourceType::Unspecified] {
        let got = done(fixture.client.get_task(&ObjectGetRequest { id: Some(id(kind, "t", "1")) })).unwrap();
        assert_eq!(got.id, Some(id(ResourceType::Task, "t", "1")));
        let closure = got.closure.unwrap();
        assert!(closure.created_at.is_some());
        let mut expected = template(&mut task("t", "1")).clone();
        expected.id = Some(id(ResourceType::Task, "t", "1"));
        assert_eq!(closure.compiled_task.unwrap().template, Some(expected));
    }
}

#[test]
fn registering_again_tells_the_same_from_the_different() {
    let fixture = Fixture::new();
    done(fixture.client.create_task(&task("t", "1"))).unwrap();
    assert_eq!(
        refused(fixture.another().create_task(&task("t", "1"))),
        "ALREADY_EXISTS: task with identical structure already exists"
    );
    let mut other = task("t", "1");
    let Some(Target::Container(container)) = &mut template(&mut other).target else { unreachable!() };
    container.image = "sh:2".into();
    assert_eq!(
        refused(fixture.client.create_task(&other)),
        "INVALID_ARGUMENT: t task with different structure already exists. (Please register a new version of the \
         task):\n/template/container/image:\n\t- sh:1\n\t+ sh:2"
    );
}

#[test]
fn missing_entities_are_reported() {
    let fixture = Fixture::new();
    let refusal = |change: fn(&mut TaskCreateRequest)| {
        let mut request = task("t", "1");
        change(&mut request);
        refused(fixture.client.create_task(&request))
    };
    assert_eq!(refusal(|request| request.id = None), "INVALID_ARGUMENT: missing id");
    for (field, change) in [
        ("project", (|request| request.id.as_mut().unwrap().project.clear()) as fn(&mut TaskCreateRequest)),
        ("domain", |request| request.id.as_mut().unwrap().domain.clear()),
        ("name", |request| request.id.as_mut().unwrap().name.clear()),
        ("version", |request| request.id.as_mut().unwrap().version.clear()),
        ("spec", |request| request.spec = None),
        ("type", |request| template(request).r#type.clear()),
        ("metadata", |request| template(request).metadata = None),
        ("typed interface", |request| template(request).interface = None),
        ("runtime version", |request| {
            let metadata = template(request).metadata.as_mut().unwrap();
            metadata.runtime = Some(RuntimeMetadata::default());
        }),
        ("image", |request| {
            let Some(Target::Container(container)) = &mut template(request).target else { unreachable!() };
            container.image.clear();
        }),
    ] {
        assert_eq!(refusal(change), format!("INVALID_ARGUMENT: missing {field}"));
    }
    assert_eq!(
        refusal(|request| request.id.as_mut().unwrap().set_resource_type(ResourceType::Workflow)),
        "INVALID_ARGUMENT: unexpected resource type workflow for identifier [resource_type:WORKFLOW \
         project:\"flytesnacks\" domain:\"development\" name:\"t\" version:\"1\"], expected task instead"
    );
    assert_eq!(
        refusal(|request| {
            let pod = K8sPod { pod_spec: None, ..Default::default() };
            template(request).target = Some(Target::K8sPod(pod));
        }),
        "INVALID_ARGUMENT: invalid TaskSpecification, pod tasks should specify their target as a K8sPod with a defined \
         pod spec"
    );
}

#[test]
fn a_task_that_cannot_run_here_is_registered() {
    let fixture = Fixture::new();
    let mut request = task("t", "1");
    template(&mut request).target = None;
    done(fixture.client.create_task(&request)).unwrap();
}

#[test]
fn unknown_tasks_are_not_found() {
    let fixture = Fixture::new();
    let request = ObjectGetRequest { id: Some(id(ResourceType::Task, "t", "1")) };
    assert_eq!(
        refused(fixture.client.get_task(&request)),
        "NOT_FOUND: missing entity of type TASK with identifier project:\"flytesnacks\" domain:\"development\" \
         name:\"t\" version:\"1\""
    );
    assert!(done(fixture.client.list_tasks(&list("t"))).unwrap().tasks.is_empty());
}

#[test]
fn lists_are_filtered_sorted_and_paged() {
    let fixture = Fixture::new();
    for (name, version) in [("a", "1"), ("a", "2"), ("b", "1")] {
        done(fixture.client.create_task(&task(name, version))).unwrap();
    }
    let keys = |request: &ResourceListRequest| {
        let list = done(fixture.client.list_tasks(request)).unwrap();
        let ids = list.tasks.into_iter().filter_map(|task| task.id);
        (ids.map(|id| format!("{}:{}", id.name, id.version)).collect::<Vec<_>>().join(" "), list.token)
    };
    assert_eq!(keys(&list("")).0, "a:1 a:2 b:1");
    let newest = Sort { key: "created_at".into(), direction: 0 };
    let latest = ResourceListRequest { limit: 1, sort_by: Some(newest), ..list("a") };
    assert_eq!(keys(&latest), ("a:2".into(), "1".into()));
    assert_eq!(keys(&ResourceListRequest { token: "1".into(), ..latest }), ("a:1".into(), "2".into()));
    assert_eq!(keys(&ResourceListRequest { filters: "eq(version,1)".into(), ..list("") }).0, "a:1 b:1");

    let names = NamedEntityIdentifierListRequest {
        project: "flytesnacks".into(),
        domain: "development".into(),
        limit: 10,
        ..Default::default()
    };
    let entities = done(fixture.client.list_task_ids(&names)).unwrap().entities;
    assert_eq!(entities.iter().map(|id| id.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);

    assert_eq!(
        refused(fixture.client.list_tasks(&ResourceListRequest { token: "x".into(), ..list("") })),
        "INVALID_ARGUMENT: invalid pagination token x for ListTasks"
    );
    assert_eq!(
        refused(fixture.client.list_tasks(&ResourceListRequest { id: None, ..list("") })),
        "INVALID_ARGUMENT: missing id"
    );
    assert_eq!(
        refused(fixture.client.list_tasks(&ResourceListRequest { limit: 0, ..list("") })),
        "INVALID_ARGUMENT: invalid value for limit"
    );
}
