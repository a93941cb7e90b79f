//! A call that failed for good, and what it means to Flyte.

use std::{borrow::Cow, fmt, time::Duration};

use crate::{
    proto::admin::{
        CreateWorkflowFailureReason, EventFailureReason, InactiveProject,
        create_workflow_failure_reason::Reason as WorkflowReason,
        event_failure_reason::Reason as EventReason,
    },
    retry::{AfterLoss, after_loss, is_lost},
    transport::{Code, Status, TransportErrorKind},
};

/// A call that failed for good.
#[derive(Clone, Debug)]
pub struct ClientError {
    /// The method, such as `CreateTask`.
    pub method: Cow<'static, str>,
    /// What the last try got.
    pub status: Status,
    /// How often it was tried.
    pub attempts: u32,
    /// How long it took in all.
    pub elapsed: Duration,
    /// Whether it changes something, and an answer was lost that would have said that this was done.
    pub may_be_done: bool,
}

/// What a failed call means, with the details that Flyte sends along.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientErrorKind {
    /// It is there already.
    AlreadyExists {
        /// Whether what is there is the same as what was sent. Of executions and projects Flyte does not say.
        identical: bool,
    },
    /// A write whose response was lost: it may have taken effect.
    MayBeDone,
    /// Under this version there is something else.
    DifferentStructure {
        /// The differences as Flyte lists them; may be empty.
        difference: String,
    },
    /// The project takes nothing new.
    InactiveProject {
        /// Its id.
        id: String,
    },
    /// The object does not exist.
    NotFound,
    /// The server requires authentication, and the user is not signed in.
    NotSignedIn,
    /// The server answered with another refusal.
    Refused,
    /// The execution has ended already.
    TerminalState {
        /// How it ended, such as `SUCCEEDED`.
        phase: String,
    },
    /// The server answered more than is taken.
    TooLarge,
    /// What carries the calls failed by itself, such as a plugin's transport.
    Transport,
    /// No server answered, or one that is not Flyte, or the identity provider did not answer, or Flyte is
    /// unavailable.
    Unreachable,
}

impl ClientError {
    /// A call that failed at its only try, at once.
    #[must_use]
    pub fn new(method: impl Into<Cow<'static, str>>, status: Status) -> Self {
        Self { method: method.into(), status, attempts: 1, elapsed: Duration::ZERO, may_be_done: false }
    }

    /// What it means.
    #[must_use]
    pub fn kind(&self) -> ClientErrorKind {
        let status = &self.status;
        if status.code == Code::Unauthenticated {
            return ClientErrorKind::NotSignedIn;
        }
        match status.fault.as_ref().map(|fault| fault.kind) {
            Some(TransportErrorKind::TooLarge) => ClientErrorKind::TooLarge,
            Some(TransportErrorKind::Transport) => ClientErrorKind::Transport,
            _ if self.may_be_done => ClientErrorKind::MayBeDone,
            Some(_) => ClientErrorKind::Unreachable,
            None if is_lost(status) => ClientErrorKind::Unreachable,
            None => refusal(status),
        }
    }

    /// What the user can do, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self.kind() {
            ClientErrorKind::MayBeDone => Some(self.look_first()),
            _ if self.status.fault.is_some() => self.status.fault.as_ref()?.hint.clone(),
            ClientErrorKind::DifferentStructure { .. } => {
                Some("register it under another version".to_owned())
            }
            ClientErrorKind::InactiveProject { id } => {
                Some(format!("activate project `{id}`, or use another with `--project`"))
            }
            ClientErrorKind::NotSignedIn => {
                Some(self.status.sandbox_hint().unwrap_or("sign in with `flyte-host login`").to_owned())
            }
            ClientErrorKind::Refused if is_too_large(&self.status) => Some(
                "send less, or have the server's operator raise `server.grpc.maxMessageSizeBytes`".to_owned(),
            ),
            _ => None,
        }
    }

    /// What to do when a write may have taken effect.
    fn look_first(&self) -> String {
        let method = &self.method;
        match (after_loss(method), method.as_ref()) {
            (AfterLoss::Repeat, _) => "run the command again; entities that exist stay unchanged".to_owned(),
            (_, "RegisterProject") => "run `flyte-host get projects` to see whether it is there".to_owned(),
            (_, "CreateExecution" | "RecoverExecution" | "RelaunchExecution") => {
                "run `flyte-host get executions` to see whether it was started".to_owned()
            }
            _ => format!("look whether `{method}` was done before you repeat it"),
        }
    }
}

