//! What a configuration is read from, and which file is in use.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::origin::{ConfigPath, Origin, Setting};

/// Everything outside the files that decides about a configuration.
///
/// The reader looks at this value only, never at the process, so that a test needs no home directory of its
/// own.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The environment variables.
    pub env: BTreeMap<String, String>,
    /// Variables that are set to something that is not UTF-8; reading one is an error.
    pub not_utf8: BTreeSet<String>,
    /// The home directory; without one, its files are not looked for.
    pub home: Option<PathBuf>,
    /// Where relative paths start.
    pub cwd: PathBuf,
    /// The file named on the command line.
    pub explicit: Option<PathBuf>,
}

/// Set by `pyflyte -c` for the processes that it starts; hides [`FLYTECTL_CONFIG`] even where it is empty.
const OVERRIDE: &str = "_FLYTECTL_CONFIG_PYFLYTE_OVERRIDE";
const FLYTECTL_CONFIG: &str = "FLYTECTL_CONFIG";

impl Sources {
    /// The environment of a process, such as [`std::env::vars_os`].
    #[must_use]
    pub fn from_vars(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut sources = Self::default();
        for (name, value) in vars {
            // No name that is looked for has other letters than ASCII's.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(sources.env.insert(name, value)),
                Err(_) => drop(sources.not_utf8.insert(name)),
            }
        }
        sources
    }

    /// The value of an environment variable, which may be empty.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotUtf8`].
    pub fn variable(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        match self.not_utf8.contains(name) {
            true => Err(ConfigError::NotUtf8 { variable: name.to_owned() }),
            false => Ok(self.env.get(name).map(String::as_str)),
        }
    }

    /// The value of an environment variable that must not be empty to count.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotUtf8`].
    pub fn non_empty_variable(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        Ok(self.variable(name)?.filter(|value| !value.is_empty()))
    }

    /// The first of these environment variables that is set and not empty; others than UTF-8 do not count.
    #[cfg(feature = "grpc")]
    pub(crate) fn first_variable(&self, names: &[&str]) -> Option<&str> {
        let set = names.iter().filter_map(|name| self.env.get(*name));
        set.map(String::as_str).find(|value| !value.is_empty())
    }

    pub(super) fn absolute(&self, path: impl AsRef<Path>) -> ConfigPath {
        ConfigPath::new(self.cwd.join(path), self.home.as_deref())
    }

    /// Which configuration file is in use, and why. Source: `get_config_file` in
    /// `flytekit/configuration/file.py`.
    ///
    /// # Errors
    ///
    /// A file that was named is missing, or a variable is not UTF-8.
    pub fn locate(&self) -> Result<Option<Setting<ConfigPath>>, ConfigError> {
        if let Some(path) = &self.explicit {
            return self.existing(path, Origin::Flag("--config".to_owned())).map(Some);
        }
        let has_override = self.variable(OVERRIDE)?.is_some();
        let name = if has_override { OVERRIDE } else { FLYTECTL_CONFIG };
        match self.non_empty_variable(name)? {
            Some(path) => self.existing(Path::new(path), Origin::Variable(name.to_owned())).map(Some),
            None => Ok(self.found_in_place()),
        }
    }

    /// A file that was named explicitly, which must exist.
    fn existing(&self, path: &Path, origin: Origin) -> Result<Setting<ConfigPath>, ConfigError> {
        let path = self.absolute(path);
        if path.path().exists() {
            Ok(Setting::new(path, origin))
        } else {
            Err(ConfigError::Missing { near: self.near(path.path()), path, origin })
        }
    }

    fn found_in_place(&self) -> Option<Setting<ConfigPath>> {
        self.default_files().into_iter().find_map(|(path, reason)| {
            let path = path.filter(|path| path.exists())?;
            Some(Setting::default_value(self.absolute(path), reason))
        })
    }

    /// Where a configuration is looked for, in this order.
    fn default_files(&self) -> [(Option<PathBuf>, &'static str); 3] {
        let at_home = |name: &str| Some(self.home.as_ref()?.join(".flyte").join(name));
        [
            (Some(self.cwd.join("flytekit.config")), "found in the current directory"),
            (at_home("config"), "found in the home directory"),
            (at_home("config.yaml"), "found in the home directory"),
        ]
    }

    /// A file that is not read, and was perhaps meant for one that is looked for.
    #[must_use]
    pub fn misplaced(&self) -> Option<ConfigPath> {
        let known = self.default_files().into_iter().filter_map(|(path, _)| path);
        let near = known.into_iter().filter_map(|path| self.near(&path)).next();
        // flytectl reads it, and flytekit does not.
        let flytectl = || Some(self.cwd.join("config.yaml")).filter(|path| is_flyte_config(path));
        near.or_else(|| flytectl().map(|path| self.absolute(path)))
    }

    /// A file with nearly the name of one that is not there, such as `config.yml` beside `config.yaml`.
    fn near(&self, missing: &Path) -> Option<ConfigPath> {
        let wanted = missing.file_name()?.to_str()?;
        let entries = std::fs::read_dir(missing.parent()?).ok()?.filter_map(Result::ok);
        let names: Vec<_> = entries
            .filter(|entry| entry.path().is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_config_name(name))
            .collect();
        let nearest = flyte_text::closest(wanted, names.iter().map(String::as_str))?;
        Some(self.absolute(missing.with_file_name(nearest)))
    }
}

/// Whether a file name is one that a configuration could have; a backup's is not.
fn is_config_name(name: &str) -> bool {
    let endings = [".yaml", ".yml", ".config", ".ini", ".cfg", ".toml", ".json"];
    name == "config" || endings.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending))
}

/// Whether a file has the section that every configuration of Flyte has; `config.yaml` is a common name.
fn is_flyte_config(path: &Path) -> bool {
    crate::plain_text::read(path).is_ok_and(|text| text.lines().any(|line| line.starts_with("admin:")))
}
