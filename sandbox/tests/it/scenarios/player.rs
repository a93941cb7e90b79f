//! Plays one scenario on a sandbox of its own.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc, time::Duration};

use jiff::Timestamp;
use sandbox::{
    Clock, ClockHand, EngineStart, Sandbox, SandboxOptions,
    server::{Server, ServerOptions},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    compare,
    engine::{self, Engine},
    flytekit::Flytekit,
    recording::Scenario,
    state,
};
use crate::replay::answer::{self, Answer};

/// How often the state is looked at, and how often at most.
const PAUSE: Duration = Duration::from_millis(20);
const LOOKS: usize = 3_000;

pub(super) const ENDED: [&str; 4] = ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"];

/// How often an engine is killed: an attempt may be cut off that often.
const MOST_KILLS: usize = 3;

/// No text of the recordings contains it.
const PROJECT: &str = "replayed-project";

pub(super) struct Player<'a> {
    flytekit: &'a Flytekit,
    folder: TempDir,
    pub(super) sandbox: Arc<Sandbox>,
    engine: Option<Engine>,
    /// The time of schedules.
    clock: ClockHand,
    /// Serves while it is there.
    _server: tokio::sync::oneshot::Sender<()>,
    /// When the engine is killed, if it is.
    kills: Option<fastrand::Rng>,
    kills_left: usize,
    /// What stands for a placeholder.
    pub(super) names: BTreeMap<String, String>,
}

