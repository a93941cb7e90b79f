//! Whether a call whose answer was lost was done after all: what it makes has a name, and is looked up by it.
//!
//! Something of that name is the call's own only if it is what the call asked for. FlyteAdmin stores the
//! inputs of a CreateExecution before it looks whether the name is taken, so that sending one again may
//! overwrite the inputs of another execution: hence the look comes before each repetition, and not after it.

use bytes::Bytes;
use prost::Message;

use super::{Client, ClientError, error::method_name};
use crate::{
    proto::{
        admin::{
            EventFailureReason, Execution, ExecutionCreateRequest, ExecutionCreateResponse,
            ExecutionRecoverRequest, ExecutionRelaunchRequest, Project, ProjectListRequest,
            ProjectRegisterRequest, ProjectRegisterResponse, WorkflowExecutionGetDataRequest,
            WorkflowExecutionGetDataResponse, WorkflowExecutionGetRequest, event_failure_reason::Reason,
            execution_metadata::ExecutionMode,
        },
        core::{Identifier, LiteralMap, WorkflowExecutionIdentifier},
    },
    transport::{Call, Code, Status},
};

/// What a call makes under a name of the caller's choice.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// An execution of a launch plan or a task, with inputs.
    Execution(Box<ExecutionCreateRequest>),
    /// An execution that refers to another: what it is called, the other one, and how it refers to it.
    Again { id: WorkflowExecutionIdentifier, of: WorkflowExecutionIdentifier, mode: ExecutionMode },
    /// A project.
    Project(Box<Project>),
}

/// What was found under the name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Something else.
    Another,
    /// Nothing.
    Nothing,
    /// What the call asked for, and the answer that was lost.
    Ours(Bytes),
}

impl Wanted {
    /// Reads a request; `None` without a name, with which nothing could be found.
    pub(super) fn from_call(call: &Call) -> Option<Self> {
        let message = || call.message.clone();
        match method_name(call.path.clone()).as_ref() {
            "CreateExecution" => {
                let request = ExecutionCreateRequest::decode(message()).ok()?;
                (!request.name.is_empty()).then(|| Self::Execution(Box::new(request)))
            }
            "RelaunchExecution" => {
                let request = ExecutionRelaunchRequest::decode(message()).ok()?;
                Self::again(request.id?, request.name, ExecutionMode::Relaunch)
            }
            "RecoverExecution" => {
                let request = ExecutionRecoverRequest::decode(message()).ok()?;
                Self::again(request.id?, request.name, ExecutionMode::Recovered)
            }
            "RegisterProject" => {
                let project = ProjectRegisterRequest::decode(message()).ok()?.project?;
                (!project.id.is_empty()).then(|| Self::Project(Box::new(project)))
            }
            _ => None,
        }
    }

    fn again(of: WorkflowExecutionIdentifier, name: String, mode: ExecutionMode) -> Option<Self> {
        let id = WorkflowExecutionIdentifier { name, ..of.clone() };
        (!id.name.is_empty()).then_some(Self::Again { id, of, mode })
    }

    /// Looks for it.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub(super) async fn look(&self, client: &Client) -> Result<Found, ClientError> {
        let id = match self {
            Self::Project(project) => return look_for_project(client, project).await,
            Self::Execution(request) => WorkflowExecutionIdentifier {
                project: request.project.clone(),
                domain: request.domain.clone(),
                name: request.name.clone(),
                org: request.org.clone(),
            },
            Self::Again { id, .. } => id.clone(),
        };
        let there = client.get_execution(&WorkflowExecutionGetRequest { id: Some(id.clone()) }).await;
        let there = match there {
            Ok(there) => there,
            Err(error) if error.status.code == Code::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        let is_ours = match self {
            Self::Execution(request) if is_of(&there, request) => {
                let data = WorkflowExecutionGetDataRequest { id: Some(id.clone()) };
                has_inputs(&client.get_execution_data(&data).await?, request.inputs.as_ref())
            }
            Self::Again { of, mode, .. } => refers_to(&there, of, *mode),
            Self::Execution(_) | Self::Project(_) => false,
        };
        let answer = ExecutionCreateResponse { id: there.id.or(Some(id)) };
        Ok(if is_ours { Found::Ours(answer.encode_to_vec().into()) } else { Found::Another })
    }
}

