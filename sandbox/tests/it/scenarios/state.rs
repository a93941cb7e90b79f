//! The state of a sandbox when a scenario is over, in the form of the recordings.

use serde_json::{Map, Value, json};

use super::player::{ENDED, Player, list};

/// Everything of the executions that the recording has, and of their children.
pub(super) fn collect(player: &mut Player<'_>, recorded: &Value) -> Value {
    let mut all = Map::new();
    let mut todo: Vec<(String, String)> =
        player.names.clone().into_iter().filter(|(name, _)| recorded.get(name).is_some()).collect();
    let mut children = 0;
    while !todo.is_empty() {
        let (placeholder, name) = todo.remove(0);
        if player.phase(&name).is_empty() {
            continue;
        }
        wait_for_end(player, &name);
        let signals = recorded[&placeholder].get("ListSignals").is_some();
        let (state, started) = execution(player, &name, signals);
        for child in started {
            children += 1;
            let placeholder = format!("@CHILD-{children}@");
            player.names.insert(placeholder.clone(), child.clone());
            todo.push((placeholder, child));
        }
        all.insert(placeholder, state);
    }
    with_placeholders(player, &all.into())
}

fn wait_for_end(player: &Player<'_>, name: &str) {
    for _ in 0..500 {
        if ENDED.contains(&player.phase(name).as_str()) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn with_placeholders(player: &Player<'_>, json: &Value) -> Value {
    let mut text = json.to_string();
    // The longest first: a name may begin with another.
    let mut names: Vec<_> = player.names.iter().collect();
    names.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    for (name, value) in names {
        text = text.replace(value.as_str(), name);
    }
    serde_json::from_str(&text).unwrap()
}

/// One execution, and the names of those that its nodes started.
fn execution(player: &Player<'_>, name: &str, signals: bool) -> (Value, Vec<String>) {
    let id = player.execution(name);
    let mut state = json!({
        "GetExecution": player.get("GetExecution", &json!({ "id": id })),
        "GetExecutionData": player.get("GetExecutionData", &json!({ "id": id })),
    });
    if signals {
        let request = json!({"workflow_execution_id": id, "limit": 100});
        state["ListSignals"] = player.get("ListSignals", &request);
        if let Some(fields) = state["ListSignals"].as_object_mut() {
            fields.remove("token");
        }
    }
    let (mut lists, mut nodes, mut children) = (Map::new(), Map::new(), Vec::new());
    let mut parents = vec![String::new()];
    while !parents.is_empty() {
        let parent = parents.remove(0);
        let request = json!({"workflow_execution_id": id, "limit": 500, "unique_parent_id": parent,
            "sort_by": {"key": "created_at", "direction": "ASCENDING"}});
        let listed = player.get("ListNodeExecutions", &request);
        let mut ids = Vec::new();
        for entry in list(&listed["node_executions"]) {
            let node_id = entry["id"]["node_id"].as_str().unwrap().to_owned();
            if entry["metadata"]["is_parent_node"] == true {
                parents.push(node_id.clone());
            }
            let child = &entry["closure"]["workflow_node_metadata"]["executionId"]["name"];
            children.extend(child.as_str().map(str::to_owned));
            nodes.insert(node_id.clone(), node(player, entry));
            ids.push(node_id);
        }
        if !ids.is_empty() {
            lists.insert(parent, ids.into());
        }
    }
    state["ListNodeExecutions"] = lists.into();
    state["nodes"] = nodes.into();
    (state, children)
}

fn node(player: &Player<'_>, entry: &Value) -> Value {
    let request = json!({"id": entry["id"]});
    let got = player.get("GetNodeExecution", &request);
    let mut state = json!({
        "GetNodeExecution": got,
        "GetNodeExecutionData": player.get("GetNodeExecutionData", &request),
    });
    if &got != entry {
        state["in_list"] = entry.clone();
    }
    if got["metadata"]["is_dynamic"] == true {
        state["GetDynamicNodeWorkflow"] = player.get("GetDynamicNodeWorkflow", &request);
    }
    let request = json!({"node_execution_id": entry["id"], "limit": 100,
        "sort_by": {"key": "retry_attempt", "direction": "ASCENDING"}});
    let attempts = player.get("ListTaskExecutions", &request);
    let tasks: Vec<Value> = list(&attempts["task_executions"])
        .iter()
        .map(|attempt| {
            let request = json!({"id": attempt["id"]});
            json!({
                "GetTaskExecution": player.get("GetTaskExecution", &request),
                "GetTaskExecutionData": player.get("GetTaskExecutionData", &request),
            })
        })
        .collect();
    if !tasks.is_empty() {
        state["tasks"] = tasks.into();
    }
    state
}
