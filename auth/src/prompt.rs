//! Whoever sits at the terminal: whether there is somebody, and what they are told.

use std::time::Duration;

/// Somebody who can sign in, or nobody.
///
/// The command line implements it; everything here goes to the terminal, never into a file or an answer.
pub trait Person: Send + Sync {
    /// Whether there is somebody who could open a browser or type a code: a terminal, and no CI.
    fn is_there(&self) -> bool;

    /// Tells them what to do, or what is waited for.
    fn tell(&self, notice: &Notice<'_>);

    /// The page for the browser after a sign-in at the provider's host; `None`: the built-in one.
    ///
    /// Called after the code was exchanged. Whatever goes wrong in it is told by whoever implements it, and costs the page.
    fn success_page(&self, host: &str) -> Option<String>;
}

/// What a person is told while they sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// Sign in at this address. It is told whether a browser was opened or not.
    Browser {
        /// The provider's page, for this attempt only.
        url: &'a str,
        /// Whether a browser was opened.
        opened: bool,
        /// How long the answer is waited for.
        within: Duration,
    },
    /// There is no browser here, so a code is typed on another device.
    NoBrowser,
    /// Type a code on another device.
    Device {
        /// Where.
        url: &'a str,
        /// The code.
        code: &'a str,
        /// The address with the code in it, if the provider has one.
        complete_url: Option<&'a str>,
        /// How long the code can be used.
        within: Duration,
    },
    /// Another process is signing in at this endpoint, and is waited for.
    OtherProcess,
}
