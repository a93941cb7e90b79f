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

/// The file of a plugin. Names of plugins are file names: `passport.rs` allows only letters, digits and `-`, `_`.
fn path(folder: &Path, plugin: &str) -> PathBuf {
    folder.join(format!("{plugin}.crashes"))
}

/// The count of a plugin; `None` if there is none, or if the plugin's file was changed after the last crash.
pub(super) fn read(folder: &Path, plugin: &str, file: Option<&Path>) -> Option<CrashCount> {
    let path = path(folder, plugin);
    let text = fs::read_to_string(&path).ok()?;
    let (count, site) = text.trim_end().split_once(' ')?;
    let count = CrashCount { count: count.parse().ok()?, site: site.to_owned() };
    let counted = fs::metadata(&path).ok()?.modified().ok()?;
    let changed = file.and_then(last_change).is_some_and(|changed| changed > counted);
    (!changed).then_some(count)
}

/// When a file got its content: a copy may keep the time of the original, but not that of the change of its entry.
fn last_change(file: &Path) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(file).ok()?;
    let (seconds, nanoseconds) = (metadata.ctime(), metadata.ctime_nsec());
    let since = std::time::Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanoseconds).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

/// Counts one more.
pub(super) fn add(folder: &Path, plugin: &str, site: &str) -> io::Result<()> {
    let count = read(folder, plugin, None).map_or(0, |known| known.count).saturating_add(1);
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
