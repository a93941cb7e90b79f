//! Debian packages unpacked below `target/`, with what they need and this machine lacks. Only what cannot be
//! used so is installed.
//!
//! To unpack, `apt-get` needs no rights: it plans (`--simulate`) and downloads, with its usual signature and
//! hash checks, and `dpkg-deb` unpacks. Only an empty package index asks for root, to be filled once.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{capture, command, is_root, run, works};
use crate::stamp::{made_once, write_script};

/// One version of a package that Debian offers, such as `1.85.0+dfsg3-1~deb12u3` of `rustc-web`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Package {
    /// The version of the software, without Debian's epoch, repackaging mark and revision: `1.85.0`.
    pub(crate) fn upstream(&self) -> &str {
        let version = self.version.split_once(':').map_or(self.version.as_str(), |(_, rest)| rest);
        version.split(['+', '-', '~']).next().unwrap_or(version)
    }

    fn spec(&self) -> String {
        format!("{}={}", self.name, self.version)
    }
}

/// Every version of the packages that the configured archives hold, best first.
pub(crate) fn offered(names: &[&str]) -> Result<Vec<Package>> {
    if !works(command("apt-get").arg("--version")) {
        return Err("this is not a Debian machine (`apt-get` is missing)".into());
    }
    let madison =
        || capture(command("apt-cache").arg("madison").args(names)).map(|table| parse_madison(&table));
    let mut packages = madison()?;
    if packages.is_empty() && is_root() {
        run(command("apt-get").args(["update", "--quiet=2"]))?;
        packages = madison()?;
    }
    if packages.is_empty() {
        return Err(format!("apt knows no package {}; has `apt-get update` run?", names.join(", ")).into());
    }
    Ok(packages)
}

/// The best version of each package.
pub(crate) fn best<const N: usize>(names: [&str; N]) -> Result<Vec<Package>> {
    let offered = offered(&names)?;
    let best = |name: &str| offered.iter().find(|package| package.name == name).cloned();
    names
        .map(|name| best(name).ok_or_else(|| format!("apt knows no package {name}").into()))
        .into_iter()
        .collect()
}

/// Unpacks `wanted` (all at exactly these versions) and its missing dependencies into `folder`.
pub(crate) fn unpack(wanted: &[Package], folder: PathBuf) -> Result<PathBuf> {
    let specs: Vec<String> = wanted.iter().map(Package::spec).collect();
    made_once(folder, specs.join(" ").as_bytes(), |folder| {
        let mut plan = command("apt-get");
        plan.args(["install", "--simulate", "--no-install-recommends"]).args(&specs).env("LC_ALL", "C");
        let plan = parse_plan(&capture(&mut plan)?);
        if plan.is_empty() {
            return Err(format!(
                "apt would install nothing for {}: it is installed already",
                specs.join(" ")
            )
            .into());
        }
        download_into(command("apt-get"), plan.iter().map(Package::spec), folder)
    })
}

/// Packages of another CPU. The system's package index has those of its own CPU alone, so this one is kept
/// below `target/`, filled from the same archives.
pub(crate) struct ForeignIndex {
    config: PathBuf,
    architecture: &'static str,
}

impl ForeignIndex {
    /// The index in `folder`, filled by `apt-get update` if it is empty. `architecture` is Debian's name of
    /// the CPU, such as `arm64`.
    pub(crate) fn open(folder: &Path, architecture: &'static str) -> Result<Self> {
        if !works(command("apt-get").arg("--version")) {
            return Err("this is not a Debian machine (`apt-get` is missing)".into());
        }
        let config = folder.join("apt.conf");
        for below in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(below))?;
        }
        fs::write(folder.join("status"), "")?;
        let text = format!(
            "APT::Architectures {{ \"{architecture}\"; }};\nDir::State \"{folder}/state\";\n\
             Dir::State::status \"{folder}/status\";\nDir::Cache \"{folder}/cache\";\n{sandbox}",
            folder = folder.display(),
            sandbox = if is_root() { "APT::Sandbox::User \"root\";\n" } else { "" },
        );
        fs::write(&config, text)?;
        let index = Self { config, architecture };
        if entries(&folder.join("state/lists"))?.iter().all(|path| !path.is_file()) {
            index.update()?;
        }
        Ok(index)
    }

    /// Asks the archives for their present packages.
    pub(crate) fn update(&self) -> Result {
        run(self.apt("apt-get").args(["update", "--quiet=2"]))
    }

    /// The versions of a package, best first.
    pub(crate) fn offered(&self, name: &str) -> Result<Vec<Package>> {
        let name = format!("{name}:{}", self.architecture);
        let table = capture(self.apt("apt-cache").args(["madison", &name]))?;
        Ok(parse_madison(&table))
    }

    /// Unpacks packages, without what they depend on.
    pub(crate) fn unpack(&self, wanted: &[Package], folder: PathBuf) -> Result<PathBuf> {
        let specs: Vec<String> = wanted.iter().map(Package::spec).collect();
        made_once(folder, specs.join(" ").as_bytes(), |folder| {
            download_into(self.apt("apt-get"), specs.iter().cloned(), folder)
        })
    }

    fn apt(&self, program: &str) -> std::process::Command {
        let mut apt = command(program);
        apt.env("APT_CONFIG", &self.config);
        apt
    }
}

