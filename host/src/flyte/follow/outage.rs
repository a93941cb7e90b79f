//! How long an execution is watched while Flyte, or the identity provider that renews the token, is
//! unreachable.

use std::time::Duration;

use flyte_client::client::{ClientError, ClientErrorKind};
use tokio::time::Instant;

use flyte_text::duration;

/// After an outage of this length, watching ends with an error.
const LONGEST: Duration = Duration::from_secs(600);

/// The state of the connection while an execution is watched.
#[derive(Debug, Default)]
pub(super) struct Outage {
    last_answer: Option<Instant>,
    is_warned: bool,
}

impl Outage {
    /// Flyte answered.
    pub(super) fn answered(&mut self, now: Instant) {
        self.last_answer = Some(now);
        self.is_warned = false;
    }

    /// Whether an error may be temporary and the outage is not too long. A server that never answered is not
    /// waited for.
    pub(super) fn may_pass(&mut self, error: &ClientError, now: Instant) -> bool {
        let is_short = self.last_answer.is_some_and(|last| now.duration_since(last) < LONGEST);
        if error.kind() != ClientErrorKind::Unreachable || !is_short {
            return false;
        }
        if !self.is_warned {
            log::warn!("{error}: {}; asking again for {}", error.status, duration(LONGEST));
            self.is_warned = true;
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
    fn a_provider_may_be_unreachable_for_a_while() {
        let down = || error(Code::Unavailable, TransportErrorKind::SignIn);
        let (mut outage, start) = (Outage::default(), Instant::now());
        assert!(!outage.may_pass(&down(), start), "no answer before");
        outage.answered(start);
        assert!(outage.may_pass(&down(), start + LONGEST / 2));
        assert!(!outage.may_pass(&down(), start + LONGEST));
        outage.answered(start + LONGEST);
        assert!(outage.may_pass(&down(), start + LONGEST));
    }

    #[test]
    fn other_errors_end_the_watch() {
        let (mut outage, now) = (Outage::default(), Instant::now());
        outage.answered(now);
        assert!(!outage.may_pass(&error(Code::Unauthenticated, TransportErrorKind::SignIn), now));
        assert!(!outage.may_pass(&error(Code::Internal, TransportErrorKind::Transport), now));
        assert!(outage.may_pass(&error(Code::Unavailable, TransportErrorKind::Broken), now));
    }
}
