//! FlyteAdmin's services over the store: one file for each kind of entity.
//!
//! The tables below map methods to functions; other methods answer UNIMPLEMENTED.

mod attributes;
mod data_proxy;
mod description;
mod difference;
mod event;
pub(crate) mod execution;
pub(crate) mod labels;
pub(crate) mod launch_plan;
pub(crate) mod named_entity;
pub(crate) mod node_execution;
mod notifications;
pub(crate) mod project;
mod resources;
mod signal;
pub(crate) mod task;
pub(crate) mod task_execution;
mod trim_error;
pub(crate) mod workflow;

use flyte_client::{
    proto::{
        admin,
        service::{self as data, AdminService, DataProxyService, SignalService},
    },
    transport::{Call, CallResponse, Reply, Status, Transport},
};

use crate::{Sandbox, service_error::ServiceError};

impl Sandbox {
    /// Answers a call like FlyteAdmin.
    ///
    /// # Errors
    ///
    /// The status for the client.
    pub fn answer(&self, path: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
        self.answer_admin_service(path, message)
            .or_else(|| self.answer_data_proxy_service(path, message))
            .or_else(|| self.answer_signal_service(path, message))
            .unwrap_or_else(|| Err(unknown(path)))
    }
}

impl Transport for Sandbox {
    fn call(&self, call: Call) -> Reply<'_> {
        let answer = self.answer(&call.path, &call.message);
        Box::pin(std::future::ready(
            answer.map(|message| CallResponse { metadata: Vec::new(), message: message.into() }),
        ))
    }
}

/// The status of an unknown service or method.
fn unknown(path: &str) -> Status {
    const SERVICES: [&str; 3] = [
        "flyteidl.service.AdminService",
        "flyteidl.service.DataProxyService",
        "flyteidl.service.SignalService",
    ];
    let message = match path.trim_start_matches('/').rsplit_once('/') {
        Some((service, method)) if SERVICES.contains(&service) => {
            format!("unknown method {method} for service {service}")
        }
        Some((service, _)) => format!("unknown service {service}"),
        None => format!("malformed method name: {path:?}"),
    };
    Status::new(flyte_client::Code::Unimplemented, message)
}

fn get_version(_: &Sandbox, _: admin::GetVersionRequest) -> Result<admin::GetVersionResponse, ServiceError> {
    // Clients expect the `v` of Flyte's versions.
    let version = concat!("v", env!("CARGO_PKG_VERSION")).to_owned();
    let version = admin::Version { version, ..Default::default() };
    Ok(admin::GetVersionResponse { control_plane_version: Some(version) })
}

/// One method a line: name, request, response, the function that answers.
macro_rules! methods {
    ($($method:ident: $request:path => $response:path, $function:path;)*) => {
        $(fn $method(&self, request: $request) -> Result<$response, Status> {
            Ok($function(self, request)?)
        })*
    };
}

