//! What a wheel must have before it is published.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{capture, command, run};
use crate::python::Venv;

/// Files that a wheel must have, below its folder of metadata.
const METADATA: [&str; 4] = [
    "licenses/LICENSE-MIT",
    "licenses/LICENSE-APACHE",
    "licenses/LICENSE-THIRD-PARTY",
    "sboms/flyte-host.cdx.json",
];

/// Lines that its description must have.
const LINES: [&str; 4] = [
    "Name: flyte-host",
    "License-Expression: MIT OR Apache-2.0",
    "Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM",
    "Requires-Python: >=3.9",
];

/// Unpacks a wheel beside itself, and checks its files, description, licences, bill of materials and the
/// glibc that its program and its library need: `glibc` is the oldest minor version of glibc 2, as in `17`.
pub(super) fn check(tools: &Venv, wheel: &Path, glibc: &str) -> Result {
    let folder = wheel.with_extension("unpacked");
    let mut unpack = command(tools.program("python"));
    run(unpack.args(["-m", "zipfile", "-e"]).arg(wheel).arg(&folder))?;
    let problems = problems(&folder)?;
    fs::remove_dir_all(&folder)?;
    if !problems.is_empty() {
        return Err(format!("`{}`: {}", wheel.display(), problems.join("; ")).into());
    }
    // Reads the symbols of the program and of the library.
    let report = capture(command(tools.program("auditwheel")).arg("show").arg(wheel))?;
    if is_old_enough(&report, glibc) {
        Ok(())
    } else {
        Err(format!("`{}` needs a newer glibc than 2.{glibc}: {report}", wheel.display()).into())
    }
}

/// auditwheel quotes the tag for which the wheel is good enough.
fn is_old_enough(report: &str, glibc: &str) -> bool {
    let floor: u32 = glibc.parse().unwrap_or_default();
    let tags = report.split('"').filter_map(|word| word.strip_prefix("manylinux_2_"));
    let minors: Vec<u32> = tags.filter_map(|tag| tag.split('_').next()?.parse().ok()).collect();
    !minors.is_empty() && minors.iter().all(|minor| *minor <= floor)
}

/// What an unpacked wheel lacks.
fn problems(folder: &Path) -> Result<Vec<String>> {
    let metadata = below(folder, ".dist-info")?;
    let program = below(folder, ".data")?.join("scripts/flyte-host");
    let wanted = METADATA.map(|name| metadata.join(name));
    let wanted =
        wanted.iter().chain([&program]).filter(|path| fs::metadata(path).map_or(0, |file| file.len()) == 0);
    let mut problems: Vec<String> =
        wanted.map(|path| format!("no `{}`", path.strip_prefix(folder).unwrap_or(path).display())).collect();
    let text = fs::read_to_string(metadata.join("METADATA"))?;
    let (head, description) = text.split_once("\n\n").unwrap_or((&text, ""));
    let missing = LINES.iter().filter(|line| !head.lines().any(|present| present == **line));
    problems.extend(missing.map(|line| format!("no line `{line}` in its metadata")));
    if description.trim().is_empty() {
        problems.push("no description".to_owned());
    }
    let points = fs::read_to_string(metadata.join("entry_points.txt")).unwrap_or_default();
    if !points.contains("[flytekit.plugins]") {
        problems.push("no entry point of flytekit".to_owned());
    }
    Ok(problems)
}

/// The folder whose name has this ending.
fn below(folder: &Path, ending: &str) -> Result<PathBuf> {
    let mut paths = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let found = paths.find(|path| path.to_string_lossy().ends_with(ending));
    found.ok_or_else(|| format!("the wheel has no folder `*{ending}`").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_read_from_auditwheels_report() {
        let report = "x.whl is consistent with the following platform tag:\n\"manylinux_2_17_x86_64\".";
        assert!(is_old_enough(report, "17"));
        assert!(!is_old_enough(report, "12"));
        assert!(!is_old_enough("the following platform tag: \"linux_x86_64\".", "17"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let metadata = folder.path().join("flyte_host-1.dist-info");
        fs::create_dir_all(metadata.join("licenses")).unwrap();
        fs::create_dir_all(folder.path().join("flyte_host-1.data")).unwrap();
        fs::write(metadata.join("licenses/LICENSE-MIT"), "terms").unwrap();
        fs::write(metadata.join("METADATA"), "Name: flyte-host\n\n").unwrap();
        let problems = problems(folder.path()).unwrap();
        assert!(!problems.iter().any(|problem| problem.contains("LICENSE-MIT")), "{problems:?}");
        for expected in [
            "no `flyte_host-1.dist-info/licenses/LICENSE-THIRD-PARTY`",
            "no `flyte_host-1.data/scripts/flyte-host`",
            "no line `Requires-Python: >=3.9` in its metadata",
            "no description",
            "no entry point of flytekit",
        ] {
            assert!(problems.iter().any(|problem| problem == expected), "{expected}: {problems:?}");
        }
    }
}