/// Whether a server refused a request for its size (`grpc-go/rpc_util.go`).
fn is_too_large(status: &Status) -> bool {
    status.code == Code::ResourceExhausted && status.message.contains("received message larger than max")
}

/// FlyteAdmin says by details what its texts say to people, but not always: of tasks and launch plans there
/// is only the text (`flyteadmin/pkg/errors/errors.go`).
fn refusal(status: &Status) -> ClientErrorKind {
    if let Some(InactiveProject { id, .. }) = status.detail() {
        return ClientErrorKind::InactiveProject { id };
    }
    if let Some(EventFailureReason { reason: Some(EventReason::AlreadyInTerminalState(state)) }) =
        status.detail()
    {
        return ClientErrorKind::TerminalState { phase: state.current_phase };
    }
    let workflow = status.detail().and_then(|detail: CreateWorkflowFailureReason| detail.reason);
    match (status.code, workflow) {
        (_, Some(WorkflowReason::ExistsIdenticalStructure(_))) => {
            ClientErrorKind::AlreadyExists { identical: true }
        }
        (Code::AlreadyExists, _) => ClientErrorKind::AlreadyExists {
            identical: status.message.contains("with identical structure already exists"),
        },
        (_, Some(WorkflowReason::ExistsDifferentStructure(_))) => different(&status.message),
        (Code::InvalidArgument, _) if status.message.contains("with different structure already exists") => {
            different(&status.message)
        }
        (Code::NotFound, _) => ClientErrorKind::NotFound,
        _ => ClientErrorKind::Refused,
    }
}

/// The differences stand on the lines after the sentence.
fn different(message: &str) -> ClientErrorKind {
    let difference = message.split_once('\n').map_or("", |(_, difference)| difference);
    ClientErrorKind::DifferentStructure { difference: difference.trim_end().to_owned() }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, status, attempts, elapsed, .. } = self;
        let code = status.code.name();
        let fault = status.fault.as_ref().map(|fault| fault.kind);
        match self.kind() {
            _ if fault == Some(TransportErrorKind::SignIn) => f.write_str("cannot sign in to Flyte")?,
            ClientErrorKind::MayBeDone => write!(f, "could not tell whether `{method}` was done: no answer")?,
            ClientErrorKind::NotSignedIn => write!(f, "authentication required ({code})")?,
            ClientErrorKind::TooLarge => write!(f, "response to `{method}` is too large")?,
            ClientErrorKind::Transport => write!(f, "transport failed while calling `{method}`")?,
            ClientErrorKind::Unreachable => match fault {
                Some(TransportErrorKind::Broken | TransportErrorKind::Deadline) => {
                    write!(f, "Flyte did not answer `{method}`")?
                }
                None => write!(f, "Flyte could not answer `{method}` ({code})")?,
                _ => f.write_str("cannot reach Flyte")?,
            },
            _ => write!(f, "Flyte refused `{method}` ({code})")?,
        }
        match attempts {
            0 | 1 => Ok(()),
            _ => write!(f, " in {attempts} tries within {}", flyte_text::duration(*elapsed)),
        }
    }
}

impl std::error::Error for ClientError {
    /// A server that refuses without a reason has nothing to add.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        (!self.status.message.is_empty()).then_some(&self.status as _)
    }
}

