//! One thing to register, and how it was written.

use std::sync::Arc;

use super::entity::Entity;
use super::read::{error::Source, task};

/// One thing to register, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterItem {
    /// Where it was found.
    pub source: Source,
    /// The message to register.
    pub entity: Entity,
    /// How it was written.
    pub origin: ItemOrigin,
    /// The code that its package brought along.
    pub archive: Option<Arc<FastArchive>>,
}

/// How an entity was written, which decides what its silence means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOrigin {
    /// The launch plan that comes with the short form of a workflow.
    DefaultPlan,
    /// Flyte's own message as YAML or JSON, or the short form of a launch plan.
    Document,
    /// A file or package of `pyflyte`.
    Package,
    /// The short form of a task, with what its message cannot tell.
    Short(task::ShortTaskExtras),
    /// The short form of a workflow, with what its message cannot tell.
    ShortWorkflow {
        /// The inputs with their defaults: a serialized `ParameterMap`.
        defaults: Vec<u8>,
    },
}

/// The code that comes with a package, which tasks fetch before they start ("fast registration").
#[derive(Clone, PartialEq, Eq)]
pub struct FastArchive {
    /// Its file name, `fast<digest>.tar.gz`.
    pub name: String,
    /// Where it was found.
    pub source: Source,
    /// The compressed archive.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for FastArchive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FastArchive({}, {} bytes)", self.source, self.bytes.len())
    }
}