/// Whether an execution is one of what a request names. The server may fill in the organization.
fn is_of(there: &Execution, request: &ExecutionCreateRequest) -> bool {
    let key = |id: &Identifier| {
        (id.resource_type, id.project.clone(), id.domain.clone(), id.name.clone(), id.version.clone())
    };
    let there = there.spec.as_ref().and_then(|spec| spec.launch_plan.as_ref()).map(key);
    let wanted = request.spec.as_ref().and_then(|spec| spec.launch_plan.as_ref()).map(key);
    there == wanted
}

/// Whether an execution has the inputs of a request; it may have more, which are defaults and fixed ones.
/// Inputs that are too large to be sent back are not compared.
fn has_inputs(there: &WorkflowExecutionGetDataResponse, wanted: Option<&LiteralMap>) -> bool {
    let Some(wanted) = wanted.filter(|wanted| !wanted.literals.is_empty()) else { return true };
    #[expect(
        deprecated,
        reason = "FlyteAdmin fills it in still, and it alone tells of inputs that are not sent"
    )]
    let is_left_out = there.inputs.as_ref().is_some_and(|blob| blob.bytes > 0);
    let there = there.full_inputs.as_ref().map(|inputs| &inputs.literals).filter(|inputs| !inputs.is_empty());
    match there {
        Some(there) => wanted.literals.iter().all(|(name, value)| {
            // By their bytes, in which a NaN is equal to itself.
            there.get(name).is_some_and(|there| there.encode_to_vec() == value.encode_to_vec())
        }),
        None => is_left_out,
    }
}

/// Whether an execution was made of another one.
fn refers_to(there: &Execution, of: &WorkflowExecutionIdentifier, mode: ExecutionMode) -> bool {
    let Some(metadata) = there.spec.as_ref().and_then(|spec| spec.metadata.as_ref()) else { return false };
    let is_same = |to: &WorkflowExecutionIdentifier| {
        (&to.project, &to.domain, &to.name) == (&of.project, &of.domain, &of.name)
    };
    metadata.mode() == mode && metadata.reference_execution.as_ref().is_some_and(is_same)
}

async fn look_for_project(client: &Client, wanted: &Project) -> Result<Found, ClientError> {
    let request = ProjectListRequest {
        limit: 1,
        filters: format!("eq(identifier,{})", wanted.id),
        ..ProjectListRequest::default()
    };
    let found = client.list_projects(&request).await?.projects;
    let Some(found) = found.into_iter().find(|project| project.id == wanted.id) else {
        return Ok(Found::Nothing);
    };
    let labels = |project: &Project| project.labels.clone().unwrap_or_default().values;
    let is_ours = (&found.name, &found.description) == (&wanted.name, &wanted.description)
        && labels(&found) == labels(wanted);
    let answer = ProjectRegisterResponse {}.encode_to_vec().into();
    Ok(if is_ours { Found::Ours(answer) } else { Found::Another })
}

/// Whether a refusal of a repeated call says that the first one was done: an execution that is aborted
/// already cannot be terminated.
pub(super) fn is_done(path: &str, refusal: &Status) -> bool {
    if !path.ends_with("/TerminateExecution") || refusal.code != Code::FailedPrecondition {
        return false;
    }
    let reason = refusal.detail::<EventFailureReason>().and_then(|detail| detail.reason);
    matches!(reason, Some(Reason::AlreadyInTerminalState(state)) if state.current_phase.starts_with("ABORT"))
}

#[cfg(test)]
mod tests;
