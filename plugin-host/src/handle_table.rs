//! Values that the host lent to plugins, by number.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// How many values a table keeps. A plugin that retries a failing call for days receives an error each time.
const CAPACITY: usize = 1024;

/// Keeps values that plugins receive from the host, so that one that is passed back can be recognized.
///
/// What crosses to the plugin is the number of a value. A value stays in the table when it is passed back,
/// since that may happen more than once, or never; the oldest one leaves when there are too many.
#[derive(Debug)]
pub struct HandleTable<T>(Mutex<VecDeque<(u64, T)>>);

impl<T> Default for HandleTable<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> HandleTable<T> {
    /// Keeps a value and returns its number, which no other value of this process has. It is not 0, since 0
    /// stands for a value of the plugin itself.
    pub fn insert(&self, value: T) -> u64 {
        let number = unique_number();
        let mut values = self.lock();
        if values.len() == CAPACITY {
            values.pop_front();
        }
        values.push_back((number, value));
        number
    }

    /// The value with a number; `None` for 0, and for numbers that this table never returned or has dropped.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<T> {
        let values = self.lock();
        let mut latest_first = values.iter().rev();
        latest_first.find(|(known, _)| *known == number).map(|(_, value)| value.clone())
    }

    /// The first value that a predicate accepts.
    #[must_use]
    pub fn find(&self, mut predicate: impl FnMut(&T) -> bool) -> Option<T> {
        self.lock().iter().find(|(_, value)| predicate(value)).map(|(_, value)| value.clone())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, T)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number that was not used in this process yet, and is not 0.
///
/// The first one is random, so that a number that a plugin makes up, or has from another process, is not
/// taken for one of these.
pub(super) fn unique_number() -> u64 {
    static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| {
        let random = RandomState::new().build_hasher().finish();
        AtomicU64::new(random)
    });
    match NEXT.fetch_add(1, Ordering::Relaxed) {
        0 => NEXT.fetch_add(1, Ordering::Relaxed),
        number => number,
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, HandleTable};

    #[test]
    fn a_value_is_found_by_its_number_as_often_as_it_is_passed_back() {
        let table = HandleTable::default();
        let (first, second) = (table.insert("offline"), table.insert("closed"));
        assert_eq!(
            (table.get(first), table.get(second), table.get(first)),
            (Some("offline"), Some("closed"), Some("offline"))
        );
        assert_eq!((table.get(0), table.get(second.wrapping_add(1 << 40))), (None, None));
        assert_eq!(table.find(|error| error.starts_with('c')), Some("closed"));
    }

    #[test]
    fn a_number_of_another_table_is_unknown() {
        let (here, there) = (HandleTable::default(), HandleTable::default());
        let (_, number) = (here.insert("here"), there.insert("there"));
        assert_eq!((here.get(number), there.get(number)), (None, Some("there")));
    }

    #[test]
    fn the_oldest_value_leaves_when_there_are_too_many() {
        let table = HandleTable::default();
        let numbers: Vec<u64> = (0..=CAPACITY).map(|value| table.insert(value)).collect();
        assert_eq!((table.get(numbers[0]), table.get(numbers[1])), (None, Some(1)));
        assert_eq!(table.get(numbers[CAPACITY]), Some(CAPACITY));
    }
}
