//! Where things are: the workspace, its target directory, and its plugin crates, as Cargo itself tells.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Result;
use crate::command::{capture, cargo};

/// What `cargo metadata` says of this workspace.
pub(crate) struct Workspace {
    /// Folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where all chores keep what they make or fetch.
    pub(crate) target: PathBuf,
    /// Packages that build a library for `dlopen`, in alphabetical order.
    pub(crate) plugins: Vec<String>,
}

impl Workspace {
    /// Asks Cargo, from the folder of this crate, so that the current directory does not matter.
    pub(crate) fn find() -> Result<Self> {
        let mut metadata = cargo("metadata");
        metadata.args(["--no-deps", "--format-version=1"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        let metadata: Value = serde_json::from_str(&capture(&mut metadata)?)?;
        let path = |key: &str| -> Result<PathBuf> {
            Ok(metadata[key].as_str().ok_or_else(|| format!("`cargo metadata` names no `{key}`"))?.into())
        };
        let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut plugins: Vec<String> = packages
            .iter()
            .filter(|package| is_plugin(package))
            .filter_map(|package| Some(package["name"].as_str()?.to_owned()))
            .collect();
        plugins.sort();
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, plugins })
    }

    /// A path below the root, written with `/`.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// A path below the target directory.
    pub(crate) fn target(&self, below: &str) -> PathBuf {
        self.target.join(below)
    }
}

fn is_plugin(package: &Value) -> bool {
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_cdylib = |kind: &Value| kind == "cdylib";
    targets.iter().any(|target| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(is_cdylib)))
}

/// File name of a package's dynamic library on this system: `sample-plugin` is `libsample_plugin.so` on Linux.
pub(crate) fn library_name(package: &str) -> String {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    format!("{DLL_PREFIX}{}{DLL_SUFFIX}", package.replace('-', "_"))
}

/// File name of a program on this system.
pub(crate) fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Whether this run is continuous integration, where leaving something out is a failure.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}