/// The method that a path ends in, such as `CreateTask`.
pub(super) fn method_name(path: Cow<'static, str>) -> Cow<'static, str> {
    let name = |path: &str| path.rfind('/').map_or(0, |at| at + 1);
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(&path[name(path)..]),
        Cow::Owned(mut path) => Cow::Owned(path.split_off(name(&path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        proto::admin::{EventErrorAlreadyInTerminalState, WorkflowErrorExistsDifferentStructure},
        transport::TransportError,
    };

    fn from_status(status: Status) -> ClientError {
        ClientError::new("CreateTask", status)
    }

    fn kind(status: Status) -> ClientErrorKind {
        from_status(status).kind()
    }

    #[test]
    fn details_are_decoded() {
        let inactive = InactiveProject { id: "old".into(), ..Default::default() };
        let status = Status::new(Code::InvalidArgument, "project [old] is not active").with_detail(&inactive);
        assert_eq!(kind(status), ClientErrorKind::InactiveProject { id: "old".into() });

        let state = EventErrorAlreadyInTerminalState { current_phase: "SUCCEEDED".into() };
        let reason = EventFailureReason { reason: Some(EventReason::AlreadyInTerminalState(state)) };
        let status = Status::new(Code::FailedPrecondition, "ended").with_detail(&reason);
        assert_eq!(kind(status), ClientErrorKind::TerminalState { phase: "SUCCEEDED".into() });

        let reason =
            WorkflowReason::ExistsDifferentStructure(WorkflowErrorExistsDifferentStructure::default());
        let detail = CreateWorkflowFailureReason { reason: Some(reason) };
        let status = Status::new(Code::InvalidArgument, "other:\n/a:\n\t- 1\n\t+ 2\n").with_detail(&detail);
        assert_eq!(
            kind(status),
            ClientErrorKind::DifferentStructure { difference: "/a:\n\t- 1\n\t+ 2".into() }
        );
    }

    #[test]
    fn texts_stand_in_where_flyte_sends_no_details() {
        let exists = |text| kind(Status::new(Code::AlreadyExists, text));
        assert_eq!(
            exists("task with identical structure already exists"),
            ClientErrorKind::AlreadyExists { identical: true }
        );
        assert_eq!(
            exists("value with matching already exists (x)"),
            ClientErrorKind::AlreadyExists { identical: false }
        );
        let text = "a task with different structure already exists. (Please register a new version of the task):\n/x:\n";
        assert_eq!(
            kind(Status::new(Code::InvalidArgument, text)),
            ClientErrorKind::DifferentStructure { difference: "/x:".into() }
        );
        assert_eq!(kind(Status::new(Code::InvalidArgument, "missing id")), ClientErrorKind::Refused);
        assert_eq!(kind(Status::new(Code::NotFound, "")), ClientErrorKind::NotFound);
    }

    #[test]
    fn it_says_how_often_and_how_long() {
        let fault = TransportError::new(TransportErrorKind::Connect, "nothing listens at `a:1`");
        let mut error = from_status(Status::fault(Code::Unavailable, fault));
        assert_eq!(error.to_string(), "cannot reach Flyte");
        (error.attempts, error.elapsed) = (3, Duration::from_millis(1_240));
        assert_eq!(error.to_string(), "cannot reach Flyte in 3 tries within 1.2s");
    }

    #[test]
    fn a_sign_in_that_did_not_come_about_says_so() {
        let failed = |code| {
            from_status(Status::fault(
                code,
                TransportError::new(TransportErrorKind::SignIn, "no").hint("do".to_owned()),
            ))
        };
        let refused = failed(Code::Unauthenticated);
        assert_eq!(refused.kind(), ClientErrorKind::NotSignedIn);
        assert_eq!(refused.to_string(), "cannot sign in to Flyte");
        assert_eq!(refused.hint().as_deref(), Some("do"));
        let unreachable = failed(Code::Unavailable);
        assert_eq!(unreachable.kind(), ClientErrorKind::Unreachable);
        assert_eq!(unreachable.to_string(), "cannot sign in to Flyte");
    }

    #[test]
    fn what_may_have_been_done_is_looked_at_first() {
        let hint = |method: &'static str, may_be_done| {
            let fault = TransportError::new(TransportErrorKind::Broken, "gone").hint("wait".to_owned());
            let error = ClientError::new(method, Status::fault(Code::Unavailable, fault));
            ClientError { may_be_done, ..error }.hint().unwrap()
        };
        assert_eq!(hint("GetTask", false), "wait");
        let again = "run the command again; entities that exist stay unchanged";
        assert_eq!(["CreateTask", "UpdateProject"].map(|method| hint(method, true)), [again; 2]);
        assert_eq!(
            hint("RelaunchExecution", true),
            "run `flyte-host get executions` to see whether it was started"
        );
        assert_eq!(
            hint("CreateNodeEvent", true),
            "look whether `CreateNodeEvent` was done before you repeat it"
        );
    }

    #[test]
    fn an_unavailable_server_refuses_nothing() {
        let error = from_status(Status::new(Code::Unavailable, "starting"));
        assert_eq!(error.kind(), ClientErrorKind::Unreachable);
        assert_eq!(error.to_string(), "Flyte could not answer `CreateTask` (UNAVAILABLE)");
        let error = ClientError { may_be_done: true, attempts: 2, ..error };
        assert_eq!(error.kind(), ClientErrorKind::MayBeDone);
        assert_eq!(
            error.to_string(),
            "could not tell whether `CreateTask` was done: no answer in 2 tries within 0ms"
        );
    }

    #[test]
    fn a_request_that_is_too_large_is_a_refusal() {
        let text = "grpc: received message larger than max (5242880 vs. 4194304)";
        let error = from_status(Status::new(Code::ResourceExhausted, text));
        assert_eq!(error.kind(), ClientErrorKind::Refused);
        assert!(error.hint().unwrap().starts_with("send less"));
    }
}
