//! Names for executions.

/// The alphabet of Kubernetes' random names (`k8s.io/apimachinery/pkg/util/rand`): without vowels, so that
/// they spell no words.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A random name: `a` and 19 letters, as FlyteAdmin generates them.
#[must_use]
pub fn generate() -> String {
    let letter = || char::from(LETTERS[fastrand::usize(..LETTERS.len())]);
    std::iter::once('a').chain(std::iter::repeat_with(letter).take(19)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_and_differ() {
        let (one, other) = (generate(), generate());
        assert_ne!(one, other);
        assert_eq!(one.len(), 20);
        assert!(one.starts_with('a'));
        assert!(one.bytes().skip(1).all(|letter| LETTERS.contains(&letter)), "{one}");
    }
}