impl AdminService for Sandbox {
    methods! {
        get_version: admin::GetVersionRequest => admin::GetVersionResponse, get_version;

        register_project: admin::ProjectRegisterRequest => admin::ProjectRegisterResponse, project::register;
        update_project: admin::Project => admin::ProjectUpdateResponse, project::update;
        get_project: admin::ProjectGetRequest => admin::Project, project::get;
        list_projects: admin::ProjectListRequest => admin::Projects, project::list;
        get_domains: admin::GetDomainRequest => admin::GetDomainsResponse, project::domains;

        update_project_attributes: admin::ProjectAttributesUpdateRequest => admin::ProjectAttributesUpdateResponse, attributes::update_project;
        get_project_attributes: admin::ProjectAttributesGetRequest => admin::ProjectAttributesGetResponse, attributes::get_project;
        delete_project_attributes: admin::ProjectAttributesDeleteRequest => admin::ProjectAttributesDeleteResponse, attributes::delete_project;
        update_project_domain_attributes: admin::ProjectDomainAttributesUpdateRequest => admin::ProjectDomainAttributesUpdateResponse, attributes::update_project_domain;
        get_project_domain_attributes: admin::ProjectDomainAttributesGetRequest => admin::ProjectDomainAttributesGetResponse, attributes::get_project_domain;
        delete_project_domain_attributes: admin::ProjectDomainAttributesDeleteRequest => admin::ProjectDomainAttributesDeleteResponse, attributes::delete_project_domain;
        update_workflow_attributes: admin::WorkflowAttributesUpdateRequest => admin::WorkflowAttributesUpdateResponse, attributes::update_workflow;
        get_workflow_attributes: admin::WorkflowAttributesGetRequest => admin::WorkflowAttributesGetResponse, attributes::get_workflow;
        delete_workflow_attributes: admin::WorkflowAttributesDeleteRequest => admin::WorkflowAttributesDeleteResponse, attributes::delete_workflow;
        list_matchable_attributes: admin::ListMatchableAttributesRequest => admin::ListMatchableAttributesResponse, attributes::list;

        create_task: admin::TaskCreateRequest => admin::TaskCreateResponse, task::create;
        get_task: admin::ObjectGetRequest => admin::Task, task::get;
        list_tasks: admin::ResourceListRequest => admin::TaskList, task::list;
        list_task_ids: admin::NamedEntityIdentifierListRequest => admin::NamedEntityIdentifierList, task::ids;

        create_workflow: admin::WorkflowCreateRequest => admin::WorkflowCreateResponse, workflow::create;
        get_workflow: admin::ObjectGetRequest => admin::Workflow, workflow::get;
        list_workflows: admin::ResourceListRequest => admin::WorkflowList, workflow::list;
        list_workflow_ids: admin::NamedEntityIdentifierListRequest => admin::NamedEntityIdentifierList, workflow::ids;

        create_launch_plan: admin::LaunchPlanCreateRequest => admin::LaunchPlanCreateResponse, launch_plan::create;
        update_launch_plan: admin::LaunchPlanUpdateRequest => admin::LaunchPlanUpdateResponse, launch_plan::update;
        get_launch_plan: admin::ObjectGetRequest => admin::LaunchPlan, launch_plan::get;
        get_active_launch_plan: admin::ActiveLaunchPlanRequest => admin::LaunchPlan, launch_plan::active;
        list_launch_plans: admin::ResourceListRequest => admin::LaunchPlanList, launch_plan::list;
        list_active_launch_plans: admin::ActiveLaunchPlanListRequest => admin::LaunchPlanList, launch_plan::list_active;
        list_launch_plan_ids: admin::NamedEntityIdentifierListRequest => admin::NamedEntityIdentifierList, launch_plan::ids;

        get_named_entity: admin::NamedEntityGetRequest => admin::NamedEntity, named_entity::get;
        update_named_entity: admin::NamedEntityUpdateRequest => admin::NamedEntityUpdateResponse, named_entity::update;
        list_named_entities: admin::NamedEntityListRequest => admin::NamedEntityList, named_entity::list;

        get_description_entity: admin::ObjectGetRequest => admin::DescriptionEntity, description::get;
        list_description_entities: admin::DescriptionEntityListRequest => admin::DescriptionEntityList, description::list;

        create_execution: admin::ExecutionCreateRequest => admin::ExecutionCreateResponse, execution::create;
        relaunch_execution: admin::ExecutionRelaunchRequest => admin::ExecutionCreateResponse, execution::relaunch;
        recover_execution: admin::ExecutionRecoverRequest => admin::ExecutionCreateResponse, execution::recover;
        get_execution: admin::WorkflowExecutionGetRequest => admin::Execution, execution::get;
        get_execution_data: admin::WorkflowExecutionGetDataRequest => admin::WorkflowExecutionGetDataResponse, execution::data;
        get_execution_metrics: admin::WorkflowExecutionGetMetricsRequest => admin::WorkflowExecutionGetMetricsResponse, execution::metrics;
        list_executions: admin::ResourceListRequest => admin::ExecutionList, execution::list;
        update_execution: admin::ExecutionUpdateRequest => admin::ExecutionUpdateResponse, execution::update;
        terminate_execution: admin::ExecutionTerminateRequest => admin::ExecutionTerminateResponse, execution::terminate;

        get_node_execution: admin::NodeExecutionGetRequest => admin::NodeExecution, node_execution::get;
        get_node_execution_data: admin::NodeExecutionGetDataRequest => admin::NodeExecutionGetDataResponse, node_execution::data;
        list_node_executions: admin::NodeExecutionListRequest => admin::NodeExecutionList, node_execution::list;
        list_node_executions_for_task: admin::NodeExecutionForTaskListRequest => admin::NodeExecutionList, task_execution::list_nodes;

        get_dynamic_node_workflow: admin::GetDynamicNodeWorkflowRequest => admin::DynamicNodeWorkflowResponse, node_execution::dynamic_workflow;

        create_workflow_event: admin::WorkflowExecutionEventRequest => admin::WorkflowExecutionEventResponse, event::create_workflow_event;
        create_node_event: admin::NodeExecutionEventRequest => admin::NodeExecutionEventResponse, event::create_node_event;
        create_task_event: admin::TaskExecutionEventRequest => admin::TaskExecutionEventResponse, event::create_task_event;

        get_task_execution: admin::TaskExecutionGetRequest => admin::TaskExecution, task_execution::get;
        get_task_execution_data: admin::TaskExecutionGetDataRequest => admin::TaskExecutionGetDataResponse, task_execution::data;
        list_task_executions: admin::TaskExecutionListRequest => admin::TaskExecutionList, task_execution::list;
    }
}

impl DataProxyService for Sandbox {
    methods! {
        create_upload_location: data::CreateUploadLocationRequest => data::CreateUploadLocationResponse, data_proxy::create_upload_location;
        create_download_location: data::CreateDownloadLocationRequest => data::CreateDownloadLocationResponse, data_proxy::create_download_location;
        create_download_link: data::CreateDownloadLinkRequest => data::CreateDownloadLinkResponse, data_proxy::create_download_link;
        get_data: data::GetDataRequest => data::GetDataResponse, data_proxy::get_data;
    }
}

impl SignalService for Sandbox {
    methods! {
        get_or_create_signal: admin::SignalGetOrCreateRequest => admin::Signal, signal::get_or_create;
        list_signals: admin::SignalListRequest => admin::SignalList, signal::list;
        set_signal: admin::SignalSetRequest => admin::SignalSetResponse, signal::set;
    }
}
