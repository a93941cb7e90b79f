//! Short forms that wait until everything is read: what they mean depends on what they refer to.

use std::sync::Arc;

use serde_json::Value;

use super::WorkflowError;
use crate::documents;
use crate::proto::path::{FieldPath, PathStep};
use crate::register::read::error::ReadErrorCause;

/// A short form, and where it is in its file.
#[derive(Clone, Debug)]
pub(in crate::register) struct WorkflowDraft {
    pub(super) document: Value,
    pub(super) kind: DraftKind,
    path: FieldPath,
    source: Option<DraftSource>,
}

/// A document of a file, for the numbers of lines.
#[derive(Clone, Debug)]
struct DraftSource {
    text: Arc<str>,
    document: usize,
}

/// What a short form describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::register) enum DraftKind {
    LaunchPlan,
    Workflow,
}

impl DraftKind {
    /// Tells by its keys whether a document is such a short form.
    pub(in crate::register) fn from_keys(document: &Value) -> Option<Self> {
        let is_text = |key: &str| document.get(key).is_some_and(Value::is_string);
        if is_text("launch_plan") {
            Some(Self::LaunchPlan)
        } else if is_text("workflow")
            || (document.get("workflow").is_some() && document.get("nodes").is_some())
        {
            Some(Self::Workflow)
        } else {
            None
        }
    }
}

impl WorkflowDraft {
    /// Keeps a document that is at `path` in a file's document.
    pub(in crate::register) fn new(kind: DraftKind, document: &Value, path: &FieldPath) -> Self {
        Self { document: document.clone(), kind, path: path.clone(), source: None }
    }

    /// Says which document of which text it is in.
    pub(in crate::register) fn set_source(&mut self, text: &Arc<str>, document: usize) {
        self.source = Some(DraftSource { text: text.clone(), document });
    }

    /// Says that this draft cannot be used, and in which line.
    pub(super) fn fail(&self, error: WorkflowError) -> ReadErrorCause {
        let inner = FieldPath::parse(&error.path);
        let whole = FieldPath(self.path.0.iter().cloned().chain(inner.0).collect::<Vec<PathStep>>());
        let line =
            self.source.as_ref().and_then(|source| documents::line(&source.text, source.document, &whole));
        ReadErrorCause::ShortWorkflow { error, line }
    }
}
