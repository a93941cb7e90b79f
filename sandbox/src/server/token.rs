//! The token of clients whose user is unknown: `server.token`, mode 0600.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use subtle::ConstantTimeEq as _;

use super::error::ServeError;
use crate::blobs;

const FILE: &str = "server.token";

/// A shorter token was not generated here, and is replaced.
const SHORTEST: usize = 32;

/// The token file of the sandbox in a folder. It is kept across restarts and deleted by `flyte-host sandbox
/// reset`.
#[must_use]
pub fn token_file(root: &Path) -> PathBuf {
    root.join(FILE)
}

/// The token of the sandbox in a folder; `None` before it is first served.
#[must_use]
pub fn token(root: &Path) -> Option<String> {
    read(&token_file(root)).ok().flatten()
}

/// The token of a server.
pub(super) struct ServerToken(String);

impl ServerToken {
    /// Reads the token, or creates one if there is none or others could read it.
    pub(super) fn open(root: &Path) -> Result<Self, ServeError> {
        let path = token_file(root);
        let open = || match read(&path)? {
            Some(token) => Ok(token),
            None => make(&path),
        };
        open().map(Self).map_err(|source| ServeError::File { path: path.clone(), source })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in constant time.
    pub(super) fn is(&self, shown: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(shown).into()
    }
}

/// `None` if the file is missing, or accessible to other users.
fn read(path: &Path) -> io::Result<Option<String>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() || !is_private(&metadata) {
        return Ok(None);
    }
    let text = fs::read_to_string(path)?;
    let token = text.trim_ascii();
    let is_token = token.len() >= SHORTEST && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Ok(is_token.then(|| token.to_owned()))
}

#[cfg(unix)]
fn is_private(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_: &fs::Metadata) -> bool {
    true
}

/// Creates a token and its file. Not by `atomic_file`, since the file must never be readable by others.
fn make(path: &Path) -> io::Result<String> {
    use io::Write as _;

    let token = blobs::token()?;
    let partial = path.with_extension("token.new");
    let _ = fs::remove_file(&partial);
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&partial)?.write_all(format!("{token}\n").as_bytes())?;
    fs::rename(&partial, path)?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(root: &Path) -> String {
        ServerToken::open(root).ok().unwrap().0
    }

    #[test]
    fn a_token_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(token(folder.path()), None);
        let first = opened(folder.path());
        assert_eq!((opened(folder.path()), token(folder.path())), (first.clone(), Some(first)));
    }

    #[test]
    fn a_token_is_compared_as_a_whole() {
        let token = ServerToken("a".repeat(40));
        assert!(token.is("a".repeat(40).as_bytes()));
        for other in ["", "a", &"a".repeat(39), &"a".repeat(41), &"A".repeat(40)] {
            assert!(!token.is(other.as_bytes()), "{other}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_token_readable_by_others_is_replaced() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let first = opened(folder.path());
        let mode = || fs::metadata(token_file(folder.path())).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        fs::set_permissions(token_file(folder.path()), fs::Permissions::from_mode(0o640)).unwrap();
        assert_ne!(opened(folder.path()), first);
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn an_invalid_token_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "short\n", "two words that are long enough for a token\n"] {
            fs::write(token_file(folder.path()), text).unwrap();
            #[cfg(unix)]
            {
                let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                fs::set_permissions(token_file(folder.path()), private).unwrap();
            }
            assert_eq!(opened(folder.path()).len(), 32, "{text}");
        }
    }
}
