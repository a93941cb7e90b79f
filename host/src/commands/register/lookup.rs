//! Lookup of references to entities outside FILES.

use flyte_client::{
    Code,
    client::ClientError,
    list::{self, Query},
    proto::{
        admin::{LaunchPlan, Task, Workflow},
        core::{Identifier, ResourceType},
    },
    register::{Documents, EntityKind, Identity, Registered, Wanted},
};

use crate::{
    context::Context,
    flyte::{
        entity::Entity,
        session::{self, Session},
    },
    ui::{error::CommandError, exit_code::Exit},
};

/// How many names are read for a suggestion.
const NAMES: usize = 1000;

/// The project and domain of references without their own.
pub(super) fn resolve_scope(session: &Session, identity: &Identity) -> Identity {
    Identity {
        project: Some(session.project().to_owned()),
        domain: Some(session.domain().to_owned()),
        version: identity.version.clone(),
    }
}

/// Looks up all missing references.
///
/// # Errors
///
/// A call that failed.
pub(super) async fn look_up(
    session: &Session,
    documents: &Documents,
    scope: &Identity,
) -> Result<Registered, CommandError> {
    let mut registered = Registered::default();
    for wanted in documents.missing(scope) {
        look_up_one(session, documents, &wanted, scope, &mut registered).await?;
    }
    Ok(registered)
}

/// As [`look_up`], for a dry run: if no server is reachable, the references are marked unknown. Also returns
/// the scope.
pub(super) async fn look_up_if_reachable(
    documents: &Documents,
    identity: &Identity,
    context: &Context<'_>,
) -> (Identity, Registered) {
    let mut registered = Registered::default();
    let missing = documents.missing(identity);
    if missing.is_empty() {
        return (identity.clone(), registered);
    }
    let session = match reachable(context) {
        Ok(session) => session,
        Err(failure) => {
            let reason = one_line(&failure);
            missing.into_iter().for_each(|wanted| unknown(&mut registered, wanted, &reason));
            return (identity.clone(), registered);
        }
    };
    let scope = resolve_scope(&session, identity);
    let mut reason: Option<String> = None;
    for wanted in documents.missing(&scope) {
        if let Some(reason) = &reason {
            // No second attempt at an unreachable server.
            unknown(&mut registered, wanted, reason);
            continue;
        }
        if let Err(failure) = look_up_one(&session, documents, &wanted, &scope, &mut registered).await {
            let text = failure.causes().join(": ");
            unknown(&mut registered, wanted, &text);
            reason = Some(text);
        }
    }
    (scope, registered)
}

/// A session, but not of a sandbox that does not exist yet: a dry run does not create it.
fn reachable(context: &Context<'_>) -> Result<Session, CommandError> {
    let route = context.route()?;
    if route.is_embedded_sandbox() && !session::sandbox_root()?.exists() {
        context.check_sandbox(&route.connection)?;
        return Err(CommandError::new(Exit::Failed, "the sandbox is empty"));
    }
    context.session()
}

fn unknown(registered: &mut Registered, wanted: Wanted, reason: &str) {
    log::info!("could not look up {} `{}`: {reason}", wanted.kind, wanted.name);
    registered.add_unknown(wanted, reason.to_owned());
}

fn one_line(failure: &CommandError) -> String {
    failure.facts().join(": ")
}

async fn look_up_one(
    session: &Session,
    documents: &Documents,
    wanted: &Wanted,
    scope: &Identity,
    registered: &mut Registered,
) -> Result<(), CommandError> {
    let failed = |failure: CommandError| {
        failure.context(format_args!("could not look up {} `{}`", wanted.kind, wanted.name))
    };
    let found = find(session, wanted, scope, registered).await.map_err(failed)?;
    match found {
        Some(version) if wanted.version.is_empty() => session.ui.note(format_args!(
            "{} `{}` is not in these files: using the registered version `{version}`\n",
            wanted.kind, wanted.name
        )),
        Some(_) => {}
        None => {
            let near = closest_name(session, documents, wanted).await;
            registered.add_absent(wanted.clone(), near);
        }
    }
    Ok(())
}

/// Adds a referenced entity and returns its version; `None` if it does not exist.
async fn find(
    session: &Session,
    wanted: &Wanted,
    scope: &Identity,
    registered: &mut Registered,
) -> Result<Option<String>, CommandError> {
    let given = scope.version.as_deref();
    let id = identifier(session, wanted);
    let version = |id: Option<&Identifier>| id.map(|id| id.version.clone());
    Ok(match wanted.kind {
        EntityKind::Task => {
            let Some(task) = read::<Task>(session, &id, given).await? else { return Ok(None) };
            let version = version(task.id.as_ref());
            registered.add_task(wanted.clone(), task);
            version
        }
        EntityKind::LaunchPlan => {
            let Some(plan) = read::<LaunchPlan>(session, &id, given).await? else { return Ok(None) };
            let version = version(plan.id.as_ref());
            registered.add_launch_plan(wanted.clone(), plan);
            version
        }
        EntityKind::Workflow => {
            let Some(workflow) = read::<Workflow>(session, &id, given).await? else { return Ok(None) };
            let version = version(workflow.id.as_ref());
            let plan = Identifier { version: version.clone().unwrap_or_default(), ..id };
            let plan = read::<LaunchPlan>(session, &plan, None).await?;
            let added = registered.add_workflow(wanted.clone(), workflow, plan);
            added.map_err(|cause| CommandError::from_error(Exit::Refused, cause))?;
            version
        }
    })
}

/// The identifier of a reference, with the version of the reference if it has one.
fn identifier(session: &Session, wanted: &Wanted) -> Identifier {
    let or = |text: &str, default: &str| if text.is_empty() { default } else { text }.to_owned();
    Identifier {
        project: or(&wanted.project, session.project()),
        domain: or(&wanted.domain, session.domain()),
        name: wanted.name.clone(),
        version: wanted.version.clone(),
        ..Identifier::default()
    }
}

/// Reads the version of the reference, else that of `--version`, else the newest.
async fn read<E: Entity>(
    session: &Session,
    id: &Identifier,
    given: Option<&str>,
) -> Result<Option<E>, ClientError> {
    let of_version = async |version: &str| {
        let version = version.to_owned();
        let id = Identifier { resource_type: E::RESOURCE.into(), version, ..id.clone() };
        match E::read(&session.client, id).await {
            Ok(entity) => Ok(Some(entity)),
            Err(error) if error.status.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    };
    if !id.version.is_empty() {
        return of_version(&id.version).await;
    }
    if let Some(given) = given
        && let Some(entity) = of_version(given).await?
    {
        return Ok(Some(entity));
    }
    let name = list::named(&id.project, &id.domain, &id.name);
    let newest = E::list(&session.client, &name, &Query::newest(), |_| true).await?;
    match newest.first().and_then(E::id) {
        Some(newest) => of_version(&newest.version).await,
        None => Ok(None),
    }
}

/// The most similar name in the files and on the server.
async fn closest_name(session: &Session, documents: &Documents, wanted: &Wanted) -> Option<String> {
    let resource = match wanted.kind {
        EntityKind::Task => ResourceType::Task,
        EntityKind::Workflow => ResourceType::Workflow,
        EntityKind::LaunchPlan => ResourceType::LaunchPlan,
    };
    let id = identifier(session, wanted);
    let names = list::names(&session.client, resource, &id.project, &id.domain, NAMES).await;
    let mut names = names.unwrap_or_default();
    names.extend(documents.names(wanted.kind));
    flyte_text::closest(&wanted.name, names.iter().map(String::as_str).filter(|name| *name != wanted.name))
        .map(str::to_owned)
}
