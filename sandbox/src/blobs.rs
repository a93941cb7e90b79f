//! The folder of blobs: uploaded files and what tasks write. A native URI is the address of an object in
//! [`BUCKET`], which is this folder.
//!
//! Names come from requests, so each is validated segment by segment; no path leads out of the folder.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
    sync::OnceLock,
    time::UNIX_EPOCH,
};

use data_encoding::BASE32HEX_NOPAD;
use md5::{Digest, Md5};

/// The bucket of uploads and outputs; also that of Flyte's own sandbox.
pub(crate) const BUCKET: &str = "my-s3-bucket";

/// The name of the folder in that of the sandbox.
pub(crate) const FOLDER: &str = "blobs";

/// The folder below it with a folder for each attempt: what the attempt stores.
pub(crate) const OUTPUTS: &str = "data";

/// How deep the folders of attempts are: project, domain, execution, node and attempt.
pub(crate) const OUTPUTS_DEPTH: usize = 5;

/// The path of signed URLs, up to their token.
pub(crate) const URL_PATH: &str = "/data/";

/// The longest name that common file systems take.
const LONGEST_SEGMENT: usize = 255;

/// The blobs of one sandbox.
#[derive(Debug)]
pub(crate) struct Blobs {
    folder: PathBuf,
    /// Where this process serves signed URLs, such as `http://127.0.0.1:30080`; unset when it serves none.
    address: OnceLock<String>,
}

/// A validated path of a file below the folder, with `/` between its segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlobPath(String);

