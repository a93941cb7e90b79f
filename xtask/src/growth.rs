//! Hosts and plugins for the growth tests: `plugin-abi` under other version numbers, one minor protocol
//! version ahead, of other major protocols; and one plugin built in other ways than the tests build it.
//!
//! What has another number is built from a copy of the sources in which the number was changed. Hosts share
//! the dependencies that the workspace's own build makes, and plugins share a build directory, so that only
//! crates of this repository are compiled again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::command::{capture, cargo, command, run, works};
use crate::stamp::{contents, made_once, write_script};
use crate::tidy::tracked_files;
use crate::workspace::{Workspace, library_name};

/// Patch release of the same protocol.
const PATCH: &str = "1.0.7";
/// Later minor release, which speaks the next protocol.
const NEXT: &str = "1.9.0";

/// Sources in which the version of `plugin-abi` and some text of its code were changed.
const COPIES: [(&str, &[(&str, &str)]); 4] = [
    (PATCH, &[]),
    (NEXT, &[]),
    // Before the symbols had a major number.
    (
        "0.1.0",
        &[
            ("flyte_plugin_passport_1", "flyte_plugin_passport"),
            ("flyte_plugin_header_1", "flyte_plugin_header"),
        ],
    ),
    (
        "2.0.0",
        &[
            ("flyte_plugin_passport_1", "flyte_plugin_passport_2"),
            ("flyte_plugin_header_1", "flyte_plugin_header_2"),
            ("MAJOR: u16 = 1", "MAJOR: u16 = 2"),
        ],
    ),
];

/// One more build of the growth plugin of this workspace's version.
struct Variant {
    name: &'static str,
    /// Its Cargo features.
    features: &'static str,
    /// Settings of Cargo's profile, as `CARGO_PROFILE_DEV_…` has them.
    profile: &'static [(&'static str, &'static str)],
    /// Whether C code is compiled.
    needs_c: bool,
}

const VARIANTS: [Variant; 4] = [
    Variant {
        name: "release",
        features: "",
        profile: &[
            ("OPT_LEVEL", "3"),
            ("LTO", "fat"),
            ("CODEGEN_UNITS", "1"),
            ("OVERFLOW_CHECKS", "false"),
            ("DEBUG_ASSERTIONS", "false"),
        ],
        needs_c: false,
    },
    Variant {
        name: "small",
        features: "clap",
        // No LTO, for which the macros and all that they need would be compiled once more.
        profile: &[("OPT_LEVEL", "z"), ("OVERFLOW_CHECKS", "true")],
        needs_c: false,
    },
    Variant { name: "mimalloc", features: "mimalloc", profile: &[], needs_c: true },
    Variant { name: "jemalloc", features: "jemalloc", profile: &[], needs_c: true },
];

/// Builds everything below `target/growth`: `hosts/VERSION/debug/flyte-host`, `plugins/NAME/` and
/// `c/VERSION/`. Returns the folder, and what could not be built on this machine.
pub(crate) fn build(workspace: &Workspace) -> Result<(PathBuf, Vec<String>)> {
    let growth = Growth::new(workspace)?;
    for (version, edits) in COPIES {
        growth.copy_sources(version, edits)?;
    }
    growth.next_protocol_only_adds()?;
    growth.host(PATCH)?;
    growth.host(NEXT)?;
    growth.plugins(NEXT, &["faulty-plugin", "growth-plugin", "wrapper-plugin"])?;
    for version in [PATCH, "0.1.0", "2.0.0"] {
        growth.plugins(version, &["growth-plugin"])?;
    }
    growth.static_library(NEXT)?;
    growth.with_two_versions()?;
    let mut missing = Vec::new();
    for variant in VARIANTS {
        if variant.needs_c && !has_c_toolchain() {
            missing.push(format!("a plugin with {}, which needs `cc` and `make`", variant.name));
            continue;
        }
        growth.built_otherwise(&variant)?;
    }
    Ok((growth.folder, missing))
}

