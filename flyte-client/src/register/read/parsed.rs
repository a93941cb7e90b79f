//! What a file held: messages, and short forms that wait for what they refer to.

use std::sync::Arc;

use super::{error::Source, workflow::Draft};
use crate::register::{
    entity::Entity,
    item::{Entry, FastArchive, Origin},
};

/// Something that was found, which may have to wait for the rest.
#[derive(Clone, Debug)]
pub(in crate::register) struct Found {
    pub(in crate::register) source: Source,
    pub(in crate::register) content: Content,
    pub(in crate::register) archive: Option<Arc<FastArchive>>,
}

/// What was found.
#[derive(Clone, Debug)]
pub(in crate::register) enum Content {
    /// The short form of a workflow or launch plan.
    Draft(Box<Draft>),
    /// A message.
    Entity(Box<Entity>, Origin),
}

impl From<Entry> for Found {
    fn from(entry: Entry) -> Self {
        let content = Content::Entity(Box::new(entry.entity), entry.origin);
        Self { source: entry.source, content, archive: entry.archive }
    }
}
