//! Errors of selecting, loading and calling plugins.

use std::path::PathBuf;

use plugin_abi::{Hook, PluginError, PluginErrorKind};

use super::{
    admission::error::AdmissionError,
    calls::PausedPlugin,
    identity::{Identity, bypass},
    preflight::PreflightError,
};

/// A selected plugin was not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// `builtin`, which means no plugin, is listed with plugins.
    #[error("`builtin` in {source_name} cannot be combined with other plugins")]
    BuiltinInList {
        /// Where the list comes from: a flag, a variable, a file.
        source_name: String,
    },
    /// No plugin directory has a plugin of that name.
    #[error("plugin `{name}` not found")]
    UnknownName {
        /// The name.
        name: String,
        /// The directories that exist.
        directories: Vec<PathBuf>,
        /// All directories that were searched.
        searched: Vec<PathBuf>,
        /// An installed plugin of similar name.
        near: Option<String>,
    },
}

/// A plugin could not be loaded. The message names the plugin; causes are sources.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A rule, or the lock file, refuses its file.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The plugin's `create` returned an error or panicked.
    #[error(transparent)]
    Create(HookError),
    /// The passport in the loaded library differs from the one in the file.
    #[error("plugin `{name}`: the passport in the loaded library differs from the one in its file")]
    Disagrees {
        /// The name in the file's passport.
        name: String,
    },
    /// The plugin's own process ended while it was loaded or created.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Ended(HookError),
    /// The plugin's own process could not load it.
    #[cfg(target_os = "linux")]
    #[error("could not load plugin `{name}` isolated")]
    Isolated {
        /// The plugin.
        name: String,
        /// What failed there.
        #[source]
        source: IsolatedError,
    },
    /// A process for the plugin could not be started.
    #[error("could not start a process for plugin `{name}`")]
    NoProcess {
        /// The plugin.
        name: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// This program does not call [`isolated::child_main`](crate::isolated::child_main).
    #[error("could not isolate plugin `{name}`: this program cannot isolate plugins")]
    NotIsolated {
        /// The plugin.
        name: String,
    },
    /// The plugin's interfaces have another layout than the host's.
    #[error("plugin `{name}` {version} is not compatible with this host")]
    Layout {
        /// The plugin.
        name: String,
        /// Its version.
        version: String,
        /// The first type and field that differ, in a line.
        #[source]
        source: LayoutError,
    },
    /// Two plugins need different libraries of one name; a process can have only one of them.
    #[error("plugins `{first}` and `{second}` need different versions of the library `{library}`")]
    LibraryConflict {
        /// The name of the library.
        library: String,
        /// The plugin that is loaded first.
        first: String,
        /// The other plugin.
        second: String,
        /// The library of the first and that of the second plugin.
        files: Box<[PathBuf; 2]>,
    },
    /// The same plugin twice in one chain.
    #[error("plugin `{name}` is named twice")]
    NamedTwice {
        /// The plugin.
        name: String,
        /// The first file.
        first: PathBuf,
        /// The second file.
        second: PathBuf,
    },
    /// The file is not the one that the administrator requires.
    #[error("plugin `{name}` is not the version that the administrator allows")]
    NotPermitted {
        /// The plugin.
        name: String,
        /// The file.
        path: PathBuf,
        /// SHA-256 of the required content, in lower-case hex.
        sha256: String,
    },
    /// The file is not the one that the user accepted.
    #[error("plugin `{name}` changed since it was enabled")]
    PinMismatch {
        /// The plugin.
        name: String,
        /// Its name or path in the settings.
        spec: String,
        /// The file.
        path: PathBuf,
    },
    /// It ended several processes in a row, and is not loaded until the user enables it again.
    #[error("{identity} is paused: it ended {} processes in a row, the last one {}", paused.count, paused.site)]
    Paused {
        /// The plugin.
        identity: Identity,
        /// How often, and in which call.
        paused: PausedPlugin,
    },
    /// A check of the file failed.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The plugin has the name [`BUILTIN`](crate::identity::BUILTIN).
    #[error("`{}`: the plugin name `builtin` is reserved", path.display())]
    ReservedName {
        /// The file.
        path: PathBuf,
    },
    /// It was not found.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// dlopen failed, though the checks passed.
    #[error("could not load plugin `{name}`")]
    System {
        /// The plugin.
        name: String,
        /// The file.
        path: PathBuf,
        /// The loader's error.
        #[source]
        source: libloading::Error,
    },
    /// abi_stable's own header is of another version, or C functions are called differently.
    #[error("plugin `{name}` {version} was built with an incompatible abi_stable")]
    Toolkit {
        /// The plugin.
        name: String,
        /// Its version.
        version: String,
    },
}

