//! From a selection to the links of a chain.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::OnceLock,
    time::{Duration, Instant},
};

use super::{
    Directories, Link, LoadError, Selection, handshake,
    identity::BUILTIN,
    library,
    link::{LoadTimes, LoadedFile},
    preflight::{self, HostTarget, Passport, Warning},
};

/// Loads plugins.
#[derive(Debug)]
pub struct Loader {
    program: &'static str,
    directories: Directories,
    sections: BTreeMap<String, serde_json::Value>,
    target: OnceLock<HostTarget>,
}

/// A plugin's file that passed the pre-flight.
#[derive(Debug)]
pub struct Candidate {
    /// The file.
    pub file: LoadedFile,
    /// What it says about itself.
    pub passport: Passport,
    /// What is odd about it, but no reason to refuse it.
    pub warnings: Vec<Warning>,
    /// How long it took to say so.
    pub took: Duration,
}

impl Loader {
    /// A loader for a program, which plugins can ask for its name.
    #[must_use]
    pub fn new(program: &'static str, directories: Directories) -> Self {
        Self { program, directories, sections: BTreeMap::new(), target: OnceLock::new() }
    }

    /// Gives each plugin its own section of the settings, by the plugin's name.
    #[must_use]
    pub fn with_sections(mut self, sections: BTreeMap<String, serde_json::Value>) -> Self {
        self.sections = sections;
        self
    }

    /// Where names are looked up.
    #[must_use]
    pub fn directories(&self) -> &Directories {
        &self.directories
    }

    /// Finds and checks the file of one plugin; runs nothing of it.
    ///
    /// # Errors
    ///
    /// Whatever speaks against loading it, as far as the file can tell.
    pub fn check(&self, spec: &str) -> Result<Candidate, LoadError> {
        self.check_file(&self.directories.find(spec)?)
    }

    /// Checks a file; runs nothing of it.
    ///
    /// # Errors
    ///
    /// Whatever speaks against loading it, as far as the file can tell.
    pub fn check_file(&self, path: &Path) -> Result<Candidate, LoadError> {
        let start = Instant::now();
        let target = self.target.get_or_init(HostTarget::current);
        let findings = preflight::inspect_file(preflight::open(path)?, path, target)?;
        if findings.passport.name() == BUILTIN {
            return Err(LoadError::ReservedName { path: path.to_owned() });
        }
        let file = LoadedFile::new(path.to_owned());
        Ok(Candidate {
            file,
            passport: findings.passport,
            warnings: findings.warnings,
            took: start.elapsed(),
        })
    }

    /// Loads and creates a plugin that passed the pre-flight. From here on its code runs.
    ///
    /// # Errors
    ///
    /// When the system's loader, the layout check or the plugin itself says no.
    pub fn load(&self, candidate: Candidate) -> Result<Link, LoadError> {
        let Candidate { file, passport, warnings, took } = candidate;
        for warning in warnings {
            log::warn!("{warning}; {}", warning.hint());
        }
        let start = Instant::now();
        let header = library::header(file.path()).map_err(|source| LoadError::System {
            name: passport.name().to_owned(),
            path: file.path().to_owned(),
            source,
        })?;
        let opened = Instant::now();
        let module = handshake::module(header, &passport)?;
        let checked = Instant::now();
        let nothing = serde_json::Value::Null;
        let section = self.sections.get(passport.name()).unwrap_or(&nothing);
        let link = Link::create(&module, &passport, Some(file), self.program, section)?;
        let times = LoadTimes {
            preflight: took,
            open: opened - start,
            layout: checked - opened,
            create: checked.elapsed(),
        };
        log::debug!("loaded {}: {times}", link.identity());
        Ok(link.with_times(times))
    }

    /// Loads all plugins of a selection; one that cannot be used spoils them all.
    ///
    /// # Errors
    ///
    /// The first plugin that cannot be used.
    pub fn load_all(&self, selection: &Selection) -> Result<Vec<Link>, LoadError> {
        self.check_all(selection)?.into_iter().map(|candidate| self.load(candidate)).collect()
    }

    /// Finds and checks the files of all plugins of a selection; runs nothing of them.
    ///
    /// # Errors
    ///
    /// The first file that speaks against loading it.
    pub fn check_all(&self, selection: &Selection) -> Result<Vec<Candidate>, LoadError> {
        let candidates =
            selection.specs.iter().map(|spec| self.check(spec)).collect::<Result<Vec<_>, _>>()?;
        refuse_twins(&candidates)?;
        Ok(candidates)
    }
}

/// A library is loaded once in a process, and a plugin created once; two of a name would be told apart by nobody.
fn refuse_twins(candidates: &[Candidate]) -> Result<(), LoadError> {
    for (index, second) in candidates.iter().enumerate() {
        let twin = candidates[..index].iter().find(|first| first.passport.name() == second.passport.name());
        if let Some(first) = twin {
            return Err(LoadError::NamedTwice {
                name: second.passport.name().to_owned(),
                first: first.file.path().to_owned(),
                second: second.file.path().to_owned(),
            });
        }
    }
    Ok(())
}
