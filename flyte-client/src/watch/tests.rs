use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    client::CallOptions,
    proto::{
        core::{
            CatalogCacheStatus, NodeExecutionIdentifier, TaskExecutionIdentifier,
            node_execution::Phase as NodePhase,
        },
        service::AdminService,
    },
    transport::{Call, CallResponse, Reply, Status, Transport},
};

/// An execution at one moment: its phase, and nodes with their parent and attempts.
#[derive(Clone)]
struct Moment(Phase, Vec<(&'static str, &'static str, NodePhase, CatalogCacheStatus, u32)>);

/// A server that shows the moment that a test set.
struct Server {
    now: Mutex<Moment>,
    calls: Mutex<Vec<String>>,
}

impl AdminService for Server {
    fn get_execution(&self, _: admin::WorkflowExecutionGetRequest) -> Result<admin::Execution, Status> {
        let phase = self.now.lock().unwrap().0.into();
        let closure = admin::ExecutionClosure { phase, ..Default::default() };
        Ok(admin::Execution { closure: Some(closure), ..Default::default() })
    }

    fn list_node_executions(
        &self,
        request: admin::NodeExecutionListRequest,
    ) -> Result<admin::NodeExecutionList, Status> {
        self.calls.lock().unwrap().push(format!("nodes of `{}`", request.unique_parent_id));
        let moment = self.now.lock().unwrap().clone();
        let is_parent = |id: &str| moment.1.iter().any(|node| node.1 == id);
        let nodes = moment.1.iter().filter(|node| node.1 == request.unique_parent_id);
        let nodes = nodes.map(|&(id, _, phase, cache, _)| {
            let task = admin::TaskNodeMetadata { cache_status: cache.into(), ..Default::default() };
            admin::NodeExecution {
                id: Some(NodeExecutionIdentifier { node_id: id.to_owned(), execution_id: None }),
                closure: Some(admin::NodeExecutionClosure {
                    phase: phase.into(),
                    target_metadata: (!is_parent(id))
                        .then_some(admin::node_execution_closure::TargetMetadata::TaskNodeMetadata(task)),
                    ..Default::default()
                }),
                metadata: Some(admin::NodeExecutionMetaData {
                    is_parent_node: is_parent(id),
                    ..Default::default()
                }),
                ..Default::default()
            }
        });
        Ok(admin::NodeExecutionList { node_executions: nodes.collect(), token: String::new() })
    }

    fn list_task_executions(
        &self,
        request: admin::TaskExecutionListRequest,
    ) -> Result<admin::TaskExecutionList, Status> {
        let id = request.node_execution_id.unwrap().node_id;
        self.calls.lock().unwrap().push(format!("attempts of `{id}`"));
        let moment = self.now.lock().unwrap();
        let attempts = moment.1.iter().find(|node| node.0 == id).unwrap().4;
        let attempts = (0..attempts).map(|retry_attempt| admin::TaskExecution {
            id: Some(TaskExecutionIdentifier { retry_attempt, ..Default::default() }),
            ..Default::default()
        });
        Ok(admin::TaskExecutionList { task_executions: attempts.collect(), token: String::new() })
    }
}

impl Transport for Server {
    fn call(&self, call: Call) -> Reply<'_> {
        let answer = self.answer_admin_service(&call.path, &call.message).unwrap();
        Box::pin(std::future::ready(
            answer.map(|message| CallResponse { metadata: Vec::new(), message: message.into() }),
        ))
    }
}

/// What following tells of some moments, and what the server was asked at each.
fn follow(moments: &[Moment]) -> Vec<(Vec<String>, Vec<String>)> {
    let server = Arc::new(Server { now: Mutex::new(moments[0].clone()), calls: Mutex::default() });
    let client = Client::new(server.clone(), CallOptions::default());
    let mut watch = Watch::new(&client, WorkflowExecutionIdentifier::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut seen = Vec::new();
    for moment in moments {
        *server.now.lock().unwrap() = moment.clone();
        let look = runtime.block_on(watch.look()).unwrap();
        let changes = look.changes.iter().map(|change| match change {
            Change::Execution(phase) => phase.as_str_name().to_owned(),
            Change::Node(node) => format!(
                "{}{} {} #{}{}",
                "  ".repeat(node.depth),
                node.id,
                node.phase.as_str_name(),
                node.attempt,
                node.cache.word().map(|word| format!(" {word}")).unwrap_or_default()
            ),
        });
        seen.push((changes.collect(), std::mem::take(&mut *server.calls.lock().unwrap())));
    }
    seen
}

fn texts_of(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

const NONE: CatalogCacheStatus = CatalogCacheStatus::CacheDisabled;

#[test]
fn only_what_changed_is_reported() {
    let start = ("start-node", "", NodePhase::Succeeded, NONE, 0);
    let seen = follow(&[
        Moment(Phase::Running, vec![start, ("n0", "", NodePhase::Running, NONE, 1)]),
        Moment(Phase::Running, vec![start, ("n0", "", NodePhase::Running, NONE, 1)]),
        Moment(Phase::Running, vec![start, ("n0", "", NodePhase::Running, NONE, 2)]),
        Moment(
            Phase::Succeeded,
            vec![start, ("n0", "", NodePhase::Succeeded, CatalogCacheStatus::CacheHit, 2)],
        ),
    ]);
    let changes: Vec<_> = seen.into_iter().map(|(changes, _)| changes).collect();
    assert_eq!(
        changes,
        [
            texts_of(&["RUNNING", "n0 RUNNING #1"]),
            texts_of(&[]),
            texts_of(&["n0 RUNNING #2"]),
            texts_of(&["n0 SUCCEEDED #2 cached", "SUCCEEDED"]),
        ]
    );
}

#[test]
fn nodes_within_a_node_are_asked_for_until_they_are_done() {
    let within = |phase, inner, outer| {
        Moment(
            phase,
            vec![
                ("n0", "", outer, NONE, 0),
                ("n0-0-n0", "n0", inner, NONE, 1),
                ("n1", "", NodePhase::Queued, NONE, 0),
            ],
        )
    };
    let seen = follow(&[
        within(Phase::Running, NodePhase::Running, NodePhase::Running),
        within(Phase::Running, NodePhase::Succeeded, NodePhase::Succeeded),
        within(Phase::Running, NodePhase::Succeeded, NodePhase::Succeeded),
    ]);
    assert_eq!(
        seen,
        [
            (
                texts_of(&["RUNNING", "n0 RUNNING #0", "  n0-0-n0 RUNNING #1", "n1 QUEUED #0"]),
                texts_of(&["nodes of ``", "nodes of `n0`", "attempts of `n0-0-n0`"])
            ),
            (
                texts_of(&["  n0-0-n0 SUCCEEDED #1", "n0 SUCCEEDED #0"]),
                texts_of(&["nodes of ``", "nodes of `n0`", "attempts of `n0-0-n0`"])
            ),
            (texts_of(&[]), texts_of(&["nodes of ``"])),
        ]
    );
}
