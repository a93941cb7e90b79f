//! The sample plugin built by every other Rust compiler within reach: rustup's toolchains, the system's, and
//! the versions that Debian offers. A host built by one compiler must load a plugin built by any of them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{capture, cargo, command, run, works};
use crate::debian;
use crate::debian::Package;
use crate::workspace::{Workspace, library_name};

/// The oldest compiler that plugin authors are promised, as `rust-version` of `plugin-abi` says.
const OLDEST: (u32, u32) = (1, 85);

/// Debian's compilers, each with the package of its standard library: the plain one, and the newer one that
/// Debian carries for its browsers.
const DEBIAN: [(&str, &str); 2] = [("rustc", "libstd-rust-dev"), ("rustc-web", "libstd-rust-web-dev")];

/// A compiler by the release that it says it is, such as `1.85.0` or `1.97.0-nightly`.
struct Compiler {
    release: String,
    rustc: PathBuf,
}

/// Builds the sample plugin with each compiler into `target/compilers/<release>/`, and lists them, one a
/// line, in `target/compilers/list.txt`. Returns the folder, and what could not be had.
pub(crate) fn build_samples(workspace: &Workspace) -> Result<(PathBuf, Vec<String>)> {
    let folder = workspace.target("compilers");
    let (compilers, missing) = find(workspace)?;
    fs::create_dir_all(&folder)?;
    let mut list = String::new();
    for Compiler { release, rustc } in compilers {
        let build = folder.join("build").join(&release);
        let mut cargo = cargo("build");
        cargo.args(["--package", "sample-plugin"]).env("RUSTC", &rustc).env("CARGO_TARGET_DIR", &build);
        cargo.env_remove("RUSTC_WRAPPER").env_remove("RUSTFLAGS").current_dir(&workspace.root);
        run(&mut cargo)?;
        let library = library_name("sample-plugin");
        fs::create_dir_all(folder.join(&release))?;
        fs::copy(build.join("debug").join(&library), folder.join(&release).join(&library))?;
        list.push_str(&release);
        list.push('\n');
    }
    fs::write(folder.join("list.txt"), list)?;
    Ok((folder, missing))
}

/// Every compiler but the one that builds the workspace, each release once.
fn find(workspace: &Workspace) -> Result<(Vec<Compiler>, Vec<String>)> {
    let own = release_of(&std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from))?;
    let mut known = vec![own];
    let mut found = Vec::new();
    for rustc in on_this_machine() {
        let Ok(release) = release_of(&rustc) else { continue };
        if is_recent(&release) && !known.contains(&release) {
            known.push(release.clone());
            found.push(Compiler { release, rustc });
        }
    }
    let mut missing = Vec::new();
    let offered = debian::offered(&DEBIAN.map(|(rustc, _)| rustc)).unwrap_or_else(|error| {
        missing.push(format!("Debian's compilers: {error}"));
        Vec::new()
    });
    for package in offered {
        let release = package.upstream().to_owned();
        if !is_recent(&release) || known.contains(&release) {
            continue;
        }
        match unpack(workspace, package) {
            Ok(rustc) => found.push(Compiler { release: release.clone(), rustc }),
            Err(error) => missing.push(format!("rustc {release} of Debian: {error}")),
        }
        known.push(release);
    }
    Ok((found, missing))
}

fn on_this_machine() -> Vec<PathBuf> {
    let toolchains = capture(command("rustup").args(["toolchain", "list", "--quiet"])).unwrap_or_default();
    let rustc =
        |toolchain: &str| capture(command("rustup").args(["which", "--toolchain", toolchain, "rustc"])).ok();
    let of_rustup = toolchains.lines().filter_map(rustc).map(|path| PathBuf::from(path.trim()));
    of_rustup.chain([PathBuf::from("/usr/bin/rustc")].into_iter().filter(|path| path.exists())).collect()
}

/// Unpacks one of Debian's compilers and returns a script that runs it there, with the libraries beside it.
fn unpack(workspace: &Workspace, rustc: Package) -> Result<PathBuf> {
    let library = DEBIAN.iter().find(|(name, _)| *name == rustc.name).map_or("", |(_, library)| library);
    let folder = workspace.target("toolchains").join(format!("debian-{}", rustc.upstream()));
    let library = Package { name: library.to_owned(), version: rustc.version.clone() };
    let tree = debian::unpack(&[rustc, library], folder)?;
    debian::script(&tree, "usr/bin/rustc", &[])
}

fn release_of(rustc: &Path) -> Result<String> {
    let version = capture(command(rustc).arg("-vV"))?;
    let release = version.lines().find_map(|line| line.strip_prefix("release: "));
    Ok(release.ok_or_else(|| format!("`{}` names no release", rustc.display()))?.to_owned())
}

fn is_recent(release: &str) -> bool {
    let mut numbers = release.split('.').map_while(|number| number.parse::<u32>().ok());
    let version = numbers.next().zip(numbers.next());
    version.is_some_and(|version| version >= OLDEST)
}

/// The target triple of the compiler in use.
pub(crate) fn host_triple() -> Result<String> {
    let version = capture(command("rustc").arg("-vV"))?;
    let triple = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(triple.ok_or("`rustc -vV` names no host")?.to_owned())
}

/// Whether rustup has a nightly toolchain, which some checks need.
pub(crate) fn has_nightly() -> bool {
    works(command("rustup").args(["run", "nightly", "rustc", "--version"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_older_than_the_promise_are_left_alone() {
        assert!(is_recent("1.85.0"));
        assert!(is_recent("1.97.0-nightly"));
        assert!(is_recent("2.0.0"));
        assert!(!is_recent("1.63.0"));
        assert!(!is_recent("nightly"));
    }
}
