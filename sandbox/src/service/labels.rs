//! Labels and names, by Kubernetes' syntax.

use flyte_client::proto::admin::Labels;

use crate::service_error::{ServiceError, invalid};

const MOST: usize = 16;
const LONGEST: usize = 63;
const LONGEST_PREFIX: usize = 253;

/// Rejects labels that Kubernetes rejects.
pub(crate) fn validate(labels: Option<&Labels>) -> Result<(), ServiceError> {
    let Some(labels) = labels else { return Ok(()) };
    if labels.values.len() > MOST {
        return Err(invalid(format!("labels map cannot exceed {MOST} entries")));
    }
    for (key, value) in &labels.values {
        if let Some(problem) = key_problem(key) {
            return Err(invalid(format!("invalid label key [{key}]: [{problem}]")));
        }
        if let Some(problem) = (!value.is_empty()).then(|| problem(value, "a valid label")).flatten() {
            return Err(invalid(format!("invalid label value [{value}]: [{problem}]")));
        }
    }
    Ok(())
}

/// Kubernetes' message for an invalid RFC 1123 label.
pub(crate) fn dns_label_problem(id: &str) -> Option<String> {
    if id.len() > LONGEST {
        return Some(format!("must be no more than {LONGEST} characters"));
    }
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_label = id.chars().all(is_inner) && !id.starts_with('-') && !id.ends_with('-');
    (!is_label).then(|| {
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and \
         end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            .to_owned()
    })
}

/// A key is a name, and may have a domain before it.
fn key_problem(key: &str) -> Option<String> {
    let name = match key.split_once('/') {
        Some((prefix, name)) => {
            let is_label = |label: &str| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            };
            if prefix.len() > LONGEST_PREFIX || !prefix.split('.').all(is_label) {
                return Some("prefix part must be a lowercase RFC 1123 subdomain".to_owned());
            }
            name
        }
        None => key,
    };
    problem(name, "name part")
}

fn problem(text: &str, what: &str) -> Option<String> {
    if text.is_empty() {
        return Some(format!("{what} must be non-empty"));
    }
    if text.len() > LONGEST {
        return Some(format!("{what} must be no more than {LONGEST} characters"));
    }
    let is_inner = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let is_outer = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let is_name =
        text.chars().all(is_inner) && is_outer(text.chars().next()) && is_outer(text.chars().last());
    (!is_name).then(|| {
        format!(
            "{what} must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
             alphanumeric character"
        )
    })
}
