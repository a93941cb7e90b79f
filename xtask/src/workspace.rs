//! The workspace and its target directory, as `cargo metadata` reports them.

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
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
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

/// File name of a package's dynamic library on this system: `sample-plugin` is `libsample_plugin.so` on
/// Linux.
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
