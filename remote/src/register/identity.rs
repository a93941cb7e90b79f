//! Project, domain and version for entities that leave them open.
//!
//! `pyflyte package` writes `{{ registration.project }}`, `.domain` and `.version` into every identifier that
//! it cannot know, and whoever registers fills them (flytectl, `cmd/register`). Identifiers are found by
//! reflection, so that none is forgotten: references in branches, sub-workflows and launch plans included.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::Entity;

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
    pub fn fill(&self, entity: Entity) -> Entity {
        if *self == Self::default() {
            return entity;
        }
        entity.rewrite(|message| {
            if message.descriptor().full_name() == "flyteidl.core.Identifier" {
                fill(message, "project", PROJECT, self.project.as_deref());
                fill(message, "domain", DOMAIN, self.domain.as_deref());
                fill(message, "version", VERSION, self.version.as_deref());
            }
        })
    }
}

fn fill(identifier: &mut DynamicMessage, field: &str, placeholder: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    let present = identifier.get_field_by_name(field);
    if present.as_deref().and_then(Value::as_str).is_some_and(|text| text.is_empty() || text == placeholder) {
        identifier.set_field_by_name(field, Value::String(value.to_owned()));
    }
}
