//! Downloads from links and from the object store, by signed URLs or with the user's own keys.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use flyte_client::{
    Code,
    atomic_file::PartialFile,
    data, folder,
    proto::service::{CreateDownloadLocationRequest, CreateDownloadLocationResponse},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{bucket, file_name, local_file};
use crate::flyte::session::Session;
use crate::ui::{error::CommandError, exit_code::Exit};

/// What a URI refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectShape {
    /// One object.
    File,
    /// All objects below it.
    Folder,
    /// A folder of files, or the one file itself.
    Table,
}

/// Downloaded files, and why others are missing.
#[derive(Debug, Default)]
pub(crate) struct Downloaded {
    /// The local files.
    pub(crate) files: Vec<PathBuf>,
    /// The first failure of other files.
    pub(crate) missing: Option<CommandError>,
}

/// Reads the content of a link into memory; for values, which are small.
///
/// # Errors
///
/// A download that failed.
pub(crate) async fn read(session: &Session, url: &str) -> Result<Bytes, CommandError> {
    if let Some(file) = local_file(session, url) {
        return fs::read(&file).map(Bytes::from).map_err(|error| unreadable(url, error));
    }
    let folder = tempfile::tempdir().map_err(|error| unreadable(url, error))?;
    let file = folder.path().join("values");
    fetch(session, url, &file).await?;
    fs::read(&file).map(Bytes::from).map_err(|error| unreadable(url, error))
}

/// Downloads a file, folder or table into a local folder, under the names in the object store.
///
/// # Errors
///
/// No file could be downloaded, or written.
pub(crate) async fn download(
    session: &Session,
    uri: &str,
    to: &Path,
    shape: ObjectShape,
) -> Result<Downloaded, CommandError> {
    if let Some(from) = local_file(session, uri) {
        let files = copy_all(&from, to).map_err(|error| {
            CommandError::new(Exit::Failed, format!("could not copy `{uri}` to `{}`", to.display()))
                .caused_by(error)
        })?;
        return Ok(Downloaded { files, missing: None });
    }
    match shape {
        ObjectShape::File => {
            let file = to.join(file_name::from_uri(uri));
            fetch(session, uri, &file).await?;
            Ok(Downloaded { files: vec![file], missing: None })
        }
        ObjectShape::Folder | ObjectShape::Table => fetch_folder(session, uri, to, shape).await,
    }
}

/// Downloads the files below a URI: with the user's keys if there are any, else by signed URLs of files with
/// known names.
async fn fetch_folder(
    session: &Session,
    uri: &str,
    to: &Path,
    shape: ObjectShape,
) -> Result<Downloaded, CommandError> {
    let denied = match bucket::open(session, uri)? {
        Some(location) => match bucket::folder(&session.ui, &location, to).await {
            Ok((files, missing)) => return Ok(Downloaded { files, missing }),
            Err(failure) => Some(failure),
        },
        None => None,
    };
    if shape == ObjectShape::Table {
        let files = fetch_table_parts(session, uri, to).await?;
        if !files.is_empty() {
            return Ok(Downloaded { files, missing: None });
        }
    }
    Err(denied.unwrap_or_else(|| {
        let what = if shape == ObjectShape::Table {
            "the names of its files are not known"
        } else {
            "Flyte cannot list the files of a folder"
        };
        CommandError::new(Exit::Failed, format!("could not read `{uri}`: {what}"))
            .hint(bucket::keys_hint(uri))
    }))
}

/// The files of a table, by the names that flytekit gives them (`00000`, `00001`, …) or as the one file that
/// it is.
async fn fetch_table_parts(session: &Session, uri: &str, to: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let mut files = Vec::new();
    loop {
        let part = format!("{:05}", files.len());
        let file = to.join(&part);
        match fetch_by_url(session, &format!("{}/{part}", uri.trim_end_matches('/')), &file).await? {
            ByUrl::File => files.push(file),
            ByUrl::Nothing(_) => break,
        }
    }
    if files.is_empty() {
        let file = to.join(file_name::from_uri(uri));
        if let ByUrl::File = fetch_by_url(session, uri, &file).await? {
            files.push(file);
        }
    }
    Ok(files)
}

/// Downloads one file by URL, else with the user's keys.
async fn fetch(session: &Session, uri: &str, to: &Path) -> Result<(), CommandError> {
    let refused = match fetch_by_url(session, uri, to).await? {
        ByUrl::File => return Ok(()),
        ByUrl::Nothing(failure) => failure,
    };
    match bucket::open(session, uri)? {
        Some(location) => bucket::file(&session.ui, &location, to).await,
        None => Err(refused),
    }
}

/// The result of a download by URL.
enum ByUrl {
    File,
    /// Missing, or not allowed.
    Nothing(CommandError),
}

