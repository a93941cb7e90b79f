//! Truncates errors in lists, like FlyteAdmin (`TrimErrorMessage` in
//! `flyteadmin/pkg/repositories/transformers/execution.go`).

use flyte_client::proto::core::ExecutionError;

/// The longest message of an error in a list, in bytes.
const LONGEST: usize = 100;

/// Truncates an error's message at a character boundary.
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
    fn messages_are_truncated_at_character_boundaries() {
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
