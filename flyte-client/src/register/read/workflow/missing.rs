//! Which references lead out of what was read.

use std::collections::BTreeSet;

use super::{
    WorkflowDraft,
    header::DraftHeader,
    lookup::{kind, open_references},
};
use crate::proto::core::Identifier;
use crate::register::{
    EntityKind, Identity,
    read::parsed::{ItemContent, ParsedItem},
    registered::{Names, Wanted},
};

/// The names of everything that was read. A short form that cannot be read has none; building it reports the
/// error.
pub(in crate::register) fn names<'s>(found: &[ParsedItem], scope: &'s Identity) -> Names<'s> {
    let mut names = Names::new(scope);
    for found in found {
        match &found.content {
            ItemContent::Entity(entity, _) => {
                if let Some(id) = entity.id() {
                    names.add(entity.kind(), id);
                }
            }
            ItemContent::Draft(draft) => {
                if let Ok(head) = DraftHeader::read(draft) {
                    names.add(draft_kind(draft), &head.id);
                }
            }
        }
    }
    names
}

/// The references that lead to none of the names.
pub(in crate::register) fn missing(found: &[ParsedItem], names: &Names<'_>) -> BTreeSet<Wanted> {
    let mut missing = BTreeSet::new();
    for found in found {
        let mut add = |kind: EntityKind, id: &Identifier| {
            if !names.holds(kind, id) {
                missing.insert(Wanted::new(kind, id));
            }
        };
        match &found.content {
            // A message tells its types; only a version may be open.
            ItemContent::Entity(entity, _) => {
                open_references(entity).iter().for_each(|(kind, id)| add(*kind, id))
            }
            ItemContent::Draft(draft) => {
                let uses = DraftHeader::read(draft).map(|head| head.uses).unwrap_or_default();
                uses.iter().filter_map(|id| Some((kind(id)?, id))).for_each(|(kind, id)| add(kind, id));
            }
        }
    }
    missing
}

fn draft_kind(draft: &WorkflowDraft) -> EntityKind {
    match draft.kind {
        super::DraftKind::LaunchPlan => EntityKind::LaunchPlan,
        super::DraftKind::Workflow => EntityKind::Workflow,
    }
}
