//! Loading: from a selection to the links of a chain.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::OnceLock,
    time::{Duration, Instant},
};

use super::{
    Admission, Directories, Identity, Link, LoadError, Selection,
    calls::{self, CallLimit, CallRecord, PausedPlugin, Supervision},
    handshake,
    identity::BUILTIN,
    library,
    link::{LoadTimes, LoadedFile},
    pin::Pin,
    preflight::{self, HostTarget, Library, LoaderState, Passport, PreflightError, Warning},
};
#[cfg(target_os = "linux")]
use plugin_abi::PluginError;

#[cfg(target_os = "linux")]
use super::{
    HookError,
    error::{CallSite, HookErrorKind},
    isolated::{self, Isolation, Isolations, StartError},
    services,
};

/// A step of loading a plugin, in which its code may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadStep {
    /// The system's loader maps the library, and runs its constructors.
    Open,
    /// The interfaces are compared.
    Layout,
    /// The plugin's `create`.
    Create,
}

/// Loads plugins.
#[derive(Debug)]
pub struct Loader {
    program: &'static str,
    directories: Directories,
    sections: BTreeMap<String, serde_json::Value>,
    supervision: Option<Supervision>,
    admission: Admission,
    /// By the plugin's name.
    required: BTreeMap<String, Pin>,
    target: OnceLock<HostTarget>,
    /// Called before each step.
    observer: Option<fn(LoadStep)>,
    #[cfg(target_os = "linux")]
    isolations: Isolations,
    #[cfg(target_os = "linux")]
    hidden: &'static [&'static str],
    /// Whether processes of plugins record what they read.
    #[cfg(target_os = "linux")]
    records: bool,
}

/// A plugin's file that passed the pre-flight.
#[derive(Debug)]
pub struct Candidate {
    /// The file.
    pub file: LoadedFile,
    /// Its passport.
    pub passport: Passport,
    /// Unusual facts that do not prevent loading.
    pub warnings: Vec<Warning>,
    /// It looks for files beside itself, so it is loaded by its path.
    pub by_path: bool,
    /// It may need libraries that the system does not find by itself.
    has_search_path: bool,
    /// How long the checks took.
    pub took: Duration,
}

impl Loader {
    /// A loader for a program; plugins see the program's name.
    #[must_use]
    pub fn new(program: &'static str, directories: Directories) -> Self {
        Self {
            program,
            directories,
            sections: BTreeMap::new(),
            supervision: None,
            admission: Admission::default(),
            required: BTreeMap::new(),
            target: OnceLock::new(),
            observer: None,
            #[cfg(target_os = "linux")]
            isolations: Isolations::default(),
            #[cfg(target_os = "linux")]
            hidden: &[],
            #[cfg(target_os = "linux")]
            records: false,
        }
    }

    /// Watches the calls of plugins from the first one on that is loaded.
    ///
    /// This installs signal handlers, and starts a thread: see [`calls`].
    #[must_use]
    pub fn with_supervision(mut self, supervision: Supervision) -> Self {
        self.supervision = Some(supervision);
        self
    }

    /// Calls a function before each step of loading a plugin into this process.
    #[must_use]
    pub fn with_observer(self, observer: fn(LoadStep)) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// Whether a plugin is paused, since it ended several processes in a row. A file that was replaced is
    /// not.
    #[must_use]
    pub fn paused(&self, plugin: &str, file: &Path) -> Option<PausedPlugin> {
        self.supervision.as_ref()?.paused(plugin, file)
    }

    /// Forgets the crashes of a plugin, so that it is loaded again. Returns whether there were any.
    ///
    /// # Errors
    ///
    /// If the file that counts them cannot be removed.
    pub fn resume(&self, plugin: &str) -> io::Result<bool> {
        self.supervision.as_ref().map_or(Ok(false), |supervision| supervision.resume(plugin))
    }

    /// Sets the settings that each plugin reads with `Host::config`, by the plugin's name.
    #[must_use]
    pub fn with_sections(mut self, sections: BTreeMap<String, serde_json::Value>) -> Self {
        self.sections = sections;
        self
    }

