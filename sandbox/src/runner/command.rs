//! The command line of a task.
//!
//! `command` and then `args`, with placeholders filled and the container's data directories replaced. The
//! image is not run: the program is a local one. A container without a command has its program in the image,
//! so it cannot be run here; but flytekit's Python tasks have theirs in `args`, because their images have no
//! entrypoint.

use std::{
    borrow::Cow,
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use flyte_client::proto::core::{Container, LiteralMap, TaskTemplate, task_template::Target};

use super::{
    environment::Environment,
    error::AttemptError,
    mounts::{self, Mount},
    pod,
    template::{self, PlaceholderValues},
    text,
};

/// The task type of containers with a command of the user's.
const RAW_CONTAINER: &str = "raw-container";

/// Extensions of programs on Windows where `PATHEXT` is not set.
const EXTENSIONS: &str = ".COM;.EXE;.BAT;.CMD";

/// The container of a task: its own, or the primary one of its pod.
pub(super) fn container(task: &TaskTemplate) -> Result<Cow<'_, Container>, AttemptError> {
    match &task.target {
        Some(Target::Container(container)) => Ok(Cow::Borrowed(container)),
        Some(Target::K8sPod(pod)) => pod::primary(task, pod).map(Cow::Owned),
        target => Err(AttemptError::NoContainer {
            task_type: task.r#type.clone(),
            target: match target {
                Some(Target::Sql(_)) => "an SQL statement",
                Some(Target::Container(_) | Target::K8sPod(_)) | None => "no container",
            },
        }),
    }
}

/// The program's name and its arguments.
pub(super) fn line(
    (task, container): (&TaskTemplate, &Container),
    inputs: &LiteralMap,
    values: &PlaceholderValues,
    mounts: &[Mount],
) -> Result<Vec<String>, AttemptError> {
    if container.command.is_empty() && (task.r#type == RAW_CONTAINER || container.args.is_empty()) {
        return Err(AttemptError::NoCommand { image: container.image.clone() });
    }
    let input = |name: &str| {
        let literal = inputs.literals.get(name).ok_or_else(|| format!("the task has no input `{name}`"))?;
        text::in_command(literal)
    };
    // Paths first, so that none is replaced within a value.
    let fill = |text: &String| template::fill(&mounts::replace(text, mounts), values, input);
    container.command.iter().chain(&container.args).map(fill).collect()
}

/// Finds the file of a program by the `PATH` of the task's process.
pub(super) fn find(
    program: &str,
    environment: &Environment,
    work: &Path,
    image: &str,
) -> Result<PathBuf, AttemptError> {
    let missing = |searched: String| AttemptError::ProgramNotFound {
        program: program.to_owned(),
        searched,
        image: image.to_owned(),
    };
    // Windows names programs without their extension.
    let extensions = environment.get("PATHEXT").map_or(OsStr::new(EXTENSIONS), |list| list.as_os_str());
    let extensions = cfg!(windows).then_some(extensions);
    let names = file_names(program, extensions);
    let found = |folder: &Path| names.iter().map(|name| folder.join(name)).find(|path| is_program(path));
    if program.contains('/') || cfg!(windows) && program.contains('\\') {
        return found(work).map_or_else(|| Err(missing(String::new())), executable);
    }
    let Some(path) = environment.get("PATH") else { return Err(missing(" (`PATH` is not set)".to_owned())) };
    env::split_paths(path)
        .find_map(|folder| found(&work.join(folder)).filter(|_| !program.is_empty()))
        .ok_or_else(|| missing(format!(" (`PATH` is `{}`)", path.to_string_lossy())))
        .and_then(executable)
}

/// The file names of a program: its own, and on Windows, with the extensions of `PATHEXT`, those with each.
fn file_names(program: &str, extensions: Option<&OsStr>) -> Vec<String> {
    let extensions = extensions.map(|extensions| extensions.to_string_lossy().to_lowercase());
    let extensions: Vec<&str> = extensions.iter().flat_map(|list| list.split(';')).collect();
    let is_whole = |extension: &&str| !extension.is_empty() && program.to_lowercase().ends_with(*extension);
    if extensions.iter().any(is_whole) {
        return vec![program.to_owned()];
    }
    let with_extension = extensions.iter().filter(|extension| !extension.is_empty());
    let with_extension = with_extension.map(|extension| format!("{program}{extension}"));
    std::iter::once(program.to_owned()).chain(with_extension).collect()
}

/// The program, unless its file system is mounted `noexec`: the shell would report only "Permission denied".
#[cfg(target_os = "linux")]
fn executable(path: PathBuf) -> Result<PathBuf, AttemptError> {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    match statvfs(&path) {
        Ok(mount) if mount.f_flag.contains(StatVfsMountFlags::NOEXEC) => {
            Err(AttemptError::NoExec { program: path.display().to_string() })
        }
        _ => Ok(path),
    }
}

/// Not checked on this system.
#[cfg(not(target_os = "linux"))]
fn executable(path: PathBuf) -> Result<PathBuf, AttemptError> {
    Ok(path)
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_finds_programs_without_their_extension() {
        assert_eq!(file_names("python", None), ["python"]);
        let extensions = Some(OsStr::new(".EXE;.Bat;"));
        assert_eq!(file_names("python", extensions), ["python", "python.exe", "python.bat"]);
        assert_eq!(file_names("Python.EXE", extensions), ["Python.EXE"]);
        assert_eq!(file_names("python3.11", extensions), ["python3.11", "python3.11.exe", "python3.11.bat"]);
    }
}
