//! Opens the chain that variables and settings select, as flyte-host does.

use std::{
    path::PathBuf,
    sync::{Arc, Once},
};

use host_settings::{
    env,
    plugins::{self, TimeoutError},
    settings::Settings,
};
use plugin_host::{Builtin, Link, Loader, Selection, calls};
use pyo3::prelude::*;

use crate::{
    behind::Behind,
    chain::Chain,
    error::{Exceptions, Report},
    logger,
};

/// How users of pyflyte run it without plugins: its own options are read too late.
const BYPASS: &str = "set `FLYTE_PLUGIN=builtin`";

/// The process, for plugins that ask for the program that loaded them.
const PROGRAM: &str = "pyflyte";

/// How plugins are loaded in this process.
pub(crate) struct Setup {
    pub(crate) loader: Loader,
    pub(crate) selection: Selection,
    falls_back: bool,
}

impl Setup {
    /// Reads variables and settings. `command` is what a report names after a crash; `program` is the
    /// `flyte-host` that runs isolated plugins.
    pub(crate) fn new(
        command: &str,
        program: Option<PathBuf>,
        installed: &[PathBuf],
    ) -> Result<Self, Report> {
        plugin_host::identity::set_bypass(BYPASS);
        env::check().map_err(|error| Report::usage(&error).hint(error.hint()))?;
        let settings = Settings::read().map_err(|error| Report::failed(&error).hint(error.hint()))?;
        let supervision = plugins::supervision(&settings, command, None).map_err(|error| match error {
            TimeoutError::Setting(_) => Report::failed(&error),
            TimeoutError::Variable(_) => Report::usage(&error),
        })?;
        let selection =
            plugins::selection(&settings).map_err(|error| Report::unusable(&error).hint(error.hint()))?;
        let loader = plugins::loader(PROGRAM, &settings, installed).with_supervision(supervision);
        let loader = isolate(loader, &settings, program);
        Ok(Self { loader, selection, falls_back: plugins::falls_back(&settings, false) })
    }

    fn load(&self) -> Result<Vec<Link>, Report> {
        let loaded = self.loader.load_all(&self.selection);
        loaded.map_err(|error| {
            let report = Report::from(error);
            let hint = format!("{BYPASS} to run without the plugin selected by {}", self.selection.source);
            report.hint(hint)
        })
    }
}

#[cfg(target_os = "linux")]
fn isolate(loader: Loader, settings: &Settings, program: Option<PathBuf>) -> Loader {
    let isolations = plugins::isolations(settings, false);
    loader.with_isolations(plugin_host::isolated::Isolations { program, ..isolations }, &env::SECRETS)
}

#[cfg(not(target_os = "linux"))]
fn isolate(loader: Loader, _settings: &Settings, _program: Option<PathBuf>) -> Loader {
    loader
}

/// Loads the selected plugins, in front of the Python object `behind`.
#[pyfunction]
pub(crate) fn open_chain(
    py: Python<'_>,
    behind: Py<PyAny>,
    command: &str,
    program: Option<PathBuf>,
    installed: Vec<PathBuf>,
) -> PyResult<Chain> {
    logger::start(py);
    let exceptions = Arc::new(Exceptions::default());
    let loaded = py.detach(|| {
        let setup = Setup::new(command, program, &installed)?;
        match setup.load() {
            Err(report) if setup.falls_back => {
                log::warn!("{}; continuing with the built-in default", report.message);
                Ok(Vec::new())
            }
            loaded => loaded,
        }
    });
    let links = loaded.map_err(|report| report.into_exception(py))?;
    let builtin = Builtin::from_answers(Behind::new(behind, Arc::clone(&exceptions)));
    Ok(Chain::new(links, builtin, exceptions))
}

/// Announces that the interpreter ends the process.
#[pyfunction]
pub(crate) fn finish() {
    static ONCE: Once = Once::new();
    ONCE.call_once(calls::finish);
}