    /// Sets the content that plugins must have, by their names, wherever their files are.
    #[must_use]
    pub fn with_required_pins(self, required: BTreeMap<String, Pin>) -> Self {
        Self { required, ..self }
    }

    /// Sets which files may be loaded.
    #[must_use]
    pub fn with_admission(self, admission: Admission) -> Self {
        Self { admission, ..self }
    }

    /// Whether a file that passed the checks may be loaded.
    ///
    /// # Errors
    ///
    /// The rule that refuses it.
    pub fn admit(&self, candidate: &Candidate) -> Result<(), LoadError> {
        if let Some(pin) = self.required.get(candidate.passport.name()) {
            check_required(pin, candidate)?;
        }
        Ok(self.admission.check(&candidate.file, &candidate.passport)?)
    }

    /// As [`Self::admit`], for a file that is not installed yet.
    ///
    /// # Errors
    ///
    /// The rule that refuses it.
    pub fn admit_content(&self, candidate: &Candidate) -> Result<(), LoadError> {
        if let Some(pin) = self.required.get(candidate.passport.name()) {
            check_required(pin, candidate)?;
        }
        Ok(self.admission.check_content(&candidate.file, &candidate.passport)?)
    }

    /// Sets which plugins run in a process of their own, and the variables that such a process does not get.
    ///
    /// The program must call [`isolated::child_main`].
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn with_isolations(self, isolations: Isolations, hidden: &'static [&'static str]) -> Self {
        Self { isolations, hidden, ..self }
    }

    /// Lets the processes of plugins record what they read: [`Link::accesses`].
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn with_recorded_accesses(self) -> Self {
        Self { records: true, ..self }
    }

    /// Whether a plugin runs in a process of its own.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn isolates(&self, plugin: &str) -> bool {
        self.isolations.get(plugin).is_some()
    }

    /// The directories in which names are looked up.
    #[must_use]
    pub fn directories(&self) -> &Directories {
        &self.directories
    }

    /// Finds and checks the file of one plugin, without running its code.
    ///
    /// # Errors
    ///
    /// The first check that failed.
    pub fn check(&self, spec: &str) -> Result<Candidate, LoadError> {
        self.check_file(&self.directories.find(spec)?)
    }

    /// Checks a file, without running its code.
    ///
    /// # Errors
    ///
    /// The first check that failed.
    pub fn check_file(&self, path: &Path) -> Result<Candidate, LoadError> {
        let start = Instant::now();
        let target = self.target.get_or_init(HostTarget::current);
        let file = LoadedFile::open(path)?;
        let findings = preflight::inspect_file(file.file(), file.content(), path, target)?;
        if findings.passport.name() == BUILTIN {
            return Err(LoadError::ReservedName { path: path.to_owned() });
        }
        let candidate = Candidate {
            file,
            passport: findings.passport,
            warnings: findings.warnings,
            by_path: findings.depends_on_location,
            has_search_path: findings.has_search_path,
            took: start.elapsed(),
        };
        if candidate.has_search_path && !self.is_isolated(&candidate) {
            let state = LoaderState::current();
            preflight::check_conflicts(path, &candidate.passport, &candidate.libraries(&state), &state)?;
        }
        Ok(candidate)
    }

    /// Loads and creates a plugin that passed the checks. This runs its code.
    ///
    /// # Errors
    ///
    /// If the file is not [admitted](Self::admit), or dlopen, the layout check or the plugin's `create`
    /// fails.
    pub fn load(&self, candidate: Candidate) -> Result<Link, LoadError> {
        self.admit(&candidate)?;
        for warning in candidate.warnings.iter().filter(|warning| !warning.is_for_author()) {
            log::warn!("{warning}; {}", warning.hint());
        }
        let identity = Identity::from_passport(&candidate.passport);
        let Some(supervision) = &self.supervision else { return self.open(candidate, &identity) };
        supervision.clone().start();
        if let Some(paused) = supervision.paused(&identity.name, candidate.file.path()) {
            return Err(LoadError::Paused { identity, paused });
        }
        calls::keep_process_state(&identity, "while it was loaded", || self.open(candidate, &identity))
    }

    fn open(&self, candidate: Candidate, identity: &Identity) -> Result<Link, LoadError> {
        #[cfg(target_os = "linux")]
        if let Some(isolation) = self.isolations.get(candidate.passport.name()) {
            return self.load_isolated(candidate, isolation);
        }
        let Candidate { file, passport, by_path, took, .. } = candidate;
        let start = Instant::now();
        self.observe(LoadStep::Open);
        let call = CallRecord::new(identity, "in a constructor of its library", CallLimit::Create).enter();
        let header = file.load(&passport, by_path)?;
        drop(call);
        let opened = Instant::now();
        calls::note_library(identity, library::address(header));
        self.observe(LoadStep::Layout);
        let call = CallRecord::new(identity, "in the check of its interfaces", CallLimit::Create).enter();
        let module =
            preflight::contain(file.path(), "its description of the interfaces cannot be read", || {
                handshake::module(header, &passport)
            })?;
        drop(call);
        let checked = Instant::now();
        let section = self.section(passport.name());
        self.observe(LoadStep::Create);
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

    fn observe(&self, step: LoadStep) {
        if let Some(observer) = self.observer {
            observer(step);
        }
    }

    fn section(&self, plugin: &str) -> &serde_json::Value {
        self.sections.get(plugin).unwrap_or(&serde_json::Value::Null)
    }

    /// Loads a plugin in a process of its own.
    #[cfg(target_os = "linux")]
    fn load_isolated(&self, candidate: Candidate, isolation: &Isolation) -> Result<Link, LoadError> {
        let Candidate { file, passport, by_path, took, .. } = candidate;
        let (start, name) = (Instant::now(), passport.name().to_owned());
        if self.isolations.program.is_none() && !isolated::is_possible() {
            return Err(LoadError::NotIsolated { name });
        }
        let identity = Identity::from_passport(&passport);
        let template = isolated::Template {
            program: self.isolations.program.clone(),
            file: file.clone(),
            by_path,
            passport: passport.clone(),
            isolation: isolation.clone(),
            records: self.records,
            hidden: self.hidden,
            host: services::services(&name, self.program, self.section(&name)),
        };
        // The watch of calls ends this process at its limit, with the name of the plugin.
        let mut call = None;
        let mut enter = |site| {
            drop(call.take());
            call = Some(CallRecord::new(&identity, site, CallLimit::Create).enter());
        };
        let (hooks, process, missing) =
            isolated::start(template, &mut enter).map_err(|error| match error {
                StartError::Create(error) => {
                    LoadError::Create(returned(identity.clone(), CallSite::Create, error))
                }
                StartError::Ended(site, error) => LoadError::Ended(returned(identity.clone(), site, error)),
                StartError::Load(source) => LoadError::Isolated { name: name.clone(), source },
                StartError::System(source) => LoadError::NoProcess { name: name.clone(), source },
            })?;
        drop(call);
        for line in &missing {
            log::info!("plugin `{name}` is isolated less than usual: {line}");
        }
        let times = LoadTimes { preflight: took, create: start.elapsed(), ..LoadTimes::default() };
        Ok(Link::new(&passport, Some(file), hooks).isolated(process, missing).with_times(times))
    }

    /// Loads all plugins of a selection, or none.
    ///
    /// # Errors
    ///
    /// The error of the first plugin that could not be loaded.
    pub fn load_all(&self, selection: &Selection) -> Result<Vec<Link>, LoadError> {
        self.check_all(selection)?.into_iter().map(|candidate| self.load(candidate)).collect()
    }

    /// Finds and checks the files of all plugins of a selection, without running their code.
    ///
    /// # Errors
    ///
    /// The error of the first file that failed a check.
    pub fn check_all(&self, selection: &Selection) -> Result<Vec<Candidate>, LoadError> {
        let pinned = |spec: &String| {
            let candidate = self.check(spec)?;
            if let Some(pin) = selection.pins.get(spec) {
                check_pin(pin, spec, &candidate)?;
            }
            Ok::<_, LoadError>(candidate)
        };
        let candidates = selection.specs.iter().map(pinned).collect::<Result<Vec<_>, _>>()?;
        refuse_duplicates(&candidates)?;
        let in_process: Vec<&Candidate> =
            candidates.iter().filter(|candidate| !self.is_isolated(candidate)).collect();
        refuse_conflicts(&in_process)?;
        Ok(candidates)
    }

    #[cfg(target_os = "linux")]
    fn is_isolated(&self, candidate: &Candidate) -> bool {
        self.isolates(candidate.passport.name())
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "as on Linux")]
    fn is_isolated(&self, _: &Candidate) -> bool {
        false
    }
}

