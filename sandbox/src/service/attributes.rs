//! Attributes of projects, their domains and workflows: settings that executions take over
//! (`WORKFLOW_EXECUTION_CONFIG`), and settings of clusters, which are stored only.

use flyte_client::{
    Code, Status,
    proto::admin::{
        self, MatchableAttributesConfiguration, MatchableResource, MatchingAttributes, PluginOverrides,
        ProjectAttributes, ProjectDomainAttributes, WorkflowAttributes, WorkflowExecutionConfig,
        matching_attributes::Target,
    },
};
use rusqlite::Connection;

use super::{execution::config, project};
use crate::{
    Sandbox,
    service_error::{ServiceError, filled, invalid, required},
    store::attributes::{self as table, AttributeScope, StoredAttributes},
};

pub(crate) fn update_project(
    sandbox: &Sandbox,
    request: admin::ProjectAttributesUpdateRequest,
) -> Result<admin::ProjectAttributesUpdateResponse, ServiceError> {
    let ProjectAttributes { project, matching_attributes, .. } = required(request.attributes, "attributes")?;
    update(sandbox, &AttributeScope { project, ..AttributeScope::default() }, matching_attributes)?;
    Ok(admin::ProjectAttributesUpdateResponse {})
}

/// The project's own attributes, with the defaults of executions.
pub(crate) fn get_project(
    sandbox: &Sandbox,
    request: admin::ProjectAttributesGetRequest,
) -> Result<admin::ProjectAttributesGetResponse, ServiceError> {
    let scope = AttributeScope { project: request.project, ..AttributeScope::default() };
    let found = sandbox.store.read(|connection| {
        project::check_exists(connection, &scope.project)?;
        Ok::<_, ServiceError>(table::find(connection, &scope, request.resource_type)?)
    })?;
    let attributes = match found {
        Some(stored) => with_defaults(stored.attributes),
        None if request.resource_type == i32::from(MatchableResource::WorkflowExecutionConfig) => {
            execution_config(config::defaults())
        }
        None => return Err(unknown(&scope, request.resource_type)),
    };
    Ok(admin::ProjectAttributesGetResponse {
        attributes: Some(ProjectAttributes {
            project: scope.project,
            matching_attributes: Some(attributes),
            ..ProjectAttributes::default()
        }),
    })
}

pub(crate) fn delete_project(
    sandbox: &Sandbox,
    request: admin::ProjectAttributesDeleteRequest,
) -> Result<admin::ProjectAttributesDeleteResponse, ServiceError> {
    let scope = AttributeScope { project: request.project, ..AttributeScope::default() };
    delete(sandbox, &scope, request.resource_type)?;
    Ok(admin::ProjectAttributesDeleteResponse {})
}

pub(crate) fn update_project_domain(
    sandbox: &Sandbox,
    request: admin::ProjectDomainAttributesUpdateRequest,
) -> Result<admin::ProjectDomainAttributesUpdateResponse, ServiceError> {
    let attributes = required(request.attributes, "attributes")?;
    let scope = domain_scope(attributes.project, attributes.domain);
    update(sandbox, &scope, attributes.matching_attributes)?;
    Ok(admin::ProjectDomainAttributesUpdateResponse {})
}

pub(crate) fn get_project_domain(
    sandbox: &Sandbox,
    request: admin::ProjectDomainAttributesGetRequest,
) -> Result<admin::ProjectDomainAttributesGetResponse, ServiceError> {
    let scope = domain_scope(request.project, request.domain);
    let StoredAttributes { scope, attributes } = effective(sandbox, &scope, request.resource_type)?;
    Ok(admin::ProjectDomainAttributesGetResponse {
        attributes: Some(ProjectDomainAttributes {
            project: scope.project,
            domain: scope.domain,
            matching_attributes: Some(attributes),
            ..ProjectDomainAttributes::default()
        }),
    })
}

