//! The exit codes, which are public: the reference in `docs` is written from [`Exit::ALL`].

/// How the program ends. What each code means for users: [`Exit::meaning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Done,
    /// 1.
    Failed,
    /// 2.
    Usage,
    /// 3.
    PipeClosed,
    /// 10.
    PluginUnusable,
    /// 11.
    PluginFailed,
    /// 20.
    NotSignedIn,
    /// 21.
    Unreachable,
    /// 22.
    Refused,
    /// 23.
    NotConfigured,
    /// 24.
    MayBeDone,
    /// 70.
    Internal,
    /// The exit code of a plugin's command.
    Other(u8),
}

impl Exit {
    /// The documented codes in ascending order, without those of plugins.
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

    /// 130: Ctrl-C while watching an execution; the code of shells for SIGINT.
    pub const INTERRUPTED: Self = Self::Other(130);

    /// The number of the code.
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

    /// What the code means, for the reference; in Markdown.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "success",
            Self::Failed => "the command failed",
            Self::Usage => "invalid command line",
            Self::PipeClosed => "broken pipe: the reader closed the output",
            Self::PluginUnusable => "cannot use a selected plugin",
            Self::PluginFailed => "a plugin failed, panicked, ended the process, timed out or is paused",
            Self::NotSignedIn => {
                "not signed in: the server requires authentication, and the sign-in failed or was not possible"
            }
            Self::Unreachable => {
                "the server or its identity provider is unreachable, timed out, or is not a Flyte server"
            }
            Self::Refused => "the server rejected the request",
            Self::NotConfigured => "no Flyte endpoint is configured, and the sandbox was not requested",
            Self::MayBeDone => "a change was requested, and no answer confirms whether it was made",
            Self::Internal => "internal error: a bug in flyte-host",
            Self::Other(130) => "interrupted by Ctrl-C while waiting; the execution keeps running",
            Self::Other(_) => "chosen by a command of a plugin",
        }
    }
}