/// Downloads packages, and unpacks them into `folder`.
fn download_into(
    mut apt_get: std::process::Command,
    specs: impl Iterator<Item = String>,
    folder: &Path,
) -> Result {
    let downloads = folder.join("downloads");
    fs::create_dir_all(&downloads)?;
    apt_get.args(["download", "--quiet=2"]).args(specs).current_dir(&downloads);
    if is_root() {
        apt_get.args(["--option", "APT::Sandbox::User=root"]); // the folder is ours, not user `_apt`'s
    }
    run(&mut apt_get)?;
    for archive in fs::read_dir(&downloads)? {
        run(command("dpkg-deb").arg("--extract").arg(archive?.path()).arg(folder))?;
    }
    Ok(fs::remove_dir_all(&downloads)?)
}

/// A script on top of an unpacked tree that runs one of its programs, with the libraries of the tree and with
/// variables.
#[cfg(unix)]
pub(crate) fn script(tree: &Path, program: &str, variables: &[(&str, String)]) -> Result<PathBuf> {
    let program = tree.join(program);
    let script = tree.join(program.file_name().ok_or("a program has a name")?);
    let folders: Vec<String> =
        library_folders(tree)?.iter().map(|folder| folder.display().to_string()).collect();
    let mut text = format!("#!/bin/sh\nLD_LIBRARY_PATH='{}' ", folders.join(":"));
    for (name, value) in variables {
        text.push_str(&format!("{name}='{value}' "));
    }
    text.push_str(&format!("exec '{}' \"$@\"\n", program.display()));
    write_script(&script, &text)?;
    Ok(script)
}

/// There is nothing to run elsewhere.
#[cfg(not(unix))]
pub(crate) fn script(_: &Path, _: &str, _: &[(&str, String)]) -> Result<PathBuf> {
    Err("only Linux runs Debian's programs".into())
}

/// Installs packages of the system, which only root may.
pub(crate) fn install(packages: &[&str]) -> Result {
    if !is_root() || !works(command("apt-get").arg("--version")) {
        return Err("it is not installed, and this is not root on a Debian machine".into());
    }
    run(command("apt-get").args(["update", "--quiet=2"]))?;
    let mut install = command("apt-get");
    install.args(["install", "--yes", "--no-install-recommends", "--quiet=2"]).args(packages);
    run(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Folders of shared libraries in an unpacked tree; some packages have theirs one folder further down.
fn library_folders(tree: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![tree.join("usr/lib")];
    for path in entries(&tree.join("usr/lib"))? {
        if path.is_dir() && path.to_string_lossy().contains("-linux-") {
            folders.push(path.clone());
            let further = entries(&path)?.into_iter().filter(|path| path.is_dir());
            folders.extend(further.filter(|folder| has_libraries(folder)));
        }
    }
    Ok(folders)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn has_libraries(folder: &Path) -> bool {
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("lib") && name.contains(".so")
    };
    entries(folder).is_ok_and(|paths| paths.iter().any(is_library))
}

/// Rows such as `rustc-web | 1.85.0+dfsg3-1~deb12u3 | <archive> bookworm/main amd64 Packages`.
fn parse_madison(table: &str) -> Vec<Package> {
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim);
        let (name, version, archive) = (cells.next()?, cells.next()?, cells.next()?);
        archive.ends_with("Packages").then(|| Package { name: name.to_owned(), version: version.to_owned() })
    };
    table.lines().filter_map(row).collect()
}

/// Lines such as `Inst libllvm19 [old version, if any] (1:19.1.7-3~deb12u1 Debian:12.15 [amd64])`.
fn parse_plan(plan: &str) -> Vec<Package> {
    let install = |line: &str| {
        let (name, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
        let version = rest.split_once('(')?.1.split_whitespace().next()?;
        Some(Package { name: name.to_owned(), version: version.to_owned() })
    };
    plan.lines().filter_map(install).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str) -> Package {
        Package { name: name.to_owned(), version: version.to_owned() }
    }

    #[test]
    fn a_plan_is_read() {
        let plan = "Inst libllvm19 (1:19.1.7-3~deb12u1 Debian:12.15/oldstable [amd64])\n\
                    Inst rustc-web [1.96.0+dfsg1-1] (1.85.0+dfsg3-1 Debian:12.15/oldstable [amd64])\n\
                    Conf rustc-web (1.85.0+dfsg3-1 Debian:12.15/oldstable [amd64])\n";
        let expected = [package("libllvm19", "1:19.1.7-3~deb12u1"), package("rustc-web", "1.85.0+dfsg3-1")];
        assert_eq!(parse_plan(plan), expected);
    }

    #[test]
    fn versions_on_offer_are_read_without_source_packages() {
        let table = " rustc | 1.63.0+dfsg1-2 | archive bookworm/main amd64 Packages\n \
                     rustc | 1.63.0+dfsg1-2 | archive bookworm/main Sources\n";
        assert_eq!(parse_madison(table), [package("rustc", "1.63.0+dfsg1-2")]);
    }

    #[test]
    fn the_upstream_version_is_what_the_software_calls_itself() {
        assert_eq!(package("libllvm19", "1:19.1.7-3~deb12u1").upstream(), "19.1.7");
        assert_eq!(package("rustc-web", "1.85.0+dfsg3-1~deb12u3").upstream(), "1.85.0");
    }
}