impl BlobPath {
    /// Validates a client's path; `None` if it could refer to anything but a file below the folder.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_segment = |segment: &str| {
            !segment.is_empty()
                && segment != "."
                && segment != ".."
                && segment.len() <= LONGEST_SEGMENT
                && !segment
                    .chars()
                    .any(|letter| letter.is_control() || cfg!(windows) && matches!(letter, '\\' | ':'))
        };
        text.split('/').all(is_segment).then(|| Self(text.to_owned()))
    }

    /// Reads a path as FlyteAdmin does (`URLPathConstructor` in flytestdlib's `storage`): as the path of a
    /// URL, whose `%XX` stand for bytes, which ends before `?` and `#`, and in which `.` and `..` are
    /// resolved. Empty segments, which an object store keeps, cannot exist in a folder.
    pub(crate) fn from_reference(text: &str) -> Option<Self> {
        let path = text.split(['?', '#']).next().unwrap_or(text);
        let path = String::from_utf8(unescaped(path)?).ok()?;
        let mut segments = Vec::new();
        for segment in path.split('/') {
            match segment {
                "" | "." => {}
                ".." => drop(segments.pop()),
                segment => segments.push(segment),
            }
        }
        Self::parse(&segments.join("/"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub(crate) fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

/// Bytes with their `%XX` read; `None` if a `%` has no two digits.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.extend(data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()?);
        rest = after;
    }
    Some(bytes)
}

impl Blobs {
    pub(crate) fn new(root: &Path) -> Self {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        Self { folder: root.join(FOLDER), address: OnceLock::new() }
    }

    /// Sets where this process serves signed URLs. Only the first call counts.
    pub(crate) fn serve_at(&self, address: String) {
        let _ = self.address.set(address);
    }

    /// Where this process serves signed URLs.
    pub(crate) fn address(&self) -> Option<&str> {
        self.address.get().map(String::as_str)
    }

    /// The file at a path.
    pub(crate) fn file(&self, path: &BlobPath) -> PathBuf {
        self.folder.join(path.as_str())
    }

    /// The URI by which tasks and clients name a file.
    pub(crate) fn native_uri(&self, path: &BlobPath) -> String {
        format!("s3://{BUCKET}/{}", path.as_str())
    }

    /// The URL by which the client of an embedded sandbox reads and writes a file.
    pub(crate) fn file_url(&self, path: &BlobPath) -> String {
        format!("file://{}", self.file(path).display())
    }

    /// The path that a native URI or a local path names; `None` if it is outside of this sandbox.
    pub(crate) fn path_from_uri(&self, uri: &str) -> Option<BlobPath> {
        let file = file_of_uri(&self.folder, uri)?;
        let below = file.strip_prefix(&self.folder).ok()?;
        let is_plain = below.components().all(|component| matches!(component, Component::Normal(_)));
        if is_plain { BlobPath::parse(below.to_str()?) } else { None }
    }

    /// Creates the folder of a file, and returns the file's path.
    pub(crate) fn prepare(&self, path: &BlobPath) -> io::Result<PathBuf> {
        let file = self.file(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(file)
    }
}

/// The URI of a file in a folder of blobs; a path for other files.
pub(crate) fn uri_of_file(folder: &Path, file: &Path) -> String {
    match file.strip_prefix(folder) {
        Ok(below) => {
            let parts = below.components().map(|part| part.as_os_str().to_string_lossy());
            format!("s3://{BUCKET}/{}", parts.collect::<Vec<_>>().join("/"))
        }
        Err(_) => file.display().to_string(),
    }
}

/// The file that a URI or a path names, below a folder of blobs or anywhere; `None` if it is not local.
pub(crate) fn file_of_uri(folder: &Path, uri: &str) -> Option<PathBuf> {
    if let Some(key) = uri.strip_prefix("s3://").and_then(|rest| rest.strip_prefix(BUCKET)?.strip_prefix('/'))
    {
        let key = Path::new(key.trim_end_matches('/'));
        let is_plain = key.components().all(|part| matches!(part, Component::Normal(_)));
        return is_plain.then(|| folder.join(key));
    }
    let path = Path::new(uri.strip_prefix("file://").unwrap_or(uri));
    path.is_absolute().then(|| path.to_owned())
}

/// The local file or folder that a URI of the sandbox in a folder names, or a path; `None` for other URIs.
///
/// `root` is the sandbox's folder, `uri` an address such as a task's output has. Whether there is such a file
/// is not checked.
#[must_use]
pub fn local_file(root: &Path, uri: &str) -> Option<PathBuf> {
    file_of_uri(&root.join(FOLDER), uri)
}

/// Changes with the content of a file, since files are replaced and never written to.
pub(crate) fn etag(metadata: &fs::Metadata) -> String {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{:x}-{:x}", metadata.len(), modified.unwrap_or_default().as_nanos())
}

/// The MD5 of a file; `None` if it does not exist.
pub(crate) fn file_md5(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = match fs::File::open(file) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut digest = Md5::new();
    io::copy(&mut file, &mut HashWriter(&mut digest))?;
    Ok(Some(digest.finalize().to_vec()))
}

struct HashWriter<'a>(&'a mut Md5);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A random token with 160 bits of the system's randomness.
pub(crate) fn token() -> io::Result<String> {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes)?;
    Ok(BASE32HEX_NOPAD.encode(&bytes).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_the_folder_have_a_path() {
        for text in ["a", "a/b c.txt", "p/d/AB==/ü", "a/..b"] {
            assert_eq!(BlobPath::parse(text).map(|path| path.0), Some(text.to_owned()));
        }
        for text in ["", "/a", "a/", "a//b", "..", "a/../b", "a/./b", "a\0", "a\nb", &"x".repeat(256)] {
            assert_eq!(BlobPath::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_reference_is_the_path_of_a_url() {
        for (text, expected) in [
            ("p/d/r/a b.txt", Some("p/d/r/a b.txt")),
            ("p/d/r/50%25 off", Some("p/d/r/50% off")),
            ("p/d/r/a%2Fb", Some("p/d/r/a/b")),
            ("p/d/r/%C3%A4+ä", Some("p/d/r/ä+ä")),
            ("p/d/r/../x", Some("p/d/x")),
            ("p/d/r//etc/x", Some("p/d/r/etc/x")),
            ("p/d/a//b//file.txt", Some("p/d/a/b/file.txt")),
            ("p/d/r/a?b#c", Some("p/d/r/a")),
            ("p/d/r/../../../../../x", Some("x")),
            ("p/d/r/%2e%2e/x", Some("p/d/x")),
            ("p/d/r/a%zz", None),
            ("p/d/r/a%2", None),
            ("p/d/r/%ff", None),
            ("../..", None),
        ] {
            let path = BlobPath::from_reference(text);
            assert_eq!(path.as_ref().map(BlobPath::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_native_uri_leads_back() {
        let blobs = Blobs::new(Path::new("/root of it"));
        let path = BlobPath::parse("p/d/file.txt").unwrap();
        assert_eq!(blobs.native_uri(&path), "s3://my-s3-bucket/p/d/file.txt");
        let local = "/root of it/blobs/p/d/file.txt";
        assert_eq!(blobs.path_from_uri(local), Some(path.clone()));
        assert_eq!(uri_of_file(Path::new("/root of it/blobs"), Path::new(local)), blobs.native_uri(&path));
        assert_eq!(blobs.path_from_uri(&blobs.native_uri(&path)), Some(path));
        for uri in [
            "s3://bucket/key",
            "s3://my-s3-bucketx/key",
            "s3://my-s3-bucket/../sandbox.db",
            "file:///etc/passwd",
            "file:///root of it/blobs/../sandbox.db",
        ] {
            assert_eq!(blobs.path_from_uri(uri), None, "{uri}");
        }
    }
}
