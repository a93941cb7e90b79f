//! Identifiers of entities: validation, and their text in FlyteAdmin's errors.

use std::fmt;

use flyte_client::proto::{
    admin::{NamedEntityIdentifier, NamedEntityIdentifierListRequest, ResourceListRequest},
    core::{Identifier, ResourceType, WorkflowExecutionIdentifier},
};

use crate::service_error::{ServiceError, filled, invalid, required};

/// An identifier as Go prints a message: fields that are set, with quoted texts.
pub(crate) struct IdentifierText<'a>(pub &'a Identifier);

impl fmt::Display for IdentifierText<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0;
        let kind = match id.resource_type() {
            ResourceType::Unspecified => String::new(),
            kind => format!("resource_type:{}", kind.as_str_name()),
        };
        let texts =
            [("project", &id.project), ("domain", &id.domain), ("name", &id.name), ("version", &id.version)];
        let texts =
            texts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name}:{text:?}"));
        let parts: Vec<String> = std::iter::once(kind).filter(|kind| !kind.is_empty()).chain(texts).collect();
        out.write_str(&parts.join(" "))
    }
}

/// An identifier without its kind, which errors name beside it.
pub(crate) fn without_kind(id: &Identifier) -> Identifier {
    Identifier { resource_type: 0, ..id.clone() }
}

/// The identifier of a request that creates something: complete, and of the right kind.
pub(crate) fn require_kind(id: Option<Identifier>, kind: ResourceType) -> Result<Identifier, ServiceError> {
    let id = required(id, "id")?;
    if id.resource_type() != kind {
        return Err(invalid(format!(
            "unexpected resource type {} for identifier [{}], expected {} instead",
            id.resource_type().as_str_name().to_lowercase(),
            IdentifierText(&id),
            kind.as_str_name().to_lowercase()
        )));
    }
    check_complete(&id)?;
    Ok(id)
}

/// The identifier of a request that reads something. Its kind is ignored: the method implies it.
pub(crate) fn require_complete(
    id: Option<Identifier>,
    kind: ResourceType,
) -> Result<Identifier, ServiceError> {
    let id = required(id, "id")?;
    check_complete(&id)?;
    Ok(Identifier { resource_type: kind.into(), ..id })
}

/// Checks that all parts of an identifier are filled.
pub(crate) fn check_complete(id: &Identifier) -> Result<(), ServiceError> {
    filled(&id.project, "project")?;
    filled(&id.domain, "domain")?;
    filled(&id.name, "name")?;
    filled(&id.version, "version")
}

/// The name of a request about all versions of an entity.
pub(crate) fn require_name(id: Option<NamedEntityIdentifier>) -> Result<NamedEntityIdentifier, ServiceError> {
    let id = required(id, "id")?;
    filled(&id.project, "project")?;
    filled(&id.domain, "domain")?;
    filled(&id.name, "name")?;
    Ok(id)
}

/// The scope of a list: project and domain, and a name unless it is empty.
pub(crate) fn require_scope(request: &ResourceListRequest) -> Result<NamedEntityIdentifier, ServiceError> {
    let id = required(request.id.clone(), "id")?;
    filled(&id.project, "project")?;
    filled(&id.domain, "domain")?;
    Ok(id)
}

/// Checks a request for the names of a project and domain.
pub(crate) fn check_scope(request: &NamedEntityIdentifierListRequest) -> Result<(), ServiceError> {
    filled(&request.project, "project")?;
    filled(&request.domain, "domain")
}

/// Which data of a node or an attempt an address is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataSide {
    Inputs,
    Outputs,
    Deck,
}

/// The address by which `GetData` returns the data of a node.
pub(crate) fn data_address(execution: &WorkflowExecutionIdentifier, node: &str, side: DataSide) -> String {
    let WorkflowExecutionIdentifier { project, domain, name, .. } = execution;
    let side = match side {
        DataSide::Inputs => "i",
        DataSide::Outputs => "o",
        DataSide::Deck => "d",
    };
    format!("flyte://v1/{project}/{domain}/{name}/{node}/{side}")
}
