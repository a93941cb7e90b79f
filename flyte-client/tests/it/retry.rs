//! Trying again, with a clock that does not need the time it tells.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use flyte_client::{
    Client, Code, Status, Transport,
    client::{CallOptions, ClientErrorKind},
    proto::{admin, admin::execution_metadata::ExecutionMode, core},
    transport::{Call, CallResponse, Reply, TransportError, TransportErrorKind},
};
use prost::Message as _;
use tokio::time::Instant;

/// Fails in a certain way each time, until it has nothing left to say.
struct Script(Mutex<VecDeque<Status>>);

impl Transport for Script {
    fn call(&self, _: Call) -> Reply<'_> {
        let next = self.0.lock().unwrap().pop_front();
        let fine = CallResponse { metadata: Vec::new(), message: Vec::new().into() };
        Box::pin(std::future::ready(next.map_or(Ok(fine), Err)))
    }
}

fn client(failures: impl IntoIterator<Item = Status>) -> Client {
    Client::new(Arc::new(Script(Mutex::new(failures.into_iter().collect()))), CallOptions::default())
}

fn refused() -> Status {
    Status::fault(Code::Unavailable, TransportError::new(TransportErrorKind::Connect, "nothing listens"))
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_is_not_waited_for_long() {
    for _ in 0..100 {
        let started = Instant::now();
        let error = client(vec![refused(); 9]).get_version(&admin::GetVersionRequest {}).await.unwrap_err();
        assert_eq!((error.attempts, error.kind()), (3, ClientErrorKind::Unreachable));
        assert!(started.elapsed() < Duration::from_secs(2));
        assert_eq!(error.elapsed, started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_back_is_waited_for() {
    let down = Status::new(Code::Unavailable, "starting");
    client(vec![down.clone(); 4]).get_version(&admin::GetVersionRequest {}).await.unwrap();
    let error = client(vec![down; 5]).get_version(&admin::GetVersionRequest {}).await.unwrap_err();
    assert_eq!((error.attempts, error.kind()), (5, ClientErrorKind::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn the_server_chooses_the_pause() {
    let started = Instant::now();
    let mut busy = Status::new(Code::ResourceExhausted, "busy");
    busy.metadata.push(("grpc-retry-pushback-ms".to_owned(), "3000".to_owned()));
    client([busy]).get_version(&admin::GetVersionRequest {}).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn an_execution_without_a_name_is_created_once() {
    let down = Status::new(Code::Unavailable, "starting");
    let nameless = admin::ExecutionCreateRequest::default();
    let error = client([down.clone()]).create_execution(&nameless).await.unwrap_err();
    assert_eq!(error.attempts, 1);
    let named = admin::ExecutionCreateRequest { name: "mine".to_owned(), ..Default::default() };
    client([down]).create_execution(&named).await.unwrap();
}

/// A server that answers as a test says: from the method, and how often that was called.
struct Scripted<F> {
    answer: F,
    calls: Mutex<Vec<String>>,
    /// How long each call takes.
    takes: Duration,
}

impl<F: Fn(&str, usize) -> Result<Vec<u8>, Status> + Send + Sync> Transport for Scripted<F> {
    fn call(&self, call: Call) -> Reply<'_> {
        Box::pin(async move {
            let method = call.path.rsplit('/').next().unwrap().to_owned();
            self.calls.lock().unwrap().push(method.clone());
            let count = self.calls.lock().unwrap().iter().filter(|known| **known == method).count();
            tokio::time::sleep(self.takes).await;
            let message = (self.answer)(&method, count)?.into();
            Ok(CallResponse { metadata: Vec::new(), message })
        })
    }
}

fn scripted<F>(answer: F, takes: Duration) -> (Client, Arc<Scripted<F>>)
where
    F: Fn(&str, usize) -> Result<Vec<u8>, Status> + Send + Sync + 'static,
{
    let server = Arc::new(Scripted { answer, calls: Mutex::default(), takes });
    (Client::new(Arc::<Scripted<F>>::clone(&server), CallOptions::default()), server)
}

fn broken() -> Status {
    Status::fault(Code::Unavailable, TransportError::new(TransportErrorKind::Broken, "gone"))
}

fn relaunch() -> admin::ExecutionRelaunchRequest {
    let id = core::WorkflowExecutionIdentifier { name: "first".to_owned(), ..Default::default() };
    admin::ExecutionRelaunchRequest { id: Some(id), name: "mine".to_owned(), ..Default::default() }
}

/// An execution that was made of another one.
fn again(of: &str, mode: ExecutionMode) -> Vec<u8> {
    let reference = core::WorkflowExecutionIdentifier { name: of.to_owned(), ..Default::default() };
    let metadata = admin::ExecutionMetadata {
        mode: mode.into(),
        reference_execution: Some(reference),
        ..Default::default()
    };
    let spec = admin::ExecutionSpec { metadata: Some(metadata), ..Default::default() };
    let id = core::WorkflowExecutionIdentifier { name: "mine".to_owned(), ..Default::default() };
    admin::Execution { id: Some(id), spec: Some(spec), ..Default::default() }.encode_to_vec()
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_found_after_each_kind_of_loss() {
    let late =
        || Status::fault(Code::DeadlineExceeded, TransportError::new(TransportErrorKind::Deadline, "late"));
    let answered = |code| move || Status::new(code, "no");
    let losses: [Box<dyn Fn() -> Status + Send + Sync>; 4] = [
        Box::new(broken),
        Box::new(late),
        Box::new(answered(Code::Unavailable)),
        Box::new(answered(Code::DeadlineExceeded)),
    ];
    for loss in losses {
        let (client, server) = scripted(
            move |method, _| match method {
                "RelaunchExecution" => Err(loss()),
                _ => Ok(again("first", ExecutionMode::Relaunch)),
            },
            Duration::ZERO,
        );
        let answer = client.relaunch_execution(&relaunch()).await.unwrap();
        assert_eq!(answer.id.unwrap().name, "mine");
        assert_eq!(*server.calls.lock().unwrap(), ["RelaunchExecution", "GetExecution"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_try_that_arrives_late_is_found() {
    // The first one is on its way still when its execution is looked for.
    let (client, server) = scripted(
        |method, time| match (method, time) {
            ("RelaunchExecution", 1) => Err(broken()),
            ("RelaunchExecution", _) => Err(Status::new(Code::AlreadyExists, "it exists")),
            (_, 1) => Err(Status::new(Code::NotFound, "there is none")),
            _ => Ok(again("first", ExecutionMode::Relaunch)),
        },
        Duration::ZERO,
    );
    client.relaunch_execution(&relaunch()).await.unwrap();
    assert_eq!(server.calls.lock().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_another_client_made_is_a_refusal() {
    for other in [again("second", ExecutionMode::Relaunch), again("first", ExecutionMode::Recovered)] {
        let (client, server) = scripted(
            move |method, _| if method == "GetExecution" { Ok(other.clone()) } else { Err(broken()) },
            Duration::ZERO,
        );
        let error = client.relaunch_execution(&relaunch()).await.unwrap_err();
        assert_eq!((error.status.code, error.may_be_done), (Code::AlreadyExists, false));
        assert_eq!(*server.calls.lock().unwrap(), ["RelaunchExecution", "GetExecution"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_for_may_have_been_done() {
    let (client, _) = scripted(|_, _| Err(broken()), Duration::ZERO);
    let error = client.relaunch_execution(&relaunch()).await.unwrap_err();
    assert_eq!((error.attempts, error.kind()), (1, ClientErrorKind::MayBeDone));
    // A server that is done with a call, and did not do it, has it not done.
    let (client, _) = scripted(
        |method, _| match method {
            "GetExecution" => Err(Status::new(Code::NotFound, "there is none")),
            _ => Err(Status::new(Code::Unavailable, "starting")),
        },
        Duration::ZERO,
    );
    let error = client.relaunch_execution(&relaunch()).await.unwrap_err();
    assert_eq!((error.attempts, error.kind()), (5, ClientErrorKind::Unreachable));
    // A refusal settles what was open.
    let (client, _) = scripted(
        |_, time| Err(if time == 1 { broken() } else { Status::new(Code::InvalidArgument, "no") }),
        Duration::ZERO,
    );
    let error = client.create_task(&admin::TaskCreateRequest::default()).await.unwrap_err();
    assert_eq!((error.attempts, error.kind()), (2, ClientErrorKind::Refused));
    // A server that is gone now may have done what it was asked before.
    let (client, _) = scripted(|_, time| Err(if time == 1 { broken() } else { refused() }), Duration::ZERO);
    let error = client.update_project(&admin::Project::default()).await.unwrap_err();
    assert_eq!((error.attempts, error.kind()), (3, ClientErrorKind::MayBeDone));
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_was_terminated_by_the_lost_call_is_terminated() {
    for (phase, is_fine) in [("ABORTED", true), ("SUCCEEDED", false)] {
        let (client, _) = scripted(
            move |_, time| {
                let state = admin::EventErrorAlreadyInTerminalState { current_phase: phase.to_owned() };
                let reason = admin::event_failure_reason::Reason::AlreadyInTerminalState(state);
                let ended = Status::new(Code::FailedPrecondition, "it has ended");
                Err(match time {
                    1 => broken(),
                    _ => ended.with_detail(&admin::EventFailureReason { reason: Some(reason) }),
                })
            },
            Duration::ZERO,
        );
        let answer = client.terminate_execution(&admin::ExecutionTerminateRequest::default()).await;
        assert_eq!(answer.is_ok(), is_fine, "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_that_swallows_everything_is_given_up_within_half_a_minute() {
    let (client, _) = scripted(|_, _| Err(broken()), Duration::from_secs(10));
    for _ in 0..20 {
        let started = Instant::now();
        client.get_version(&admin::GetVersionRequest {}).await.unwrap_err();
        client.relaunch_execution(&relaunch()).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    }
}
