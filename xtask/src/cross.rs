//! The Rust compiler for another CPU. rustup's, if it has the standard library of the target; else Debian's
//! compiler, with the library that Debian builds for that CPU. rustup's installation stays as it is.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{capture, command};
use crate::debian::{self, ForeignIndex, Package};
use crate::stamp::link;
use crate::workspace::Workspace;

/// Debian's names of CPUs, by target.
const ARCHITECTURES: [(&str, &str); 2] =
    [("aarch64-unknown-linux-gnu", "arm64"), ("x86_64-unknown-linux-gnu", "amd64")];

/// Debian's newest compiler, and the packages with its standard library.
const RUSTC: [&str; 2] = ["rustc-web", "libstd-rust-web-dev"];

/// The value of `RUSTC` for builds for `target`; `None` for the compiler in use. Says which is taken.
pub(crate) fn compiler(workspace: &Workspace, target: &str) -> Result<Option<PathBuf>> {
    let libraries = capture(command("rustc").args(["--print", "target-libdir", "--target", target]))?;
    if Path::new(libraries.trim()).exists() {
        return Ok(None);
    }
    let (rustc, release) = debians(workspace, target).map_err(|error| {
        format!(
            "rustup has no standard library of {target}, and neither has Debian: {error}; run \
             `rustup target add {target}`"
        )
    })?;
    eprintln!(
        "\nrustup has no standard library of {target}: Debian's rustc {release} is used; \
         `rustup target add {target}` selects rustup's"
    );
    Ok(Some(rustc))
}

/// The index of packages of a target's CPU.
pub(crate) fn index(workspace: &Workspace, target: &str) -> Result<ForeignIndex> {
    let names = ARCHITECTURES.iter().find(|(name, _)| *name == target);
    let (_, architecture) = names.ok_or_else(|| format!("Debian's name of {target} is not known here"))?;
    ForeignIndex::open(&workspace.target(&format!("toolchains/apt-{architecture}")), architecture)
}

/// Debian's compiler with the standard library of the target, and its release.
fn debians(workspace: &Workspace, target: &str) -> Result<(PathBuf, String)> {
    let wanted = debian::best(RUSTC)?;
    let release = wanted[0].upstream().to_owned();
    let index = index(workspace, target)?;
    let library = match matching(&index, &wanted[1])? {
        Some(library) => library,
        None => {
            index.update()?;
            let missing = || format!("there is no `{}` {} for this CPU", wanted[1].name, wanted[1].version);
            matching(&index, &wanted[1])?.ok_or_else(missing)?
        }
    };
    // Shared with the tests of other compilers, which a target more does not change.
    let tree = debian::unpack(&wanted, workspace.target("toolchains").join(format!("debian-{release}")))?;
    let folder = workspace.target("toolchains").join(format!("debian-{release}-{target}"));
    let foreign = index.unpack(&[library], folder)?;
    link(&foreign.join("usr/lib/rustlib").join(target), &tree.join("usr/lib/rustlib").join(target))?;
    Ok((debian::script(&tree, "usr/bin/rustc", &[])?, release))
}

/// A library fits exactly the compiler that built it.
fn matching(index: &ForeignIndex, library: &Package) -> Result<Option<Package>> {
    let offered = index.offered(&library.name)?;
    Ok(offered.into_iter().find(|package| package.version == library.version))
}
