//! Errors in lists, which FlyteAdmin cuts (`TrimErrorMessage` in `flyteadmin/pkg/repositories/transformers/execution.go`).

use flyte_client::proto::core::ExecutionError;

/// The longest message of an error in a list, in bytes.
const LONGEST: usize = 100;

/// Cuts an error's message; a character that would be cut through is dropped.
pub(super) fn shorten(error: &mut ExecutionError) {
    let mut end = error.message.len().min(LONGEST);
    while !error.message.is_char_boundary(end) {
        end -= 1;
    }
    error.message.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_cut_through() {
        let cut = |message: String| {
            let mut error = ExecutionError { message, ..ExecutionError::default() };
            shorten(&mut error);
            error.message.len()
        };
        assert_eq!(cut("x".repeat(100)), 100);
        assert_eq!(cut("x".repeat(101)), 100);
        assert_eq!(cut("é".repeat(51)), 100);
        assert_eq!(cut(format!("xx{}", "\u{1f980}".repeat(30))), 98);
        assert_eq!(cut(format!("x{}", "\u{1f980}".repeat(30))), 97);
    }
}
