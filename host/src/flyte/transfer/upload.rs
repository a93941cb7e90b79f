//! Uploads: the server signs a URL for the MD5 of a file.

use std::{fs, path::Path};

use data_encoding::BASE32;
use flyte_client::{
    data::Fingerprint,
    folder::{self, Inner, Unreadable},
    proto::service::CreateUploadLocationRequest,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use md5::{Digest as _, Md5};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::AT_ONCE;
use crate::flyte::session::Session;
use crate::ui::{error::CommandError, exit_code::Exit, output::Ui};

/// Checks that a path can be uploaded. `folder`: whether it must be a folder or a file.
///
/// # Errors
///
/// A missing or unreadable file, an empty folder, a file for a folder or the reverse.
pub(crate) fn check(path: &Path, folder: Option<bool>) -> Result<(), CommandError> {
    let is_folder = folder::is_folder(path).map_err(|error| unreadable(&[error]))?;
    if let Some(wanted) = folder.filter(|&wanted| wanted != is_folder) {
        let (is, should) = if wanted { ("file", "folder") } else { ("folder", "file") };
        return Err(CommandError::new(
            Exit::Failed,
            format!("`{}` is a {is}, not a {should}", path.display()),
        ));
    }
    if is_folder { files_of(path).map(drop) } else { Ok(()) }
}

/// Uploads a file or a folder and returns its URI. `folder` as in [`check`].
///
/// # Errors
///
/// As [`check`], or an upload that failed.
pub(crate) async fn upload(
    session: &Session,
    path: &Path,
    folder: Option<bool>,
) -> Result<String, CommandError> {
    check(path, folder)?;
    warn_of_link_loops(&session.ui, path);
    if path.is_dir() { upload_folder(session, path).await } else { upload_file(session, path).await }
}

/// How many unreadable files are listed.
const NAMED: usize = 10;

fn unreadable(all: &[Unreadable]) -> CommandError {
    if let [Unreadable { path, reason }] = all {
        return CommandError::new(Exit::Failed, format!("could not read `{}`", path.display()))
            .with_causes([reason]);
    }
    let failure = CommandError::new(Exit::Failed, format!("could not read {} files", all.len()));
    let failure = all.iter().take(NAMED).fold(failure, |failure, Unreadable { path, reason }| {
        failure.caused_by(format!("`{}`: {reason}", path.display()))
    });
    match all.len().checked_sub(NAMED) {
        Some(more @ 1..) => failure.caused_by(format!("{more} more")),
        _ => failure,
    }
}

/// The name of a file or folder, resolved for `.` and `..`.
pub(super) fn name_of(path: &Path) -> String {
    let whole = path.file_name().is_none().then(|| fs::canonicalize(path).ok()).flatten();
    let name = whole.as_deref().unwrap_or(path).file_name();
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The files of a folder; an empty one is an error.
pub(super) fn files_of(path: &Path) -> Result<Vec<Inner>, CommandError> {
    let files = folder::list(path).map_err(|all| unreadable(&all))?.files;
    if files.is_empty() {
        let failure =
            CommandError::new(Exit::Failed, format!("folder `{}` contains no files", path.display()));
        return Err(failure.hint("add a file: an empty folder cannot be uploaded".to_owned()));
    }
    Ok(files)
}

/// Warns of links that are skipped because they lead to a folder that contains them.
pub(super) fn warn_of_link_loops(ui: &Ui, path: &Path) {
    let loops = folder::list(path).map(|content| content.loops).unwrap_or_default();
    for link in loops {
        ui.note(format_args!(
            "warning: skipped `{}`: the link leads to a folder that contains it\n",
            link.path.display()
        ));
    }
}

async fn upload_file(session: &Session, path: &Path) -> Result<String, CommandError> {
    let name = name_of(path);
    let fingerprint = fingerprint(path).await?;
    put(session, path, &name, &fingerprint, String::new()).await
}

/// Uploads the files of a folder below one root, the hash of their content as in flytekit.
async fn upload_folder(session: &Session, path: &Path) -> Result<String, CommandError> {
    let files = files_of(path)?;
    let hashers = std::thread::available_parallelism().map_or(1, Into::into);
    let fingerprints = stream::iter(files.iter().map(Ok)).map_ok(|file| fingerprint(&file.path));
    let fingerprints: Vec<_> = fingerprints.try_buffered(hashers).try_collect().await?;
    let digests: Vec<u8> = fingerprints.iter().flat_map(|fingerprint| fingerprint.md5).collect();
    let root = BASE32.encode(&Md5::digest(digests));
    let all = stream::iter(files.iter().zip(&fingerprints)).map(async |(file, fingerprint)| {
        let native = put(session, &file.path, &file.name, fingerprint, root.clone()).await?;
        root_of(&native, file)
    });
    let roots: Vec<_> = all.buffered(AT_ONCE).try_collect().await?;
    let mut roots = roots.into_iter();
    let uri = roots.next().unwrap_or_default();
    match roots.zip(files.iter().skip(1)).find(|(other, _)| *other != uri) {
        None => Ok(uri),
        Some((other, file)) => Err(CommandError::new(
            Exit::Failed,
            "the server stores the files of a folder in different places",
        )
        .caused_by(format!("`{}` went to `{other}`, another to `{uri}`", file.name))),
    }
}

/// The URI of a folder, from that of one of its files.
fn root_of(native: &str, file: &Inner) -> Result<String, CommandError> {
    let root = native.strip_suffix(&file.name).map(|root| root.trim_end_matches('/').to_owned());
    root.ok_or_else(|| {
        CommandError::new(Exit::Failed, "the server renames the files of a folder")
            .caused_by(format!("`{}` would become `{native}`", file.name))
    })
}

async fn fingerprint(path: &Path) -> Result<Fingerprint, CommandError> {
    let what = format!("could not read `{}`", path.display());
    Fingerprint::from_file(path, &|_| ()).await.map_err(|error| crate::flyte::transfer::failure(what, error))
}

/// Characters that FlyteAdmin, which parses a name as part of a URL, does not read as part of the name
/// (`URLPathConstructor` in flytestdlib's `storage`).
const NOT_OF_A_NAME: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// A URI with the unencoded name of the object. FlyteAdmin returns it encoded, and tasks, which read it
/// through fsspec, would look for an object of the encoded name; the sandbox returns it as it is.
fn decode_uri(native: String, name: &str) -> String {
    match native.split_once("://") {
        None | Some(("file", _)) => native,
        Some(_) if native.strip_suffix(name).is_some_and(|root| root.ends_with('/')) => native,
        Some((scheme, rest)) => match percent_decode_str(rest).decode_utf8() {
            Ok(rest) => format!("{scheme}://{rest}"),
            Err(_) => native,
        },
    }
}

async fn put(
    session: &Session,
    path: &Path,
    name: &str,
    fingerprint: &Fingerprint,
    root: String,
) -> Result<String, CommandError> {
    let upload_failure =
        |failure: CommandError| failure.context(format!("could not upload `{}`", path.display()));
    let request = CreateUploadLocationRequest {
        project: session.project().to_owned(),
        domain: session.domain().to_owned(),
        filename: utf8_percent_encode(name, NOT_OF_A_NAME).to_string(),
        content_md5: fingerprint.md5.to_vec(),
        filename_root: root,
        add_content_md5_metadata: true,
        ..Default::default()
    };
    let location = session.client.create_upload_location(&request).await;
    let location = location.map_err(|error| upload_failure(error.into()))?;
    let line = session.ui.transfer(name, fingerprint.length);
    let put = session.transfers()?.put(path, fingerprint, &location, &|done| line.set(done)).await;
    put.map_err(|error| {
        crate::flyte::transfer::failure(format!("could not upload `{}`", path.display()), error)
    })?;
    Ok(decode_uri(location.native_url, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_what_is_before_a_files_name() {
        let file = Inner { path: "x".into(), name: "b/a b".to_owned() };
        let native = decode_uri("s3://bucket/p/d/ROOT/b/a%20b".to_owned(), &file.name);
        assert_eq!(root_of(&native, &file).unwrap(), "s3://bucket/p/d/ROOT");
        assert!(root_of("s3://bucket/p/d/other", &file).is_err());
    }

    #[test]
    fn tasks_read_names_as_they_are() {
        for (native, name, expected) in [
            ("s3://b/a%20b%25%C3%A4", "a b%\u{e4}", "s3://b/a b%\u{e4}"),
            ("s3://b/a%20b", "a%20b", "s3://b/a%20b"),
            ("s3://b/a%2520b", "a%20b", "s3://b/a%20b"),
            ("/home/a%20b", "a b", "/home/a%20b"),
            ("file:///a%20b", "a b", "file:///a%20b"),
            ("s3://b/%ff", "x", "s3://b/%ff"),
        ] {
            assert_eq!(decode_uri(native.to_owned(), name), expected);
        }
    }
}
