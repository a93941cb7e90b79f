//! Virtual environments that share no package with any other.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{TestEnvironment, output, prepared};

/// A virtual environment, which pip fills without a network.
pub(super) struct FreshVenv {
    folder: PathBuf,
    wheelhouse: PathBuf,
    /// The wheel of flyte-host.
    wheel: PathBuf,
}

impl FreshVenv {
    /// An empty one in a test's home. `None`: the test is skipped.
    pub(super) fn create(home: &TestEnvironment) -> Option<Self> {
        let interpreter = prepared("FLYTE_TEST_PYTHON")?;
        let (wheelhouse, wheel) = (prepared("FLYTE_TEST_WHEELHOUSE")?, prepared("FLYTE_TEST_WHEEL")?);
        let folder = home.home().join("venv");
        let made = output(Command::new(interpreter).args(["-m", "venv"]).arg(&folder).env_clear());
        assert!(made.status.success(), "{made:?}");
        Some(Self { folder, wheelhouse, wheel })
    }

    /// The folder of its programs.
    pub(super) fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// Copies the wheel of flyte-host into a folder.
    pub(super) fn copy_wheel(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        fs::copy(&self.wheel, folder.join(self.wheel.file_name().unwrap())).unwrap();
    }

    /// Lets a command use the environment, as `activate` does, and lets its pip find flytekit.
    pub(super) fn activate(&self, command: &mut Command) {
        let path = command.get_envs().find_map(|(name, value)| value.filter(|_| name == "PATH"));
        let path = path.unwrap_or(OsStr::new("/usr/bin:/bin")).to_owned();
        let folders = std::iter::once(self.bin()).chain(env::split_paths(&path));
        command.env("PATH", env::join_paths(folders).unwrap()).env("VIRTUAL_ENV", &self.folder);
        command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", &self.wheelhouse);
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_NO_COMPILE", "1").env("PIP_QUIET", "1");
    }
}
