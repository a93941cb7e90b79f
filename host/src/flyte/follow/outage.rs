//! How long an execution is followed while nobody answers: Flyte, or the identity provider where a token has to be renewed.

use std::time::Duration;

use flyte_client::client::{ClientError, ClientErrorKind};
use tokio::time::Instant;

use flyte_text::duration;

/// The longest silence; the execution goes on meanwhile.
const LONGEST: Duration = Duration::from_secs(600);

/// Whether Flyte is heard of.
#[derive(Debug, Default)]
pub(super) struct Silence {
    heard: Option<Instant>,
    told: bool,
}

impl Silence {
    /// Flyte answered.
    pub(super) fn ends(&mut self, now: Instant) {
        self.heard = Some(now);
        self.told = false;
    }

    /// Whether an error is one that may pass, and may still do so. Whoever never answered is not waited for.
    pub(super) fn may_pass(&mut self, error: &ClientError, now: Instant) -> bool {
        let is_short = self.heard.is_some_and(|heard| now.duration_since(heard) < LONGEST);
        if error.kind() != ClientErrorKind::Unreachable || !is_short {
            return false;
        }
        if !self.told {
            log::warn!("{error}: {}; asking again for {}", error.status, duration(LONGEST));
            self.told = true;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use flyte_client::transport::{Code, Status, TransportError, TransportErrorKind};

    use super::*;

    fn error(code: Code, kind: TransportErrorKind) -> ClientError {
        let status = Status::fault(code, TransportError::new(kind, "gone"));
        ClientError::new("GetExecution", status)
    }

    #[test]
    fn a_provider_may_be_down_for_a_while() {
        let down = || error(Code::Unavailable, TransportErrorKind::SignIn);
        let (mut silence, start) = (Silence::default(), Instant::now());
        assert!(!silence.may_pass(&down(), start), "nobody was there");
        silence.ends(start);
        assert!(silence.may_pass(&down(), start + LONGEST / 2));
        assert!(!silence.may_pass(&down(), start + LONGEST));
        silence.ends(start + LONGEST);
        assert!(silence.may_pass(&down(), start + LONGEST));
    }

    #[test]
    fn what_does_not_pass_is_told_at_once() {
        let (mut silence, now) = (Silence::default(), Instant::now());
        silence.ends(now);
        assert!(!silence.may_pass(&error(Code::Unauthenticated, TransportErrorKind::SignIn), now));
        assert!(!silence.may_pass(&error(Code::Internal, TransportErrorKind::Transport), now));
        assert!(silence.may_pass(&error(Code::Unavailable, TransportErrorKind::Broken), now));
    }
}
