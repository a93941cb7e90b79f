//! The exit codes, which are public: README has the same table.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the command could not do its work.
    Failed,
    /// 2: the command line is wrong.
    Usage,
    /// 3: whoever read the output stopped reading.
    PipeClosed,
    /// 10: a plugin that was asked for cannot be used.
    PluginUnusable,
    /// 11: a plugin failed while it was working.
    PluginFailed,
    /// 20: the server wants to know who is calling, and was not told or did not believe it.
    NotSignedIn,
    /// 21: no Flyte answered.
    Unreachable,
    /// 22: the server said no.
    Refused,
    /// 23: no endpoint is configured, and nothing says that the sandbox is meant.
    NotConfigured,
    /// 24: a change was requested, and no answer confirms whether it was made.
    MayBeDone,
    /// 70: a bug of this program.
    Internal,
    /// What a command of a plugin asked for.
    Other(u8),
}

impl Exit {
    /// The documented ways, without those of plugins.
    pub const ALL: [Self; 13] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::PipeClosed,
        Self::PluginUnusable,
        Self::PluginFailed,
        Self::NotSignedIn,
        Self::Unreachable,
        Self::Refused,
        Self::NotConfigured,
        Self::MayBeDone,
        Self::Internal,
        Self::INTERRUPTED,
    ];

    /// 130: Ctrl-C while following an execution; what shells give for it.
    pub const INTERRUPTED: Self = Self::Other(130);

    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::PipeClosed => 3,
            Self::PluginUnusable => 10,
            Self::PluginFailed => 11,
            Self::NotSignedIn => 20,
            Self::Unreachable => 21,
            Self::Refused => 22,
            Self::NotConfigured => 23,
            Self::MayBeDone => 24,
            Self::Internal => 70,
            Self::Other(code) => code,
        }
    }
}
