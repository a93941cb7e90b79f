//! Tasks, workflows and launch plans by name, in the newest version or a given one.

pub mod not_found;

use std::fmt;

use flyte_client::{
    Client, Code,
    client::ClientError,
    list::{self, ColumnKind, Query},
    proto::{
        admin::{self, NamedEntityIdentifier},
        core::{Identifier, ResourceType},
    },
};

use super::session::Session;
use crate::ui::{error::CommandError, exit_code::Exit};

/// `NAME` or `NAME:VERSION`, as `pyflyte run remote-task` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedName {
    /// The name.
    pub name: String,
    /// The version; `None`: the newest.
    pub version: Option<String>,
}

impl std::str::FromStr for VersionedName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = match text.rsplit_once(':') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        if name.is_empty() || version == Some("") {
            return Err("expected `NAME` or `NAME:VERSION`".to_owned());
        }
        // flytekit's name for the newest version.
        let version = version.filter(|&version| version != "latest").map(str::to_owned);
        Ok(Self { name: name.to_owned(), version })
    }
}

impl VersionedName {
    /// Adds the version of a separate argument.
    ///
    /// # Errors
    ///
    /// Two versions.
    pub fn with_version(&self, version: Option<&String>) -> Result<Self, CommandError> {
        match (&self.version, version) {
            (Some(_), Some(_)) => Err(CommandError::new(Exit::Usage, "the version is given twice")),
            (None, Some(version)) => Ok(Self { name: self.name.clone(), version: Some(version.clone()) }),
            _ => Ok(self.clone()),
        }
    }

    /// What `NAME:VERSION` may mean where a name or version has colons: the shortest version first.
    fn interpretations(&self) -> Vec<Self> {
        let Some(version) = &self.version else { return vec![self.clone()] };
        let text = self.to_string();
        let first = text.len() - version.len() - 1;
        let colons = text[..=first].rmatch_indices(':').map(|(at, _)| at);
        let interpretations =
            colons.map(|at| (&text[..at], &text[at + 1..])).filter(|(name, _)| !name.is_empty());
        interpretations
            .map(|(name, version)| Self { name: name.to_owned(), version: Some(version.to_owned()) })
            .collect()
    }
}

impl fmt::Display for VersionedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}:{version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A message with a name and versions.
pub trait Entity: prost::Message + prost::Name + Default {
    /// The kind in lists.
    const KIND: ColumnKind;
    /// The type in identifiers.
    const RESOURCE: ResourceType;

    /// The identifier.
    fn id(&self) -> Option<&Identifier>;

    /// Lists versions that `keep` accepts.
    fn list(
        client: &Client,
        id: &NamedEntityIdentifier,
        query: &Query,
        keep: impl FnMut(&Self) -> bool,
    ) -> impl Future<Output = Result<Vec<Self>, ClientError>>;

    /// Reads one version.
    fn read(client: &Client, id: Identifier) -> impl Future<Output = Result<Self, ClientError>>;

    /// `NAME:VERSION`.
    fn versioned_name(&self) -> String {
        self.id().map(|id| format!("{}:{}", id.name, id.version)).unwrap_or_default()
    }
}

macro_rules! entity {
    ($message:ident, $list:ident, $get:ident) => {
        impl Entity for admin::$message {
            const KIND: ColumnKind = ColumnKind::$message;
            const RESOURCE: ResourceType = ResourceType::$message;

            fn id(&self) -> Option<&Identifier> {
                self.id.as_ref()
            }

            async fn list(
                client: &Client,
                id: &NamedEntityIdentifier,
                query: &Query,
                keep: impl FnMut(&Self) -> bool,
            ) -> Result<Vec<Self>, ClientError> {
                list::$list(client, id, query, keep).await
            }

            async fn read(client: &Client, id: Identifier) -> Result<Self, ClientError> {
                client.$get(&admin::ObjectGetRequest { id: Some(id) }).await
            }
        }
    };
}

entity!(Task, tasks, get_task);
entity!(Workflow, workflows, get_workflow);
entity!(LaunchPlan, launch_plans, get_launch_plan);

/// Finds a version, or the newest one; `None` if there is none.
///
/// # Errors
///
/// When a call fails.
pub async fn find_optional<E: Entity>(
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
pub async fn find<E: Entity>(session: &Session, wanted: &VersionedName) -> Result<E, CommandError> {
    match find_optional(session, wanted).await? {
        Some(entity) => Ok(entity),
        None => Err(not_found::failure(session, &[E::KIND], wanted, not_found::show_hint).await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_may_be_part_of_a_version() {
        let interpretations = |text: &str| {
            let interpretations = text.parse::<VersionedName>().unwrap().interpretations().into_iter();
            let pairs = interpretations.map(|one| (one.name, one.version.unwrap_or_default()));
            pairs.collect::<Vec<_>>()
        };
        let pair = |(name, version): (&str, &str)| (name.to_owned(), version.to_owned());
        assert_eq!(interpretations("a"), [("a", "")].map(pair));
        assert_eq!(interpretations("a:1"), [("a", "1")].map(pair));
        assert_eq!(interpretations("a:b:c"), [("a:b", "c"), ("a", "b:c")].map(pair));
        assert_eq!(interpretations("a::c"), [("a:", "c"), ("a", ":c")].map(pair));
        assert_eq!(interpretations(":b:c"), [(":b", "c")].map(pair));
    }
}
