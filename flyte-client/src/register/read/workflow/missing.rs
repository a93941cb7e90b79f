//! Which references lead out of what was read.

use std::collections::BTreeSet;

use super::{Draft, resolve::head};
use crate::proto::core::{Identifier, ResourceType};
use crate::register::{
    Entity, Identity, Kind, VERSION,
    identity::is_open,
    read::parsed::{Content, Found},
    references::Role,
    registered::{Names, Wanted},
};

/// The names of everything that was read. A short form that cannot be read has none; that is told when it is built.
pub(in crate::register) fn names<'s>(found: &[Found], scope: &'s Identity) -> Names<'s> {
    let mut names = Names::new(scope);
    for found in found {
        match &found.content {
            Content::Entity(entity, _) => {
                if let Some(id) = entity.id() {
                    names.add(entity.kind(), id);
                }
            }
            Content::Draft(draft) => {
                if let Ok(head) = head(draft) {
                    names.add(draft_kind(draft), &head.id);
                }
            }
        }
    }
    names
}

/// The references that lead to none of the names.
pub(in crate::register) fn missing(found: &[Found], names: &Names<'_>) -> BTreeSet<Wanted> {
    let mut missing = BTreeSet::new();
    for found in found {
        let mut add = |kind: Kind, id: &Identifier| {
            if !names.holds(kind, id) {
                missing.insert(Wanted::new(kind, id));
            }
        };
        match &found.content {
            // A message tells its types; only a version may be open.
            Content::Entity(entity, _) => {
                open_references(entity).iter().for_each(|(kind, id)| add(*kind, id))
            }
            Content::Draft(draft) => {
                let uses = head(draft).map(|head| head.uses).unwrap_or_default();
                uses.iter().filter_map(|id| Some((kind(id)?, id))).for_each(|(kind, id)| add(kind, id));
            }
        }
    }
    missing
}

/// The references without a version in a message, but for those to workflows that it brings along.
pub(super) fn open_references(entity: &Entity) -> Vec<(Kind, Identifier)> {
    let mut own = BTreeSet::new();
    let mut open = Vec::new();
    if entity.kind() == Kind::Task {
        return open;
    }
    entity.clone().visit_identifiers(&mut |role, id| match role {
        Role::Needed(kind) if is_open(&id.version, VERSION) => open.push((kind, id.clone())),
        Role::Inner => {
            own.insert(Wanted::new(Kind::Workflow, id));
        }
        Role::Needed(_) | Role::Own => {}
    });
    open.retain(|(kind, id)| !own.contains(&Wanted::new(*kind, id)));
    open
}

fn draft_kind(draft: &Draft) -> Kind {
    match draft.kind {
        super::Kind::LaunchPlan => Kind::LaunchPlan,
        super::Kind::Workflow => Kind::Workflow,
    }
}

/// The kind of entity that an identifier names.
pub(super) fn kind(id: &Identifier) -> Option<Kind> {
    match id.resource_type() {
        ResourceType::Task => Some(Kind::Task),
        ResourceType::Workflow => Some(Kind::Workflow),
        ResourceType::LaunchPlan => Some(Kind::LaunchPlan),
        ResourceType::Dataset | ResourceType::Unspecified => None,
    }
}
