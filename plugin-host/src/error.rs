//! How loading and calling plugins goes wrong, one enum for each.

use std::path::PathBuf;

use plugin_abi::{Hook, Kind, PluginError};

use super::{link::Identity, preflight::PreflightError};

/// Why a wanted plugin cannot be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// `builtin` stands beside plugins, which contradicts itself.
    #[error("{source_name} names `builtin` beside other plugins")]
    BuiltinInList {
        /// Who named it.
        source_name: String,
    },
    /// No directory has a plugin of that name.
    #[error("no plugin is called `{name}`")]
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
    Create(Fault),
    /// The library disagrees with the passport in the file.
    #[error("the code of plugin `{name}` carries another passport than its file")]
    Disagrees {
        /// The name in the file's passport.
        name: String,
    },
    /// An interface of the plugin is not the host's.
    #[error("plugin `{name}` {version} does not fit this host")]
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
    #[error("`{}` is a plugin named `builtin`, which is the word for no plugin", path.display())]
    ReservedName {
        /// The file.
        path: PathBuf,
    },
    /// It was not found.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The system's loader refused a file that looked good.
    #[error("the system's loader refuses plugin `{name}`")]
    System {
        /// The plugin.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the loader said.
        #[source]
        source: libloading::Error,
    },
    /// abi_stable's own header is of another version, or C functions are called differently.
    #[error("plugin `{name}` {version} was built with an abi_stable that does not fit this host's")]
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
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Create(fault) => fault.hints().into_iter().next(),
            Self::Disagrees { .. } => Some("the file was altered after it was built; get it again from its author".into()),
            Self::Layout { .. } => Some("rebuild the plugin with the released `plugin-abi` of its protocol; `-vv` shows every difference".into()),
            Self::NamedTwice { .. } => Some("take one of them out of the list".into()),
            Self::Preflight(error) => error.hint(),
            Self::ReservedName { .. } => Some("build the plugin with another name: `#[plugin_abi::export(name = \"…\")]`".into()),
            Self::Select(error) => error.hint(),
            Self::System { path, .. } => Some(format!("`ldd {}` shows what the file needs", path.display())),
            Self::Toolkit { .. } => Some("rebuild the plugin with the released `plugin-abi`, and do not patch abi_stable".into()),
        }
    }
}

impl SelectError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BuiltinInList { .. } => "`builtin` stands alone: it switches plugins off".into(),
            Self::UnknownName { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::UnknownName { .. } => {
                "`flyte-host plugin list` shows what is installed; a path such as `./libacme.so` works too"
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
pub struct Fault(Box<Inner>);

/// Boxed, so that answers, which are the rule, are not as large as faults.
#[derive(Clone, Debug)]
struct Inner {
    plugin: Identity,
    place: Place,
    what: What,
}

/// Which of a plugin's functions was at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The constructor.
    Create,
    /// A hook.
    Hook(Hook),
    /// What `get_remote` gave to carry calls.
    Transport,
}

impl Place {
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

/// What a fault consists of.
#[derive(Clone, Debug)]
pub enum What {
    /// The plugin said so itself, or panicked.
    Said(PluginError),
    /// The plugin returned something that cannot be used: what, and why not.
    Unusable(String),
}

impl Fault {
    /// Puts a fault together.
    #[must_use]
    #[cold]
    pub fn new(plugin: Identity, place: Place, what: What) -> Self {
        Self(Box::new(Inner { plugin, place, what }))
    }

    /// Whose fault it is.
    #[must_use]
    pub fn plugin(&self) -> &Identity {
        &self.0.plugin
    }

    /// Which function was at work.
    #[must_use]
    pub fn place(&self) -> Place {
        self.0.place
    }

    /// What happened.
    #[must_use]
    pub fn what(&self) -> &What {
        &self.0.what
    }

    /// From the outermost cause to the root.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        match self.what() {
            What::Unusable(reason) => vec![reason.clone()],
            What::Said(error) => {
                let first = match error.location() {
                    Some(place) => format!("{} ({place})", error.message()),
                    None => error.message().to_owned(),
                };
                std::iter::once(first).chain(error.causes().iter().cloned()).collect()
            }
        }
    }

    /// What the user can do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let bug = || {
            let whom = match &self.plugin().homepage {
                Some(homepage) => format!("at <{homepage}>"),
                None => "to its author".to_owned(),
            };
            let report = format!("this is a bug in the plugin; report it {whom}");
            match self.place() {
                // Whoever refuses the plugin tells as well who chose it, and how to go on.
                Place::Create => report,
                Place::Hook(_) | Place::Transport => format!("{report}, and go on with `--no-plugins`"),
            }
        };
        match self.what() {
            What::Said(error) if error.kind() == Kind::Panic => vec![bug()],
            What::Said(error) => error.hints().to_vec(),
            What::Unusable(_) => vec![bug()],
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (plugin, place) = (self.plugin(), self.place().name());
        match self.what() {
            What::Said(error) if error.kind() == Kind::Panic => write!(f, "{plugin} panicked in `{place}`"),
            What::Said(_) => write!(f, "{plugin} failed in `{place}`"),
            What::Unusable(_) => write!(f, "{plugin} returned something unusable from `{place}`"),
        }
    }
}

impl std::error::Error for Fault {}
