//! References of short forms and messages to what was read, and to what is registered.

use std::collections::BTreeSet;

use super::WorkflowError;
use crate::{
    proto::core::{Identifier, ResourceType},
    register::{
        Entity, EntityKind, Registered, VERSION,
        identity::is_open,
        read::error::ReadErrorCause,
        references::Role,
        registered::{LookupAnswer, Names, Wanted},
    },
};

/// Where references are looked up: among what was read first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) registered: &'a Registered,
}

impl Lookup<'_> {
    /// Gives an open reference the version that is meant, if that is one of its own.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence, and the name that was meant.
    pub(super) fn settle(&self, id: &mut Identifier) -> Result<(), (String, Option<String>)> {
        let Some(kind) = kind(id) else { return Ok(()) };
        if self.names.holds(kind, id) {
            if let Some(version) = self.names.only_version(kind, id) {
                version.clone_into(&mut id.version);
            }
            return Ok(());
        }
        match self.registered.answer(kind, id) {
            Some(LookupAnswer::Found(found)) => {
                found.version.clone_into(&mut id.version);
                Ok(())
            }
            Some(LookupAnswer::Absent(near)) => Err((absent(kind, id), near.clone())),
            Some(LookupAnswer::Unknown(_)) | None => Ok(()),
        }
    }

    /// Gives the open references of a message the versions of what is registered.
    pub(super) fn settle_message(&self, entity: &mut Entity) -> Result<(), ReadErrorCause> {
        let open = open_references(entity);
        let mut problem = None;
        entity.visit_identifiers(&mut |role, id| {
            let Role::Needed(kind) = role else { return };
            if !open.iter().any(|(other, open)| *other == kind && open == id) || self.names.holds(kind, id) {
                return;
            }
            match self.registered.answer(kind, id) {
                Some(LookupAnswer::Found(found)) => found.version.clone_into(&mut id.version),
                Some(LookupAnswer::Absent(near)) => {
                    problem.get_or_insert_with(|| (absent(kind, id), near.clone()));
                }
                Some(LookupAnswer::Unknown(_)) | None => {}
            }
        });
        match problem {
            None => Ok(()),
            Some((what, near)) => Err(ReadErrorCause::Unregistered { what, near }),
        }
    }

    /// What is referred to and why nothing is known of it, as the end of a sentence.
    pub(super) fn why_unknown(&self, id: &Identifier) -> String {
        let Some(kind) = kind(id) else { return "nothing that can be run".to_owned() };
        let name = &id.name;
        match self.registered.answer(kind, id) {
            _ if self.names.holds(kind, id) => format!("{kind} `{name}`, which does not declare it"),
            Some(LookupAnswer::Unknown(reason)) => {
                format!("{kind} `{name}`, which is not in these files and could not be looked up: {reason}")
            }
            Some(LookupAnswer::Found(_)) => format!("{kind} `{name}`, which does not declare it"),
            Some(LookupAnswer::Absent(_)) | None => format!("{kind} `{name}`, which is not in these files"),
        }
    }

    /// Whether something is known of a reference.
    pub(super) fn knows(&self, id: &Identifier) -> bool {
        let Some(kind) = kind(id) else { return false };
        self.names.holds(kind, id) || matches!(self.registered.answer(kind, id), Some(LookupAnswer::Found(_)))
    }

    /// The name that was meant, among what was read.
    pub(super) fn near(&self, id: &Identifier) -> Option<String> {
        let kind = kind(id)?;
        flyte_text::closest(&id.name, self.names.names(kind)).map(str::to_owned)
    }
}

fn absent(kind: EntityKind, id: &Identifier) -> String {
    let version =
        if is_open(&id.version, VERSION) { String::new() } else { format!(", version `{}`", id.version) };
    format!("{kind} `{}`{version}, which is neither in these files nor registered", id.name)
}

/// The error of a reference that leads nowhere.
pub(super) fn error(path: &str, (what, near): (String, Option<String>), verb: &str) -> WorkflowError {
    let error = WorkflowError::new(path, format!("{verb} {what}"));
    match near {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// The references without a version in a message, but for those to workflows that it brings along.
pub(super) fn open_references(entity: &Entity) -> Vec<(EntityKind, Identifier)> {
    let mut own = BTreeSet::new();
    let mut open = Vec::new();
    if entity.kind() == EntityKind::Task {
        return open;
    }
    entity.identifiers(&mut |role, id| match role {
        Role::Needed(kind) if is_open(&id.version, VERSION) => open.push((kind, id.clone())),
        Role::Inner => {
            own.insert(Wanted::new(EntityKind::Workflow, id));
        }
        Role::Needed(_) | Role::Own => {}
    });
    open.retain(|(kind, id)| !own.contains(&Wanted::new(*kind, id)));
    open
}

/// The kind of entity that an identifier names.
pub(super) fn kind(id: &Identifier) -> Option<EntityKind> {
    match id.resource_type() {
        ResourceType::Task => Some(EntityKind::Task),
        ResourceType::Workflow => Some(EntityKind::Workflow),
        ResourceType::LaunchPlan => Some(EntityKind::LaunchPlan),
        ResourceType::Dataset | ResourceType::Unspecified => None,
    }
}
