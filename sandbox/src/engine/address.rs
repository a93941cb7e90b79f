//! The addresses of outputs, as the results of closures.

use flyte_client::proto::{
    admin::{
        LiteralMapBlob, execution_closure, literal_map_blob, node_execution_closure, task_execution_closure,
    },
    core::WorkflowExecutionIdentifier,
};

use crate::{
    compile::END,
    identity::{DataSide, data_address},
};

/// The result of an execution that succeeded: what its end node got.
#[expect(deprecated, reason = "Flyte fills it, and clients read it")]
pub(super) fn execution_outputs(execution: &WorkflowExecutionIdentifier) -> execution_closure::OutputResult {
    let uri = data_address(execution, END, DataSide::Inputs);
    execution_closure::OutputResult::Outputs(LiteralMapBlob { data: Some(literal_map_blob::Data::Uri(uri)) })
}

/// The result of a node that succeeded.
#[expect(deprecated, reason = "Flyte fills it, and clients read it")]
pub(super) fn node_outputs(
    execution: &WorkflowExecutionIdentifier,
    node: &str,
) -> node_execution_closure::OutputResult {
    node_execution_closure::OutputResult::OutputUri(data_address(execution, node, DataSide::Outputs))
}

/// The result of an attempt that succeeded.
#[expect(deprecated, reason = "Flyte fills it, and clients read it")]
pub(super) fn attempt_outputs(
    execution: &WorkflowExecutionIdentifier,
    node: &str,
) -> task_execution_closure::OutputResult {
    task_execution_closure::OutputResult::OutputUri(data_address(execution, node, DataSide::Outputs))
}
