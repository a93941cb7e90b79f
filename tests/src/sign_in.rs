//! What a real sign-in needs: an identity provider, a Flyte that verifies its tokens, a user with a browser.
//!
//! All three are programs in `fixtures/sign_in`; `cargo xtask test` gets what they are written with.

mod browser;
mod flyte;
mod port;
mod provider;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{environment::link_or_copy, prepared};

pub use self::{
    browser::{Browser, UserAction},
    flyte::GuardedFlyte,
    port::Port,
    provider::Provider,
};

/// The programs that the three need.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Python with the official client.
    pub python: PathBuf,
    /// Chromium.
    pub chromium: PathBuf,
    node: PathBuf,
    modules: PathBuf,
}

impl Programs {
    /// What `cargo xtask test` installed; without it the test is skipped, with a note.
    #[must_use]
    pub fn prepared() -> Option<Self> {
        Some(Self {
            python: prepared("FLYTE_TEST_PYTHON")?,
            chromium: prepared("FLYTE_TEST_CHROMIUM")?,
            modules: prepared("FLYTE_TEST_NODE_MODULES")?.join("node_modules"),
            node: on_path("node"),
        })
    }

    /// Puts a script of the fixtures into a folder, where it finds its packages.
    fn install(&self, script: &str, folder: &Path) -> PathBuf {
        let to = folder.join(script);
        fs::copy(fixture(script), &to).expect("a file in a directory of the test's own");
        // JavaScript modules look for packages beside themselves only.
        link_or_copy(&self.modules, &folder.join("node_modules"));
        to
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sign_in").join(name)
}

/// A program by its name, for children that get no `PATH`.
fn on_path(program: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("`{program}` is not on this machine"))
}
