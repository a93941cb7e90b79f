//! Asking a keyring that may never answer.
//!
//! Each question goes on a thread of its own, and has its answer in a moment from a keyring that works. If not, the
//! keyring is asked for an entry that nobody has, which needs no person: one that answers this is locked, and a person is
//! waited for; one that does not is given up. A thread whose keyring hangs stays until the program ends, which is soon.

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

use super::KeyringError;

/// The name of this program's entries.
const SERVICE: &str = "flyte-host";
/// The user whose entry nobody has.
const PROBE: &str = "is-there-a-keyring";

/// A keyring that is open answers within this time.
const MOMENT: Duration = Duration::from_secs(1);
/// How long a keyring may take to answer at all. The system may have to start it first.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long a person has to unlock the keyring, where a person can be asked.
const PATIENCE: Duration = Duration::from_secs(120);

/// A keyring that was waited for in vain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// Nobody unlocked it.
    #[error("the system's keyring is locked, and nobody unlocked it within {} s", .0.as_secs())]
    Locked(Duration),
    /// It is there, and says nothing.
    #[error("the system's keyring did not answer within {} s", .0.as_secs())]
    NoAnswer(Duration),
}

/// The keyring of this user. Once it was silent it is not asked again: nobody waits twice for the same thing.
#[derive(Debug, Default)]
pub(super) struct Keyring {
    silence: OnceLock<Silence>,
}

impl Keyring {
    /// Whether there is one that works, locked or not.
    pub(super) fn probe(&self) -> Result<(), KeyringError> {
        self.ask(PROBE, |entry| entry.get_password()).map(drop)
    }

    /// Asks for one entry; `None` if there is no such entry.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        user: &str,
        question: impl FnOnce(Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<Option<T>, KeyringError> {
        if let Some(silence) = self.silence.get() {
            return Err(silence.clone().into());
        }
        let answer = converse(user, question);
        if let Err(KeyringError::Silent(silence)) = &answer {
            self.silence.get_or_init(|| silence.clone());
        }
        answer
    }
}

/// Where the answer to a question arrives.
type Answer<T> = Receiver<keyring::Result<T>>;

fn converse<T: Send + 'static>(
    user: &str,
    question: impl FnOnce(Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<Option<T>, KeyringError> {
    let answer = start(user, question)?;
    if let Some(answer) = wait(&answer, MOMENT) {
        return answer;
    }
    let probe = start(PROBE, |entry| entry.get_password())?;
    let is_there = wait(&probe, AT_ONCE.saturating_sub(MOMENT)).is_some();
    let (limit, silence) = match is_there {
        true if has_display() => (PATIENCE, Silence::Locked(PATIENCE)),
        true => (AT_ONCE.saturating_sub(MOMENT), Silence::Locked(AT_ONCE)),
        // It may have come since.
        false => (Duration::ZERO, Silence::NoAnswer(AT_ONCE)),
    };
    wait(&answer, limit).unwrap_or(Err(silence.into()))
}

fn start<T: Send + 'static>(
    user: &str,
    question: impl FnOnce(Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<Answer<T>, KeyringError> {
    let user = user.to_owned();
    let (sender, answer) = mpsc::channel();
    thread::Builder::new()
        .name("keyring".to_owned())
        // Nobody may listen any more.
        .spawn(move || drop(sender.send(Entry::new(SERVICE, &user).and_then(question))))
        .map_err(|error| KeyringError::Refused(error.to_string()))?;
    Ok(answer)
}

/// `None`: not within the limit.
fn wait<T>(answer: &Answer<T>, limit: Duration) -> Option<Result<Option<T>, KeyringError>> {
    Some(match answer.recv_timeout(limit) {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(keyring::Error::NoEntry)) => Ok(None),
        Ok(Err(error)) => Err(KeyringError::Refused(shown(&error))),
        Err(RecvTimeoutError::Timeout) => return None,
        Err(RecvTimeoutError::Disconnected) => Err(KeyringError::Refused("it broke off".to_owned())),
    })
}

/// What the keyring says, without the layers that say only that it said something.
fn shown(error: &keyring::Error) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Whether a person could see a question.
fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", windows)) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