/// Downloads one file by a signed URL, in each possible spelling.
async fn fetch_by_url(session: &Session, uri: &str, to: &Path) -> Result<ByUrl, CommandError> {
    let mut refused = None;
    for spelling in spellings(uri) {
        let signed = if is_http(uri) { Ok(spelling) } else { signed(session, &spelling).await };
        let signed = match signed {
            Ok(signed) => signed,
            Err(SignError::ThisUri(failure)) => {
                refused = refused.or(Some(failure));
                continue;
            }
            Err(SignError::AnyUri(failure)) => return Err(failure),
        };
        let line = session.ui.transfer(&to.file_name().unwrap_or_default().to_string_lossy(), 0);
        let error = match session.transfers()?.get(&signed, to, &|done| line.set(done)).await {
            Ok(_) => return Ok(ByUrl::File),
            Err(error) => error,
        };
        let is_refused = matches!(
            error,
            data::TransferError::FileUrl | data::TransferError::Refused { code: 400..=404 | 410, .. }
        );
        let failure = crate::flyte::transfer::failure(format!("could not fetch `{}`", unsigned(uri)), error);
        if !is_refused {
            return Err(failure);
        }
        refused = refused.or(Some(failure));
    }
    Ok(ByUrl::Nothing(
        refused.unwrap_or_else(|| {
            CommandError::new(Exit::Failed, format!("could not fetch `{}`", unsigned(uri)))
        }),
    ))
}

/// Characters that FlyteAdmin, which parses the URI as a URL, does not read as part of the name.
const NOT_OF_A_NAME: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// A URI as it is and, where FlyteAdmin might parse it differently, encoded. Tasks write names unencoded,
/// uploads encoded.
fn spellings(uri: &str) -> Vec<String> {
    if is_http(uri) {
        return vec![uri.to_owned()];
    }
    let (scheme, rest) = uri.split_once("://").map_or(("", uri), |(scheme, rest)| (scheme, rest));
    let encoded = utf8_percent_encode(rest, NOT_OF_A_NAME).to_string();
    let encoded = if scheme.is_empty() { encoded } else { format!("{scheme}://{encoded}") };
    match uri.contains(['?', '#']) {
        true => vec![encoded],
        false if encoded == uri => vec![encoded],
        false => vec![uri.to_owned(), encoded],
    }
}

/// A URL without its query, which may contain the signature.
fn unsigned(url: &str) -> &str {
    if is_http(url) { url.split('?').next().unwrap_or(url) } else { url }
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

fn unreadable(url: &str, error: io::Error) -> CommandError {
    CommandError::new(Exit::Failed, format!("could not read `{}`", unsigned(url))).caused_by(error)
}

/// Why there is no signed URL.
enum SignError {
    /// The server does not sign this URI.
    ThisUri(CommandError),
    /// The server was not reached, or rejects the caller.
    AnyUri(CommandError),
}

/// Requests a signed URL.
async fn signed(session: &Session, uri: &str) -> Result<String, SignError> {
    let request = CreateDownloadLocationRequest { native_url: uri.to_owned(), expires_in: None };
    let answer: Result<CreateDownloadLocationResponse, _> =
        session.client.create_download_location(&request).await;
    let error = match answer {
        Ok(location) => return Ok(location.signed_url),
        Err(error) => error,
    };
    match error.status.code {
        Code::Unimplemented => Err(SignError::ThisUri(
            CommandError::new(
                Exit::Failed,
                format!("could not fetch `{uri}`: the server signs no URL for it"),
            )
            .hint(bucket::keys_hint(uri)),
        )),
        Code::InvalidArgument | Code::NotFound | Code::Internal | Code::Unknown | Code::PermissionDenied => {
            let refused = CommandError::from(error).replace_hints([]);
            Err(SignError::ThisUri(refused.context(format_args!("could not fetch `{uri}`"))))
        }
        _ => Err(SignError::AnyUri(error.into())),
    }
}

/// Copies a file into a folder under its name, or all files of a folder.
fn copy_all(from: &Path, to: &Path) -> io::Result<Vec<PathBuf>> {
    if !from.is_dir() {
        let to = to.join(file_name::from_uri(&from.to_string_lossy()));
        copy(from, &to)?;
        return Ok(vec![to]);
    }
    let content = folder::list(from).map_err(|mut all| all.swap_remove(0))?;
    let files = content.files;
    files
        .into_iter()
        .map(|file| {
            let to = file_name::path_below(to, &file.name);
            copy(&file.path, &to).map(|()| to)
        })
        .collect()
}

/// Copies a file. The target appears whole or not at all.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let part = PartialFile::create(to)?;
    fs::copy(from, part.path())?;
    part.persist()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_url_would_read_otherwise_is_asked_for_in_both_spellings() {
        for (uri, expected) in [
            ("s3://b/a b+", vec!["s3://b/a b+"]),
            ("s3://b/\u{e4}", vec!["s3://b/\u{e4}", "s3://b/%C3%A4"]),
            ("s3://b/50%25", vec!["s3://b/50%25", "s3://b/50%2525"]),
            ("s3://b/a#1?", vec!["s3://b/a%231%3F"]),
            ("https://h/a%20b?x=1", vec!["https://h/a%20b?x=1"]),
        ] {
            assert_eq!(spellings(uri), expected);
        }
    }
}
