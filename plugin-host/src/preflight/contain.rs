//! Contains panics of this crate while it reads a plugin's file, which is foreign data.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use super::error::PreflightError;

thread_local! {
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread is caught, and reported as damage of a plugin's file. A program's panic
/// hook should not report it as a bug of the program.
#[must_use]
pub fn is_panic_contained() -> bool {
    IS_CONTAINED.get()
}

/// Reads something of the file at `path`; a panic is damage of the file, for the reason `why`.
pub(crate) fn contain<T, E: From<PreflightError>>(
    path: &Path,
    why: &'static str,
    read: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let outer = IS_CONTAINED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    IS_CONTAINED.set(outer);
    result.unwrap_or_else(|_| Err(PreflightError::Damaged { path: path.to_owned(), why }.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_damage_of_the_file() {
        let read = |index: usize| {
            contain(Path::new("/x/libacme.so"), "its tables contradict each other", || {
                assert!(is_panic_contained());
                Ok::<_, PreflightError>([7][index])
            })
        };
        assert_eq!(read(0).unwrap(), 7);
        let error = read(1).unwrap_err();
        assert_eq!(error.to_string(), "`/x/libacme.so` is damaged: its tables contradict each other");
        assert!(!is_panic_contained());
    }
}