#[cfg(target_os = "linux")]
fn returned(plugin: Identity, site: CallSite, error: PluginError) -> HookError {
    HookError::new(plugin, site, HookErrorKind::Returned(error))
}

impl Candidate {
    /// The libraries that it means, whatever is loaded already.
    fn libraries(&self, state: &LoaderState) -> Vec<Library> {
        preflight::libraries(self.file.content(), self.file.path(), state)
    }
}

fn check_required(pin: &Pin, candidate: &Candidate) -> Result<(), LoadError> {
    let path = || candidate.file.path().to_owned();
    match pin.matches(&candidate.file) {
        Ok(true) => Ok(()),
        Ok(false) => Err(LoadError::NotPermitted {
            name: candidate.passport.name().to_owned(),
            path: path(),
            sha256: pin.sha256.clone(),
        }),
        Err(source) => Err(PreflightError::Unreadable { path: path(), source }.into()),
    }
}

fn check_pin(pin: &Pin, spec: &str, candidate: &Candidate) -> Result<(), LoadError> {
    let path = || candidate.file.path().to_owned();
    match pin.matches(&candidate.file) {
        Ok(true) => Ok(()),
        Ok(false) => Err(LoadError::PinMismatch {
            name: candidate.passport.name().to_owned(),
            spec: spec.to_owned(),
            path: path(),
        }),
        Err(source) => Err(PreflightError::Unreadable { path: path(), source }.into()),
    }
}

