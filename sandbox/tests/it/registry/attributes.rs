//! Attributes: which of them hold in a scope, and what they change in executions.

use flyte_client::proto::{
    admin::{
        ExecutionCreateRequest, ExecutionSpec, MatchableResource, MatchingAttributes, PluginOverride,
        PluginOverrides, ProjectAttributes, ProjectAttributesGetRequest, ProjectAttributesUpdateRequest,
        ProjectDomainAttributes, ProjectDomainAttributesGetRequest, ProjectDomainAttributesUpdateRequest,
        WorkflowAttributes, WorkflowAttributesGetRequest, WorkflowAttributesUpdateRequest,
        WorkflowExecutionConfig, WorkflowExecutionGetRequest, matching_attributes::Target,
    },
    core::ResourceType,
};

use super::{
    Fixture, done, id,
    launch_plans::{fixed, fixture, number, plan},
};

fn parallelism(max_parallelism: i32) -> Option<MatchingAttributes> {
    let config = WorkflowExecutionConfig { max_parallelism, ..Default::default() };
    Some(MatchingAttributes { target: Some(Target::WorkflowExecutionConfig(config)) })
}

fn of_project(fixture: &Fixture, matching_attributes: Option<MatchingAttributes>) {
    let attributes =
        ProjectAttributes { project: "flytesnacks".into(), matching_attributes, ..Default::default() };
    let request = ProjectAttributesUpdateRequest { attributes: Some(attributes) };
    done(fixture.client.update_project_attributes(&request)).unwrap();
}

fn of_domain(fixture: &Fixture, matching_attributes: Option<MatchingAttributes>) {
    let attributes = ProjectDomainAttributes {
        project: "flytesnacks".into(),
        domain: "development".into(),
        matching_attributes,
        ..Default::default()
    };
    let request = ProjectDomainAttributesUpdateRequest { attributes: Some(attributes) };
    done(fixture.client.update_project_domain_attributes(&request)).unwrap();
}

fn of_workflow(fixture: &Fixture, matching_attributes: Option<MatchingAttributes>) {
    let attributes = WorkflowAttributes {
        project: "flytesnacks".into(),
        domain: "development".into(),
        workflow: "w".into(),
        matching_attributes,
        ..Default::default()
    };
    let request = WorkflowAttributesUpdateRequest { attributes: Some(attributes) };
    done(fixture.client.update_workflow_attributes(&request)).unwrap();
}

/// The parallelism of a new execution of the launch plan `p`, of the workflow `w`.
fn launched_parallelism(fixture: &Fixture, name: &str, spec: ExecutionSpec) -> i32 {
    let request = ExecutionCreateRequest {
        project: "flytesnacks".into(),
        domain: "development".into(),
        name: name.into(),
        spec: Some(ExecutionSpec { launch_plan: Some(id(ResourceType::LaunchPlan, "p", "1")), ..spec }),
        inputs: fixed("x", number(1)),
        ..Default::default()
    };
    let id = done(fixture.client.create_execution(&request)).unwrap().id;
    let execution = done(fixture.client.get_execution(&WorkflowExecutionGetRequest { id })).unwrap();
    execution.spec.unwrap().max_parallelism
}

#[test]
fn executions_take_the_narrowest_setting() {
    let fixture = fixture();
    done(fixture.client.create_launch_plan(&plan("1"))).unwrap();
    assert_eq!(launched_parallelism(&fixture, "a", ExecutionSpec::default()), 25);
    of_project(&fixture, parallelism(2));
    assert_eq!(launched_parallelism(&fixture, "b", ExecutionSpec::default()), 2);
    of_domain(&fixture, parallelism(3));
    assert_eq!(launched_parallelism(&fixture, "c", ExecutionSpec::default()), 3);
    of_workflow(&fixture, parallelism(4));
    assert_eq!(launched_parallelism(&fixture, "d", ExecutionSpec::default()), 4);
    // What narrower attributes leave open, the project decides.
    of_workflow(&fixture, parallelism(0));
    assert_eq!(launched_parallelism(&fixture, "e", ExecutionSpec::default()), 2);
    let own = ExecutionSpec { max_parallelism: 9, ..Default::default() };
    assert_eq!(launched_parallelism(&fixture, "f", own), 9);
}

#[test]
fn a_project_shows_its_settings_with_the_defaults() {
    let fixture = Fixture::new();
    let get = || {
        let request = ProjectAttributesGetRequest {
            project: "flytesnacks".into(),
            resource_type: MatchableResource::WorkflowExecutionConfig.into(),
            ..Default::default()
        };
        let attributes = done(fixture.client.get_project_attributes(&request)).unwrap().attributes;
        match attributes.unwrap().matching_attributes.unwrap().target {
            Some(Target::WorkflowExecutionConfig(config)) => (config.max_parallelism, config.interruptible),
            other => panic!("not settings of executions: {other:?}"),
        }
    };
    assert_eq!(get(), (25, None));
    let config = WorkflowExecutionConfig { interruptible: Some(true), ..Default::default() };
    of_project(&fixture, Some(MatchingAttributes { target: Some(Target::WorkflowExecutionConfig(config)) }));
    assert_eq!(get(), (25, Some(true)));
}

#[test]
fn a_workflow_has_the_attributes_of_its_domain_unless_it_has_its_own() {
    let fixture = Fixture::new();
    let get = || {
        let request = WorkflowAttributesGetRequest {
            project: "flytesnacks".into(),
            domain: "development".into(),
            workflow: "w".into(),
            resource_type: MatchableResource::WorkflowExecutionConfig.into(),
            ..Default::default()
        };
        let attributes = done(fixture.client.get_workflow_attributes(&request)).unwrap().attributes.unwrap();
        (attributes.workflow, attributes.matching_attributes)
    };
    of_domain(&fixture, parallelism(3));
    assert_eq!(get(), (String::new(), parallelism(3)));
    of_workflow(&fixture, parallelism(4));
    assert_eq!(get(), ("w".to_owned(), parallelism(4)));
}

#[test]
fn overrides_of_plugins_are_merged_by_task_type() {
    let fixture = Fixture::new();
    let overrides = |types: &[(&str, &str)]| {
        let one = |(task_type, plugin): &(&str, &str)| PluginOverride {
            task_type: (*task_type).to_owned(),
            plugin_id: vec![(*plugin).to_owned()],
            ..Default::default()
        };
        let overrides = PluginOverrides { overrides: types.iter().map(one).collect() };
        Some(MatchingAttributes { target: Some(Target::PluginOverrides(overrides)) })
    };
    of_domain(&fixture, overrides(&[("python", "a"), ("spark", "b")]));
    of_domain(&fixture, overrides(&[("spark", "c"), ("dask", "d")]));
    let request = ProjectDomainAttributesGetRequest {
        project: "flytesnacks".into(),
        domain: "development".into(),
        resource_type: MatchableResource::PluginOverride.into(),
        ..Default::default()
    };
    let attributes =
        done(fixture.client.get_project_domain_attributes(&request)).unwrap().attributes.unwrap();
    assert_eq!(attributes.matching_attributes, overrides(&[("python", "a"), ("spark", "c"), ("dask", "d")]));
}
