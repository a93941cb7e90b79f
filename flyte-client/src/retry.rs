//! Trying again: which failures may pass, which calls may be repeated, and how long to wait.
//!
//! Flyte's own clients repeat every failed call four times at once. Here only what may be different the next
//! time is repeated, and only where a second time does no harm: [`METHODS`] decides that for each method.

use std::time::Duration;

use crate::transport::{Code, Status, TransportErrorKind};

/// How often and how long to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Tries of a call that reached a server, the first included.
    pub tries: u32,
    /// Tries of a call without a connection: a user waits for these.
    pub connects: u32,
    /// The longest first pause; it doubles from try to try.
    pub pause: Duration,
    /// The longest pause of all.
    pub longest_pause: Duration,
    /// No try begins later than this after the first.
    pub budget: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tries: 5,
            connects: 3,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(5),
            budget: Duration::from_secs(20),
        }
    }
}

impl Policy {
    /// One try.
    #[must_use]
    pub fn never() -> Self {
        Self { tries: 1, connects: 1, ..Self::default() }
    }

    /// How long to wait before the next try; `None` if there is to be none.
    ///
    /// `tried` is how often it was tried, `elapsed` how long that took.
    pub(crate) fn pause(
        &self,
        status: &Status,
        may_repeat: bool,
        tried: u32,
        elapsed: Duration,
    ) -> Option<Duration> {
        let pushback = pushback(status);
        let tries = match status.fault.as_ref().map(|fault| fault.kind) {
            Some(TransportErrorKind::Connect) => self.connects,
            // The identity provider does not answer: as harmless to repeat as a failed connection.
            Some(TransportErrorKind::SignIn) if status.code == Code::Unavailable => self.connects,
            Some(TransportErrorKind::SignIn) => return None,
            Some(
                TransportErrorKind::Deadline
                | TransportErrorKind::Tls
                | TransportErrorKind::TooLarge
                | TransportErrorKind::Transport,
            ) => {
                return None;
            }
            _ if !may_repeat => return None,
            _ => match (status.code, &pushback) {
                (Code::Unavailable, _) | (Code::ResourceExhausted, Some(Pushback::After(_))) => self.tries,
                _ => return None,
            },
        };
        if tried >= tries {
            return None;
        }
        let pause = match pushback {
            Some(Pushback::Never) => return None,
            Some(Pushback::After(pause)) => pause,
            // Full jitter: many clients that failed together do not come back together.
            None => self.longest(tried).mul_f64(fastrand::f64()),
        };
        (elapsed.saturating_add(pause) <= self.budget).then_some(pause)
    }

    fn longest(&self, tried: u32) -> Duration {
        let doublings = 2_u32.saturating_pow(tried.saturating_sub(1));
        self.pause.saturating_mul(doublings).min(self.longest_pause)
    }
}

/// The server's instruction for another try (`grpc-retry-pushback-ms`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pushback {
    After(Duration),
    Never,
}

/// A value that is not a number, such as `-1`, means never.
fn pushback(status: &Status) -> Option<Pushback> {
    let (_, value) = status.metadata.iter().find(|(name, _)| name == "grpc-retry-pushback-ms")?;
    Some(value.parse().map_or(Pushback::Never, |pause| Pushback::After(Duration::from_millis(pause))))
}

/// What to do about a call whose answer was lost, so that it is not known whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterLoss {
    /// Send it again: it only reads.
    Read,
    /// Send it again: a second time changes nothing more.
    Repeat,
    /// Look for what it makes; send it again if that is not there (`client::lost`).
    LookUp,
    /// Leave it: a second time might do it twice.
    Leave,
}

