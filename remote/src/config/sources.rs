//! What a configuration is read from, and which file is in use.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::origin::{ConfigPath, Origin, Setting};

/// Everything outside the files that decides about a configuration.
///
/// The reader looks at this value only, never at the process, so that a test needs no home directory of its own.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The environment variables.
    pub env: BTreeMap<String, String>,
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
    /// The value of an environment variable, which may be empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    /// The value of an environment variable that must not be empty to count.
    pub fn non_empty_variable(&self, name: &str) -> Option<&str> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    pub(super) fn absolute(&self, path: impl AsRef<Path>) -> ConfigPath {
        ConfigPath::new(self.cwd.join(path), self.home.as_deref())
    }

    /// Which configuration file is in use, and why. Source: `get_config_file` in `flytekit/configuration/file.py`.
    pub(super) fn locate(&self, warnings: &mut Vec<String>) -> Result<Option<Setting<ConfigPath>>, Error> {
        if let Some(path) = &self.explicit {
            let path = self.absolute(path);
            return match path.path().exists() {
                true => Ok(Some(Setting::new(path, Origin::Flag("--config".to_owned())))),
                false => Err(Error::Missing { path }),
            };
        }
        Ok(self.named_by_variable(warnings).or_else(|| self.found_in_place()))
    }

    fn named_by_variable(&self, warnings: &mut Vec<String>) -> Option<Setting<ConfigPath>> {
        let name = if self.env.contains_key(OVERRIDE) { OVERRIDE } else { FLYTECTL_CONFIG };
        let path = self.absolute(self.non_empty_variable(name)?);
        if path.path().exists() {
            return Some(Setting::new(path, Origin::Variable(name.to_owned())));
        }
        warnings.push(format!(
            "variable `{name}` names `{path}`, which does not exist; the usual places are searched instead"
        ));
        None
    }

    fn found_in_place(&self) -> Option<Setting<ConfigPath>> {
        let at_home = |name: &str| Some(self.home.as_ref()?.join(".flyte").join(name));
        let places = [
            (Some(self.cwd.join("flytekit.config")), "found in the current directory"),
            (at_home("config"), "found in the home directory"),
            (at_home("config.yaml"), "found in the home directory"),
        ];
        places.into_iter().find_map(|(path, reason)| {
            let path = path.filter(|path| path.exists())?;
            Some(Setting::default_value(self.absolute(path), reason))
        })
    }
}
