//! Projects and domains.

use flyte_client::proto::admin::{
    Domain, GetDomainRequest, InactiveProject, Labels, Project, ProjectGetRequest, ProjectListRequest,
    ProjectRegisterRequest, Sort, project::ProjectState, sort::Direction,
};

use super::{Fixture, done, refused, shown, task};

fn project(id: &str) -> Project {
    Project { id: id.into(), name: id.to_uppercase(), ..Default::default() }
}

fn register(project: Project) -> ProjectRegisterRequest {
    ProjectRegisterRequest { project: Some(project) }
}

fn ids(fixture: &Fixture, request: &ProjectListRequest) -> Vec<String> {
    let list = done(fixture.client.list_projects(request)).unwrap();
    list.projects.into_iter().map(|project| project.id).collect()
}

#[test]
fn a_new_sandbox_has_flytes_defaults() {
    let fixture = Fixture::new();
    let list = done(fixture.client.list_projects(&ProjectListRequest::default())).unwrap();
    let [project] = list.projects.as_slice() else { panic!("{list:?}") };
    assert_eq!((project.id.as_str(), project.state()), ("flytesnacks", ProjectState::Active));
    let domain = |id: &str| Domain { id: id.into(), name: id.into() };
    let domains = vec![domain("development"), domain("staging"), domain("production")];
    assert_eq!(project.domains, domains);
    assert_eq!(done(fixture.client.get_domains(&GetDomainRequest::default())).unwrap().domains, domains);
}

#[test]
fn a_project_is_returned_as_registered_and_updated() {
    let fixture = Fixture::new();
    let label = |value: &str| Some(Labels { values: [("team".to_owned(), value.to_owned())].into() });
    let new = Project { description: "ours".into(), labels: label("a"), ..project("mine") };
    done(fixture.client.register_project(&register(new.clone()))).unwrap();
    let get = || {
        done(fixture.client.get_project(&ProjectGetRequest { id: "mine".into(), ..Default::default() }))
            .unwrap()
    };
    assert_eq!(Project { domains: vec![], ..get() }, new);

    // Empty texts and absent labels keep the stored values.
    let archived = ProjectState::Archived.into();
    done(fixture.client.update_project(&Project {
        id: "mine".into(),
        state: archived,
        ..Default::default()
    }))
    .unwrap();
    assert_eq!(Project { domains: vec![], ..get() }, Project { state: archived, ..new.clone() });

    // The state is always written.
    done(fixture.client.update_project(&Project {
        id: "mine".into(),
        labels: label("b"),
        ..Default::default()
    }))
    .unwrap();
    assert_eq!(Project { domains: vec![], ..get() }, Project { labels: label("b"), ..new });
}

#[test]
fn archived_projects_are_listed_when_a_filter_asks() {
    let fixture = Fixture::new();
    for id in ["b", "a"] {
        done(fixture.client.register_project(&register(project(id)))).unwrap();
    }
    let archived = Project { state: ProjectState::Archived.into(), ..project("b") };
    done(fixture.client.update_project(&archived)).unwrap();
    assert_eq!(ids(&fixture, &ProjectListRequest::default()), ["a", "flytesnacks"]);
    let filtered = |filters: &str| ProjectListRequest { filters: filters.into(), ..Default::default() };
    assert_eq!(ids(&fixture, &filtered("eq(state,1)")), ["b"]);
    assert_eq!(ids(&fixture, &filtered("value_in(project.identifier,a;b)")), ["a", "b"]);
    let sort = Sort { key: "identifier".into(), direction: Direction::Descending.into() };
    assert_eq!(
        ids(&fixture, &ProjectListRequest { sort_by: Some(sort), ..Default::default() }),
        ["flytesnacks", "a"]
    );
    let first = ProjectListRequest { limit: 1, ..Default::default() };
    assert_eq!(ids(&fixture, &first), ["a"]);
    assert_eq!(done(fixture.client.list_projects(&first)).unwrap().token, "1");
}

