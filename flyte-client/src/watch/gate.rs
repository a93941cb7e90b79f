//! Gate nodes: they wait for an approval, a signal or a delay.

use crate::proto::core::{GateNode, LiteralType, gate_node::Condition};

/// What a gate waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Gate {
    /// Approval of its input.
    Approval {
        /// The name by which it is answered.
        signal: String,
    },
    /// That time passes.
    Sleep {
        /// How much, from the node's start.
        duration: prost_types::Duration,
    },
    /// A value.
    Value {
        /// The name by which it is answered.
        signal: String,
        /// The type of the value.
        kind: Box<LiteralType>,
    },
}

impl Gate {
    /// What a gate node of a workflow waits for.
    #[must_use]
    pub fn new(node: &GateNode) -> Option<Self> {
        Some(match node.condition.as_ref()? {
            Condition::Approve(approve) => Self::Approval { signal: approve.signal_id.clone() },
            Condition::Signal(signal) => Self::Value {
                signal: signal.signal_id.clone(),
                kind: Box::new(signal.r#type.clone().unwrap_or_default()),
            },
            Condition::Sleep(sleep) => Self::Sleep { duration: sleep.duration.unwrap_or_default() },
        })
    }

    /// The name by which it is answered; one that sleeps is not.
    #[must_use]
    pub fn signal(&self) -> Option<&str> {
        match self {
            Self::Approval { signal } | Self::Value { signal, .. } => Some(signal),
            Self::Sleep { .. } => None,
        }
    }
}
