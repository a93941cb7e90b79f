//! Tasks, workflows and launch plans by name: the newest version or a given one, and what to say when there is none.

use std::fmt;

use remote::{
    Client, Code,
    client::Error,
    list::{self, Kind, Query},
    near::nearest,
    proto::{
        admin::{self, NamedEntityIdentifier},
        core::{Identifier, ResourceType},
    },
};

use super::session::Session;
use crate::cli::{exit::Exit, report::Failure};

/// How many names are looked through for one that is near.
const NAMES: usize = 1000;

/// `NAME` or `NAME:VERSION`, as `pyflyte run remote-task` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The name.
    pub name: String,
    /// The version; `None`: the newest.
    pub version: Option<String>,
}

impl std::str::FromStr for Versioned {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = match text.rsplit_once(':') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        if name.is_empty() || version == Some("") {
            return Err("write `NAME` or `NAME:VERSION`".to_owned());
        }
        // flytekit's word for the newest one.
        let version = version.filter(|&version| version != "latest").map(str::to_owned);
        Ok(Self { name: name.to_owned(), version })
    }
}

impl fmt::Display for Versioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}:{version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What has a name and versions.
pub trait Entity: prost::Message + prost::Name + Default {
    /// For lists.
    const KIND: Kind;
    /// In identifiers.
    const RESOURCE: ResourceType;

    /// Its identifier.
    fn id(&self) -> Option<&Identifier>;

    /// Lists versions that `keep` accepts.
    fn list(
        client: &Client,
        id: &NamedEntityIdentifier,
        query: &Query,
        keep: impl FnMut(&Self) -> bool,
    ) -> impl Future<Output = Result<Vec<Self>, Error>>;

    /// Reads one version.
    fn read(client: &Client, id: Identifier) -> impl Future<Output = Result<Self, Error>>;

    /// `NAME:VERSION`.
    fn versioned_name(&self) -> String {
        self.id().map(|id| format!("{}:{}", id.name, id.version)).unwrap_or_default()
    }
}

macro_rules! entity {
    ($message:ident, $list:ident, $get:ident) => {
        impl Entity for admin::$message {
            const KIND: Kind = Kind::$message;
            const RESOURCE: ResourceType = ResourceType::$message;

            fn id(&self) -> Option<&Identifier> {
                self.id.as_ref()
            }

            async fn list(
                client: &Client,
                id: &NamedEntityIdentifier,
                query: &Query,
                keep: impl FnMut(&Self) -> bool,
            ) -> Result<Vec<Self>, Error> {
                list::$list(client, id, query, keep).await
            }

            async fn read(client: &Client, id: Identifier) -> Result<Self, Error> {
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
pub async fn look_for<E: Entity>(session: &Session, wanted: &Versioned) -> Result<Option<E>, Error> {
    let version = match &wanted.version {
        Some(version) => version.clone(),
        None => {
            let name = list::named(session.project(), session.domain(), &wanted.name);
            let newest = E::list(&session.client, &name, &Query::newest(), |_| true).await?;
            let Some(id) = newest.first().and_then(E::id) else { return Ok(None) };
            id.version.clone()
        }
    };
    let id = Identifier {
        resource_type: E::RESOURCE.into(),
        project: session.project().to_owned(),
        domain: session.domain().to_owned(),
        name: wanted.name.clone(),
        version,
        org: String::new(),
    };
    match E::read(&session.client, id).await {
        Ok(entity) => Ok(Some(entity)),
        Err(error) if error.status.code == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Finds a version, or the newest one.
///
/// # Errors
///
/// When there is none, or a call fails.
pub async fn find<E: Entity>(session: &Session, wanted: &Versioned) -> Result<E, Failure> {
    match look_for(session, wanted).await? {
        Some(entity) => Ok(entity),
        None => Err(missing(session, &[(E::KIND, E::RESOURCE)], wanted).await),
    }
}

/// Says that there is no such thing, with what may have been meant.
pub async fn missing(session: &Session, kinds: &[(Kind, ResourceType)], wanted: &Versioned) -> Failure {
    let words: Vec<&str> = kinds.iter().map(|(kind, _)| kind.name()).collect();
    let version =
        wanted.version.as_ref().map(|version| format!(" in version `{version}`")).unwrap_or_default();
    let failure = Failure::new(
        Exit::Failed,
        format!(
            "there is no {} `{}`{version} in project `{}`, domain `{}`",
            either(&words),
            wanted.name,
            session.project(),
            session.domain()
        ),
    );
    let mut known = Vec::new();
    for &(_, resource) in kinds {
        // A hint is not worth an error of its own.
        let names = list::names(&session.client, resource, session.project(), session.domain(), NAMES).await;
        known.extend(names.unwrap_or_default());
    }
    failure.hint(hint(&known, wanted, kinds))
}

/// `a, b or c`.
fn either(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.concat(),
    }
}

fn hint(known: &[String], wanted: &Versioned, kinds: &[(Kind, ResourceType)]) -> Option<String> {
    let plural = |(kind, _): &(Kind, ResourceType)| format!("{}s", kind.name().replace(' ', "-"));
    let first = kinds.first().map(plural)?;
    if known.contains(&wanted.name) {
        return Some(format!("`flyte-host get {first} {} --versions` lists its versions", wanted.name));
    }
    match nearest(&wanted.name, known.iter().map(String::as_str)) {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None => Some(format!("`flyte-host get {first}` lists what there is")),
    }
}