#[test]
fn invalid_projects_are_rejected() {
    let fixture = Fixture::new();
    let refusal = |project: Project| refused(fixture.client.register_project(&register(project)));
    assert_eq!(
        refused(fixture.client.register_project(&ProjectRegisterRequest::default())),
        "INVALID_ARGUMENT: missing project"
    );
    assert_eq!(
        refusal(Project { name: String::new(), ..project("a") }),
        "INVALID_ARGUMENT: missing project_name"
    );
    assert_eq!(
        refusal(Project { id: String::new(), ..project("a") }),
        "INVALID_ARGUMENT: missing project_id"
    );
    assert_eq!(
        refusal(project("No_Label")),
        "INVALID_ARGUMENT: invalid project id [No_Label]: [a lowercase RFC 1123 label must consist of lower case \
         alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or \
         '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')]"
    );
    assert_eq!(
        refusal(Project { name: "x".repeat(65), ..project("a") }),
        "INVALID_ARGUMENT: project_name cannot exceed 64 characters"
    );
    assert_eq!(
        refusal(Project { description: "x".repeat(301), ..project("a") }),
        "INVALID_ARGUMENT: project_description cannot exceed 300 characters"
    );
    assert_eq!(
        refusal(Project { domains: vec![Domain::default()], ..project("a") }),
        "INVALID_ARGUMENT: Domains are currently only set system wide. Please retry without domains included in your \
         request."
    );
    let labels = |count: usize, value: &str| {
        Some(Labels { values: (0..count).map(|index| (format!("l{index}"), value.to_owned())).collect() })
    };
    assert_eq!(
        refusal(Project { labels: labels(17, "x"), ..project("a") }),
        "INVALID_ARGUMENT: labels map cannot exceed 16 entries"
    );
    assert_eq!(
        refusal(Project { labels: labels(1, "no blanks"), ..project("a") }),
        "INVALID_ARGUMENT: invalid label value [no blanks]: [a valid label must be an empty string or consist of \
         alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
         'MyValue',  or 'my_value',  or '12345', regex used for validation is \
         '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')]"
    );
    assert_eq!(
        refusal(project("flytesnacks")),
        "ALREADY_EXISTS: value with matching already exists (duplicate key value violates unique \
         constraint \"projects_pkey\")"
    );
}

#[test]
fn unknown_projects_are_not_found() {
    let fixture = Fixture::new();
    let missing = ProjectGetRequest { id: "missing".into(), ..Default::default() };
    assert_eq!(refused(fixture.client.get_project(&missing)), "NOT_FOUND: project [missing] not found");
    assert_eq!(
        refused(fixture.client.update_project(&project("missing"))),
        "NOT_FOUND: project [missing] not found"
    );
}

#[test]
fn nothing_is_registered_in_a_project_that_is_not_there_or_not_active() {
    let fixture = Fixture::new();
    let mut request = task("t", "1");
    let id = request.id.as_mut().unwrap();
    id.project = "missing".into();
    assert_eq!(
        refused(fixture.client.create_task(&request)),
        "INVALID_ARGUMENT: failed to validate that project [missing] and domain [development] are registered, err: \
         [project [missing] not found]"
    );
    let id = request.id.as_mut().unwrap();
    (id.project, id.domain) = ("flytesnacks".into(), "moon".into());
    assert_eq!(
        refused(fixture.client.create_task(&request)),
        "INVALID_ARGUMENT: domain [moon] is unrecognized by system"
    );
    let archived = Project { state: ProjectState::Archived.into(), ..project("flytesnacks") };
    done(fixture.client.update_project(&archived)).unwrap();
    let status = done(fixture.client.create_task(&request)).unwrap_err();
    assert_eq!(shown(&status), "INVALID_ARGUMENT: project [flytesnacks] is not active");
    assert_eq!(status.detail::<InactiveProject>().unwrap().id, "flytesnacks");
}
