//! Interaction with the user who signs in.

use std::time::Duration;

/// Shows the user how to sign in; implemented by the command line.
///
/// Nothing that is shown is secret to the user, but it must not get into files or logs.
pub trait Prompt: Send + Sync {
    /// Whether a user can open a browser or type a code: on a terminal, and not in CI.
    fn is_interactive(&self) -> bool;

    /// Shows what to do, or what is being waited for. Texts come from the provider: sanitize them.
    fn show(&self, event: &PromptEvent<'_>);

    /// The page for the browser after a sign-in at the provider's host; `None`: the built-in one.
    ///
    /// Called after the code was exchanged. The implementation reports its errors itself; then there is the
    /// built-in page.
    fn success_page(&self, host: &str) -> Option<String>;
}

/// A step of an interactive sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PromptEvent<'a> {
    /// Sign in at this address; shown whether a browser was opened or not.
    Browser {
        /// The provider's page, for this attempt only.
        url: &'a str,
        /// Whether a browser was opened.
        opened: bool,
        /// The timeout.
        within: Duration,
    },
    /// There is no browser, so the device flow follows.
    NoBrowser,
    /// Enter a code on another device.
    Device {
        /// The page for the code.
        url: &'a str,
        /// The code.
        code: &'a str,
        /// The page with the code filled in, if the provider has one.
        complete_url: Option<&'a str>,
        /// How long the code is valid.
        within: Duration,
    },
    /// Waiting for another process, which is signing in to this endpoint.
    OtherProcess,
}
