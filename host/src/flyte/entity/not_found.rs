//! The failure for a task, workflow or launch plan that does not exist, with a suggestion.

use flyte_client::{
    list::{self, ColumnKind, Query},
    proto::{
        admin::{LaunchPlan, Task, Workflow},
        core::ResourceType,
    },
};

use super::{message::Entity, versioned_name::VersionedName};
use crate::flyte::{scope, session::Session};
use crate::ui::{error::CommandError, exit_code::Exit};

/// How many names are read for a suggestion.
const NAMES: usize = 1000;

/// How many versions are read for a suggestion.
const VERSIONS: usize = 100;

/// All kinds of entities. A workflow mostly has a launch plan of its name, so the workflow comes first.
const KINDS: [ColumnKind; 3] = [ColumnKind::Workflow, ColumnKind::LaunchPlan, ColumnKind::Task];

/// The failure for an entity of one of these kinds that does not exist. `namesake` is the hint if an entity
/// of another kind has the name.
pub(crate) async fn failure(
    session: &Session,
    kinds: &[ColumnKind],
    wanted: &VersionedName,
    namesake: impl Fn(&Session, ColumnKind, &str) -> String,
) -> CommandError {
    let failure = CommandError::new(Exit::Failed, message(session, kinds, wanted));
    for interpretation in
        wanted.interpretations().iter().filter(|interpretation| interpretation.version.is_some())
    {
        for &kind in kinds {
            let versions = versions(session, kind, &interpretation.name, VERSIONS).await;
            if !versions.is_empty() {
                return failure.hint(version_hint(session, kind, interpretation, &versions));
            }
        }
    }
    let mut known = Vec::new();
    for &kind in kinds {
        // Best effort: without the names there is no suggestion.
        let names = list::names(&session.client, resource(kind), session.project(), session.domain(), NAMES);
        known.extend(names.await.unwrap_or_default());
    }
    if known.is_empty()
        && let Err(unknown) = scope::check(session).await
    {
        return unknown;
    }
    for kind in KINDS.into_iter().filter(|kind| !kinds.contains(kind)) {
        if !versions(session, kind, &wanted.name, 1).await.is_empty() {
            return failure.hint(namesake(session, kind, &wanted.name));
        }
    }
    failure.hint(match flyte_text::closest(&wanted.name, known.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let first = kinds.first().copied().unwrap_or(ColumnKind::LaunchPlan);
            format!("run `{}` to list the {}s", session.command(&["get", &plural(first)]), first.name())
        }
    })
}

/// The hint to show an entity of another kind.
#[must_use]
pub(crate) fn show_hint(session: &Session, kind: ColumnKind, name: &str) -> String {
    let command = session.command(&["get", plural(kind).trim_end_matches('s'), name]);
    format!("run `{command}` to see the {} of that name", kind.name())
}

fn message(session: &Session, kinds: &[ColumnKind], wanted: &VersionedName) -> String {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let version =
        wanted.version.as_ref().map(|version| format!(", version `{version}`,")).unwrap_or_default();
    format!(
        "{} `{}`{version} not found in project `{}`, domain `{}`",
        either(&kinds),
        wanted.name,
        session.project(),
        session.domain()
    )
}

/// `a, b or c`.
fn either(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.concat(),
    }
}

fn version_hint(session: &Session, kind: ColumnKind, wanted: &VersionedName, versions: &[String]) -> String {
    let given = wanted.version.as_deref().unwrap_or_default();
    match flyte_text::closest(given, versions.iter().map(String::as_str)) {
        Some(version) => format!("did you mean version `{version}`?"),
        None => {
            let command = session.command(&["get", &plural(kind), &wanted.name, "--versions"]);
            format!("run `{command}` to list its versions")
        }
    }
}

/// The newest versions of a name; empty if the call fails.
async fn versions(session: &Session, kind: ColumnKind, name: &str, limit: usize) -> Vec<String> {
    match kind {
        ColumnKind::Task => versions_of_kind::<Task>(session, name, limit).await,
        ColumnKind::Workflow => versions_of_kind::<Workflow>(session, name, limit).await,
        ColumnKind::LaunchPlan => versions_of_kind::<LaunchPlan>(session, name, limit).await,
        _ => Vec::new(),
    }
}

async fn versions_of_kind<E: Entity>(session: &Session, name: &str, limit: usize) -> Vec<String> {
    let name = list::named(session.project(), session.domain(), name);
    let query = Query { limit: Some(limit), ..Query::newest() };
    let found = E::list(&session.client, &name, &query, |_| true).await.unwrap_or_default();
    found.iter().filter_map(|entity| Some(entity.id()?.version.clone())).collect()
}

/// The subcommand of `get` for a kind.
fn plural(kind: ColumnKind) -> String {
    format!("{}s", kind.name().replace(' ', "-"))
}

const fn resource(kind: ColumnKind) -> ResourceType {
    match kind {
        ColumnKind::Task => ResourceType::Task,
        ColumnKind::Workflow => ResourceType::Workflow,
        ColumnKind::LaunchPlan => ResourceType::LaunchPlan,
        _ => ResourceType::Unspecified,
    }
}
