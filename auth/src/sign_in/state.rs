//! The token in use, and what the server thinks of it. Each token has a number, so that an answer to a call is about
//! the token that the call carried, and not about a newer one.

use std::sync::Arc;

use tokio::time::{Duration, Instant};

use crate::{Error, Tokens};

/// What a call carries.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    /// The token's number.
    pub(super) generation: u64,
    /// The token; `None` if there is none.
    pub(crate) tokens: Option<Arc<Tokens>>,
}

/// How things were when a call began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    generation: u64,
    failures: u64,
}

/// Where a token is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// This process got it, to be used now.
    Got,
    /// It was there: of the store, or put there by somebody.
    There,
}

/// What the server thinks of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Verdict {
    #[default]
    Unknown,
    Accepted,
    Refused {
        /// Whether it was accepted before.
        was_accepted: bool,
    },
}

/// What to do about a refusal.
#[derive(Debug)]
pub(super) enum Advice {
    /// The token was replaced since: call again.
    Again,
    /// A token that was just got is not accepted: the next one would not be either.
    GiveUp,
    /// The call carried none of ours.
    NotOurs,
    /// Get the next one.
    Renew,
    /// Somebody tried since, in vain.
    Share(Arc<Error>),
}

/// How long nobody tries to renew ahead of expiry after it went wrong.
const REST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Current {
    pub(super) generation: u64,
    tokens: Option<Arc<Tokens>>,
    is_got: bool,
    verdict: Verdict,
    failures: u64,
    last_failure: Option<Arc<Error>>,
    declined: Option<Arc<Error>>,
    rests_until: Option<Instant>,
}

impl Current {
    pub(super) fn carried(&self) -> Carried {
        Carried { generation: self.generation, tokens: self.tokens() }
    }

    pub(super) fn tokens(&self) -> Option<Arc<Tokens>> {
        self.tokens.clone()
    }

    pub(super) fn seen(&self) -> Seen {
        Seen { generation: self.generation, failures: self.failures }
    }

    /// Takes a new token into use; one that is in use already stays, and what is thought of it.
    pub(super) fn put(&mut self, tokens: Tokens, source: Source) -> Arc<Tokens> {
        if let Some(used) = self.tokens.as_ref().filter(|used| ***used == tokens) {
            return Arc::clone(used);
        }
        let tokens = Arc::new(tokens);
        self.replace(Some(Arc::clone(&tokens)));
        self.is_got = source == Source::Got;
        tokens
    }

    /// Takes a renewed token into use, unless something else happened since it was asked for.
    pub(super) fn put_renewed(&mut self, before: u64, tokens: &Tokens) {
        if self.generation == before {
            self.put(tokens.clone(), Source::Got);
        }
    }

    /// Goes without a token.
    pub(super) fn forget(&mut self) {
        self.replace(None);
    }

    fn replace(&mut self, tokens: Option<Arc<Tokens>>) {
        let (generation, failures) = (self.generation + 1, self.failures);
        *self = Self { generation, tokens, failures, ..Self::default() };
    }

    /// The refresh token of the token in use is worth nothing any more.
    pub(super) fn drop_refresh(&mut self) {
        if let Some(tokens) = &mut self.tokens {
            Arc::make_mut(tokens).refresh = None;
        }
    }

    /// What the server thinks of the token of a call. A refusal stands: what is accepted later was on its way before.
    pub(super) fn judge(&mut self, generation: u64, is_accepted: bool) {
        if generation != self.generation || matches!(self.verdict, Verdict::Refused { .. }) {
            return;
        }
        self.verdict = match is_accepted {
            true => Verdict::Accepted,
            false => Verdict::Refused { was_accepted: self.verdict == Verdict::Accepted },
        };
    }

    /// What to do about the refusal of a call.
    pub(super) fn advice(&self, seen: Seen) -> Advice {
        match (self.verdict, &self.last_failure) {
            (Verdict::Refused { was_accepted: false }, _) if self.is_got => Advice::GiveUp,
            (Verdict::Refused { .. }, Some(error)) if self.failures != seen.failures => {
                Advice::Share(Arc::clone(error))
            }
            (Verdict::Refused { .. }, _) => Advice::Renew,
            _ if self.generation != seen.generation => Advice::Again,
            _ => Advice::NotOurs,
        }
    }

    /// The next token could not be got.
    pub(super) fn fail(&mut self, error: &Arc<Error>) {
        self.failures += 1;
        self.last_failure = Some(Arc::clone(error));
    }

    /// A person who was asked did not sign in: in this process nobody asks them again, unless they say so.
    pub(super) fn decline(&mut self, error: &Arc<Error>) {
        self.declined = Some(Arc::clone(error));
    }

    /// Why the person who was asked did not sign in.
    pub(super) fn declined(&self) -> Option<Arc<Error>> {
        self.declined.clone()
    }

    /// Whether nobody should try to renew ahead of expiry yet.
    pub(super) fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }

    /// Renewing ahead of expiry went wrong; says whether that is news.
    pub(super) fn rest(&mut self) -> bool {
        self.rests_until.replace(Instant::now() + REST).is_none()
    }
}
