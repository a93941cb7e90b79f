//! What the engine runs. It grows with the engine: a kind of node that learns to run leaves this file.

use flyte_client::proto::core::{Node, node::Target, task_node, workflow_node};

use super::{error::Problem, gate};

/// Why a node cannot run here; `None` if it can.
pub(super) fn problem(node: &Node) -> Option<Problem> {
    let kind = match &node.target {
        Some(Target::TaskNode(task)) => {
            return match &task.reference {
                Some(task_node::Reference::ReferenceId(_)) => None,
                None => Some(Problem::NoTarget),
            };
        }
        Some(Target::WorkflowNode(workflow)) => {
            return match &workflow.reference {
                Some(
                    workflow_node::Reference::LaunchplanRef(_) | workflow_node::Reference::SubWorkflowRef(_),
                ) => None,
                None => Some(Problem::NoTarget),
            };
        }
        Some(Target::BranchNode(_)) => "branch nodes",
        Some(Target::GateNode(gate)) => return gate::problem(gate),
        Some(Target::ArrayNode(_)) => "array nodes",
        None => return Some(Problem::NoTarget),
    };
    Some(Problem::Unsupported(kind.to_owned()))
}