/// The first difference of two interfaces, in a line; all of them are in the log at level debug.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct LayoutError(pub String);

/// An error of another process, with its causes and its hint.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct IsolatedError {
    message: String,
    source: Option<Box<IsolatedError>>,
    hint: Option<String>,
}

impl IsolatedError {
    pub(super) fn new(error: &dyn std::error::Error) -> Self {
        let source = error.source().map(|source| Box::new(Self::new(source)));
        Self { message: error.to_string(), source, hint: None }
    }

    pub(super) fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl std::fmt::Display for IsolatedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for IsolatedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl LoadError {
    /// The stable code of `plugin check`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Create(_) => "create-failed",
            Self::Disagrees { .. } => "passport-mismatch",
            #[cfg(target_os = "linux")]
            Self::Ended(_) | Self::Isolated { .. } => "not-loadable",
            Self::Layout { .. } => "incompatible-interfaces",
            Self::LibraryConflict { .. } => "library-conflict",
            Self::NamedTwice { .. } => "same-name",
            Self::NoProcess { .. } | Self::NotIsolated { .. } | Self::Paused { .. } | Self::System { .. } => {
                "not-loadable"
            }
            Self::Admission(_) | Self::NotPermitted { .. } | Self::PinMismatch { .. } => "not-permitted",
            Self::Preflight(error) => error.code(),
            Self::ReservedName { .. } => "reserved-name",
            Self::Select(_) => "not-found",
            Self::Toolkit { .. } => "incompatible-abi-stable",
        }
    }

    /// The facts that are not in the message, for a line below it.
    #[must_use]
    pub fn details(&self) -> Option<String> {
        match self {
            Self::Admission(error) => error.details(),
            Self::Select(select) => select.cause(),
            Self::LibraryConflict { files, .. } => {
                Some(format!("`{}` and `{}`", files[0].display(), files[1].display()))
            }
            Self::PinMismatch { path, .. } => {
                Some(format!("`{}` has other content than the file that was enabled", path.display()))
            }
            Self::NamedTwice { first, second, .. } if first != second => {
                Some(format!("`{}` and `{}`", first.display(), second.display()))
            }
            _ => None,
        }
    }

    /// What the user can do about it; starts with a verb.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Admission(error) => error.hint(),
            #[cfg(target_os = "linux")]
            Self::Ended(fault) => fault.hints().into_iter().next(),
            Self::Create(fault) => fault.hints().into_iter().next(),
            Self::Disagrees { .. } => Some("download the plugin again; the file was changed after it was built".into()),
            #[cfg(target_os = "linux")]
            Self::Isolated { source, .. } => source.hint().map(str::to_owned),
            Self::NoProcess { .. } => None,
            Self::NotIsolated { .. } => Some("use a program that calls `plugin_host::isolated::child_main`".into()),
            Self::Layout { .. } => Some("rebuild the plugin with the released `plugin-abi` of its protocol; `-vv` shows every difference".into()),
            Self::LibraryConflict { second, .. } => Some(format!("link `{second}` statically with that library, isolate one of the two plugins, or use only one")),
            Self::NamedTwice { .. } => Some("remove one of them from the list".into()),
            Self::PinMismatch { spec, .. } => Some(format!("run `flyte-host plugin enable {spec}` to accept the new file")),
            Self::NotPermitted { sha256, .. } => Some(format!("install the version with the SHA-256 `{sha256}`")),
            Self::Paused { identity, .. } => Some(format!("install another version, or run `flyte-host plugin enable {}` to load it again", identity.name)),
            Self::Preflight(error) => error.hint(),
            Self::ReservedName { .. } => Some("build the plugin with another name: `#[plugin_abi::export(name = \"…\")]`".into()),
            Self::Select(error) => error.hint(),
            Self::System { path, .. } => Some(format!("run `ldd {}` to see which libraries it needs", path.display())),
            Self::Toolkit { .. } => Some("rebuild the plugin with the released `plugin-abi`, and do not patch abi_stable".into()),
        }
    }
}