pub(crate) fn delete_project_domain(
    sandbox: &Sandbox,
    request: admin::ProjectDomainAttributesDeleteRequest,
) -> Result<admin::ProjectDomainAttributesDeleteResponse, ServiceError> {
    delete(sandbox, &domain_scope(request.project, request.domain), request.resource_type)?;
    Ok(admin::ProjectDomainAttributesDeleteResponse {})
}

pub(crate) fn update_workflow(
    sandbox: &Sandbox,
    request: admin::WorkflowAttributesUpdateRequest,
) -> Result<admin::WorkflowAttributesUpdateResponse, ServiceError> {
    let WorkflowAttributes { project, domain, workflow, matching_attributes, .. } =
        required(request.attributes, "attributes")?;
    let scope = workflow_scope(sandbox, project, domain, workflow)?;
    update(sandbox, &scope, matching_attributes)?;
    Ok(admin::WorkflowAttributesUpdateResponse {})
}

pub(crate) fn get_workflow(
    sandbox: &Sandbox,
    request: admin::WorkflowAttributesGetRequest,
) -> Result<admin::WorkflowAttributesGetResponse, ServiceError> {
    let scope = workflow_scope(sandbox, request.project, request.domain, request.workflow)?;
    let StoredAttributes { scope, attributes } = effective(sandbox, &scope, request.resource_type)?;
    Ok(admin::WorkflowAttributesGetResponse {
        attributes: Some(WorkflowAttributes {
            project: scope.project,
            domain: scope.domain,
            workflow: scope.workflow,
            matching_attributes: Some(attributes),
            ..WorkflowAttributes::default()
        }),
    })
}

pub(crate) fn delete_workflow(
    sandbox: &Sandbox,
    request: admin::WorkflowAttributesDeleteRequest,
) -> Result<admin::WorkflowAttributesDeleteResponse, ServiceError> {
    let scope = workflow_scope(sandbox, request.project, request.domain, request.workflow)?;
    delete(sandbox, &scope, request.resource_type)?;
    Ok(admin::WorkflowAttributesDeleteResponse {})
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::ListMatchableAttributesRequest,
) -> Result<admin::ListMatchableAttributesResponse, ServiceError> {
    if MatchableResource::try_from(request.resource_type).is_err() {
        return Err(invalid("invalid value for resource_type"));
    }
    let stored = sandbox.store.read(|connection| table::list(connection, request.resource_type))?;
    let configurations = stored.into_iter().map(|stored| MatchableAttributesConfiguration {
        attributes: Some(stored.attributes),
        domain: stored.scope.domain,
        project: stored.scope.project,
        workflow: stored.scope.workflow,
        ..MatchableAttributesConfiguration::default()
    });
    Ok(admin::ListMatchableAttributesResponse { configurations: configurations.collect() })
}

fn domain_scope(project: String, domain: String) -> AttributeScope {
    AttributeScope { project, domain, workflow: String::new() }
}

/// The scope of a workflow, which has a name. FlyteAdmin checks project and domain first.
fn workflow_scope(
    sandbox: &Sandbox,
    project: String,
    domain: String,
    workflow: String,
) -> Result<AttributeScope, ServiceError> {
    sandbox.store.read(|connection| project::check_active(connection, &project, &domain))?;
    filled(&workflow, "name")?;
    Ok(AttributeScope { project, domain, workflow })
}

/// Checks that a scope's project, and its domain if it has one, take attributes.
fn check(connection: &Connection, scope: &AttributeScope, is_project: bool) -> Result<(), ServiceError> {
    if is_project {
        project::check_changeable(connection, &scope.project)
    } else {
        project::check_active(connection, &scope.project, &scope.domain)
    }
}

fn update(
    sandbox: &Sandbox,
    scope: &AttributeScope,
    attributes: Option<MatchingAttributes>,
) -> Result<(), ServiceError> {
    sandbox.store.write(|transaction| {
        check(transaction, scope, scope.domain.is_empty())?;
        let attributes = required(attributes, "matching_attributes")?;
        let resource_type = i32::from(resource_type(&attributes).ok_or_else(|| unrecognized(scope))?);
        let attributes = match (attributes.target, table::find(transaction, scope, resource_type)?) {
            (Some(Target::PluginOverrides(new)), Some(old)) => merged_overrides(old.attributes, new),
            (target, _) => MatchingAttributes { target },
        };
        Ok::<_, ServiceError>(table::save(transaction, scope, resource_type, &attributes)?)
    })
}

