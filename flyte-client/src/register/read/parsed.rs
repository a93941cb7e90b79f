//! What a file held: messages, and short forms that wait for what they refer to.

use std::sync::Arc;

use super::{error::Source, workflow::WorkflowDraft};
use crate::register::{
    entity::Entity,
    item::{FastArchive, ItemOrigin, RegisterItem},
};

/// Something that was found, which may have to wait for the rest.
#[derive(Clone, Debug)]
pub(in crate::register) struct ParsedItem {
    pub(in crate::register) source: Source,
    pub(in crate::register) content: ItemContent,
    pub(in crate::register) archive: Option<Arc<FastArchive>>,
}

/// What was found.
#[derive(Clone, Debug)]
pub(in crate::register) enum ItemContent {
    /// The short form of a workflow or launch plan.
    Draft(Box<WorkflowDraft>),
    /// A message.
    Entity(Box<Entity>, ItemOrigin),
}

impl From<RegisterItem> for ParsedItem {
    fn from(entry: RegisterItem) -> Self {
        let content = ItemContent::Entity(Box::new(entry.entity), entry.origin);
        Self { source: entry.source, content, archive: entry.archive }
    }
}
