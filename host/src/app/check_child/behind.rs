//! What is behind the plugin in the chain: a default that can be switched, also to errors.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::Relaxed},
};

use plugin_abi::{CachePolicy, PluginError, Remote, RemoteRequest};
use plugin_host::{Builtin, BuiltinAnswers};

/// The default at the end of the chain. Clones are one.
#[derive(Clone, Default)]
pub(super) struct Behind(Arc<AtomicU8>);

/// What the default answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// As flyte-host without plugins.
    Default,
    /// A value to every question, as another plugin may.
    Values,
    /// An error to every question.
    Errors,
}

impl Answers {
    pub(super) const ALL: [Self; 3] = [Self::Default, Self::Values, Self::Errors];

    /// In words, for the input of a call.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::Values => "`next` returns values",
            Self::Errors => "`next` returns errors",
        }
    }
}

impl Behind {
    /// The end of a chain.
    pub(super) fn builtin(&self) -> Builtin {
        Builtin::from_answers(self.clone())
    }

    /// Switches what is answered from now on.
    pub(super) fn answer(&self, answers: Answers) {
        self.0.store(answers as u8, Relaxed);
    }

    fn choose<T>(&self, default: T, value: impl FnOnce() -> T) -> Result<T, PluginError> {
        match self.0.load(Relaxed) {
            number if number == Answers::Default as u8 => Ok(default),
            number if number == Answers::Values as u8 => Ok(value()),
            _ => Err(PluginError::new("the rest of the chain failed")),
        }
    }
}

impl BuiltinAnswers for Behind {
    fn get_remote(&self, _request: &RemoteRequest) -> Result<Remote, PluginError> {
        let values = || {
            let mut remote = Remote::new("dns:///flyte.example:8443");
            remote.audience = Some("flyte".to_owned());
            remote.default_project = Some("another".to_owned());
            remote
        };
        self.choose(Remote::new("flyte.example:443"), values)
    }

    fn secret_requires_group(&self) -> Result<bool, PluginError> {
        self.choose(true, || false)
    }

    fn get_default_image(&self) -> Result<Option<String>, PluginError> {
        self.choose(None, || Some("registry.example/base:v1".to_owned()))
    }

    fn get_auth_success_html(&self, _endpoint: &str) -> Result<Option<String>, PluginError> {
        self.choose(None, || Some("<p>Signed in.</p>".to_owned()))
    }

    fn get_default_cache_policies(&self) -> Result<Vec<CachePolicy>, PluginError> {
        self.choose(Vec::new(), || vec![CachePolicy::fixed("v1").name("behind")])
    }
}
