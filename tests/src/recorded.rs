//! A Flyte that answers what a real Flyte 1.16.8 answered (`recordings/README.md`).
//!
//! [`Recorded::api`] answers from `recordings/api.jsonl`, [`Recorded::scenario`] from one recorded execution.
//! A request that was not recorded is refused with UNKNOWN, and the message is the request; so a command that
//! asks something unforeseen fails with it. [`Recorded::with`] puts a test's own answers before the recorded
//! ones: for faults, and for what depends on an order.

mod answer;
mod api;
mod messages;
mod scenario;
mod server;

use std::sync::{Arc, Mutex};

use serde_json::Value;

pub use self::{
    answer::RecordedAnswer,
    scenario::{EXECUTION, registrations},
};
use crate::TestEnvironment;

/// What answers a request of a method: the message as proto3 JSON with the names of the `.proto` files.
/// `None`: ask the next.
type Source = Box<dyn Fn(&str, &Value) -> Option<RecordedAnswer> + Send + Sync>;

/// A call that arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// Such as `CreateTask`.
    pub method: String,
    /// As proto3 JSON with the names of the `.proto` files.
    pub request: Value,
}

/// A server of recorded answers; it listens from [`Recorded::start`] on, and ends with its value.
pub struct Recorded {
    sources: Vec<Source>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Recorded {
    /// Answers from `recordings/api.jsonl`.
    ///
    /// Of lines with the same request the last one counts. Lists are found without `limit`, `sort_by` and
    /// `token`, too, if the whole list was recorded.
    ///
    /// # Panics
    ///
    /// If the recordings cannot be read.
    #[must_use]
    pub fn api() -> Self {
        Self::from_source(api::source())
    }

    /// Answers about the executions of `recordings/executions/NAME.json` as they were in the end, and accepts
    /// what was registered and started there. The execution is called [`EXECUTION`], of project
    /// `flytesnacks`, domain `development`, version `v1`.
    ///
    /// # Panics
    ///
    /// If the recording does not exist.
    #[must_use]
    pub fn scenario(name: &str) -> Self {
        Self::from_source(scenario::Scenario::read(name).into_source())
    }

    fn from_source(source: Source) -> Self {
        Self { sources: vec![source], arrived: Arc::default() }
    }

    /// Asks `answer` before all that is known so far: with the method's name and the request.
    #[must_use]
    pub fn with(
        mut self,
        answer: impl Fn(&str, &Value) -> Option<RecordedAnswer> + Send + Sync + 'static,
    ) -> Self {
        self.sources.insert(0, Box::new(answer));
        self
    }

    /// Changes the messages that are known so far, given the method's name: for an execution that has not
    /// come to its end.
    #[must_use]
    pub fn with_changed(self, change: impl Fn(&str, &mut Value) + Send + Sync + 'static) -> Self {
        let Self { sources, arrived } = self;
        let changed = move |method: &str, request: &Value| {
            let mut answer = sources.iter().find_map(|source| source(method, request))?;
            if let RecordedAnswer::Message(message) = &mut answer {
                change(method, message);
            }
            Some(answer)
        };
        Self { sources: vec![Box::new(changed)], arrived }
    }

    /// Begins to listen.
    ///
    /// # Panics
    ///
    /// If the system has no port.
    #[must_use]
    pub fn start(self) -> Listening {
        let Self { sources, arrived } = self;
        let log = Arc::clone(&arrived);
        let answer = move |method: &str, request: &Value| {
            let call = Arrived { method: method.to_owned(), request: request.clone() };
            log.lock().expect("no test panics with it").push(call);
            sources.iter().find_map(|source| source(method, request))
        };
        Listening { server: server::Server::start(Box::new(answer)), arrived }
    }
}

/// A [`Recorded`] that listens.
pub struct Listening {
    server: server::Server,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Listening {
    /// `HOST:PORT`, in plain text.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.server.endpoint
    }

    /// Lets a home use it.
    pub fn configure(&self, home: &mut TestEnvironment) {
        home.set("FLYTE_PLATFORM_URL", self.endpoint()).set("FLYTE_PLATFORM_INSECURE", "true");
    }

    /// The calls so far, in the order in which they arrived.
    ///
    /// # Panics
    ///
    /// Never, but if a test panicked in an answer of its own.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().expect("no test panics with it").clone()
    }

    /// How often a method was called.
    #[must_use]
    pub fn count(&self, method: &str) -> usize {
        self.arrived().iter().filter(|call| call.method == method).count()
    }
}
