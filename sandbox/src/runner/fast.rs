//! Fast registration: the code of a task is an archive beside it.
//!
//! flytekit's `pyflyte-fast-execute` unpacks the archive into `--dest-dir`, the image's own folder, and then
//! starts the command behind it. Here that folder is one of this machine, such as root's home, so the archive
//! is unpacked into the attempt's working directory, whatever `--dest-dir` says. The runner does that itself:
//! Python would import flytekit twice.

use std::{fs::File, path::Path};

use flate2::read::MultiGzDecoder;

use super::error::AttemptError;
use crate::blobs::file_of_uri;

const PROGRAM: &str = "pyflyte-fast-execute";
const ARCHIVE: &str = "--additional-distribution";
const FOLDER: &str = "--dest-dir";

/// What a task's command becomes.
#[derive(Debug, PartialEq)]
pub(super) struct FastCommand {
    pub(super) line: Vec<String>,
    /// The archive that was unpacked into the working directory.
    pub(super) unpacked: Option<String>,
}

/// Unpacks the code of a fast-registered task into its working directory; `None` for other tasks.
pub(super) fn prepare(
    line: &[String],
    work: &Path,
    blobs: &Path,
) -> Result<Option<FastCommand>, AttemptError> {
    let program = line.first().map(Path::new).and_then(Path::file_name);
    if program.is_none_or(|program| program != PROGRAM) {
        return Ok(None);
    }
    let folder = work.display().to_string();
    let Some(end) = line.iter().position(|word| word == "--") else {
        return Ok(Some(FastCommand { line: in_folder(line, &folder), unpacked: None }));
    };
    let uri = value(&line[..end], ARCHIVE).unwrap_or_default();
    let archive = file_of_uri(blobs, &uri).filter(|path| is_archive(path));
    let Some(archive) = archive else {
        return Ok(Some(FastCommand { line: in_folder(line, &folder), unpacked: None }));
    };
    unpack(&archive, work)?;
    let mut command = Vec::new();
    for word in &line[end + 1..] {
        // As flytekit's program does, for the tasks that a dynamic task starts.
        if word == "--resolver" {
            let words = ["--dynamic-addl-distro", &uri, "--dynamic-dest-dir", &folder];
            command.extend(words.map(str::to_owned));
        }
        command.push(word.clone());
    }
    Ok(Some(FastCommand { line: command, unpacked: Some(uri) }))
}

fn is_archive(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    (name.ends_with(".tar.gz") || name.ends_with(".tgz")) && path.is_file()
}

fn unpack(archive: &Path, work: &Path) -> Result<(), AttemptError> {
    let file = File::open(archive).map_err(AttemptError::files("read the code archive", archive))?;
    let mut archive_file = tar::Archive::new(MultiGzDecoder::new(file));
    archive_file.unpack(work).map_err(AttemptError::files("unpack the code archive", archive))
}

/// The command line with another folder for the code.
fn in_folder(line: &[String], folder: &str) -> Vec<String> {
    let mut is_folder = false;
    line.iter()
        .map(|word| {
            let word = if std::mem::take(&mut is_folder) { folder } else { word };
            is_folder = word == FOLDER;
            match word.strip_prefix(FOLDER) {
                Some(given) if given.starts_with('=') => format!("{FOLDER}={folder}"),
                _ => word.to_owned(),
            }
        })
        .collect()
}

fn value(words: &[String], option: &str) -> Option<String> {
    let at = words.iter().position(|word| word == option);
    let after = at.and_then(|at| words.get(at + 1)).cloned();
    after.or_else(|| {
        words.iter().find_map(|word| word.strip_prefix(option)?.strip_prefix('=').map(str::to_owned))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_folder_of_the_code_is_that_of_the_attempt() {
        for folder in ["--dest-dir /root", "--dest-dir=/root", "--dest-dir ."] {
            let line = arguments(&format!(
                "pyflyte-fast-execute --additional-distribution s3://b/c.tar.gz {folder} -- x"
            ));
            let command = prepare(&line, Path::new("/work"), Path::new("/blobs")).unwrap().unwrap();
            assert_eq!(command.unpacked, None);
            assert!(
                command.line.join(" ").replace('=', " ").contains("--dest-dir /work -- x"),
                "{command:?}"
            );
        }
    }

    #[test]
    fn other_commands_stay() {
        assert_eq!(
            prepare(&arguments("sh -c --dest-dir"), Path::new("/work"), Path::new("/blobs")).unwrap(),
            None
        );
        assert_eq!(prepare(&[], Path::new("/work"), Path::new("/blobs")).unwrap(), None);
    }
}
