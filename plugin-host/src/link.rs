//! One link of a chain: a plugin that was loaded and created.

#[cfg(target_os = "linux")]
use std::sync::Arc;
use std::{fmt, mem::ManuallyDrop, time::Duration};

use plugin_abi::{
    Hook, HookSet, PROTOCOL, PluginError, ProtocolVersion,
    export::Exported,
    vtable::{HooksBox, PluginModuleRef},
};

#[cfg(target_os = "linux")]
use super::{access::Accesses, isolated::Process};
use super::{
    calls::{ActiveCall, CallLimit, CallRecord},
    error::{CallSite, HookError, HookErrorKind, LoadError},
    identity::{BUILTIN, Identity},
    preflight::Passport,
    services,
};
pub use crate::loaded_file::LoadedFile;

/// How long the steps of loading took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadTimes {
    /// Checking the file.
    pub preflight: Duration,
    /// dlopen, with the library's constructors.
    pub open: Duration,
    /// Comparing the layouts of the interfaces.
    pub layout: Duration,
    /// The plugin's `create`.
    pub create: Duration,
}

impl fmt::Display for LoadTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |step: Duration| step.as_secs_f64() * 1e3;
        let Self { preflight, open, layout, create } = *self;
        write!(
            f,
            "pre-flight {:.1} ms, open {:.1} ms, layout check {:.1} ms, create {:.1} ms",
            millis(preflight),
            millis(open),
            millis(layout),
            millis(create)
        )
    }
}

/// A created plugin, ready for calls. It lives until the process ends: its destructor is never run.
pub struct Link {
    pub(super) identity: Identity,
    pub(super) protocol: ProtocolVersion,
    /// The hooks that it overrides; the others are not called.
    pub(super) overrides: HookSet,
    /// `None` for what is compiled into this program.
    pub(super) file: Option<LoadedFile>,
    /// Never dropped: a destructor could hang, panic, or end the process after the work is done. The library
    /// is never unloaded either.
    pub(super) hooks: ManuallyDrop<HooksBox>,
    /// The record of each hook, by the hook's number.
    calls: [&'static CallRecord; Hook::ALL.len()],
    pub(super) times: LoadTimes,
    /// What this system lacks of the isolation; `None` in this process.
    isolation: Option<Vec<String>>,
    #[cfg(target_os = "linux")]
    process: Option<Arc<Process>>,
}

impl Link {
    /// Its name, version and homepage.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The protocol that it speaks.
    #[must_use]
    pub fn protocol(&self) -> ProtocolVersion {
        self.protocol
    }

    /// Whether it overrides a hook.
    #[must_use]
    pub fn overrides(&self, hook: Hook) -> bool {
        self.overrides.contains(hook)
    }

    /// The hooks that it overrides.
    pub fn overridden(&self) -> impl Iterator<Item = Hook> {
        Hook::ALL.iter().copied().filter(|&hook| self.overrides(hook))
    }

    /// The file that it was loaded from; `None` for what is compiled into this program.
    #[must_use]
    pub fn file(&self) -> Option<&LoadedFile> {
        self.file.as_ref()
    }

    /// How long it took to load it; nothing for what is compiled into this program.
    #[must_use]
    pub fn times(&self) -> LoadTimes {
        self.times
    }

    /// A plugin that is compiled into this program: for tests, and for programs that ship with one.
    ///
    /// # Errors
    ///
    /// What the plugin's `create` returns.
    pub fn in_process<P: Exported>(config: &serde_json::Value) -> Result<Self, LoadError> {
        let passport = Passport::from_text(P::PASSPORT);
        let passport = passport.expect("the export attribute makes only passports that can be read");
        Self::create(&plugin_abi::export::module::<P>(), &passport, None, "in-process", config)
    }

    /// Creates a plugin from its root module.
    pub(super) fn create(
        module: &PluginModuleRef,
        passport: &Passport,
        file: Option<LoadedFile>,
        program: &'static str,
        section: &serde_json::Value,
    ) -> Result<Self, LoadError> {
        let identity = Identity::from_passport(passport);
        #[cfg(next_protocol)]
        super::growth::ask(&identity, &super::growth::Made::Module(module));
        let host = services::services(passport.name(), program, section);
        let call = CallRecord::new(&identity, "in `create`", CallLimit::Create).enter();
        let hooks = (module.create())(host).into_result().map_err(|raw| {
            let kind = HookErrorKind::Returned(PluginError::from_raw(&raw));
            LoadError::Create(HookError::new(identity.clone(), CallSite::Create, kind))
        })?;
        drop(call);
        Ok(Self::new(passport, file, hooks))
    }

    /// A plugin that was created, here or in a process of its own.
    pub(super) fn new(passport: &Passport, file: Option<LoadedFile>, hooks: HooksBox) -> Self {
        // Hooks of a later protocol are unknown to this host, and are never called.
        let known = passport.hooks().filter_map(Hook::from_name);
        let identity = Identity::from_passport(passport);
        Self {
            calls: hook_calls(&identity),
            identity,
            protocol: passport.protocol(),
            overrides: known.fold(HookSet::EMPTY, HookSet::with_hook),
            file,
            hooks: ManuallyDrop::new(hooks),
            times: LoadTimes::default(),
            isolation: None,
            #[cfg(target_os = "linux")]
            process: None,
        }
    }

    /// Whether it runs in a process of its own, and what this system cannot restrict there, one line each.
    #[must_use]
    pub fn isolation(&self) -> Option<&[String]> {
        self.isolation.as_deref()
    }

    #[cfg(target_os = "linux")]
    pub(super) fn isolated(self, process: Arc<Process>, missing: Vec<String>) -> Self {
        Self { isolation: Some(missing), process: Some(process), ..self }
    }

    /// Ends the recording of what the plugin reads in a process of its own; see
    /// [`Loader::with_recorded_accesses`](crate::Loader::with_recorded_accesses). `None` if there is none.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn accesses(&self) -> Option<Accesses> {
        self.process.as_ref()?.accesses()
    }

    /// The record of a hook.
    #[inline]
    pub(super) fn record(&self, hook: Hook) -> &'static CallRecord {
        self.calls[hook as usize]
    }

    /// Notes that this thread runs a hook's code now, or that of a value which the hook returned.
    #[inline]
    pub fn enter(&self, hook: Hook) -> ActiveCall {
        self.calls[hook as usize].enter()
    }

    pub(super) fn with_times(self, times: LoadTimes) -> Self {
        Self { times, ..self }
    }

    pub(super) fn builtin(hooks: HooksBox) -> Self {
        Self {
            identity: Identity {
                name: BUILTIN.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                homepage: None,
            },
            protocol: PROTOCOL,
            overrides: Hook::ALL.iter().copied().fold(HookSet::EMPTY, HookSet::with_hook),
            file: None,
            hooks: ManuallyDrop::new(hooks),
            calls: [CallRecord::for_host(); Hook::ALL.len()],
            times: LoadTimes::default(),
            isolation: None,
            #[cfg(target_os = "linux")]
            process: None,
        }
    }
}

fn hook_calls(identity: &Identity) -> [&'static CallRecord; Hook::ALL.len()] {
    std::array::from_fn(|number| {
        let hook = Hook::ALL[number];
        CallRecord::new(identity, &format!("in `{}`", hook.name()), CallLimit::Hook)
    })
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("identity", &self.identity)
            .field("protocol", &self.protocol)
            .field("overrides", &self.overrides)
            .finish_non_exhaustive()
    }
}
