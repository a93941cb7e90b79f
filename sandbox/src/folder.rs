//! The folder of a sandbox. It is private (mode 0700): a file that others could write there would run as the
//! user.

use std::{fs, path::Path};

use crate::open_error::OpenError;

/// Creates the folder of a sandbox, or makes an existing one private.
///
/// # Errors
///
/// When it cannot be created, belongs to another user, or is open to others and holds other files.
pub fn prepare_folder(root: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Folder { path: root.to_owned(), source };
    if let Some(parent) = root.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    #[cfg(unix)]
    return private::prepare(root, failed);
    #[cfg(not(unix))]
    fs::create_dir_all(root).map_err(failed)
}

#[cfg(unix)]
mod private {
    use std::{
        fs, io,
        os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
        path::Path,
    };

    use crate::open_error::OpenError;

    const PRIVATE: u32 = 0o700;
    /// The permissions of group and others.
    const OTHERS: u32 = 0o077;
    /// Write permission of group and others.
    const WRITABLE: u32 = 0o022;

    pub(super) fn prepare(root: &Path, failed: impl Fn(io::Error) -> OpenError) -> Result<(), OpenError> {
        match fs::DirBuilder::new().mode(PRIVATE).create(root) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map_err(failed),
        }
        // A symlink is followed.
        let metadata = fs::metadata(root).map_err(&failed)?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(OpenError::Foreign { path: root.to_owned(), uid: metadata.uid() });
        }
        if metadata.mode() & OTHERS == 0 {
            return Ok(());
        }
        if is_shared(root, metadata.mode()).map_err(&failed)? {
            return Err(OpenError::Shared { path: root.to_owned() });
        }
        fs::set_permissions(root, fs::Permissions::from_mode(PRIVATE)).map_err(failed)
    }

    /// Whether a folder holds other files than a sandbox's, as `/tmp` does: making it private would lock
    /// others out.
    fn is_shared(root: &Path, mode: u32) -> io::Result<bool> {
        let is_sandbox = root.join("sandbox.db").exists() && mode & WRITABLE == 0;
        Ok(!is_sandbox && fs::read_dir(root)?.next().is_some())
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_new_folder_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a/sandbox");
        prepare_folder(&root).unwrap();
        assert_eq!(mode(&root), 0o700);
        prepare_folder(&root).unwrap();
    }

    #[test]
    fn an_older_sandbox_is_made_private() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sandbox.db"), "").unwrap();
        set_mode(folder.path(), 0o755);
        prepare_folder(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o700);
    }

    #[test]
    fn an_empty_folder_is_made_private() {
        let folder = tempfile::tempdir().unwrap();
        set_mode(folder.path(), 0o1777);
        prepare_folder(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o700);
    }

    #[test]
    fn a_folder_that_others_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "").unwrap();
        for open in [0o755, 0o1777] {
            set_mode(folder.path(), open);
            let error = prepare_folder(folder.path()).unwrap_err();
            assert!(matches!(error, OpenError::Shared { .. }), "{error}");
            assert_eq!(mode(folder.path()), open);
        }
        // A private folder may hold anything.
        set_mode(folder.path(), 0o700);
        prepare_folder(folder.path()).unwrap();
        // A sandbox that an older version created in `/tmp`.
        fs::write(folder.path().join("sandbox.db"), "").unwrap();
        set_mode(folder.path(), 0o1777);
        assert!(matches!(prepare_folder(folder.path()), Err(OpenError::Shared { .. })));
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(folder.path(), Some(65534), None).unwrap();
        let error = prepare_folder(folder.path()).unwrap_err();
        let path = folder.path().display();
        assert_eq!(
            error.to_string(),
            format!("could not open the sandbox in `{path}`: the folder belongs to another user (uid 65534)")
        );
    }
}
