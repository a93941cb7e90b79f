//! What a short form is called, and what it refers to: known before it can be built.

use serde_json::Value;

use super::{
    DraftKind, WorkflowDraft, WorkflowError,
    node::{self, NodeDraft},
    plan,
};
use crate::documents::number;
use crate::proto::core::{Identifier, ResourceType};
use crate::register::read::task::fields::{Fields, wrong_kind};

/// The keys of a workflow's short form.
pub(super) const WORKFLOW_KEYS: [&str; 7] =
    ["description", "inputs", "interruptible", "nodes", "on_failure", "outputs", "workflow"];

/// What a draft is called, and what it refers to.
pub(super) struct DraftHeader {
    pub(super) id: Identifier,
    /// What it refers to, tasks included.
    pub(super) uses: Vec<Identifier>,
}

impl DraftHeader {
    /// Reads the header of a draft, and nothing else of it.
    pub(super) fn read(draft: &WorkflowDraft) -> Result<Self, WorkflowError> {
        if draft.kind == DraftKind::LaunchPlan {
            let (id, workflow) = plan::head(&draft.document)?;
            return Ok(Self { id, uses: vec![workflow] });
        }
        let fields = Fields::new(&draft.document, "", &WORKFLOW_KEYS)?;
        let id = node::reference(&fields, "workflow", ResourceType::Workflow)?;
        let uses = nodes(&fields)?.into_iter().map(|node| node.reference).collect();
        Ok(Self { id, uses })
    }
}

/// The nodes of a workflow.
pub(super) fn nodes<'a>(fields: &Fields<'a>) -> Result<Vec<NodeDraft<'a>>, WorkflowError> {
    match fields.value("nodes") {
        None => Err(WorkflowError::new("", "lacks `nodes`")),
        Some(Value::Object(nodes)) if nodes.is_empty() => Err(WorkflowError::new("nodes", "is empty")),
        Some(value @ Value::Object(nodes)) if !number::is_kept(value) => {
            nodes.iter().map(|(id, node)| NodeDraft::new(id, node)).collect()
        }
        Some(other) => Err(wrong_kind("nodes", other, "a map of names to nodes").into()),
    }
}
