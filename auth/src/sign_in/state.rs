//! The state of a sign-in: which token is in use, and what the server thinks of it. Pure: nothing here
//! waits, and the clock is read by [`SignInState::back_off`] and [`SignInState::is_backing_off`] only.
//!
//! ```text
//!            put: a token was loaded or acquired (from every state)
//!                                   │
//!  Unknown ◄── forget               ▼
//!   │   │    (from every state)  Unverified
//!   │   │                          │     │
//!   │   └──── accepted ────► Accepted ◄──┘ accepted
//!   │                              │     │
//!   │ rejected            rejected │     │ rejected
//!   └────────────────────────►  Rejected ◄──── fail: the next token could not be acquired
//!                                  │
//!                                  │ decline: the user was prompted, and did not sign in
//!                                  ▼
//!                               Declined  ◄──── fail: as above; the user is not prompted again
//! ```
//!
//! A token in any state may be *backing off*: renewing it before it expires failed, and is not tried again
//! for a while.
//!
//! Each token has a number (`generation`), so that a response is attributed to the token that its call
//! carried.

use std::sync::Arc;

use tokio::time::{Duration, Instant};

use crate::{error::AuthError, token::Tokens};

/// How long renewal before expiry is not tried again after it failed.
const BACKOFF: Duration = Duration::from_secs(30);

/// The token of one call.
#[derive(Clone, Debug)]
pub(crate) struct CallToken {
    pub(super) generation: u64,
    /// `None`: the call carries no token.
    pub(crate) tokens: Option<Arc<Tokens>>,
}

/// The state when a call began, for comparison after its rejection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    generation: u64,
    failures: u64,
}

/// Where a token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenOrigin {
    /// This process acquired it just now.
    Acquired,
    /// From the store, a variable or a file.
    Existing,
}

/// What to do about a rejected call.
#[derive(Debug)]
pub(super) enum Action {
    /// Acquire the next token.
    Acquire,
    /// Report an error: a token that was acquired just now was rejected, and another one would be, too.
    GiveUp,
    /// Return the rejection to the caller: the call carried none of our tokens.
    PassOn,
    /// Send the call again: the token was replaced since.
    Resend,
    /// Return this error: acquiring the next token failed while the call was on its way.
    Share(Arc<AuthError>),
}

/// A token in use.
#[derive(Clone, Debug)]
struct Held {
    tokens: Arc<Tokens>,
    origin: TokenOrigin,
    backing_off_until: Option<Instant>,
}

/// A rejected token, or the rejection of calls without one.
#[derive(Clone, Debug)]
struct Rejection {
    token: Option<Held>,
    /// Whether the token was accepted before: then it has expired or was revoked.
    was_accepted: bool,
    /// Why the last attempt to acquire the next token failed.
    failure: Option<Arc<AuthError>>,
}

#[derive(Clone, Debug, Default)]
enum State {
    /// No token, and no response of the server yet.
    #[default]
    Unknown,
    /// A token that the server has not seen yet.
    Unverified(Held),
    /// The server accepts the token; `None`: it accepts calls without one.
    Accepted(Option<Held>),
    /// The server rejected the token.
    Rejected(Rejection),
    /// The server rejected the token, and the user who was prompted did not sign in, for this reason.
    Declined(Rejection, Arc<AuthError>),
}

/// The state machine of one [`SignIn`](super::SignIn).
#[derive(Debug, Default)]
pub(super) struct SignInState {
    generation: u64,
    /// How many attempts to acquire a token failed.
    failures: u64,
    state: State,
}

impl SignInState {
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn call_token(&self) -> CallToken {
        CallToken { generation: self.generation, tokens: self.tokens() }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot { generation: self.generation, failures: self.failures }
    }

    pub(super) fn tokens(&self) -> Option<Arc<Tokens>> {
        self.held().map(|held| Arc::clone(&held.tokens))
    }

    /// Takes a token into use. If it is in use already, the state stays as it is.
    pub(super) fn put(&mut self, tokens: Tokens, origin: TokenOrigin) -> Arc<Tokens> {
        if let Some(held) = self.held().filter(|held| *held.tokens == tokens) {
            return Arc::clone(&held.tokens);
        }
        let tokens = Arc::new(tokens);
        let held = Held { tokens: Arc::clone(&tokens), origin, backing_off_until: None };
        self.replace(State::Unverified(held));
        tokens
    }

    /// Takes a refreshed token into use, unless the one of `generation` was replaced since the request.
    pub(super) fn put_refreshed(&mut self, generation: u64, tokens: &Tokens) {
        if self.generation == generation {
            self.put(tokens.clone(), TokenOrigin::Acquired);
        }
    }

    /// Drops the token.
    pub(super) fn forget(&mut self) {
        self.replace(State::Unknown);
    }

