//! Who else can change a plugin's file: its owner and mode, and those of the folders above it.
//!
//! As OpenSSH does it for its keys, with two exceptions for what is usual and harmless. A group may write
//! where the group is the user's own (its number is the user's, as `useradd` makes it), and where the owner
//! is root, who has decided so: a folder of a company's plugins. In a folder with the sticky bit, such as
//! `/tmp`, others cannot replace the file.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::warning::WarningKind;

/// The first of the file, its folders, and those of the link that led there, which another user can change.
#[cfg(unix)]
pub(super) fn untrusted(file: &File, path: &Path) -> Option<(PathBuf, WarningKind)> {
    use rustix::process::geteuid;

    let root = Path::new("/").metadata().map_or(0, |metadata| Ownership::new(&metadata).owner);
    let user = User { id: geteuid().as_raw(), root };
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let own = file.metadata().ok().map(|metadata| (real.as_path(), Ownership::new(&metadata)));
    let links = if real == path { None } else { path.parent() };
    let folders = real.ancestors().skip(1).chain(links.into_iter().flat_map(Path::ancestors));
    let folders = folders.filter_map(|folder| Some((folder, Ownership::new(&folder.metadata().ok()?))));
    own.into_iter()
        .chain(folders)
        .find_map(|(path, ownership)| Some((path.to_owned(), ownership.flaw(&user)?)))
}

/// Not checked on this system.
#[cfg(not(unix))]
pub(super) fn untrusted(_: &File, _: &Path) -> Option<(PathBuf, WarningKind)> {
    None
}

/// The user who loads the plugin.
#[cfg(unix)]
struct User {
    id: u32,
    /// The owner of `/`, who can change everything: not 0 where a container hides the system's users.
    root: u32,
}

/// Owner and mode of a file or a folder.
#[cfg(unix)]
#[derive(Clone, Copy)]
struct Ownership {
    owner: u32,
    group: u32,
    mode: u32,
}

#[cfg(unix)]
impl Ownership {
    fn new(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { owner: metadata.uid(), group: metadata.gid(), mode: metadata.mode() }
    }

    fn flaw(self, user: &User) -> Option<WarningKind> {
        const FOLDER: u32 = 0o040_000;
        const STICKY: u32 = 0o1000;
        let is_roots = [0, user.root].contains(&self.owner);
        let is_sticky = self.mode & FOLDER != 0 && self.mode & STICKY != 0;
        if !is_roots && self.owner != user.id {
            Some(WarningKind::OtherOwner)
        } else if is_sticky {
            None
        } else if self.mode & 0o002 != 0 {
            Some(WarningKind::WorldWritable)
        } else if self.mode & 0o020 != 0 && !is_roots && self.group != self.owner {
            Some(WarningKind::GroupWritable)
        } else {
            None
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const USER: User = User { id: 1000, root: 0 };
    const FOLDER: u32 = 0o040_000;

    fn flaw(owner: u32, group: u32, mode: u32) -> Option<WarningKind> {
        Ownership { owner, group, mode }.flaw(&USER)
    }

    #[test]
    fn only_the_user_and_root_may_own_it() {
        assert_eq!(flaw(1000, 1000, 0o755), None);
        assert_eq!(flaw(0, 0, 0o644), None);
        assert_eq!(flaw(1001, 1001, 0o755), Some(WarningKind::OtherOwner));
        assert_eq!(flaw(65534, 65534, FOLDER | 0o1755), Some(WarningKind::OtherOwner));
        // A container in which root of the system has another number.
        let user = User { id: 1000, root: 65534 };
        assert_eq!(Ownership { owner: 65534, group: 65534, mode: 0o644 }.flaw(&user), None);
    }

    #[test]
    fn a_group_may_write_if_it_is_the_users_own_or_roots_choice() {
        assert_eq!(flaw(1000, 1000, 0o775), None);
        assert_eq!(flaw(0, 50, FOLDER | 0o2775), None);
        assert_eq!(flaw(1000, 100, 0o664), Some(WarningKind::GroupWritable));
        assert_eq!(flaw(1000, 100, FOLDER | 0o775), Some(WarningKind::GroupWritable));
    }

    #[test]
    fn everybody_may_write_only_into_a_sticky_folder() {
        assert_eq!(flaw(1000, 1000, 0o666), Some(WarningKind::WorldWritable));
        assert_eq!(flaw(0, 0, FOLDER | 0o777), Some(WarningKind::WorldWritable));
        assert_eq!(flaw(0, 0, FOLDER | 0o1777), None);
        // The bit means nothing on a file.
        assert_eq!(flaw(1000, 1000, 0o1666), Some(WarningKind::WorldWritable));
    }
}
