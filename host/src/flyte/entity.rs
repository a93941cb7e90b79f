//! Tasks, workflows and launch plans by name, in the newest version or a given one.

mod message;
pub(crate) mod not_found;
mod versioned_name;

use flyte_client::{
    Code,
    client::ClientError,
    list::{self, Query},
    proto::core::Identifier,
};

pub(crate) use self::{message::Entity, versioned_name::VersionedName};
use super::session::Session;
use crate::ui::error::CommandError;

/// Finds a version, or the newest one; `None` if there is none.
///
/// # Errors
///
/// When a call fails.
pub(crate) async fn find_optional<E: Entity>(
    session: &Session,
    wanted: &VersionedName,
) -> Result<Option<E>, ClientError> {
    for name in wanted.interpretations() {
        let Some(version) = version::<E>(session, &name).await? else { continue };
        let id = Identifier {
            resource_type: E::RESOURCE.into(),
            project: session.project().to_owned(),
            domain: session.domain().to_owned(),
            name: name.name,
            version,
            org: String::new(),
        };
        match E::read(&session.client, id).await {
            Ok(entity) => return Ok(Some(entity)),
            Err(error) if error.status.code == Code::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The version that is wanted, or else the newest; `None` if there is none.
async fn version<E: Entity>(
    session: &Session,
    wanted: &VersionedName,
) -> Result<Option<String>, ClientError> {
    if let Some(version) = &wanted.version {
        return Ok(Some(version.clone()));
    }
    let name = list::named(session.project(), session.domain(), &wanted.name);
    let newest = E::list(&session.client, &name, &Query::newest(), |_| true).await?;
    Ok(newest.first().and_then(E::id).map(|id| id.version.clone()))
}

/// Finds a version, or the newest one.
///
/// # Errors
///
/// When there is none, or a call fails.
pub(crate) async fn find<E: Entity>(session: &Session, wanted: &VersionedName) -> Result<E, CommandError> {
    match find_optional(session, wanted).await? {
        Some(entity) => Ok(entity),
        None => Err(not_found::failure(session, &[E::KIND], wanted, not_found::show_hint).await),
    }
}
