//! How often a plugin ended the process in a row: a small file of each such plugin.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// After how many ends in a row a plugin is paused.
pub(super) const PAUSED_AFTER: u32 = 3;

/// Ends of processes inside a plugin, without a call of the same function that came back in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CrashCount {
    pub(super) count: u32,
    /// The call of the last one.
    pub(super) site: String,
}

/// The file of a plugin. Names of plugins are file names: `passport.rs` allows only letters, digits and `-`,
/// `_`.
fn path(folder: &Path, plugin: &str) -> PathBuf {
    folder.join(format!("{plugin}.crashes"))
}

/// The count of a plugin.
pub(super) fn read(folder: &Path, plugin: &str) -> Option<CrashCount> {
    let text = fs::read_to_string(path(folder, plugin)).ok()?;
    let (count, site) = text.trim_end().split_once(' ')?;
    Some(CrashCount { count: count.parse().ok()?, site: site.to_owned() })
}

/// As [`read`], but forgets the count if the plugin's file was changed after the last crash.
pub(super) fn read_for_file(folder: &Path, plugin: &str, file: &Path) -> Option<CrashCount> {
    let count = read(folder, plugin)?;
    let counted = fs::metadata(path(folder, plugin)).ok()?.modified().ok()?;
    if last_change(file).is_some_and(|changed| changed > counted) {
        clear(folder, plugin).ok()?;
        return None;
    }
    Some(count)
}

/// When a file got its content: a copy may keep the time of the original, but not that of the change of its
/// entry.
fn last_change(file: &Path) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(file).ok()?;
    let (seconds, nanoseconds) = (metadata.ctime(), metadata.ctime_nsec());
    let since = std::time::Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanoseconds).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

/// Counts one more.
pub(super) fn add(folder: &Path, plugin: &str, site: &str) -> io::Result<()> {
    let count = read(folder, plugin).map_or(0, |known| known.count).saturating_add(1);
    let path = path(folder, plugin);
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    fs::write(&draft, format!("{count} {site}\n"))?;
    fs::rename(&draft, &path)
}

/// Forgets the ends of a plugin. Returns whether there were any.
pub(super) fn clear(folder: &Path, plugin: &str) -> io::Result<bool> {
    match fs::remove_file(path(folder, plugin)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashes_are_counted_until_they_are_cleared_or_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let file = folder.join("libacme.so");
        fs::write(&file, "1").unwrap();
        assert_eq!(read(folder, "acme"), None);
        for count in 1..4 {
            add(folder, "acme", "in `get_remote`").unwrap();
            let expected = CrashCount { count, site: "in `get_remote`".to_owned() };
            assert_eq!(read(folder, "acme").as_ref(), Some(&expected));
            assert_eq!(read_for_file(folder, "acme", &file), Some(expected));
        }
        assert!(clear(folder, "acme").unwrap());
        assert!(!clear(folder, "acme").unwrap());
        add(folder, "acme", "in `create`").unwrap();
        let counted = SystemTime::now() - std::time::Duration::from_hours(1);
        let count = fs::File::options().write(true).open(path(folder, "acme")).unwrap();
        count.set_modified(counted).unwrap();
        assert_eq!(read_for_file(folder, "acme", &file), None);
        assert_eq!(read(folder, "acme"), None);
    }
}
