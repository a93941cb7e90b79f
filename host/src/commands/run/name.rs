//! Names of executions.

use remote::{Code, client::Error};

use crate::cli::{exit::Exit, report::Failure};

/// What FlyteAdmin makes names of (`k8s.io/apimachinery/pkg/util/rand`): no vowels, so that no words come about.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The name of an execution that is about to be started.
///
/// It is never left to the server, so that a call which may or may not have arrived can be sent again.
#[derive(Debug)]
pub enum Chosen {
    /// The user's.
    Given(String),
    /// Ours.
    MadeUp(String),
}

impl Chosen {
    /// The user's name, or one made up.
    #[must_use]
    pub fn new(given: Option<&str>) -> Self {
        match given {
            Some(name) => Self::Given(name.to_owned()),
            None => Self::MadeUp(made_up()),
        }
    }

    /// The name.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Given(name) | Self::MadeUp(name) => name,
        }
    }

    /// Whether a failure says that an earlier attempt of the same call has started it.
    #[must_use]
    pub fn is_ours(&self, error: &Error) -> bool {
        error.status.code == Code::AlreadyExists && (error.attempts > 1 || matches!(self, Self::MadeUp(_)))
    }

    /// The failure of a name that somebody else has.
    #[must_use]
    pub fn taken(&self) -> Failure {
        let name = self.text();
        Failure::new(Exit::Failed, format!("an execution named `{name}` exists already"))
            .hint(format!("choose another name, or follow that one with `flyte-host execution watch {name}`"))
    }
}

/// `a` and 19 letters, as FlyteAdmin makes them.
fn made_up() -> String {
    let letter = || char::from(LETTERS[fastrand::usize(..LETTERS.len())]);
    std::iter::once('a').chain(std::iter::repeat_with(letter).take(19)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_are_what_the_server_takes() {
        let (one, other) = (made_up(), made_up());
        assert_ne!(one, other);
        assert_eq!(one.len(), 20);
        assert!(one.starts_with('a'));
        assert!(one.bytes().skip(1).all(|letter| LETTERS.contains(&letter)), "{one}");
    }
}
