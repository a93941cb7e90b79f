//! How loading and calling plugins goes wrong, one enum for each.

use std::path::PathBuf;

use plugin_abi::{Hook, Kind, PluginError};

use super::{identity::Identity, preflight::PreflightError};

/// Why a wanted plugin cannot be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// `builtin` stands beside plugins, which contradicts itself.
    #[error("`builtin` in {source_name} cannot be combined with other plugins")]
    BuiltinInList {
        /// Who named it.
        source_name: String,
    },
    /// No directory has a plugin of that name.
    #[error("plugin `{name}` not found")]
    UnknownName {
        /// The name.
        name: String,
        /// The directories that exist.
        directories: Vec<PathBuf>,
        /// All directories that were looked into.
        searched: Vec<PathBuf>,
        /// A plugin with nearly that name.
        near: Option<String>,
    },
}

/// Why a plugin cannot be used. The text names the plugin; causes are sources.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The plugin's own `create` said no, or panicked.
    #[error(transparent)]
    Create(HookError),
    /// The library disagrees with the passport in the file.
    #[error("plugin `{name}`: the passport in the loaded library differs from the one in its file")]
    Disagrees {
        /// The name in the file's passport.
        name: String,
    },
    /// An interface of the plugin is not the host's.
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
    /// The same plugin twice in one chain.
    #[error("plugin `{name}` is named twice")]
    NamedTwice {
        /// The plugin.
        name: String,
        /// The file that was taken first.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// The file was found wanting before it was opened.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// It has a name that means something else.
    #[error("`{}`: the plugin name `builtin` is reserved", path.display())]
    ReservedName {
        /// The file.
        path: PathBuf,
    },
    /// It was not found.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The system's loader refused a file that looked good.
    #[error("could not load plugin `{name}`")]
    System {
        /// The plugin.
        name: String,
        /// The file.
        path: PathBuf,
        /// HookErrorKind the loader said.
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

impl LoadError {
    /// HookErrorKind the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Create(fault) => fault.hints().into_iter().next(),
            Self::Disagrees { .. } => Some("download the plugin again; the file was changed after it was built".into()),
            Self::Layout { .. } => Some("rebuild the plugin with the released `plugin-abi` of its protocol; `-vv` shows every difference".into()),
            Self::NamedTwice { .. } => Some("remove one of them from the list".into()),
            Self::Preflight(error) => error.hint(),
            Self::ReservedName { .. } => Some("build the plugin with another name: `#[plugin_abi::export(name = \"…\")]`".into()),
            Self::Select(error) => error.hint(),
            Self::System { path, .. } => Some(format!("run `ldd {}` to see which libraries it needs", path.display())),
            Self::Toolkit { .. } => Some("rebuild the plugin with the released `plugin-abi`, and do not patch abi_stable".into()),
        }
    }
}

impl SelectError {
    /// HookErrorKind the user can do.
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

    /// Where the name was looked for, in words.
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

/// A hook that did not answer: whose fault it was, where, and what was said.
#[derive(Clone, Debug)]
pub struct HookError(Box<Inner>);

/// Boxed, so that answers, which are the rule, are not as large as faults.
#[derive(Clone, Debug)]
struct Inner {
    plugin: Identity,
    call_site: CallSite,
    kind: HookErrorKind,
}

/// Which of a plugin's functions was at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallSite {
    /// The constructor.
    Create,
    /// A hook.
    Hook(Hook),
    /// HookErrorKind `get_remote` gave to carry calls.
    Transport,
}

impl CallSite {
    /// The name of the method.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Hook(hook) => hook.name(),
            Self::Transport => "transport",
        }
    }
}

/// HookErrorKind a fault consists of.
#[derive(Clone, Debug)]
pub enum HookErrorKind {
    /// The plugin said so itself, or panicked.
    Returned(PluginError),
    /// The plugin returned something that cannot be used: what, and why not.
    InvalidValue(String),
}

impl HookError {
    /// Puts a fault together.
    #[must_use]
    #[cold]
    pub fn new(plugin: Identity, call_site: CallSite, kind: HookErrorKind) -> Self {
        Self(Box::new(Inner { plugin, call_site, kind }))
    }

    /// Whose fault it is.
    #[must_use]
    pub fn plugin(&self) -> &Identity {
        &self.0.plugin
    }

    /// Which function was at work.
    #[must_use]
    pub fn call_site(&self) -> CallSite {
        self.0.call_site
    }

    /// HookErrorKind happened.
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
                let first = match error.location() {
                    Some(place) => format!("{} ({place})", error.message()),
                    None => error.message().to_owned(),
                };
                std::iter::once(first).chain(error.causes().iter().cloned()).collect()
            }
        }
    }

    /// HookErrorKind the user can do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let bug = || {
            let whom = match &self.plugin().homepage {
                Some(homepage) => format!("at <{homepage}>"),
                None => "to its author".to_owned(),
            };
            let report = format!("report this plugin bug {whom}");
            match self.call_site() {
                // Whoever refuses the plugin tells as well who chose it, and how to go on.
                CallSite::Create => report,
                CallSite::Hook(_) | CallSite::Transport => format!("{report}; use `--no-plugins` to continue without it"),
            }
        };
        match self.kind() {
            HookErrorKind::Returned(error) if error.kind() == Kind::Panic => vec![bug()],
            HookErrorKind::Returned(error) => error.hints().to_vec(),
            HookErrorKind::InvalidValue(_) => vec![bug()],
        }
    }
}

impl std::fmt::Display for HookError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (plugin, place) = (self.plugin(), self.call_site().name());
        match self.kind() {
            HookErrorKind::Returned(error) if error.kind() == Kind::Panic => {
                write!(f, "{plugin} panicked in `{place}`")
            }
            HookErrorKind::Returned(_) => write!(f, "{plugin} failed in `{place}`"),
            HookErrorKind::InvalidValue(_) => {
                write!(f, "{plugin} returned an invalid value from `{place}`")
            }
        }
    }
}

impl std::error::Error for HookError {}
