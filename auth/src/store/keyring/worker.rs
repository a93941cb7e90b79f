//! Requests to a keyring that may never answer.
//!
//! Each request runs on its own thread. A keyring that works answers at once. If it does not, it is probed
//! for an entry that does not exist, which needs no unlocking: if that is answered, the keyring is locked,
//! and the user gets time to unlock it; if not, the request is abandoned. A thread whose keyring hangs
//! stays until the process exits.

use std::{
    env,
    sync::{
        OnceLock,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use keyring::Entry;

use crate::store::error::{KeyringError, KeyringTimeout};

/// The service name of this program's entries.
const SERVICE: &str = "flyte-host";
/// The user name of an entry that does not exist.
const PROBE: &str = "is-there-a-keyring";

/// An unlocked keyring answers within this time.
const QUICK: Duration = Duration::from_secs(1);
/// How long the keyring may take to answer the probe: the system may have to start it first.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the user has to unlock the keyring, if there is a display.
const UNLOCK_TIMEOUT: Duration = Duration::from_secs(120);

/// The keyring of this user. After a timeout it is not accessed again.
#[derive(Debug, Default)]
pub(super) struct KeyringWorker {
    timed_out: OnceLock<KeyringTimeout>,
}

impl KeyringWorker {
    /// Checks that the keyring works, locked or not.
    pub(super) fn probe(&self) -> Result<(), KeyringError> {
        self.request(PROBE, |entry| entry.get_password()).map(drop)
    }

    /// Runs an operation on an entry; `None` if it does not exist.
    pub(super) fn request<T: Send + 'static>(
        &self,
        user: &str,
        operation: impl FnOnce(Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<Option<T>, KeyringError> {
        if let Some(timed_out) = self.timed_out.get() {
            return Err(timed_out.clone().into());
        }
        let answer = send(user, operation);
        if let Err(KeyringError::TimedOut(timed_out)) = &answer {
            self.timed_out.get_or_init(|| timed_out.clone());
        }
        answer
    }
}

type Reply<T> = Receiver<keyring::Result<T>>;

fn send<T: Send + 'static>(
    user: &str,
    operation: impl FnOnce(Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<Option<T>, KeyringError> {
    let answer = start(user, operation)?;
    if let Some(answer) = wait(&answer, QUICK) {
        return answer;
    }
    let probe = start(PROBE, |entry| entry.get_password())?;
    let is_locked = wait(&probe, REPLY_TIMEOUT.saturating_sub(QUICK)).is_some();
    let (limit, timeout) = match is_locked {
        true if has_display() => (UNLOCK_TIMEOUT, KeyringTimeout::Locked(UNLOCK_TIMEOUT)),
        true => (REPLY_TIMEOUT.saturating_sub(QUICK), KeyringTimeout::Locked(REPLY_TIMEOUT)),
        // The reply may have arrived meanwhile.
        false => (Duration::ZERO, KeyringTimeout::NoAnswer(REPLY_TIMEOUT)),
    };
    wait(&answer, limit).unwrap_or(Err(timeout.into()))
}

fn start<T: Send + 'static>(
    user: &str,
    operation: impl FnOnce(Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<Reply<T>, KeyringError> {
    let user = user.to_owned();
    let (sender, answer) = mpsc::channel();
    thread::Builder::new()
        .name("keyring".to_owned())
        // The receiver may be gone.
        .spawn(move || drop(sender.send(Entry::new(SERVICE, &user).and_then(operation))))
        .map_err(|error| KeyringError::Unavailable(error.to_string()))?;
    Ok(answer)
}

/// `None`: not within the limit.
fn wait<T>(answer: &Reply<T>, limit: Duration) -> Option<Result<Option<T>, KeyringError>> {
    Some(match answer.recv_timeout(limit) {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(keyring::Error::NoEntry)) => Ok(None),
        Ok(Err(error)) => Err(KeyringError::Unavailable(root_cause(&error))),
        Err(RecvTimeoutError::Timeout) => return None,
        Err(RecvTimeoutError::Disconnected) => {
            Err(KeyringError::Unavailable("its thread panicked".to_owned()))
        }
    })
}

/// The innermost error, without the layers that only wrap it.
fn root_cause(error: &keyring::Error) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Whether the user could see a dialog.
fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", windows)) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
