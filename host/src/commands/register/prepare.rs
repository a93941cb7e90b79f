//! Completes entities before they are sent: versions, identifiers, launch plans, uploads of code, dependency
//! order.

use std::{collections::BTreeSet, sync::Arc};

use flyte_client::{
    proto::core::Identifier,
    register::{
        Entity, FastArchive, Identity, ItemOrigin, RegisterItem,
        order::Order,
        read::{archive, launch_plan},
        version,
    },
};

use crate::{
    flyte::{session::Session, transfer},
    ui::{error::CommandError, exit_code::Exit},
};

/// The entities to send, in the order of the inputs, and their dependency order by index.
pub(super) struct PreparedSet {
    pub(super) entities: Vec<Entity>,
    pub(super) order: Order,
    /// The uploaded of the launch plans that no input asked for.
    pub(super) defaults: BTreeSet<usize>,
}

/// Completes entities. The code of packages is uploaded here, nothing else is sent.
pub(super) async fn prepare(
    session: &Session,
    mut entries: Vec<RegisterItem>,
    destination: &str,
) -> Result<PreparedSet, CommandError> {
    let identity = Identity {
        project: Some(session.project().to_owned()),
        domain: Some(session.domain().to_owned()),
        version: None,
    };
    version::fill(&mut entries, &identity).map_err(defined_twice)?;
    let fill = |entry: RegisterItem| RegisterItem { entity: identity.fill(entry.entity), ..entry };
    let mut entries: Vec<RegisterItem> = entries.into_iter().map(fill).collect();
    let given = entries.len();
    add_launch_plans(&mut entries);
    let defaults = (given..entries.len()).collect();
    let order = Order::new(entries.iter().map(|entry| &entry.entity)).map_err(|cycle| {
        let path = cycle.path();
        CommandError::from_error(Exit::Failed, cycle).caused_by(path)
    })?;
    upload_archives(session, &mut entries, destination).await?;
    Ok(PreparedSet { entities: entries.into_iter().map(|entry| entry.entity).collect(), order, defaults })
}

fn defined_twice(twice: version::DuplicateEntity) -> CommandError {
    let places = twice.sources.each_ref().map(|source| format!("in {source}"));
    CommandError::from_error(Exit::Failed, twice)
        .with_causes(places)
        .hint("rename one of them, or give each a version of its own".to_owned())
}

/// Adds the launch plan of its name to each workflow without one in the inputs.
fn add_launch_plans(entries: &mut Vec<RegisterItem>) {
    let key = |id: &Identifier| [&id.project, &id.domain, &id.name, &id.version].map(Clone::clone);
    let mut known = BTreeSet::new();
    for entry in entries.iter() {
        let Entity::LaunchPlan(plan) = &entry.entity else { continue };
        known.extend(plan.id.as_ref().map(key));
        // A launch plan with a version of its own counts for that of its workflow.
        let workflow = plan.spec.as_ref().and_then(|spec| spec.workflow_id.as_ref());
        let is_namesake = |id: &&Identifier| plan.id.as_ref().is_some_and(|own| own.name == id.name);
        known.extend(workflow.filter(is_namesake).map(key));
    }
    let mut added = Vec::new();
    for entry in entries.iter() {
        let Entity::Workflow(spec) = &entry.entity else { continue };
        if !entry.entity.id().is_some_and(|id| known.insert(key(id))) {
            continue;
        }
        added.extend(launch_plan::default_of(spec).map(|plan| RegisterItem {
            source: entry.source.clone(),
            entity: Entity::LaunchPlan(Box::new(plan)),
            origin: ItemOrigin::Document,
            archive: None,
        }));
    }
    entries.extend(added);
}

/// Uploads the code of packages, each archive once, and writes its URI into the tasks.
async fn upload_archives(
    session: &Session,
    entries: &mut [RegisterItem],
    destination: &str,
) -> Result<(), CommandError> {
    let mut uploaded: Vec<(Arc<FastArchive>, String)> = Vec::new();
    for entry in entries {
        if !archive::is_needed(&entry.entity) {
            continue;
        }
        let Some(code) = &entry.archive else {
            let name = super::dry_run::name(&entry.entity);
            return Err(CommandError::new(Exit::Failed, format!("the code of task `{name}` is missing"))
                .caused_by(format!("no `fast….tar.gz` came with {}", entry.source))
                .hint("rebuild the package with `pyflyte package --copy all`".to_owned()));
        };
        let is_same = |(known, _): &&(Arc<FastArchive>, String)| {
            Arc::ptr_eq(known, code) || (known.name == code.name && known.bytes == code.bytes)
        };
        let uri = match uploaded.iter().find(is_same) {
            Some((_, uri)) => uri.clone(),
            None => {
                let uri = upload_archive(session, code).await?;
                uploaded.push((Arc::clone(code), uri.clone()));
                uri
            }
        };
        archive::fill(&mut entry.entity, &uri, destination);
    }
    Ok(())
}

/// Uploads the code of a package under its own file name.
async fn upload_archive(session: &Session, code: &FastArchive) -> Result<String, CommandError> {
    let written = || -> std::io::Result<_> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join(&code.name), &code.bytes)?;
        Ok(folder)
    };
    let folder = written().map_err(|error| {
        CommandError::new(Exit::Failed, format!("could not unpack the code of {}", code.source))
            .caused_by(error)
    })?;
    let file = folder.path().join(&code.name);
    transfer::upload(session, &file, Some(false)).await
}
