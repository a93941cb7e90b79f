//! Uploads: the server is told a file's MD5 and answers with a URL that takes just this file.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use data_encoding::BASE32;
use md5::{Digest as _, Md5};
use remote::proto::service::{CreateUploadLocationRequest, CreateUploadLocationResponse};

use super::{
    super::session::Session,
    folder::{self, Inner},
    local_file,
};
use crate::cli::{exit::Exit, report::Failure};

/// Uploads a file or a folder, and returns the URI that Flyte knows it by. `folder` says what it must be, if that matters.
///
/// # Errors
///
/// When it cannot be read, is of the other kind, or cannot be uploaded.
pub async fn upload(session: &Session, path: &Path, folder: Option<bool>) -> Result<String, Failure> {
    let what = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if let Some(wanted) = folder.filter(|&wanted| wanted != what.is_dir()) {
        let (is, should) = if wanted { ("file", "folder") } else { ("folder", "file") };
        return Err(Failure::new(Exit::Failed, format!("`{}` is a {is}, not a {should}", path.display())));
    }
    if what.is_dir() { upload_folder(session, path).await } else { upload_file(session, path).await }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot read `{}`", path.display())).caused_by(error)
}

async fn upload_file(session: &Session, path: &Path) -> Result<String, Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let digest = digest(path).map_err(|error| unreadable(path, &error))?;
    put(session, path, name, &digest, String::new()).await
}

/// Uploads the files of a folder below one root, which is made of their contents as flytekit makes it.
async fn upload_folder(session: &Session, path: &Path) -> Result<String, Failure> {
    let files = folder::files(path).map_err(|error| unreadable(path, &error))?;
    let Some(first) = files.first() else {
        return Err(Failure::new(Exit::Failed, format!("there is no file in `{}`", path.display()))
            .hint("a folder without files cannot be uploaded".to_owned()));
    };
    let digests = files.iter().map(|file| digest(&file.path).map_err(|error| unreadable(&file.path, &error)));
    let digests = digests.collect::<Result<Vec<_>, _>>()?;
    let root = BASE32.encode(&Md5::digest(digests.concat()));
    let mut uri = String::new();
    for (file, digest) in files.iter().zip(&digests) {
        let native = put(session, &file.path, file.name.clone(), digest, root.clone()).await?;
        if std::ptr::eq(file, first) {
            uri = root_of(&native, file)?;
        } else if !native.starts_with(&uri) {
            return Err(Failure::new(
                Exit::Failed,
                "the server does not keep the files of a folder together",
            )
            .caused_by(format!("`{}` went to `{native}`, another to `{uri}`", file.name)));
        }
    }
    Ok(uri)
}

/// Where a folder is, going by where one of its files is.
fn root_of(native: &str, file: &Inner) -> Result<String, Failure> {
    let root = native.strip_suffix(&file.name).map(|root| root.trim_end_matches('/').to_owned());
    root.ok_or_else(|| {
        Failure::new(Exit::Failed, "the server gives the files of a folder other names")
            .caused_by(format!("`{}` is to go to `{native}`", file.name))
    })
}

/// The MD5 of a file, read piece by piece.
fn digest(path: &Path) -> io::Result<[u8; 16]> {
    let mut file = File::open(path)?;
    let mut hash = Md5::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(&piece[..count]),
        }
    }
}

async fn put(
    session: &Session,
    path: &Path,
    name: String,
    digest: &[u8; 16],
    root: String,
) -> Result<String, Failure> {
    let request = CreateUploadLocationRequest {
        project: session.project().to_owned(),
        domain: session.domain().to_owned(),
        filename: name,
        content_md5: digest.to_vec(),
        filename_root: root,
        add_content_md5_metadata: true,
        ..Default::default()
    };
    let location = session.client.create_upload_location(&request).await?;
    send(session, path, digest, &location).await.map_err(|failure| {
        let mut told = Failure::new(failure.exit, format!("cannot upload `{}`", path.display()));
        told.causes = std::iter::once(failure.message).chain(failure.causes).collect();
        told.hints = failure.hints;
        told
    })?;
    Ok(location.native_url)
}

async fn send(
    session: &Session,
    path: &Path,
    digest: &[u8; 16],
    location: &CreateUploadLocationResponse,
) -> Result<(), Failure> {
    match local_file(session, &location.signed_url)? {
        Some(to) => copy(path, &to).map_err(|error| unwritten(&to, &error)),
        None => super::http::put(session, path, digest, location).await,
    }
}

fn unwritten(to: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot write `{}`", to.display())).caused_by(error)
}

/// Copies a file, which appears whole or not at all.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_folder_are_taken_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b")).unwrap();
        for name in ["c", "b/a", "a"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let names: Vec<_> = folder::files(folder.path()).unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["a", "b/a", "c"]);
    }

    #[test]
    fn a_root_is_what_is_before_a_files_name() {
        let file = Inner { path: "x".into(), name: "b/a".to_owned() };
        assert_eq!(root_of("s3://bucket/p/d/ROOT/b/a", &file).unwrap(), "s3://bucket/p/d/ROOT");
        assert!(root_of("s3://bucket/p/d/other", &file).is_err());
    }
}