/// Every method of Flyte's services that is not named `Get…` or `List…`; a test compares it with the `.proto`
/// files.
///
/// What is registered a second time is answered by "already exists, identical". Terminating an execution
/// twice reports that it is aborted. Deleting attributes that are gone is an error, and an event counts each
/// time.
const METHODS: [(&str, AfterLoss); 28] = [
    ("Check", AfterLoss::Read),
    ("CreateDownloadLink", AfterLoss::Read),
    ("CreateDownloadLocation", AfterLoss::Read),
    ("CreateExecution", AfterLoss::LookUp),
    ("CreateLaunchPlan", AfterLoss::Repeat),
    ("CreateNodeEvent", AfterLoss::Leave),
    ("CreateTask", AfterLoss::Repeat),
    ("CreateTaskEvent", AfterLoss::Leave),
    ("CreateUploadLocation", AfterLoss::Read),
    ("CreateWorkflow", AfterLoss::Repeat),
    ("CreateWorkflowEvent", AfterLoss::Leave),
    ("DeleteProjectAttributes", AfterLoss::Leave),
    ("DeleteProjectDomainAttributes", AfterLoss::Leave),
    ("DeleteWorkflowAttributes", AfterLoss::Leave),
    ("GetOrCreateSignal", AfterLoss::Repeat),
    ("RecoverExecution", AfterLoss::LookUp),
    ("RegisterProject", AfterLoss::LookUp),
    ("RelaunchExecution", AfterLoss::LookUp),
    ("SetSignal", AfterLoss::Repeat),
    ("TerminateExecution", AfterLoss::Repeat),
    ("UpdateExecution", AfterLoss::Repeat),
    ("UpdateLaunchPlan", AfterLoss::Repeat),
    ("UpdateNamedEntity", AfterLoss::Repeat),
    ("UpdateProject", AfterLoss::Repeat),
    ("UpdateProjectAttributes", AfterLoss::Repeat),
    ("UpdateProjectDomainAttributes", AfterLoss::Repeat),
    ("UpdateWorkflowAttributes", AfterLoss::Repeat),
    ("UserInfo", AfterLoss::Read),
];

/// What to do when the answer to a method is lost. An unknown one is repeated only if its name says that it
/// reads.
pub(crate) fn after_loss(path: &str) -> AfterLoss {
    let method = path.rsplit('/').next().unwrap_or(path);
    let known = METHODS.iter().find(|(name, _)| *name == method).map(|(_, after)| *after);
    let reads = || ["Get", "List"].iter().any(|verb| method.starts_with(verb));
    known.unwrap_or_else(|| if reads() { AfterLoss::Read } else { AfterLoss::Leave })
}

