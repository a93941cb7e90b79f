//! Uploads: the server is told a file's MD5 and answers with a URL that takes just this file.

use std::{fs, io, path::Path};

use data_encoding::BASE32;
use md5::{Digest as _, Md5};
use remote::{data::Fingerprint, proto::service::CreateUploadLocationRequest};

use super::{
    super::session::Session,
    folder::{self, Inner},
    progress::Line,
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
    let fingerprint = fingerprint(path).await?;
    put(session, path, name, &fingerprint, String::new()).await
}

/// Uploads the files of a folder below one root, which is made of their contents as flytekit makes it.
async fn upload_folder(session: &Session, path: &Path) -> Result<String, Failure> {
    let files = folder::files(path).map_err(|error| unreadable(path, &error))?;
    let Some(first) = files.first() else {
        return Err(Failure::new(Exit::Failed, format!("there is no file in `{}`", path.display()))
            .hint("a folder without files cannot be uploaded".to_owned()));
    };
    let mut fingerprints = Vec::new();
    for file in &files {
        fingerprints.push(fingerprint(&file.path).await?);
    }
    let digests: Vec<u8> = fingerprints.iter().flat_map(|fingerprint| fingerprint.md5).collect();
    let root = BASE32.encode(&Md5::digest(digests));
    let mut uri = String::new();
    for (file, fingerprint) in files.iter().zip(&fingerprints) {
        let native = put(session, &file.path, file.name.clone(), fingerprint, root.clone()).await?;
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

async fn fingerprint(path: &Path) -> Result<Fingerprint, Failure> {
    let what = format!("cannot read `{}`", path.display());
    Fingerprint::of(path, &|_| ()).await.map_err(|error| super::failure(what, &error))
}

async fn put(
    session: &Session,
    path: &Path,
    name: String,
    fingerprint: &Fingerprint,
    root: String,
) -> Result<String, Failure> {
    let request = CreateUploadLocationRequest {
        project: session.project().to_owned(),
        domain: session.domain().to_owned(),
        filename: name.clone(),
        content_md5: fingerprint.md5.to_vec(),
        filename_root: root,
        add_content_md5_metadata: true,
        ..Default::default()
    };
    let place = session.client.create_upload_location(&request).await?;
    let line = Line::new(&name, fingerprint.length);
    let put = session.transfers()?.put(path, fingerprint, &place, &|done| line.set(done)).await;
    put.map_err(|error| super::failure(format!("cannot upload `{}`", path.display()), &error))?;
    Ok(place.native_url)
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
