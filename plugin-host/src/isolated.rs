//! Isolation: a plugin's library in a process of its own, behind the same interfaces.
//!
//! The child is this program, started with a hidden argument. It gives up what it does not need (files,
//! network, other processes: `confine`), loads the library, and answers calls on a socket. On either side an
//! object of the other one has a stand-in that implements its interface; messages, stand-ins and the calls of
//! the originals are made of one definition an interface (`interfaces`). So neither the chain nor a plugin
//! notices the border.
//!
//! A crash ends the child: the call that was in it fails, with the plugin, the hook and the signal, and the
//! next call starts a new child ([`Isolation::restarts`]).
//!
//! A program that isolates plugins calls [`child_main`] first in its `main`.

mod carry;
mod channel;
mod child;
mod confine;
mod edits;
mod ending;
mod environment;
mod interfaces;
mod message;
mod object;
mod peer;
mod plugin;
mod settings;
mod start;

use std::sync::atomic::{AtomicBool, Ordering};

pub use edits::RecordedEdits;
pub(crate) use plugin::{Process, StartError, Template, start};
pub use settings::{Isolation, Isolations};

/// Whether this program calls [`child_main`].
static HAS_CHILD_MAIN: AtomicBool = AtomicBool::new(false);

/// Runs the process of an isolated plugin, if this is one; call it first in `main`, and end with the
/// exit code that it returns.
///
/// A program that does not call it cannot isolate plugins.
#[must_use]
pub fn child_main() -> Option<u8> {
    if child::is_child() {
        return Some(child::run());
    }
    HAS_CHILD_MAIN.store(true, Ordering::Relaxed);
    None
}

/// Whether this program can be started as the process of a plugin.
pub(crate) fn is_possible() -> bool {
    HAS_CHILD_MAIN.load(Ordering::Relaxed)
}
