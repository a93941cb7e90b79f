use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use prost::Message as _;

use super::*;
use crate::{
    register::order::tests::{launch_plan, task, workflow},
    transport::{Call, CallResponse, Reply, Status, Transport, TransportError, TransportErrorKind},
};

static NONE: BTreeSet<usize> = BTreeSet::new();
static PLAIN: SendOptions<'_> = SendOptions { activate: false, defaults: &NONE };

/// What all requests of registration have in common.
#[derive(Clone, PartialEq, prost::Message)]
struct Named {
    #[prost(message, optional, tag = "1")]
    id: Option<Identifier>,
}

/// A server that notes who came, and answers as its tests say.
#[derive(Default)]
struct Server {
    came: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    answers: BTreeSet<(&'static str, u32)>,
    unreachable: bool,
}

impl Server {
    fn answer(&self, call: &Call) -> Result<CallResponse, Status> {
        let name = Named::decode(call.message.clone()).unwrap().id.unwrap().name;
        let method = call.path.rsplit('/').next().unwrap();
        self.came.lock().unwrap().push(format!("{method} {name}"));
        if self.unreachable {
            let fault = TransportError {
                kind: TransportErrorKind::Connect,
                text: "refused".into(),
                causes: None,
                hint: None,
                origin: 0,
            };
            return Err(Status::fault(Code::Unavailable, fault));
        }
        match self.answers.iter().find(|(failing, _)| *failing == name) {
            Some((_, code)) => Err(Status::new(Code::from_number(*code), "as the test says")),
            None => Ok(CallResponse { metadata: Vec::new(), message: bytes::Bytes::new() }),
        }
    }
}

impl Transport for Server {
    fn call(&self, call: Call) -> Reply<'_> {
        Box::pin(async move {
            let now = self.at_once.fetch_add(1, Ordering::Relaxed) + 1;
            self.most_at_once.fetch_max(now, Ordering::Relaxed);
            tokio::task::yield_now().await;
            let answer = self.answer(&call);
            self.at_once.fetch_sub(1, Ordering::Relaxed);
            answer
        })
    }
}

fn sent(server: &Arc<Server>, entities: &[Entity], options: SendOptions<'_>) -> Vec<String> {
    let once = client::CallOptions { retry: client::Policy::never(), ..client::CallOptions::default() };
    let client = Client::new(Arc::<Server>::clone(server), once);
    let order = Order::new(entities).unwrap();
    let mut reports = vec![0; entities.len()];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcomes = runtime.block_on(send(&client, entities, &order, options, |index, _| reports[index] += 1));
    assert_eq!(reports, vec![1; entities.len()], "each is reported once");
    let text = |outcome: &SendOutcome| match outcome {
        SendOutcome::Registered => "registered".to_owned(),
        SendOutcome::Unchanged => "unchanged".to_owned(),
        SendOutcome::Failed(error) => format!("failed: {}", error.status.code.name()),
        SendOutcome::NotSent(because) => format!("not sent: {because}"),
    };
    outcomes.iter().map(text).collect()
}

#[test]
fn each_is_sent_after_what_it_needs() {
    let server = Arc::new(Server::default());
    let entities = [launch_plan("w", "w"), workflow("w", &["a", "b"]), task("a"), task("b")];
    let options = SendOptions { activate: true, defaults: &NONE };
    assert_eq!(sent(&server, &entities, options), ["registered"; 4]);
    let mut came = server.came.lock().unwrap();
    // The two tasks are sent at once.
    came[..2].sort();
    let expected =
        ["CreateTask a", "CreateTask b", "CreateWorkflow w", "CreateLaunchPlan w", "UpdateLaunchPlan w"];
    assert_eq!(*came, expected);
}

#[test]
fn many_are_on_their_way_at_once_but_not_all() {
    let server = Arc::new(Server::default());
    let entities: Vec<Entity> = (0..100).map(|number| task(&format!("t{number}"))).collect();
    assert_eq!(sent(&server, &entities, PLAIN), vec!["registered"; 100]);
    assert_eq!(server.most_at_once.load(Ordering::Relaxed), IN_FLIGHT);
}

#[test]
fn what_needs_a_failed_one_is_not_sent_and_the_rest_is() {
    let answers =
        BTreeSet::from([("bad", Code::InvalidArgument.number()), ("old", Code::AlreadyExists.number())]);
    let server = Arc::new(Server { answers, ..Server::default() });
    let entities = [
        task("bad"),
        task("old"),
        workflow("w", &["bad", "old"]),
        launch_plan("w", "w"),
        workflow("fine", &["old"]),
    ];
    let expected = ["failed: INVALID_ARGUMENT", "unchanged", "not sent: 0", "not sent: 0", "registered"];
    assert_eq!(sent(&server, &entities, PLAIN), expected);
}

#[test]
fn a_server_that_cannot_be_reached_is_not_asked_for_every_entity() {
    let server = Arc::new(Server { unreachable: true, ..Server::default() });
    let entities: Vec<Entity> = (0..100).map(|number| task(&format!("t{number}"))).collect();
    let outcomes = sent(&server, &entities, PLAIN);
    assert_eq!(server.came.lock().unwrap().len(), IN_FLIGHT);
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "failed: UNAVAILABLE").count(), IN_FLIGHT);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.starts_with("not sent")).count(), 100 - IN_FLIGHT);
}

#[test]
fn a_default_launch_plan_that_is_there_is_left_alone() {
    let answers = BTreeSet::from([("old", Code::AlreadyExists.number())]);
    let server = Arc::new(Server { answers, ..Server::default() });
    let mut entities = [workflow("old", &[]), launch_plan("plan", "old")];
    let defaults = BTreeSet::from([1]);
    let options = SendOptions { activate: false, defaults: &defaults };
    assert_eq!(sent(&server, &entities, options), ["unchanged"; 2]);
    assert_eq!(*server.came.lock().unwrap(), ["CreateWorkflow old", "GetLaunchPlan plan"]);

    // A new workflow can have none yet, so the server is not asked.
    server.came.lock().unwrap().clear();
    entities = [workflow("new", &[]), launch_plan("plan", "new")];
    assert_eq!(sent(&server, &entities, options), ["registered"; 2]);
    assert_eq!(*server.came.lock().unwrap(), ["CreateWorkflow new", "CreateLaunchPlan plan"]);

    // One that is missing is made.
    server.came.lock().unwrap().clear();
    let missing = BTreeSet::from([("old", Code::AlreadyExists.number()), ("plan", Code::NotFound.number())]);
    let server = Arc::new(Server { answers: missing, ..Server::default() });
    entities = [workflow("old", &[]), launch_plan("plan", "old")];
    let _ = sent(&server, &entities, options);
    let came = ["CreateWorkflow old", "GetLaunchPlan plan", "CreateLaunchPlan plan"];
    assert_eq!(*server.came.lock().unwrap(), came);
}
