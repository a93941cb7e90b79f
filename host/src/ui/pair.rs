//! Arguments of the form `KEY=VALUE`.

use crate::ui::{error::CommandError, exit_code::Exit};

/// Parses `KEY=VALUE`.
///
/// # Errors
///
/// The expected form, for a value parser of clap.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// Checks that no key occurs twice, since all but the last value would be lost.
///
/// # Errors
///
/// A usage error that names the key.
pub(crate) fn check_given_once(option: &str, pairs: &[(String, String)]) -> Result<(), CommandError> {
    let is_repeated = |(index, (key, _)): &(usize, &(String, String))| {
        pairs.iter().take(*index).any(|(before, _)| before == key)
    };
    match pairs.iter().enumerate().find(is_repeated) {
        Some((_, (key, _))) => {
            Err(CommandError::new(Exit::Usage, format!("`{option} {key}=…` is given twice"))
                .hint(format!("remove all but one `{option} {key}=…`")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_value() {
        let pairs = |keys: [&str; 3]| keys.map(|key| (key.to_owned(), "x".to_owned()));
        assert!(check_given_once("--env", &pairs(["a", "b", "A"])).is_ok());
        let failure = check_given_once("--env", &pairs(["a", "b", "a"])).unwrap_err();
        assert_eq!((failure.exit, failure.message().as_str()), (Exit::Usage, "`--env a=…` is given twice"));
    }
}
