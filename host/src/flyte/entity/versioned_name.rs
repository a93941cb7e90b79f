//! `NAME` or `NAME:VERSION` of a task, workflow or launch plan.

use std::fmt;

use crate::ui::{error::CommandError, exit_code::Exit};

/// `NAME` or `NAME:VERSION`, as `pyflyte run remote-task` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VersionedName {
    /// The name.
    pub(crate) name: String,
    /// The version; `None`: the newest.
    pub(crate) version: Option<String>,
}

impl std::str::FromStr for VersionedName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = match text.rsplit_once(':') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        if name.is_empty() || version == Some("") {
            return Err("expected `NAME` or `NAME:VERSION`".to_owned());
        }
        // flytekit's name for the newest version.
        let version = version.filter(|&version| version != "latest").map(str::to_owned);
        Ok(Self { name: name.to_owned(), version })
    }
}

impl VersionedName {
    /// Adds the version of a separate argument.
    ///
    /// # Errors
    ///
    /// Two versions.
    pub(crate) fn with_version(&self, version: Option<&String>) -> Result<Self, CommandError> {
        match (&self.version, version) {
            (Some(_), Some(_)) => Err(CommandError::new(Exit::Usage, "the version is given twice")),
            (None, Some(version)) => Ok(Self { name: self.name.clone(), version: Some(version.clone()) }),
            _ => Ok(self.clone()),
        }
    }

    /// What `NAME:VERSION` may mean where a name or version has colons: the shortest version first.
    pub(super) fn interpretations(&self) -> Vec<Self> {
        let Some(version) = &self.version else { return vec![self.clone()] };
        let text = self.to_string();
        let first = text.len() - version.len() - 1;
        let colons = text[..=first].rmatch_indices(':').map(|(at, _)| at);
        let interpretations =
            colons.map(|at| (&text[..at], &text[at + 1..])).filter(|(name, _)| !name.is_empty());
        interpretations
            .map(|(name, version)| Self { name: name.to_owned(), version: Some(version.to_owned()) })
            .collect()
    }
}

impl fmt::Display for VersionedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}:{version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_may_be_part_of_a_version() {
        let interpretations = |text: &str| {
            let interpretations = text.parse::<VersionedName>().unwrap().interpretations().into_iter();
            let pairs = interpretations.map(|one| (one.name, one.version.unwrap_or_default()));
            pairs.collect::<Vec<_>>()
        };
        let pair = |(name, version): (&str, &str)| (name.to_owned(), version.to_owned());
        assert_eq!(interpretations("a"), [("a", "")].map(pair));
        assert_eq!(interpretations("a:1"), [("a", "1")].map(pair));
        assert_eq!(interpretations("a:b:c"), [("a:b", "c"), ("a", "b:c")].map(pair));
        assert_eq!(interpretations("a::c"), [("a:", "c"), ("a", ":c")].map(pair));
        assert_eq!(interpretations(":b:c"), [(":b", "c")].map(pair));
    }
}
