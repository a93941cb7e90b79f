//! The plugins that the user selected, and how they are loaded and watched.

use std::{env::split_paths, path::PathBuf, time::Duration};

use plugin_host::{
    Admission, Directories, InstalledPlugins, Loader, SelectError, Selection, Source,
    calls::{CallLimits, Supervision},
};

use plugin_store::LockFile;

#[cfg(target_os = "linux")]
use crate::settings::isolation;
use crate::{
    env,
    settings::{self, Settings},
};

/// The plugins of `FLYTE_PLUGIN`, else those of the settings.
///
/// # Errors
///
/// A list that names `builtin` beside others.
pub fn selection(settings: &Settings) -> Result<Selection, SelectError> {
    selection_of_user(settings).map(|selection| with_required(selection, settings))
}

/// Adds the plugins that the administrator requires, behind the others.
#[must_use]
pub fn with_required(mut selection: Selection, settings: &Settings) -> Selection {
    for name in &settings.administrator.require {
        if !selection.specs.contains(name) {
            selection.specs.push(name.clone());
        }
    }
    selection
}

fn selection_of_user(settings: &Settings) -> Result<Selection, SelectError> {
    if let Some(text) = env::raw(env::PLUGIN).filter(|text| !text.is_empty()) {
        if is_privileged() {
            log::warn!("ignoring `{}`: this process has more privileges than its user", env::PLUGIN);
        } else {
            return Selection::parse(text, Source::Variable(env::PLUGIN));
        }
    }
    selection_of_settings(settings)
}

/// The plugins of the settings.
fn selection_of_settings(settings: &Settings) -> Result<Selection, SelectError> {
    match (&settings.plugins, Settings::path()) {
        (Some(plugins), Ok(path)) => Selection::new(plugins.clone(), Source::Settings(path))
            .map(|selection| selection.with_pins(settings.pins())),
        _ => Ok(Selection::none()),
    }
}

/// Whether the process is set-user-id or set-group-id: then the environment of its caller must not choose the
/// code that it loads.
#[cfg(unix)]
fn is_privileged() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    getuid() != geteuid() || getgid() != getegid()
}

#[cfg(not(unix))]
fn is_privileged() -> bool {
    false
}

/// The loader for a program, with the plugin directories of the environment, those that are `installed` with
/// the program, and the settings of the plugins.
#[must_use]
pub fn loader(program: &'static str, settings: &Settings, installed: &[PathBuf]) -> Loader {
    let path = env::raw(env::PLUGIN_PATH).filter(|_| !is_privileged());
    if let Some(path) = path {
        for directory in split_paths(path).filter(|directory| !directory.is_absolute()) {
            if !directory.as_os_str().is_empty() {
                log::warn!(
                    "ignoring `{}` in `{}`: not an absolute path",
                    directory.display(),
                    env::PLUGIN_PATH
                );
            }
        }
    }
    let directories = Directories::new(path, settings::home().as_deref()).with_installed(installed);
    Loader::new(program, directories)
        .with_sections(settings.plugin.clone())
        .with_required_pins(settings.administrator.pins())
        .with_admission(admission(settings))
}

/// The folder in which plugins are installed; `None` without a home directory.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    settings::home().map(|home| home.join(".flyte/plugins"))
}

/// Which plugins may be loaded.
fn admission(settings: &Settings) -> Admission {
    let administrator = settings.administrator.trust.rules(settings::administrator_file());
    let path = Settings::path().unwrap_or_else(|_| PathBuf::from("host.toml"));
    let rules = Admission::default().with_rules(administrator).with_rules(settings.trust.rules(&path));
    let Some(folder) = folder() else { return rules };
    let lock_file = LockFile::path(&folder);
    let read = {
        let path = lock_file.clone();
        move || LockFile::read(&path).map(|lock| lock.installed_files()).map_err(|error| reason(&error))
    };
    rules.with_installed(InstalledPlugins::new(folder, lock_file, read))
}

/// An error with its causes, in a line.
fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Which plugins run in a process of their own; `all` of them after `--isolate`, or if the variable says so.
#[cfg(target_os = "linux")]
#[must_use]
pub fn isolations(settings: &Settings, all: bool) -> plugin_host::isolated::Isolations {
    let all = all || env::is_on(env::PLUGIN_ISOLATE);
    let administrator = (settings::administrator_file(), &settings.administrator.isolation);
    isolation::isolations(&settings.isolation, administrator, all, settings::home().as_deref())
}

/// Whether to continue without plugins that cannot be used, as the environment, the settings or the caller
/// requested: never if the administrator requires some.
#[must_use]
pub fn falls_back(settings: &Settings, requested: bool) -> bool {
    let is_required = !settings.administrator.require.is_empty();
    !is_required && (requested || env::is_on(env::PLUGIN_FALLBACK) || settings.plugin_fallback)
}

/// An invalid timeout of a plugin's function.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TimeoutError {
    /// That of the settings.
    #[error("invalid value `{0}` for `plugin-timeout`: expected a number of seconds")]
    Setting(f64),
    /// That of the variable.
    #[error("invalid value `{0}` for variable `{name}`: expected a number of seconds", name = env::PLUGIN_TIMEOUT)]
    Variable(String),
}

/// How the calls of plugins are watched while a command runs: the limits of the environment and the settings,
/// none of them above `longest`, and the folder of the journal.
///
/// # Errors
///
/// A limit that is not a number of seconds.
pub fn supervision(
    settings: &Settings,
    command: &str,
    longest: Option<Duration>,
) -> Result<Supervision, TimeoutError> {
    // A command that only looks does not create a home.
    let home_exists = || settings::home().is_some_and(|home| home.is_dir());
    let folder = settings::state_folder().filter(|folder| folder.is_dir() || home_exists());
    Ok(Supervision {
        folder: folder.map(|folder| folder.join("flyte-host")),
        command: command.to_owned(),
        limits: limits(settings, longest)?,
    })
}

fn limits(settings: &Settings, longest: Option<Duration>) -> Result<CallLimits, TimeoutError> {
    let chosen = match (env::text(env::PLUGIN_TIMEOUT), settings.plugin_timeout) {
        (Some(text), _) => Some(text.parse().ok().and_then(duration).ok_or(TimeoutError::Variable(text))?),
        (None, Some(seconds)) => Some(duration(seconds).ok_or(TimeoutError::Setting(seconds))?),
        (None, None) => None,
    };
    let defaults = CallLimits::default();
    let hint = format!("set `{}` to a longer timeout in seconds, or to 0 for none", env::PLUGIN_TIMEOUT);
    let limit = |default: Option<Duration>| match (chosen, longest) {
        (Some(Duration::ZERO), _) => None,
        (chosen, Some(longest)) => Some(chosen.unwrap_or(longest).min(longest)),
        (Some(chosen), None) => Some(chosen),
        (None, None) => default,
    };
    Ok(CallLimits { create: limit(defaults.create), hook: limit(defaults.hook), hint })
}

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}
