//! Project, domain and version for entities that leave them open.
//!
//! `pyflyte package` writes `{{ registration.project }}`, `.domain` and `.version` into every identifier that
//! it cannot know, and the registering client fills them (flytectl, `cmd/register`): in branches,
//! sub-workflows and launch plans too.

use super::{Entity, references::Role};
use crate::proto::core::Identifier;

/// Stands for the project, in identifiers of packages.
pub const PROJECT: &str = "{{ registration.project }}";
/// Stands for the domain, in identifiers of packages.
pub const DOMAIN: &str = "{{ registration.domain }}";
/// Stands for the version, in identifiers of packages.
pub const VERSION: &str = "{{ registration.version }}";

/// Where entities are registered to. What is `None` stays as the input has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The project's id.
    pub project: Option<String>,
    /// The domain's id.
    pub domain: Option<String>,
    /// The version, any text.
    pub version: Option<String>,
}

impl Identity {
    /// Fills identifiers where they are empty or a placeholder; a name that is given stays.
    #[must_use]
    pub fn fill(&self, mut entity: Entity) -> Entity {
        entity.visit_identifiers(&mut |_, id| {
            fill(&mut id.project, PROJECT, self.project.as_deref());
            fill(&mut id.domain, DOMAIN, self.domain.as_deref());
            fill(&mut id.version, VERSION, self.version.as_deref());
        });
        entity
    }
}

fn fill(field: &mut String, placeholder: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    if is_open(field, placeholder) {
        value.clone_into(field);
    }
}

/// Whether an entity, or what it refers to, still lacks its version.
#[must_use]
pub fn lacks_version(entity: &Entity) -> bool {
    let mut lacks = false;
    entity.identifiers(&mut |role, id: &Identifier| {
        lacks |= role != Role::Inner && is_open(&id.version, VERSION);
    });
    lacks
}

/// Whether a field of an identifier is left to the registering client.
pub(super) fn is_open(field: &str, placeholder: &str) -> bool {
    field.is_empty() || field == placeholder
}