fn has_c_toolchain() -> bool {
    ["cc", "make"].iter().all(|program| works(command(program).arg("--version")))
}

struct Growth<'w> {
    workspace: &'w Workspace,
    folder: PathBuf,
    /// What plugins are made from.
    inputs: Vec<u8>,
}

impl<'w> Growth<'w> {
    fn new(workspace: &'w Workspace) -> Result<Self> {
        let mut inputs = capture(command("rustc").arg("-vV"))?.into_bytes();
        for folder in ["plugin-abi", "tests/plugins"] {
            inputs.extend(contents(&workspace.path(folder))?);
        }
        for file in ["Cargo.toml", "Cargo.lock", "xtask/src/growth.rs"] {
            inputs.extend(fs::read(workspace.path(file))?);
        }
        let folder = workspace.target("growth");
        fs::create_dir_all(&folder)?;
        Ok(Self { workspace, folder, inputs })
    }

    fn sources(&self, version: &str) -> PathBuf {
        self.folder.join("sources").join(version)
    }

    /// Copies the repository, `plugin-abi` with another version; files that are unchanged keep their times.
    fn copy_sources(&self, version: &str, edits: &[(&str, &str)]) -> Result {
        let own = own_version(&fs::read_to_string(self.workspace.path("plugin-abi/Cargo.toml"))?)?;
        let mut kept = BTreeSet::new();
        for name in tracked_files(&self.workspace.root)? {
            let from = self.workspace.path(&name);
            if !is_needed(&name) || !from.is_file() {
                continue;
            }
            let to = self.sources(version).join(&name);
            let bytes = match (String::from_utf8(fs::read(&from)?), name.starts_with("plugin-abi/src/")) {
                (Ok(text), true) => {
                    edits.iter().fold(text, |text, (old, new)| text.replace(old, new)).into_bytes()
                }
                (Ok(text), false) => with_version(&name, &text, &own, version).into_bytes(),
                (Err(error), _) => error.into_bytes(),
            };
            write_if_changed(&to, &bytes)?;
            kept.insert(to);
        }
        remove_others(&self.sources(version), &kept)
    }

    /// What the growth tests see as the next protocol must keep the rules of growth itself.
    fn next_protocol_only_adds(&self) -> Result {
        let mut test = cargo("test");
        test.args(["--quiet", "--package", "auth", "--package", "flyte-client", "--package", "flyte-host"]);
        test.args(["--package", "plugin-abi", "--test", "border", "border_is"]);
        self.through_script(&mut test, NEXT)?;
        test.env("CARGO_BUILD_BUILD_DIR", &self.workspace.target);
        test.env("CARGO_TARGET_DIR", self.folder.join("build"));
        run(test.current_dir(&self.workspace.root))
    }

    /// Builds a host from a copy. That of the same protocol has no checks, and optimised interfaces, as in a
    /// release.
    fn host(&self, version: &str) -> Result {
        let target = self.folder.join("hosts").join(version);
        let mut build = cargo("build");
        // With the tests of some packages, and so with the features that these switch on: then the
        // dependencies are those of the workspace's own build.
        build.args(["--package", "flyte-host", "--bin", "flyte-host"]);
        build.args(["--package", "auth", "--package", "flyte-client"]);
        build.args(["--package", "plugin-abi", "--test", "border"]);
        if version == PATCH {
            let settings = ["overflow-checks=false", "debug-assertions=false"];
            for (package, setting) in
                ["flyte-host", "plugin-abi", "plugin-host"].iter().flat_map(|p| settings.map(|s| (p, s)))
            {
                build.args(["--config", &format!("profile.dev.package.{package}.{setting}")]);
            }
            // All of the host would take minutes.
            build.args(["--config", "profile.dev.package.plugin-abi.opt-level=3"]);
        }
        self.through_script(&mut build, version)?;
        build.env("CARGO_BUILD_BUILD_DIR", &self.workspace.target).env("CARGO_TARGET_DIR", target);
        run(build.current_dir(self.sources(version)))
    }

