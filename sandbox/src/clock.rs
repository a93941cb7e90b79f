//! The time by which schedules start executions, which tests can set.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// The longest wait of [`Clock::wait_until`] by the system's clock, which may be set while it waits.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A clock for schedules.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// The time that a [`ClockHand`] shows.
    Set(watch::Receiver<Timestamp>),
}

/// Sets a [`Clock`]; when it is dropped, the clock stops.
#[derive(Debug)]
pub struct ClockHand(watch::Sender<Timestamp>);

impl Clock {
    /// A clock that stands at a time until its hand is moved.
    #[must_use]
    pub fn standing_at(time: Timestamp) -> (Self, ClockHand) {
        let (hand, clock) = watch::channel(time);
        (Self::Set(clock), ClockHand(hand))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Set(time) => *time.borrow(),
        }
    }

    /// Waits for a time, or some seconds, whichever comes first; forever if a clock that tests set has no
    /// time to wait for.
    pub(crate) async fn wait_until(&self, time: Option<Timestamp>) {
        match self {
            Self::System => {
                let left = time.map_or(LONGEST_WAIT, |time| {
                    Duration::try_from(time.duration_since(Timestamp::now())).unwrap_or_default()
                });
                tokio::time::sleep(left.min(LONGEST_WAIT)).await;
            }
            Self::Set(now) => {
                let mut now = now.clone();
                if now.wait_for(|now| time.is_some_and(|time| *now >= time)).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

impl ClockHand {
    /// Sets the time.
    pub fn set(&self, time: Timestamp) {
        self.0.send_replace(time);
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.saturating_add(by).unwrap_or(*now));
    }
}
