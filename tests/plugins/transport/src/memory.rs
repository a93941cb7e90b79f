//! A tiny FlyteAdmin that forgets everything when the process ends.

use std::sync::{Mutex, MutexGuard, PoisonError};

use plugin_abi::{
    Host, LogLevel,
    transport::{Answer, Call, Status, Transport},
};
use plugin_client::{
    proto::{admin, core, service::AdminService},
    server::{self, Code},
};

/// What it knows.
#[derive(Default)]
struct Known {
    tasks: Vec<admin::Task>,
    executions: Vec<admin::Execution>,
}

/// The server, and at the same time what carries the calls to it.
pub(crate) struct Memory {
    host: Host,
    known: Mutex<Known>,
}

impl Memory {
    /// A server that knows one task, `remembered`.
    pub(crate) fn new(host: Host) -> Self {
        let id = core::Identifier {
            resource_type: core::ResourceType::Task.into(),
            project: "flytesnacks".to_owned(),
            domain: "development".to_owned(),
            name: "remembered".to_owned(),
            version: "v1".to_owned(),
            ..core::Identifier::default()
        };
        let template = core::TaskTemplate {
            id: Some(id.clone()),
            r#type: "raw-container".to_owned(),
            interface: Some(core::TypedInterface::default()),
            ..core::TaskTemplate::default()
        };
        let known = Known { tasks: vec![task(Some(id), Some(template))], ..Known::default() };
        Self { host, known: Mutex::new(known) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn task(id: Option<core::Identifier>, template: Option<core::TaskTemplate>) -> admin::Task {
    let compiled_task = Some(core::CompiledTask { template });
    let closure = Some(admin::TaskClosure { compiled_task, ..admin::TaskClosure::default() });
    admin::Task { id, closure, ..admin::Task::default() }
}

impl Transport for Memory {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        for (key, value) in &call.metadata {
            self.host.log(LogLevel::Info, format_args!("{key}: {value}"));
        }
        plugin_client::answer(&call, self.answer_admin_service(call.path, call.message))
    }
}

fn missing(what: &str) -> server::Status {
    server::Status::new(Code::NotFound, format!("the plugin does not remember this {what}"))
}

impl AdminService for Memory {
    fn get_version(&self, _: admin::GetVersionRequest) -> Result<admin::GetVersionResponse, server::Status> {
        let version = admin::Version { version: "in-memory".to_owned(), ..admin::Version::default() };
        Ok(admin::GetVersionResponse { control_plane_version: Some(version) })
    }

    fn list_projects(&self, _: admin::ProjectListRequest) -> Result<admin::Projects, server::Status> {
        let domain = admin::Domain { id: "development".to_owned(), name: "development".to_owned() };
        let project = admin::Project {
            id: "flytesnacks".to_owned(),
            name: "of a plugin".to_owned(),
            domains: vec![domain],
            ..admin::Project::default()
        };
        Ok(admin::Projects { projects: vec![project], ..admin::Projects::default() })
    }

    fn create_task(
        &self,
        request: admin::TaskCreateRequest,
    ) -> Result<admin::TaskCreateResponse, server::Status> {
        let template = request.spec.and_then(|spec| spec.template);
        self.known().tasks.push(task(request.id, template));
        Ok(admin::TaskCreateResponse {})
    }

    fn get_task(&self, request: admin::ObjectGetRequest) -> Result<admin::Task, server::Status> {
        let found = self.known().tasks.iter().find(|task| task.id == request.id).cloned();
        found.ok_or_else(|| missing("task"))
    }

    fn list_tasks(&self, request: admin::ResourceListRequest) -> Result<admin::TaskList, server::Status> {
        let wanted = request.id.unwrap_or_default();
        let is_wanted = |task: &&admin::Task| {
            task.id.as_ref().is_some_and(|id| wanted.name.is_empty() || id.name == wanted.name)
        };
        let tasks = self.known().tasks.iter().filter(is_wanted).cloned().collect();
        Ok(admin::TaskList { tasks, ..admin::TaskList::default() })
    }

    fn create_execution(
        &self,
        request: admin::ExecutionCreateRequest,
    ) -> Result<admin::ExecutionCreateResponse, server::Status> {
        let id = Some(core::WorkflowExecutionIdentifier {
            project: request.project,
            domain: request.domain,
            name: request.name,
            ..core::WorkflowExecutionIdentifier::default()
        });
        let closure = admin::ExecutionClosure {
            phase: core::workflow_execution::Phase::Succeeded.into(),
            ..admin::ExecutionClosure::default()
        };
        let execution = admin::Execution { id: id.clone(), spec: request.spec, closure: Some(closure) };
        self.known().executions.push(execution);
        Ok(admin::ExecutionCreateResponse { id })
    }

    fn get_execution(
        &self,
        request: admin::WorkflowExecutionGetRequest,
    ) -> Result<admin::Execution, server::Status> {
        let found = self.known().executions.iter().find(|execution| execution.id == request.id).cloned();
        found.ok_or_else(|| missing("execution"))
    }

    fn list_executions(&self, _: admin::ResourceListRequest) -> Result<admin::ExecutionList, server::Status> {
        Ok(admin::ExecutionList { executions: self.known().executions.clone(), ..Default::default() })
    }

    fn list_node_executions(
        &self,
        _: admin::NodeExecutionListRequest,
    ) -> Result<admin::NodeExecutionList, server::Status> {
        Ok(admin::NodeExecutionList::default())
    }

    fn get_execution_data(
        &self,
        _: admin::WorkflowExecutionGetDataRequest,
    ) -> Result<admin::WorkflowExecutionGetDataResponse, server::Status> {
        Ok(admin::WorkflowExecutionGetDataResponse::default())
    }
}