    /// Builds plugins from a copy.
    fn plugins(&self, version: &str, packages: &[&str]) -> Result {
        let mut builds = Vec::new();
        for package in packages {
            let mut build = cargo("rustc");
            build.args(["--package", package]).current_dir(self.sources(version));
            self.through_script(&mut build, version)?;
            builds.push((*package, build));
        }
        self.libraries(version, builds)
    }

    /// Builds the static library for plugins in C from a copy, as `c/VERSION/libplugin_c.a`.
    fn static_library(&self, version: &str) -> Result {
        let target = self.folder.join("build");
        made_once(self.folder.join("c").join(version), &self.inputs, |folder| {
            fs::create_dir_all(folder)?;
            let mut build = cargo("rustc");
            build.args(["--package", "plugin-c", "--lib", "--crate-type", "staticlib"]);
            self.through_script(&mut build, version)?;
            run(build.env("CARGO_TARGET_DIR", &target).current_dir(self.sources(version)))?;
            fs::copy(target.join("debug/libplugin_c.a"), folder.join("libplugin_c.a"))?;
            Ok(())
        })?;
        Ok(())
    }

    /// Builds the growth plugin as other people might.
    fn built_otherwise(&self, variant: &Variant) -> Result {
        let mut build = cargo("rustc");
        build.args(["--package", "growth-plugin", "--features", variant.features]);
        for (setting, value) in variant.profile {
            build.env(format!("CARGO_PROFILE_DEV_{setting}"), value);
        }
        // Macros and build scripts stay as they are, and need not be built once more.
        for check in ["DEBUG_ASSERTIONS", "OVERFLOW_CHECKS"] {
            build.env(format!("CARGO_PROFILE_DEV_BUILD_OVERRIDE_{check}"), "true");
        }
        build.current_dir(&self.workspace.root);
        self.libraries(variant.name, vec![("growth-plugin", build)])
    }

    /// Builds the growth plugin with a later `plugin-abi` somewhere among its dependencies.
    fn with_two_versions(&self) -> Result {
        let folder = self.folder.join("sources/two-versions");
        let source = fs::read_to_string(self.workspace.path("tests/plugins/growth/src/lib.rs"))?;
        let create = "fn create(host: Host) -> Result<Self, PluginError> {";
        let with_use = source.replace(create, &format!("{create}\n        later::panics::note_panics();"));
        if with_use == source {
            return Err("the growth plugin has another `create` than `xtask/src/growth.rs` expects".into());
        }
        let manifest = format!(
            "[package]\nname = \"growth-plugin\"\nversion = \"0.6.0\"\nedition = \"2024\"\npublish = false\n\
             license = \"MIT OR Apache-2.0\"\n\
             description = \"A plugin that is built for two versions of the protocol\"\n\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\n\
             [dependencies]\nplugin-abi = {{ path = {:?} }}\n\
             later = {{ package = \"plugin-abi\", path = {:?} }}\n\n\
             [lints.rust]\n\
             unexpected_cfgs = {{ level = \"warn\", check-cfg = [\"cfg(next_protocol)\", \"cfg(feature, values(any()))\"] }}\n\n\
             [workspace]\n",
            self.workspace.path("plugin-abi"),
            self.sources(NEXT).join("plugin-abi"),
        );
        write_if_changed(&folder.join("Cargo.toml"), manifest.as_bytes())?;
        write_if_changed(&folder.join("src/lib.rs"), with_use.as_bytes())?;
        fs::copy(self.workspace.path("Cargo.lock"), folder.join("Cargo.lock"))?;
        // Not `--locked`: the lock file still has to learn of the second version; all else is in it.
        let mut build = command("cargo");
        build.arg("rustc").current_dir(folder);
        self.libraries("two-versions", vec![("growth-plugin", build)])
    }