fn effective(
    sandbox: &Sandbox,
    scope: &AttributeScope,
    resource_type: i32,
) -> Result<StoredAttributes, ServiceError> {
    let found = sandbox.store.read(|connection| {
        project::check_active(connection, &scope.project, &scope.domain)?;
        Ok::<_, ServiceError>(table::effective(connection, scope, resource_type)?)
    })?;
    found.ok_or_else(|| unknown(scope, resource_type))
}

fn delete(sandbox: &Sandbox, scope: &AttributeScope, resource_type: i32) -> Result<(), ServiceError> {
    sandbox.store.write(|transaction| {
        check(transaction, scope, scope.domain.is_empty())?;
        Ok::<_, ServiceError>(table::delete(transaction, scope, resource_type)?)
    })
}

/// The type of attributes; FlyteAdmin takes no `quality_of_service`.
fn resource_type(attributes: &MatchingAttributes) -> Option<MatchableResource> {
    Some(match attributes.target.as_ref()? {
        Target::TaskResourceAttributes(_) => MatchableResource::TaskResource,
        Target::ClusterResourceAttributes(_) => MatchableResource::ClusterResource,
        Target::ExecutionQueueAttributes(_) => MatchableResource::ExecutionQueue,
        Target::ExecutionClusterLabel(_) => MatchableResource::ExecutionClusterLabel,
        Target::QualityOfService(_) => return None,
        Target::PluginOverrides(_) => MatchableResource::PluginOverride,
        Target::WorkflowExecutionConfig(_) => MatchableResource::WorkflowExecutionConfig,
        Target::ClusterAssignment(_) => MatchableResource::ClusterAssignment,
    })
}

/// The stored overrides, each replaced by a new one for the same task type.
fn merged_overrides(old: MatchingAttributes, new: PluginOverrides) -> MatchingAttributes {
    let old = match old.target {
        Some(Target::PluginOverrides(old)) => old.overrides,
        _ => Vec::new(),
    };
    let is_kept = |task_type: &str| new.overrides.iter().all(|new| new.task_type != task_type);
    let mut overrides: Vec<_> = old.into_iter().filter(|old| is_kept(&old.task_type)).collect();
    overrides.extend(new.overrides);
    MatchingAttributes { target: Some(Target::PluginOverrides(PluginOverrides { overrides })) }
}

fn with_defaults(attributes: MatchingAttributes) -> MatchingAttributes {
    match attributes.target {
        Some(Target::WorkflowExecutionConfig(own)) => {
            execution_config(config::merged([own, config::defaults()]))
        }
        target => MatchingAttributes { target },
    }
}

fn execution_config(config: WorkflowExecutionConfig) -> MatchingAttributes {
    MatchingAttributes { target: Some(Target::WorkflowExecutionConfig(config)) }
}

fn unrecognized(scope: &AttributeScope) -> ServiceError {
    let names = [&scope.project, &scope.domain, &scope.workflow];
    let names: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).map(String::as_str).collect();
    invalid(format!("Unrecognized matching attributes type for request {}", names.join("-")))
}

/// NOT_FOUND, as Go prints the key.
fn unknown(scope: &AttributeScope, resource_type: i32) -> ServiceError {
    let AttributeScope { project, domain, workflow } = scope;
    let resource_type = MatchableResource::try_from(resource_type)
        .map_or_else(|_| resource_type.to_string(), |known| known.as_str_name().to_owned());
    let text = format!(
        "Resource [{{Project:{project} Domain:{domain} Workflow:{workflow} LaunchPlan: \
         ResourceType:{resource_type}}}] not found"
    );
    Status::new(Code::NotFound, text).into()
}
