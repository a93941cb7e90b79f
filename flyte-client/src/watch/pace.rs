//! How long to wait between two looks.

use std::time::Duration;

/// Waits that grow while nothing happens, and are short again when something does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Pace {
    /// For a server that is a function call away.
    #[must_use]
    pub const fn near() -> Self {
        Self::new(Duration::from_millis(20), Duration::from_secs(2))
    }

    /// For a server across the network.
    #[must_use]
    pub const fn far() -> Self {
        Self::new(Duration::from_millis(250), Duration::from_secs(5))
    }

    const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// How long to wait now, after a look that saw something new or not.
    pub fn wait(&mut self, saw_change: bool) -> Duration {
        if saw_change {
            self.next = self.first;
        }
        let now = self.next;
        self.next = (now * 3 / 2).min(self.longest);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_start_anew_with_a_change() {
        let mut pace = Pace::far();
        let waits: Vec<_> = (0..10).map(|_| pace.wait(false).as_millis()).collect();
        assert_eq!(waits, [250, 375, 562, 843, 1265, 1898, 2847, 4271, 5000, 5000]);
        assert_eq!(pace.wait(true).as_millis(), 250);
    }
}