    /// Runs the builds, unless what they made is there, and keeps the libraries in `plugins/NAME/`.
    fn libraries(&self, name: &str, builds: Vec<(&str, Command)>) -> Result {
        let target = self.folder.join("build");
        made_once(self.folder.join("plugins").join(name), &self.inputs, |folder| {
            fs::create_dir_all(folder)?;
            for (package, mut build) in builds {
                let library = library_name(package);
                // One file name for all ways to build a package: without it, Cargo builds it again.
                let built = target.join("debug/deps").join(&library);
                if built.exists() {
                    fs::remove_file(&built)?;
                }
                run(build.args(["--lib", "--crate-type", "cdylib"]).env("CARGO_TARGET_DIR", &target))?;
                fs::copy(built, folder.join(&library))?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Compiles the crates of the workspace through a script of this version, and leaves the others as they
    /// are.
    ///
    /// For [`NEXT`] the script adds `--cfg next_protocol`. For all, Cargo takes the script into account when
    /// it names what it builds. Otherwise crates of a copy would have the names of the originals, which go by
    /// their path within the workspace, and take their place in a build directory that both use.
    fn through_script(&self, build: &mut Command, version: &str) -> Result {
        let argument = if version == NEXT { " --cfg next_protocol" } else { "" };
        let script = self.folder.join(format!("rustc-{version}"));
        write_script(&script, &format!("#!/bin/sh\nexec \"$@\"{argument}\n"))?;
        build.env("RUSTC_WORKSPACE_WRAPPER", script);
        Ok(())
    }
}

/// Large files that no build reads stay where they are.
fn is_needed(name: &str) -> bool {
    !["tests/museum/", "tests/recordings/"].iter().any(|folder| name.starts_with(folder))
}

fn own_version(manifest: &str) -> Result<String> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    Ok(line.ok_or("`plugin-abi/Cargo.toml` has no version of its own")?.to_owned())
}

/// The text of a manifest or lock file with another version of `plugin-abi` and its macros.
fn with_version(name: &str, text: &str, own: &str, version: &str) -> String {
    match name {
        "Cargo.toml" => {
            [format!("version = \"={own}\""), format!("path = \"plugin-abi\", version = \"{own}\"")]
                .iter()
                .fold(text.to_owned(), |text, old| text.replace(old, &old.replace(own, version)))
        }
        "plugin-abi/Cargo.toml" | "plugin-abi/macros/Cargo.toml" => {
            text.replace(&format!("\nversion = \"{own}\"\n"), &format!("\nversion = \"{version}\"\n"))
        }
        "Cargo.lock" => ["plugin-abi", "plugin-abi-macros"].iter().fold(text.to_owned(), |text, package| {
            let entry = |version: &str| format!("name = \"{package}\"\nversion = \"{version}\"\n");
            text.replace(&entry(own), &entry(version))
        }),
        _ => text.to_owned(),
    }
}

fn write_if_changed(path: &Path, bytes: &[u8]) -> Result {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().ok_or("a file has a folder")?)?;
    Ok(fs::write(path, bytes)?)
}

fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_of_plugin_abi_is_changed_wherever_it_stands() {
        let changed = |name: &str| {
            let workspace = Workspace::find().unwrap();
            let read = |name: &str| fs::read_to_string(workspace.path(name)).unwrap();
            let own = own_version(&read("plugin-abi/Cargo.toml")).unwrap();
            let text = read(name);
            let changed = with_version(name, &text, &own, "9.8.7");
            text.lines().zip(changed.lines()).filter(|(old, new)| old != new).count()
        };
        let files = ["Cargo.toml", "plugin-abi/Cargo.toml", "plugin-abi/macros/Cargo.toml", "Cargo.lock"];
        assert_eq!(files.map(changed), [2, 1, 1, 2]);
    }
}
