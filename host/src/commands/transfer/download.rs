//! Downloads: of a link as it is, or of something in Flyte's store by a URL that the server signs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use remote::{
    Code,
    proto::service::{CreateDownloadLocationRequest, CreateDownloadLocationResponse},
};

use super::{super::session::Session, folder, local_file, progress::Line};
use crate::cli::{exit::Exit, report::Failure};

/// Reads what a link leads to, which is small: values.
///
/// # Errors
///
/// When it cannot be had.
pub async fn read(session: &Session, url: &str) -> Result<Bytes, Failure> {
    if let Some(file) = local_file(session, url) {
        return fs::read(&file).map(Bytes::from).map_err(|error| unreadable(url, &error));
    }
    let folder = tempfile::tempdir().map_err(|error| unreadable(url, &error))?;
    let file = folder.path().join("values");
    fetch(session, url, &file).await?;
    fs::read(&file).map(Bytes::from).map_err(|error| unreadable(url, &error))
}

/// Gets one file, by a URL that is signed or that the server signs.
async fn fetch(session: &Session, url: &str, to: &Path) -> Result<(), Failure> {
    let signed = if is_http(url) { url.to_owned() } else { signed(session, url).await? };
    let line = Line::new(&to.file_name().unwrap_or_default().to_string_lossy(), 0);
    let got = session.transfers()?.get(&signed, to, &|done| line.set(done)).await;
    got.map(drop).map_err(|error| super::failure(format!("cannot fetch `{}`", unsigned(url)), &error))
}

/// A URL without its query, which may carry the permission.
fn unsigned(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// Brings a file or folder of Flyte's store to this machine, and returns what was written.
///
/// # Errors
///
/// When it cannot be had, or not be written.
pub async fn download(
    session: &Session,
    uri: &str,
    to: &Path,
    is_folder: bool,
) -> Result<Vec<PathBuf>, Failure> {
    if let Some(from) = local_file(session, uri) {
        return copy_all(&from, to).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot copy `{uri}` to `{}`", to.display())).caused_by(error)
        });
    }
    if is_folder {
        return Err(Failure::new(
            Exit::Failed,
            format!("`{uri}` is a folder, whose files Flyte does not list"),
        )
        .hint("read it with the tools of the object store".to_owned()));
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot make `{}`", parent.display())).caused_by(error)
        })?;
    }
    fetch(session, uri, to).await?;
    Ok(vec![to.to_owned()])
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

fn unreadable(url: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot read `{url}`")).caused_by(error)
}

fn copy_all(from: &Path, to: &Path) -> io::Result<Vec<PathBuf>> {
    if !from.is_dir() {
        copy(from, to)?;
        return Ok(vec![to.to_owned()]);
    }
    let files = folder::files(from)?;
    files
        .into_iter()
        .map(|file| {
            let to = to.join(&file.name);
            copy(&file.path, &to).map(|()| to)
        })
        .collect()
}

/// Asks for a URL to read something of the store by.
async fn signed(session: &Session, uri: &str) -> Result<String, Failure> {
    let request = CreateDownloadLocationRequest { native_url: uri.to_owned(), expires_in: None };
    let answer: Result<CreateDownloadLocationResponse, _> =
        session.client.create_download_location(&request).await;
    match answer {
        Ok(location) => Ok(location.signed_url),
        Err(error) if error.status.code == Code::Unimplemented => {
            Err(Failure::new(Exit::Failed, format!("the server hands out no link to `{uri}`"))
                .hint("read it with the tools of the object store".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Copies a file, which appears whole or not at all.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = std::ffi::OsString::from(".");
    name.push(to.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let part = to.with_file_name(name);
    let result = fs::copy(from, &part).and_then(|_| fs::rename(&part, to));
    if result.is_err() {
        // The cause matters, not whether the remains could be removed.
        let _ = fs::remove_file(&part);
    }
    result
}
