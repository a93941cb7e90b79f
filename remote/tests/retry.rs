//! Trying again, with a clock that does not need the time it tells.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use remote::{
    Client, Code, Status, Transport,
    client::{Kind, Options},
    proto::admin,
    transport::{Answer, Call, Fault, FaultKind, Reply},
};
use tokio::time::Instant;

/// Fails in a certain way each time, until it has nothing left to say.
struct Script(Mutex<VecDeque<Status>>);

impl Transport for Script {
    fn call(&self, _: Call) -> Reply<'_> {
        let next = self.0.lock().unwrap().pop_front();
        let fine = Answer { metadata: Vec::new(), message: Vec::new().into() };
        Box::pin(std::future::ready(next.map_or(Ok(fine), Err)))
    }
}

fn client(failures: impl IntoIterator<Item = Status>) -> Client {
    Client::new(Arc::new(Script(Mutex::new(failures.into_iter().collect()))), Options::default())
}

fn refused() -> Status {
    Status::fault(Code::Unavailable, Fault::new(FaultKind::Connect, "nothing listens"))
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_server_that_is_not_there() {
    for _ in 0..100 {
        let started = Instant::now();
        let error = client(vec![refused(); 9]).get_version(&admin::GetVersionRequest {}).await.unwrap_err();
        assert_eq!((error.attempts, error.kind()), (3, Kind::Unreachable));
        assert!(started.elapsed() < Duration::from_secs(2));
        assert_eq!(error.elapsed, started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_back_is_waited_for() {
    let down = Status::new(Code::Unavailable, "starting");
    client(vec![down.clone(); 4]).get_version(&admin::GetVersionRequest {}).await.unwrap();
    let error = client(vec![down; 5]).get_version(&admin::GetVersionRequest {}).await.unwrap_err();
    assert_eq!((error.attempts, error.kind()), (5, Kind::Unreachable));
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
