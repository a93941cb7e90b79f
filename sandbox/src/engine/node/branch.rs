//! Branch nodes: one of their nodes runs, chosen by the inputs.

mod condition;

use flyte_client::proto::core::{
    self, BranchNode, ExecutionError, IfElseBlock, execution_error::ErrorKind,
    if_else_block::Default as Otherwise, node_execution::Phase,
};

use crate::{
    engine::{
        node::NodeState,
        node_error::execution_error,
        run::{Run, Step},
    },
    service_error::ServiceError,
};

impl Run {
    /// Begins a branch: the node that is chosen, or its failure.
    pub(in crate::engine) fn begin_branch(
        &mut self,
        index: usize,
        branch: &BranchNode,
        step: &mut Step<'_>,
    ) -> Result<(), ServiceError> {
        match choose(branch, &self.nodes[index].record.inputs) {
            Ok(chosen) => {
                self.set_phase(index, Phase::Running, step);
                self.set_state(index, NodeState::Parent);
                let scope = self.open_branch(index, chosen.clone(), step)?;
                self.nodes[index].sub_scope = Some(scope);
                Ok(())
            }
            Err(error) => self.fail(index, *error, Phase::Failed, step),
        }
    }
}

/// The node that a branch runs.
pub(in crate::engine) fn choose<'a>(
    branch: &'a BranchNode,
    inputs: &core::LiteralMap,
) -> Result<&'a core::Node, Box<ExecutionError>> {
    let malformed =
        |text: String| Box::new(execution_error("MalformedBranchUserError", text, ErrorKind::User));
    let if_else = branch.if_else.as_deref().ok_or_else(|| malformed("a branch without cases".to_owned()))?;
    for block in if_else.case.iter().map(AsRef::as_ref).chain(&if_else.other) {
        let condition = block.condition.as_ref();
        let holds = condition.map_or(Ok(false), |condition| condition::holds(condition, inputs));
        if holds.map_err(malformed)? {
            let node = block.then_node.as_deref();
            return node.ok_or_else(|| malformed("a case of the branch has no node".to_owned()));
        }
    }
    otherwise(if_else)
}

fn otherwise(if_else: &IfElseBlock) -> Result<&core::Node, Box<ExecutionError>> {
    match &if_else.default {
        Some(Otherwise::ElseNode(node)) => Ok(node),
        Some(Otherwise::Error(error)) => {
            let text = format!("[UserProvidedError] {}", error.message);
            Err(Box::new(execution_error("UserProvidedError", text, ErrorKind::User)))
        }
        None => {
            let text = "no case of the branch holds, and it has no else";
            Err(Box::new(execution_error("NoBranchTaken", text, ErrorKind::User)))
        }
    }
}
