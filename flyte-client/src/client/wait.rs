//! Slow calls: the caller is notified after a few seconds.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use tokio::time::sleep;

/// Hears of calls that take long.
pub trait WaitObserver: Send + Sync {
    /// A call has not been answered for this time.
    fn waits(&self, time: Duration);

    /// A call of which it heard is over.
    fn is_over(&self);
}

/// How long a call takes before the notification; half of its limit if that is less, but not of one that is
/// over soon.
const LONG: Duration = Duration::from_secs(5);
const LEAST: Duration = Duration::from_secs(1);

/// When to tell, and whom.
pub(super) struct Patience {
    time: Duration,
    observer: Arc<dyn WaitObserver>,
}

impl Patience {
    /// `timeout` is what one try of the call may take.
    pub(super) fn new(timeout: Option<Duration>, observer: &Arc<dyn WaitObserver>) -> Self {
        let time = timeout.map_or(LONG, |timeout| (timeout / 2).clamp(LEAST, LONG));
        Self { time, observer: Arc::clone(observer) }
    }
}

/// Tells that a wait is over, also if it is dropped.
struct ReportsEnd(Arc<dyn WaitObserver>);

impl Drop for ReportsEnd {
    fn drop(&mut self) {
        self.0.is_over();
    }
}

/// Waits for a call, and reports if that takes long.
pub(super) async fn observed<F: Future>(work: F, patience: Patience) -> F::Output {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        output = &mut work => return output,
        () = sleep(patience.time) => {}
    }
    patience.observer.waits(patience.time);
    let _end = ReportsEnd(patience.observer);
    work.await
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<Option<Duration>>>);

    impl WaitObserver for Heard {
        fn waits(&self, time: Duration) {
            self.0.lock().unwrap().push(Some(time));
        }
        fn is_over(&self) {
            self.0.lock().unwrap().push(None);
        }
    }

    async fn heard(took: Duration, timeout: Option<Duration>) -> Vec<Option<Duration>> {
        let heard = Arc::new(Heard::default());
        let observer: Arc<dyn WaitObserver> = Arc::<Heard>::clone(&heard);
        observed(sleep(took), Patience::new(timeout, &observer)).await;
        heard.0.lock().unwrap().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_call_and_its_end_are_reported_once() {
        let second = Duration::from_secs(1);
        assert_eq!(heard(4 * second, None).await, []);
        assert_eq!(heard(60 * second, None).await, [Some(5 * second), None]);
        assert_eq!(heard(60 * second, Some(60 * second)).await, [Some(5 * second), None]);
        assert_eq!(heard(6 * second, Some(4 * second)).await, [Some(2 * second), None]);
        assert_eq!(heard(second / 2, Some(second / 2)).await, []);
    }
}