    /// Drops the refresh token of the token in use, because the provider does not accept it any more.
    pub(super) fn drop_refresh(&mut self) {
        if let Some(held) = self.held_mut() {
            Arc::make_mut(&mut held.tokens).refresh = None;
        }
    }

    /// Notes the response to a call with the token of `generation`. A rejection is final: calls that are
    /// accepted afterwards were on their way before.
    pub(super) fn judge(&mut self, generation: u64, is_accepted: bool) {
        if generation != self.generation {
            return;
        }
        let (token, was_accepted) = match std::mem::take(&mut self.state) {
            State::Unknown => (None, false),
            State::Unverified(held) => (Some(held), false),
            State::Accepted(token) => (token, true),
            rejected @ (State::Rejected(_) | State::Declined(..)) => {
                self.state = rejected;
                return;
            }
        };
        self.state = if is_accepted {
            State::Accepted(token)
        } else {
            State::Rejected(Rejection { token, was_accepted, failure: None })
        };
    }

    /// What to do about the rejection of a call that began at `snapshot`.
    pub(super) fn action(&self, snapshot: Snapshot) -> Action {
        let rejection = match &self.state {
            State::Rejected(rejection) | State::Declined(rejection, _) => rejection,
            _ if self.generation != snapshot.generation => return Action::Resend,
            _ => return Action::PassOn,
        };
        let is_acquired = rejection.token.as_ref().is_some_and(|held| held.origin == TokenOrigin::Acquired);
        match &rejection.failure {
            _ if is_acquired && !rejection.was_accepted => Action::GiveUp,
            Some(error) if self.failures != snapshot.failures => Action::Share(Arc::clone(error)),
            _ => Action::Acquire,
        }
    }

    /// Notes that the next token could not be acquired.
    pub(super) fn fail(&mut self, error: &Arc<AuthError>) {
        self.failures += 1;
        if let State::Rejected(rejection) | State::Declined(rejection, _) = &mut self.state {
            rejection.failure = Some(Arc::clone(error));
        }
    }

    /// Notes that the user was prompted and did not sign in: they are not prompted again for this token.
    pub(super) fn decline(&mut self, error: &Arc<AuthError>) {
        self.state = match std::mem::take(&mut self.state) {
            State::Rejected(rejection) => State::Declined(rejection, Arc::clone(error)),
            state => state,
        };
    }

    /// Why the user who was prompted did not sign in.
    pub(super) fn declined(&self) -> Option<Arc<AuthError>> {
        match &self.state {
            State::Declined(_, error) => Some(Arc::clone(error)),
            _ => None,
        }
    }

    /// Notes that renewal before expiry failed. Returns whether it is the first failure for this token.
    pub(super) fn back_off(&mut self) -> bool {
        let until = Instant::now() + BACKOFF;
        self.held_mut().is_some_and(|held| held.backing_off_until.replace(until).is_none())
    }

    pub(super) fn is_backing_off(&self) -> bool {
        let until = self.held().and_then(|held| held.backing_off_until);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn replace(&mut self, state: State) {
        self.generation += 1;
        self.state = state;
    }

    fn held(&self) -> Option<&Held> {
        match &self.state {
            State::Unknown => None,
            State::Unverified(held) => Some(held),
            State::Accepted(token) => token.as_ref(),
            State::Rejected(rejection) | State::Declined(rejection, _) => rejection.token.as_ref(),
        }
    }

    fn held_mut(&mut self) -> Option<&mut Held> {
        match &mut self.state {
            State::Unknown => None,
            State::Unverified(held) => Some(held),
            State::Accepted(token) => token.as_mut(),
            State::Rejected(rejection) | State::Declined(rejection, _) => rejection.token.as_mut(),
        }
    }
}

/// What the store holds, compared with the token in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum StoreState {
    /// Nothing that this process knows of.
    #[default]
    Empty,
    /// The token in use, or the one that it was loaded from.
    Current,
    /// An older token, or none any more because of a sign-out in another process.
    Outdated,
    /// Nothing, because saving failed.
    Unsaved,
}

impl StoreState {
    /// A token was loaded.
    pub(super) fn loaded(self) -> Self {
        match self {
            Self::Empty | Self::Current => Self::Current,
            Self::Unsaved | Self::Outdated => Self::Outdated,
        }
    }

    /// Whether this process knows that the store had a token; if it has none now, another process signed out.
    pub(super) fn had_token(self) -> bool {
        matches!(self, Self::Current | Self::Outdated)
    }

    /// Whether the token in use is newer than what the store may hold.
    pub(super) fn is_behind(self) -> bool {
        matches!(self, Self::Outdated | Self::Unsaved)
    }
}

#[cfg(test)]
mod tests;
