//! Labels and names, by Kubernetes' syntax and in its words (`k8s.io/apimachinery/pkg/util/validation`).

use std::sync::LazyLock;

use flyte_client::proto::admin::Labels;
use regex::Regex;

use crate::service_error::{ServiceError, invalid};

const MOST: usize = 16;

/// A syntax of names.
struct Syntax {
    longest: usize,
    /// The expression that all of a name matches.
    expression: &'static str,
    regex: LazyLock<Regex>,
    rule: &'static str,
    examples: &'static str,
}

/// Defines a [`Syntax`], whose expression stands in the program and in the error.
macro_rules! syntax {
    ($name:ident, $longest:literal, $expression:literal, $rule:literal, $examples:literal) => {
        static $name: Syntax = Syntax {
            longest: $longest,
            expression: $expression,
            regex: LazyLock::new(|| {
                Regex::new(concat!("^(?:", $expression, ")$")).expect("the expression is a valid one")
            }),
            rule: $rule,
            examples: $examples,
        };
    };
}

syntax!(
    DNS_LABEL,
    63,
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
     with an alphanumeric character",
    "'my-name',  or '123-abc'"
);
syntax!(
    DNS_SUBDOMAIN,
    253,
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start \
     and end with an alphanumeric character",
    "'example.com'"
);
syntax!(
    KEY_NAME,
    63,
    "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    "'MyName',  or 'my.name',  or '123-abc'"
);
syntax!(
    LABEL_VALUE,
    63,
    "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start \
     and end with an alphanumeric character",
    "'MyValue',  or 'my_value',  or '12345'"
);

impl Syntax {
    fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The rule, with examples and the expression.
    fn text(&self) -> String {
        let Self { rule, examples, expression, .. } = self;
        format!("{rule} (e.g. {examples}, regex used for validation is '{expression}')")
    }

    /// What is wrong with a name; empty if nothing is.
    fn problems(&self, text: &str) -> Vec<String> {
        let length =
            (text.len() > self.longest).then(|| format!("must be no more than {} characters", self.longest));
        length.into_iter().chain((!self.matches(text)).then(|| self.text())).collect()
    }
}

/// Rejects labels that Kubernetes rejects.
pub(crate) fn validate(labels: Option<&Labels>) -> Result<(), ServiceError> {
    let Some(labels) = labels else { return Ok(()) };
    if labels.values.len() > MOST {
        return Err(invalid(format!("labels map cannot exceed {MOST} entries")));
    }
    for (key, value) in &labels.values {
        refuse("label key", key, &key_problems(key))?;
        refuse("label value", value, &LABEL_VALUE.problems(value))?;
    }
    Ok(())
}

fn refuse(what: &str, text: &str, problems: &[String]) -> Result<(), ServiceError> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(invalid(format!("invalid {what} [{text}]: [{}]", problems.join(" "))))
}

/// What is wrong with the id of a project, or another RFC 1123 label.
pub(crate) fn dns_label_problem(id: &str) -> Option<String> {
    let mut problems = DNS_LABEL.problems(id);
    // What is wrong with it then is the dots.
    if !DNS_LABEL.matches(id) && DNS_SUBDOMAIN.matches(id) {
        problems.pop();
        problems.push("must not contain dots".to_owned());
    }
    (!problems.is_empty()).then(|| problems.join(" "))
}

/// A key is a name, and may have a domain before it.
fn key_problems(key: &str) -> Vec<String> {
    let parts: Vec<&str> = key.split('/').collect();
    let (prefix, name) = match parts.as_slice() {
        [name] => (None, *name),
        [prefix, name] => (Some(*prefix), *name),
        _ => {
            return vec![format!(
                "a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                KEY_NAME.text()
            )];
        }
    };
    let prefix_problems = prefix.map(|prefix| problems_or_empty(&DNS_SUBDOMAIN, prefix)).unwrap_or_default();
    let mut problems: Vec<_> =
        prefix_problems.into_iter().map(|problem| format!("prefix part {problem}")).collect();
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    }
    problems.extend(KEY_NAME.problems(name).into_iter().map(|problem| format!("name part {problem}")));
    problems
}

fn problems_or_empty(syntax: &Syntax, text: &str) -> Vec<String> {
    if text.is_empty() { vec!["must be non-empty".to_owned()] } else { syntax.problems(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_names_with_an_optional_domain() {
        for key in ["team", "A.b_c-d", "example.com/owner", "x"] {
            assert_eq!(key_problems(key), Vec::<String>::new(), "{key}");
        }
        for (key, beginning) in [
            ("", "name part must be non-empty"),
            ("/a", "prefix part must be non-empty"),
            ("Ex.com/a", "prefix part a lowercase RFC 1123 subdomain"),
            ("a/b/c", "a qualified name must consist"),
            ("-a", "name part must consist"),
        ] {
            let problems = key_problems(key);
            assert!(problems[0].starts_with(beginning), "{key}: {problems:?}");
        }
        let long = "k".repeat(64);
        assert_eq!(key_problems(&long), ["name part must be no more than 63 characters"]);
    }

    #[test]
    fn an_id_with_dots_has_a_problem_of_its_own() {
        assert_eq!(dns_label_problem("a-1"), None);
        assert_eq!(dns_label_problem("a.b").unwrap(), "must not contain dots");
        assert_eq!(dns_label_problem(&"a".repeat(64)).unwrap(), "must be no more than 63 characters");
        assert!(dns_label_problem("A").unwrap().starts_with("a lowercase RFC 1123 label"));
    }
}
