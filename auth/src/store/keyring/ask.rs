//! Asking a keyring that may never answer.
//!
//! Each question goes on a thread of its own, in two steps: first for an entry that nobody has, which any keyring that
//! works answers at once and without a person; then the question itself, which may have to wait until a person has
//! unlocked the keyring. A thread whose keyring hangs stays until the program ends, which is soon.

use std::{
    env,
    sync::{
        OnceLock,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
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
        self.ask(PROBE, |_| Ok(())).map(drop)
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
        let answer = ask_on_a_thread(user.to_owned(), question);
        if let Err(KeyringError::Silent(silence)) = &answer {
            self.silence.get_or_init(|| silence.clone());
        }
        answer
    }
}

fn ask_on_a_thread<T: Send + 'static>(
    user: String,
    question: impl FnOnce(Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<Option<T>, KeyringError> {
    let (probed, probe) = mpsc::sync_channel(0);
    let (answered, answer) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || converse(&user, question, &probed, &answered))
        .map_err(|error| KeyringError::Refused(error.to_string()))?;
    wait(&probe, AT_ONCE, Silence::NoAnswer)?;
    wait(&answer, if has_display() { PATIENCE } else { AT_ONCE }, Silence::Locked)
}

fn converse<T>(
    user: &str,
    question: impl FnOnce(Entry) -> keyring::Result<T>,
    probed: &SyncSender<keyring::Result<String>>,
    answered: &SyncSender<keyring::Result<T>>,
) {
    let probe = Entry::new(SERVICE, PROBE).and_then(|entry| entry.get_password());
    let is_there = matches!(probe, Ok(_) | Err(keyring::Error::NoEntry));
    // This channel holds nothing: an answer that comes too late finds nobody, and nothing more is asked.
    if probed.send(probe).is_ok() && is_there {
        let _ = answered.send(Entry::new(SERVICE, user).and_then(question));
    }
}

fn wait<T>(
    answer: &Receiver<keyring::Result<T>>,
    limit: Duration,
    silence: impl FnOnce(Duration) -> Silence,
) -> Result<Option<T>, KeyringError> {
    match answer.recv_timeout(limit) {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(keyring::Error::NoEntry)) => Ok(None),
        Ok(Err(error)) => Err(KeyringError::Refused(shown(&error))),
        Err(RecvTimeoutError::Timeout) => Err(silence(limit).into()),
        Err(RecvTimeoutError::Disconnected) => Err(KeyringError::Refused("it broke off".to_owned())),
    }
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
