//! Calls that take long: whoever waits for them hears of it after a few seconds, and not only in the end.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use tokio::time::sleep;

/// Hears of calls that take long.
pub trait WaitObserver: Send + Sync {
    /// A call has not been answered for this time.
    fn waits(&self, time: Duration);

    /// A call of which it heard is over.
    fn is_over(&self);
}

/// How long a call takes before it is told; half of its limit if that is less.
const LONG: Duration = Duration::from_secs(5);

/// When to tell, and whom.
pub(super) struct Patience {
    time: Duration,
    observer: Arc<dyn WaitObserver>,
}

pub(super) fn patience(timeout: Option<Duration>, observer: &Arc<dyn WaitObserver>) -> Patience {
    let time = timeout.map_or(LONG, |timeout| LONG.min(timeout / 2));
    Patience { time, observer: Arc::clone(observer) }
}

/// Tells that a wait is over, also if it is dropped.
struct Told(Arc<dyn WaitObserver>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.is_over();
    }
}

/// Waits for a call, and tells if that takes long.
pub(super) async fn observed<F: Future>(work: F, patience: Patience) -> F::Output {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        output = &mut work => return output,
        () = sleep(patience.time) => {}
    }
    patience.observer.waits(patience.time);
    let _told = Told(patience.observer);
    work.await
}