/// Refuses two plugins of this process with different libraries of one name: the system's loader would give
/// the first one to both.
fn refuse_conflicts(candidates: &[&Candidate]) -> Result<(), LoadError> {
    if candidates.len() < 2 || candidates.iter().all(|candidate| !candidate.has_search_path) {
        return Ok(());
    }
    let state = LoaderState::current();
    let mut seen: Vec<(&Candidate, Vec<Library>)> = Vec::new();
    for &second in candidates {
        let libraries = second.libraries(&state);
        for (first, known) in &seen {
            let conflict = |library: &Library| known.iter().find(|known| library.conflicts_with(known));
            if let Some((library, known)) =
                libraries.iter().find_map(|library| Some((library, conflict(library)?)))
            {
                return Err(LoadError::LibraryConflict {
                    library: library.name.clone(),
                    first: first.passport.name().to_owned(),
                    second: second.passport.name().to_owned(),
                    files: Box::new([known.path.clone(), library.path.clone()]),
                });
            }
        }
        seen.push((second, libraries));
    }
    Ok(())
}

/// Refuses two plugins of one name: messages could not distinguish them.
fn refuse_duplicates(candidates: &[Candidate]) -> Result<(), LoadError> {
    for (index, second) in candidates.iter().enumerate() {
        let duplicate =
            candidates[..index].iter().find(|first| first.passport.name() == second.passport.name());
        if let Some(first) = duplicate {
            return Err(LoadError::NamedTwice {
                name: second.passport.name().to_owned(),
                first: first.file.path().to_owned(),
                second: second.file.path().to_owned(),
            });
        }
    }
    Ok(())
}
