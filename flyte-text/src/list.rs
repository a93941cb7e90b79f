//! Lists for people.

use std::fmt;

/// Joins items in backticks: `a`, `b` and `c`.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a, T>(pub &'a [T]);

impl<T: AsRef<str>> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, item) in self.0.iter().enumerate() {
            let separator = match number {
                0 => "",
                _ if number + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{separator}`{}`", item.as_ref())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(Listed(&["a"]).to_string(), "`a`");
        assert_eq!(Listed(&["a", "b"]).to_string(), "`a` and `b`");
        assert_eq!(Listed(&["a", "b", "c"]).to_string(), "`a`, `b` and `c`");
    }
}