/// Whether a failure leaves open what became of the call: it was sent, and no refusal arrived.
pub(crate) fn is_lost(status: &Status) -> bool {
    match status.fault.as_ref().map(|fault| fault.kind) {
        None => matches!(status.code, Code::DeadlineExceeded | Code::Unavailable),
        Some(TransportErrorKind::Broken | TransportErrorKind::Deadline) => true,
        // A gateway whose server is gone, such as HTTP 502.
        Some(TransportErrorKind::Protocol) => status.code == Code::Unavailable,
        Some(
            TransportErrorKind::Connect
            | TransportErrorKind::SignIn
            | TransportErrorKind::Tls
            | TransportErrorKind::TooLarge
            | TransportErrorKind::Transport,
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::transport::TransportError;

    fn fault(kind: TransportErrorKind) -> Status {
        Status::fault(Code::Unavailable, TransportError::new(kind, "gone"))
    }

    fn tries(status: &Status, may_repeat: bool) -> u32 {
        let policy = Policy::default();
        (1..).find(|tried| policy.pause(status, may_repeat, *tried, Duration::ZERO).is_none()).unwrap()
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for number in 1..=16 {
            let code = Code::from_number(number);
            let expected = if code == Code::Unavailable { 5 } else { 1 };
            assert_eq!(tries(&Status::new(code, ""), true), expected, "{}", code.name());
        }
        assert_eq!(tries(&fault(TransportErrorKind::Broken), true), 5);
        let refused = TransportError::new(TransportErrorKind::SignIn, "no terminal");
        assert_eq!(tries(&Status::fault(Code::Unauthenticated, refused), true), 1);
        for kind in [
            TransportErrorKind::Deadline,
            TransportErrorKind::Tls,
            TransportErrorKind::TooLarge,
            TransportErrorKind::Transport,
        ] {
            assert_eq!(tries(&fault(kind), true), 1, "{kind:?}");
        }
    }

    #[test]
    fn what_may_have_been_done_is_not_repeated() {
        assert_eq!(tries(&Status::new(Code::Unavailable, ""), false), 1);
        assert_eq!(tries(&fault(TransportErrorKind::Broken), false), 1);
        assert_eq!(tries(&fault(TransportErrorKind::Connect), false), 3);
        assert_eq!(
            tries(&fault(TransportErrorKind::SignIn), false),
            3,
            "the identity provider did not answer"
        );
    }

    #[test]
    fn pauses_grow_to_a_limit_within_the_budget() {
        let policy = Policy::default();
        let longest: Vec<_> = (1..=5).map(|tried| policy.longest(tried).as_millis()).collect();
        assert_eq!(longest, [500, 1000, 2000, 4000, 5000]);
        assert_eq!(policy.longest(u32::MAX), policy.longest_pause);
        let late = policy.budget + Duration::from_millis(1);
        assert_eq!(policy.pause(&fault(TransportErrorKind::Connect), true, 1, late), None);
    }

    #[test]
    fn the_server_may_choose_the_pause() {
        let with = |code, value: &str| {
            let mut status = Status::new(code, "");
            status.metadata.push(("grpc-retry-pushback-ms".to_owned(), value.to_owned()));
            Policy::default().pause(&status, true, 1, Duration::ZERO)
        };
        assert_eq!(with(Code::Unavailable, "250"), Some(Duration::from_millis(250)));
        assert_eq!(with(Code::ResourceExhausted, "250"), Some(Duration::from_millis(250)));
        assert_eq!(with(Code::Unavailable, "-1"), None);
        assert_eq!(with(Code::Internal, "250"), None);
        assert_eq!(with(Code::Unavailable, "60000"), None, "beyond the budget");
    }

    #[test]
    fn every_method_of_flyte_is_decided() {
        let pool = crate::proto::descriptor::pool();
        let methods: BTreeSet<String> = pool
            .services()
            .flat_map(|service| service.methods().map(|method| method.name().to_owned()).collect::<Vec<_>>())
            .filter(|method| method == "GetOrCreateSignal" || !is_read_by_name(method))
            .collect();
        let mut decided: BTreeSet<String> = METHODS.iter().map(|(name, _)| (*name).to_owned()).collect();
        // Health checks are gRPC's own.
        assert!(decided.remove("Check"));
        assert_eq!(methods, decided);
    }

    fn is_read_by_name(method: &str) -> bool {
        method.starts_with("Get") || method.starts_with("List")
    }

    #[test]
    fn unknown_methods_are_repeated_only_if_they_read() {
        let after = |method: &str| after_loss(&format!("/acme.Service/{method}"));
        assert_eq!(["GetCosts", "ListCosts"].map(after), [AfterLoss::Read; 2]);
        assert_eq!(["CreateCosts", "UpdateCosts"].map(after), [AfterLoss::Leave; 2]);
    }

    #[test]
    fn a_refusal_is_not_a_lost_answer() {
        let lost: Vec<_> =
            (1..=16).map(Code::from_number).filter(|code| is_lost(&Status::new(*code, ""))).collect();
        assert_eq!(lost, [Code::DeadlineExceeded, Code::Unavailable]);
        assert!(is_lost(&fault(TransportErrorKind::Broken)) && is_lost(&fault(TransportErrorKind::Protocol)));
        for kind in [
            TransportErrorKind::Connect,
            TransportErrorKind::SignIn,
            TransportErrorKind::Tls,
            TransportErrorKind::TooLarge,
        ] {
            assert!(!is_lost(&fault(kind)), "{kind:?}: nothing was sent, or an answer came");
        }
    }
}
