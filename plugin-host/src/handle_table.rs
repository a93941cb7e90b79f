//! Errors that the host gave to a plugin, by number.

use std::sync::{Mutex, PoisonError};

/// Keeps the errors that plugins receive from the host, so that one that is passed back can be recognized.
///
/// What crosses to the plugin is the number of an error. An error stays in the table: a plugin may pass it
/// back more than once, or never.
#[derive(Debug)]
pub struct HandleTable<E>(Mutex<Vec<E>>);

impl<E> Default for HandleTable<E> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<E: Clone> HandleTable<E> {
    /// Keeps an error and returns its number: above 0, since 0 stands for an error of the plugin itself.
    pub fn insert(&self, error: E) -> u64 {
        let mut errors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        errors.push(error);
        errors.len() as u64
    }

    /// The error with a number; `None` for 0 and for numbers that were never returned.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<E> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(index).cloned()
    }

    /// The first error that a predicate accepts.
    #[must_use]
    pub fn find(&self, predicate: impl FnMut(&&E) -> bool) -> Option<E> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().find(predicate).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::HandleTable;

    #[test]
    fn an_error_is_found_by_its_number_as_often_as_it_is_passed_back() {
        let table = HandleTable::default();
        assert_eq!((table.insert("offline"), table.insert("closed")), (1, 2));
        assert_eq!(
            (table.get(1), table.get(2), table.get(1)),
            (Some("offline"), Some("closed"), Some("offline"))
        );
        assert_eq!((table.get(0), table.get(3), table.get(u64::MAX)), (None, None, None));
        assert_eq!(table.find(|error| error.starts_with('c')), Some("closed"));
    }
}
