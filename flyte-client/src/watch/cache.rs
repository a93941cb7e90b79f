//! What the cache did for a node.

use crate::proto::core::{
    CatalogCacheStatus, CatalogMetadata, WorkflowExecutionIdentifier, catalog_metadata,
};

/// What the cache did for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// It was not asked, or said nothing.
    Unused,
    /// The outputs came from it; nothing ran.
    Hit,
    /// Nothing was there, so the task ran.
    Miss,
    /// The task ran, and its outputs were stored.
    Stored,
    /// It was passed over (`--overwrite-cache`).
    Skipped,
    /// It could not be read or written.
    Failed,
}

impl Cache {
    /// A word for people; none where there is nothing to say.
    #[must_use]
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::Unused => None,
            Self::Hit => Some("cached"),
            Self::Miss => Some("not in the cache"),
            Self::Stored => Some("stored in the cache"),
            Self::Skipped => Some("cache passed over"),
            Self::Failed => Some("cache failed"),
        }
    }
}

impl From<CatalogCacheStatus> for Cache {
    fn from(status: CatalogCacheStatus) -> Self {
        match status {
            CatalogCacheStatus::CacheDisabled | CatalogCacheStatus::CacheEvicted => Self::Unused,
            CatalogCacheStatus::CacheMiss => Self::Miss,
            CatalogCacheStatus::CacheHit => Self::Hit,
            CatalogCacheStatus::CachePopulated => Self::Stored,
            CatalogCacheStatus::CacheLookupFailure | CatalogCacheStatus::CachePutFailure => Self::Failed,
            CatalogCacheStatus::CacheSkipped => Self::Skipped,
        }
    }
}

/// Who stored the outputs that a node has from the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reused {
    /// The version of the task that ran then.
    pub task_version: String,
    /// The execution that it ran in.
    pub execution: WorkflowExecutionIdentifier,
}

impl Reused {
    pub(super) fn new(entry: CatalogMetadata) -> Option<Self> {
        let catalog_metadata::SourceExecution::SourceTaskExecution(source) = entry.source_execution?;
        Some(Self {
            task_version: source.task_id?.version,
            execution: source.node_execution_id?.execution_id?,
        })
    }
}
