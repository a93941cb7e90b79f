//! Transfers with the user's own keys for a bucket.

use std::path::{Path, PathBuf};

use flyte_client::{
    data::bucket::{BucketError, Location, Member},
    folder::Inner,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{AT_ONCE, file_name};
use crate::flyte::session::Session;
use crate::ui::{error::CommandError, exit_code::Exit, output::Ui};

impl From<BucketError> for CommandError {
    fn from(error: BucketError) -> Self {
        let hint = error.hint();
        Self::from_error(Exit::Failed, error).hint(hint)
    }
}

/// The location of a URI, if there are keys for its bucket.
pub(super) fn open(session: &Session, uri: &str) -> Result<Option<Location>, CommandError> {
    if !flyte_client::data::bucket::Buckets::knows(uri) {
        return Ok(None);
    }
    session.buckets()?.open(uri).map_err(CommandError::from)
}

/// Downloads one object.
pub(super) async fn file(ui: &Ui, location: &Location, to: &Path) -> Result<(), CommandError> {
    let member = location.itself().await?;
    one(ui, location, &member, to).await
}

/// Downloads all objects below a location; returns the files, and the first failure.
pub(super) async fn folder(
    ui: &Ui,
    location: &Location,
    to: &Path,
) -> Result<(Vec<PathBuf>, Option<CommandError>), CommandError> {
    let members = location.members().await?;
    let brought: Vec<_> = stream::iter(&members)
        .map(async |member| {
            let file = file_name::path_below(to, &member.name);
            one(ui, location, member, &file).await.map(|()| file)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let (mut files, mut first) = (Vec::new(), None);
    for file in brought {
        match file {
            Ok(file) => files.push(file),
            Err(failure) => first = first.or(Some(failure)),
        }
    }
    Ok((files, first))
}

async fn one(ui: &Ui, location: &Location, member: &Member, to: &Path) -> Result<(), CommandError> {
    let line = ui.transfer(&member.name, member.length);
    location.get(member, to, &|done| line.set(done)).await.map_err(CommandError::from)
}

/// Uploads a file or a folder below a URI, and returns its own.
///
/// # Errors
///
/// An unreadable file, a bucket without keys, an upload that failed.
pub(crate) async fn upload_to(session: &Session, path: &Path, uri: &str) -> Result<String, CommandError> {
    let location = open(session, uri)?.ok_or_else(|| no_keys(uri))?;
    let name = crate::flyte::transfer::upload::name_of(path);
    if !path.is_dir() {
        return put(&session.ui, &location, path, &name).await;
    }
    crate::flyte::transfer::upload::warn_of_link_loops(&session.ui, path);
    let files = crate::flyte::transfer::upload::files_of(path)?;
    let puts = stream::iter(files.iter().map(Ok)).map_ok(async |Inner { path, name: inner }| {
        put(&session.ui, &location, path, &format!("{name}/{inner}")).await
    });
    let uris: Vec<_> = puts.try_buffered(AT_ONCE).try_collect().await?;
    let first = uris.first().zip(files.first()).and_then(|(uri, file)| uri.strip_suffix(&file.name));
    Ok(first.unwrap_or(uri).trim_end_matches('/').to_owned())
}

async fn put(ui: &Ui, location: &Location, path: &Path, name: &str) -> Result<String, CommandError> {
    let length = path.metadata().map_or(0, |metadata| metadata.len());
    let line = ui.transfer(name, length);
    let put = location.put(path, name, &|done| line.set(done)).await;
    put.map_err(|error| {
        let failure = CommandError::from(error);
        failure.context(format!("could not upload `{}`", path.display()))
    })
}

fn no_keys(uri: &str) -> CommandError {
    let failure =
        CommandError::new(Exit::Failed, format!("could not write `{uri}`: no keys for this bucket"));
    failure.hint(keys_hint(uri))
}

/// The hint that names the variables for keys.
pub(super) fn keys_hint(uri: &str) -> String {
    let names = match uri.split("://").next() {
        Some("gs" | "gcs") => "`GOOGLE_APPLICATION_CREDENTIALS`",
        Some("abfs" | "abfss") => "`AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`",
        _ => "`FLYTE_AWS_ACCESS_KEY_ID` and `FLYTE_AWS_SECRET_ACCESS_KEY`",
    };
    format!("set {names} to use your own keys for the object store")
}
