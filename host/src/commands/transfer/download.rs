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

use super::{super::session::Session, folder, http, local_file, upload::copy};
use crate::cli::{exit::Exit, report::Failure};

/// Reads what a link leads to.
///
/// # Errors
///
/// When it cannot be had.
pub async fn read(session: &Session, url: &str) -> Result<Bytes, Failure> {
    if let Some(file) = local_file(session, url)? {
        return fs::read(&file).map(Bytes::from).map_err(|error| unreadable(url, &error));
    }
    let signed = if is_http(url) { url.to_owned() } else { signed(session, url).await? };
    http::get(session, &signed).await
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
    if let Some(from) = local_file(session, uri)? {
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
    let signed = if is_http(uri) { uri.to_owned() } else { signed(session, uri).await? };
    http::download(session, &signed, to).await?;
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
