//! Records accesses on Linux with glibc.

mod log;
mod trap;
mod variables;

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
};

use super::{AccessError, Accesses};

/// Views of the kernel, which change all the time.
const UNWATCHED: [&str; 3] = ["/dev", "/proc", "/sys"];

/// A recording of this thread, and of those that it starts. There is one at a time in a process.
#[derive(Debug)]
pub(crate) struct Recording {
    /// The current directory at the start.
    directory: Option<PathBuf>,
}

impl Recording {
    pub(crate) fn start() -> Result<Self, AccessError> {
        if !variables::are_watched() {
            return Err(AccessError::NotExported);
        }
        let directory = std::env::current_dir().ok();
        log::start();
        trap::install()?;
        Ok(Self { directory })
    }

    pub(crate) fn stop(self) -> Accesses {
        accesses(log::stop(), self.directory.as_deref())
    }
}

fn accesses(entries: Option<Vec<log::Entry>>, start: Option<&Path>) -> Accesses {
    let mut found = Accesses::default();
    let Some(entries) = entries else {
        found.opaque = Some("reads more than can be recorded".to_owned());
        return found;
    };
    for log::Entry { kind, text } in entries {
        match kind {
            log::AccessKind::Variable => drop(found.variables.insert(OsString::from_vec(text))),
            log::AccessKind::Directory => found.directory = true,
            log::AccessKind::Opaque => found.opaque = Some(String::from_utf8_lossy(&text).into_owned()),
            log::AccessKind::Path => add_path(&mut found, Path::new(OsStr::from_bytes(&text)), start),
        }
    }
    found
}

fn add_path(found: &mut Accesses, path: &Path, start: Option<&Path>) {
    found.directory |= path.is_relative();
    if UNWATCHED.iter().any(|above| path.starts_with(above)) {
        return;
    }
    match start {
        Some(start) => drop(found.files.insert(start.join(path))),
        None => found.opaque = Some("reads a file without a current directory".to_owned()),
    }
}