impl<'a> Player<'a> {
    pub(super) fn new(flytekit: &'a Flytekit, kills: Option<fastrand::Rng>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SandboxOptions { root: folder.path().to_owned(), engine: EngineStart::External };
        let (clock, hand) = Clock::standing_at(Timestamp::now());
        let sandbox = Arc::new(Sandbox::open(&options).unwrap().with_clock(clock));
        engine::make_folders(folder.path());
        let (endpoint, server) = serve(&sandbox);
        let names = [
            ("@PROJECT@", PROJECT),
            ("@VERSION@", "version-of-the-recording"),
            ("@WORKFLOWS@", Flytekit::workflows().to_str().unwrap()),
            ("@RAW@", folder.path().join("raw").to_str().unwrap()),
            ("@ENDPOINT@", &endpoint),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut player = Self {
            flytekit,
            folder,
            sandbox,
            engine: None,
            clock: hand,
            _server: server,
            kills,
            kills_left: MOST_KILLS,
            names: names.into(),
        };
        let project = json!({"project": {"id": PROJECT, "name": PROJECT}});
        player.call("RegisterProject", &project);
        player.start_engine();
        player
    }

    fn start_engine(&mut self) {
        self.engine = None;
        self.engine = Some(Engine::start(self.folder.path(), &self.flytekit.path()));
    }

    /// The differences to the recording.
    pub(super) fn play(mut self, scenario: &Scenario) -> Vec<String> {
        let recorded = scenario.parse();
        let mut differences = Vec::new();
        for registration in list(&recorded["register"]) {
            let answer = self.call(registration["method"].as_str().unwrap(), &registration["request"]);
            self.compare_answer(&registration["answer"], &answer, &mut differences);
        }
        for step in list(&recorded["steps"]) {
            self.step(step, &mut differences);
        }
        let ours = state::collect(&mut self, &recorded["final"]);
        let names = self.names.iter().filter(|(name, _)| !name.starts_with("@CHILD"));
        let known: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
        compare::compare(&recorded["final"], &ours, &known, &mut differences);
        self.engine = None;
        for path in engine::leftovers(self.folder.path()) {
            differences.push(format!("left behind: {}\n", path.display()));
        }
        differences
    }

    fn step(&mut self, step: &Value, differences: &mut Vec<String>) {
        if step.get("skipped").is_some() {
            return;
        }
        if let Some(method) = step["call"].as_str() {
            if let Some(name) = step["as"].as_str() {
                let number = self.names.len();
                self.names.insert(name.to_owned(), format!("a{number:0>3}execution{number:0>7}"));
            }
            let answer = self.call(method, &step["request"]);
            self.compare_answer(&step["answer"], &answer, differences);
        } else if let Some(wait) = step.get("wait") {
            if !self.wait(wait) {
                differences.push(format!("never came: {wait}\n"));
            }
        } else if let Some(collect) = step.get("collect") {
            self.find(collect);
        }
    }

    fn compare_answer(&self, recorded: &Value, answer: &Answer, differences: &mut Vec<String>) {
        let recorded = self.filled(recorded);
        let refused = recorded.get("error");
        let (ours, expected) = match answer {
            Answer::Refusal { code, .. } => {
                (code.as_str(), refused.map_or("", |error| error["code"].as_str().unwrap()))
            }
            _ => ("", refused.map_or("", |error| error["code"].as_str().unwrap())),
        };
        if ours != expected {
            differences.push(format!("- {recorded}\n+ {answer}\n"));
        }
    }

    /// Calls a method with a recorded request.
    pub(super) fn call(&self, method: &str, request: &Value) -> Answer {
        let service = if method.ends_with("Signal") || method.ends_with("Signals") {
            "flyteidl.service.SignalService"
        } else {
            "flyteidl.service.AdminService"
        };
        answer::call(&self.sandbox, service, method, &self.filled(request))
    }

    /// The message of an answer; `null` for a refusal.
    pub(super) fn get(&self, method: &str, request: &Value) -> Value {
        match self.call(method, request) {
            Answer::Message(message) => message,
            _ => Value::Null,
        }
    }

    fn filled(&self, json: &Value) -> Value {
        let names = self.names.iter();
        let text = names.fold(json.to_string(), |text, (name, value)| text.replace(name, value));
        serde_json::from_str(&text).unwrap()
    }

    pub(super) fn execution(&self, name: &str) -> Value {
        json!({"project": PROJECT, "domain": "development", "name": name})
    }

    pub(super) fn phase(&self, name: &str) -> String {
        let execution = self.get("GetExecution", &json!({"id": self.execution(name)}));
        execution["closure"]["phase"].as_str().unwrap_or_default().to_owned()
    }

    fn wait(&mut self, wait: &Value) -> bool {
        let Some(name) = self.names.get(wait["execution"].as_str().unwrap()).cloned() else { return false };
        for _ in 0..LOOKS {
            if self.holds(wait, &name) {
                return true;
            }
            let kills = self.kills.as_mut().is_some_and(|random| random.u8(..15) == 0);
            if kills && self.kills_left > 0 {
                self.kills_left -= 1;
                self.start_engine();
            }
            std::thread::sleep(PAUSE);
        }
        false
    }

    fn holds(&self, wait: &Value, name: &str) -> bool {
        let phase = self.phase(name);
        let wanted = |phase: &str| list(&wait["phases"]).iter().any(|wanted| wanted == phase);
        if let Some(node) = wait["node"].as_str() {
            let id = json!({"node_id": node, "execution_id": self.execution(name)});
            let node = self.get("GetNodeExecution", &json!({ "id": id }));
            return wanted(node["closure"]["phase"].as_str().unwrap_or_default())
                || ENDED.contains(&phase.as_str());
        }
        if let Some(signal) = wait["signal"].as_str() {
            let all = self
                .get("ListSignals", &json!({"workflow_execution_id": self.execution(name), "limit": 100}));
            return list(&all["signals"]).iter().any(|found| found["id"]["signal_id"] == signal);
        }
        wanted(&phase)
    }

    /// Gives placeholders to executions that others started.
    fn find(&mut self, collect: &Value) {
        let mut request = json!({"id": {"project": PROJECT, "domain": "development"}, "limit": 100,
            "sort_by": {"key": "created_at", "direction": "ASCENDING"}});
        if let Some(plan) = collect["launch_plan"].as_str() {
            request["filters"] = format!("eq(launch_plan.name,{plan})").into();
        }
        if let Some(label) = collect.get("label") {
            let value = self.filled(&label[1]);
            request["filters"] = format!(
                "eq(execution_tag.key,{})+eq(execution_tag.value,{})",
                label[0].as_str().unwrap(),
                value.as_str().unwrap()
            )
            .into();
        }
        let count = usize::try_from(collect["count"].as_u64().unwrap()).unwrap();
        let mut minutes = 0;
        for _ in 0..LOOKS / 10 {
            let found = self.get("ListExecutions", &request);
            let found = list(&found["executions"]);
            // Only schedules start executions of a launch plan by themselves.
            if collect["launch_plan"].is_string() && found.len() >= minutes && found.len() < count {
                minutes += 1;
                self.clock.advance(Duration::from_secs(60));
            }
            if found.len() < count {
                std::thread::sleep(PAUSE);
                continue;
            }
            for (number, execution) in found.iter().enumerate() {
                let name = collect["as"].as_str().unwrap().replace("-N@", &format!("-{}@", number + 1));
                self.names.insert(name, execution["id"]["name"].as_str().unwrap().to_owned());
            }
            return;
        }
    }
}

/// Serves a sandbox until the sender is dropped.
fn serve(sandbox: &Arc<Sandbox>) -> (String, tokio::sync::oneshot::Sender<()>) {
    let options = ServerOptions { address: (Ipv4Addr::LOCALHOST, 0).into(), ..ServerOptions::default() };
    let server = Server::bind(Arc::clone(sandbox), &options).unwrap();
    let address = server.address().to_string();
    let (open, closed) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let shutdown = async {
            let _: Result<(), _> = closed.await;
        };
        runtime.block_on(server.run(shutdown)).unwrap();
    });
    (address, open)
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
