//! Errors in a workflow, printed as flytepropeller's compiler prints them.

use std::fmt;

/// All errors of a workflow.
#[derive(Debug, Default)]
pub(crate) struct CompileErrors(Vec<(String, CompileProblem)>);

impl CompileErrors {
    /// Adds an error of a node, or of the workflow if the id is empty.
    pub(crate) fn add(&mut self, node: &str, problem: CompileProblem) {
        self.0.push((node.to_owned(), problem));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for CompileErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Collected Errors: {}", self.0.len())?;
        for (index, (node, problem)) in self.0.iter().enumerate() {
            let node = if node.is_empty() { "<workflow>" } else { node };
            write!(
                out,
                "\n\tError {index}: Code: {}, Node Id: {node}, Description: {problem}",
                problem.code()
            )?;
        }
        Ok(())
    }
}

/// One error of a workflow.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileProblem {
    #[error("No nodes found in the workflow.")]
    NoNodes,
    #[error(
        "Node ids consist of letters, digits, `-` and `_`, start with a letter or a digit, and are not `start-node` or `end-node`."
    )]
    BadNodeId,
    #[error("Trying to insert two nodes with the same id.")]
    DuplicateNode,
    #[error("One of the branches on the node doesn't have a condition.")]
    NoCondition,
    #[error("BranchNode not assigned")]
    NoThenNode,
    #[error("Branch Node must have either the else case set or a default error.")]
    NoDefault,
    #[error("The node has nothing to run.")]
    NoTarget,
    #[error("Referenced {kind} [{id}] not found.")]
    Missing { kind: &'static str, id: String },
    #[error("Referenced node [{0}] not found.")]
    MissingNode(String),
    #[error("The workflow contains itself [{0}].")]
    ContainsItself(String),
    #[error("Detected a cycle between the nodes [{0}].")]
    Cycle(String),
    #[error("Parameter not bound [{0}].")]
    NotBound(String),
    #[error("Parameter bound more than once [{0}].")]
    BoundTwice(String),
    #[error("Variable [{variable}] not found on node [{node}].")]
    MissingVariable { variable: String, node: String },
    #[error("Field [{field}] not found in variable [{variable}] of node [{node}].")]
    MissingField { field: String, variable: String, node: String },
    #[error("Value required [{0}].")]
    NoValue(String),
    #[error("Variable [{variable}] (type [{given}]) doesn't match expected type [{expected}].")]
    Mismatch { variable: String, given: String, expected: String },
    #[error("Variable [{variable}]: {reason}.")]
    BadValue { variable: String, reason: String },
}

impl CompileProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::NoNodes => "NoNodesFound",
            Self::BadNodeId | Self::BadValue { .. } => "InvalidValue",
            Self::DuplicateNode => "DuplicateNodeID",
            Self::NoCondition => "BranchNodeHasNoCondition",
            Self::NoThenNode => "BranchNodeIdNotFound",
            Self::NoDefault => "BranchNodeHasNoDefault",
            Self::NoTarget | Self::NoValue(_) => "ValueRequired",
            Self::Missing { kind: "Task", .. } => "TaskReferenceNotFound",
            Self::Missing { kind: "Launch Plan", .. } => "LaunchPlanReferenceNotFound",
            Self::Missing { .. } => "WorkflowReferenceNotFound",
            Self::MissingNode(_) => "NodeReferenceNotFound",
            Self::ContainsItself(_) | Self::Cycle(_) => "CycleDetected",
            Self::NotBound(_) => "ParameterNotBound",
            Self::BoundTwice(_) => "ParameterBoundMoreThanOnce",
            Self::MissingVariable { .. } => "VariableNameNotFound",
            Self::MissingField { .. } => "FieldNotFound",
            Self::Mismatch { .. } => "MismatchingTypes",
        }
    }
}
