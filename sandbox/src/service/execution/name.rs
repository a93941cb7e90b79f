//! Names of executions.

use crate::service_error::{ServiceError, invalid};

/// Letters and digits that do not make words by chance, as Kubernetes has them.
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

const LONGEST: usize = 63;

/// A name that nobody gave.
pub(super) fn generate() -> String {
    std::iter::once('a').chain((0..19).map(|_| char::from(SAFE[fastrand::usize(..SAFE.len())]))).collect()
}

/// The name that a request wants, in lower case.
pub(super) fn wanted(name: &str) -> Result<String, ServiceError> {
    let lower = name.to_lowercase();
    if lower.len() > LONGEST {
        return Err(invalid(format!("name must not exceed {LONGEST} characters, but got [{name}]")));
    }
    let is_fine = lower.starts_with(|first: char| first.is_ascii_lowercase())
        && lower.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '-'));
    if !is_fine {
        return Err(invalid(format!("invalid name format: {name}, must match ^[a-z][a-z\\-0-9]*$")));
    }
    Ok(lower)
}