impl SelectError {
    /// What the user can do about it; starts with a verb.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BuiltinInList { .. } => "remove the other names, or `builtin`".into(),
            Self::UnknownName { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::UnknownName { .. } => {
                "run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`"
                    .into()
            }
        })
    }

    /// The directories that were searched, as a cause.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::UnknownName { directories, searched, .. } => {
                let shown = if directories.is_empty() { searched } else { directories };
                let shown: Vec<String> = shown.iter().map(|path| format!("`{}`", path.display())).collect();
                let verb =
                    if directories.is_empty() { "none of these directories exists: " } else { "not in " };
                Some(format!("{verb}{}", shown.join(", ")))
            }
            Self::BuiltinInList { .. } => None,
        }
    }
}

/// A hook failed: which plugin, which function, and how.
#[derive(Clone, Debug)]
pub struct HookError(Box<Inner>);

/// Boxed, so that successful results stay small.
#[derive(Clone, Debug)]
struct Inner {
    plugin: Identity,
    call_site: CallSite,
    kind: HookErrorKind,
}

/// The function of a plugin that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallSite {
    /// A constructor of the library.
    Library,
    /// The constructor.
    Create,
    /// A hook.
    Hook(Hook),
    /// A call of the transport that `get_remote` returned.
    Transport,
}

impl CallSite {
    /// The method's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Library => "constructor",
            Self::Create => "create",
            Self::Hook(hook) => hook.name(),
            Self::Transport => "transport",
        }
    }
}

/// How a hook fails.
#[derive(Clone, Debug)]
pub enum HookErrorKind {
    /// The function returned an error, or panicked.
    Returned(PluginError),
    /// The function returned an invalid value; the reason.
    InvalidValue(String),
}

impl HookError {
    /// An error of a plugin's function.
    #[must_use]
    #[cold]
    pub fn new(plugin: Identity, call_site: CallSite, kind: HookErrorKind) -> Self {
        Self(Box::new(Inner { plugin, call_site, kind }))
    }

    /// The plugin that failed.
    #[must_use]
    pub fn plugin(&self) -> &Identity {
        &self.0.plugin
    }

    /// The function that failed.
    #[must_use]
    pub fn call_site(&self) -> CallSite {
        self.0.call_site
    }

    /// How it failed.
    #[must_use]
    pub fn kind(&self) -> &HookErrorKind {
        &self.0.kind
    }

    /// From the outermost cause to the root.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        match self.kind() {
            HookErrorKind::InvalidValue(reason) => vec![reason.clone()],
            HookErrorKind::Returned(error) => {
                std::iter::once(error.message_with_location()).chain(error.causes().iter().cloned()).collect()
            }
        }
    }

    /// What the user can do about it; starts with a verb.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let bug = || {
            let report = self.plugin().report_hint();
            match self.call_site() {
                // The caller adds who selected the plugin, and how to continue without it.
                CallSite::Create | CallSite::Library => report,
                CallSite::Hook(_) | CallSite::Transport => {
                    format!("{report}; {} to continue without it", bypass())
                }
            }
        };
        match self.kind() {
            HookErrorKind::Returned(error) if error.kind() == PluginErrorKind::Panic => vec![bug()],
            HookErrorKind::Returned(error) => error.hints().to_vec(),
            HookErrorKind::InvalidValue(_) => vec![bug()],
        }
    }
}

impl std::fmt::Display for HookError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plugin = self.plugin();
        let site = match self.call_site() {
            CallSite::Library => "a constructor of its library".to_owned(),
            site => format!("`{}`", site.name()),
        };
        match self.kind() {
            HookErrorKind::Returned(error) if error.kind() == PluginErrorKind::Panic => {
                write!(f, "{plugin} panicked in {site}")
            }
            HookErrorKind::Returned(_) => write!(f, "{plugin} failed in {site}"),
            HookErrorKind::InvalidValue(_) => {
                write!(f, "{plugin} returned an invalid value from {site}")
            }
        }
    }
}

impl std::error::Error for HookError {}
