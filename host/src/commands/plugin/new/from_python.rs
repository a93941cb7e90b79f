//! `plugin new --from-python`: the constant answers of a flytekit plugin, as hooks in Rust.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use plugin_abi::Hook;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::ui::{error::CommandError, exit_code::Exit};

/// Asks the plugin. An own file, so that it can be read and checked as Python.
const SCRIPT: &str = include_str!("from_python/read.py");

/// What stands for the endpoint in a page.
const ENDPOINT: &str = "{endpoint}";

/// The answers of a flytekit plugin.
#[derive(Debug, Default)]
pub(super) struct PythonPlugin {
    /// `MODULE:CLASS`.
    source: String,
    /// In the protocol's order.
    answers: Vec<(Hook, Value)>,
    /// Hooks whose answers are not constant, with the reason.
    pub(super) unread: Vec<(Hook, String)>,
    /// Whether the connection has a client secret, which is not copied.
    pub(super) has_secret: bool,
}

/// What the script writes.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Answers(BTreeMap<String, Answer>),
    Error(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Value(Value),
    Reason(String),
}

/// A hook in Rust, and its test.
pub(super) struct Part {
    pub(super) code: String,
    pub(super) test: String,
}

#[derive(Deserialize)]
struct PythonRemote {
    endpoint: String,
    #[serde(flatten)]
    fields: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
struct PythonPolicy {
    name: String,
    version: String,
}

impl PythonPlugin {
    /// Imports the plugin `source`, `MODULE:CLASS`, with an interpreter that has flytekit, and asks it.
    ///
    /// # Errors
    ///
    /// The interpreter cannot be started; the plugin cannot be imported.
    pub(super) fn read(interpreter: &Path, source: &str) -> Result<Self, CommandError> {
        let is_plugin =
            source.split_once(':').is_some_and(|(module, class)| !module.is_empty() && !class.is_empty());
        if !is_plugin {
            return Err(CommandError::new(
                Exit::Usage,
                format_args!("invalid value `{source}` for `--from-python`"),
            )
            .hint("use `MODULE:CLASS`, as in the entry point of the Python plugin".to_owned()));
        }
        let failed =
            || CommandError::new(Exit::Failed, format_args!("could not read the Python plugin `{source}`"));
        let mut python = Command::new(interpreter);
        python.args(["-c", SCRIPT, source]).stdin(Stdio::null());
        let output = python.output().map_err(|error| {
            failed()
                .caused_by(format!("could not run `{}`", interpreter.display()))
                .caused_by(error)
                .hint("name the interpreter that has the plugin with `--python`".to_owned())
        })?;
        let reason = match serde_json::from_slice(&output.stdout) {
            Ok(Outcome::Answers(answers)) => return Ok(Self::new(source, answers)),
            Ok(Outcome::Error(reason)) => reason,
            // The interpreter failed before the script did.
            Err(_) => {
                let text = String::from_utf8_lossy(&output.stderr);
                let last = text.lines().rev().find(|line| !line.trim().is_empty());
                last.map_or_else(|| output.status.to_string(), str::to_owned)
            }
        };
        Err(failed()
            .caused_by(flyte_text::sanitize_line(&reason))
            .hint("name the interpreter that has the plugin and flytekit with `--python`".to_owned()))
    }

    fn new(source: &str, answers: BTreeMap<String, Answer>) -> Self {
        let mut plugin = Self { source: source.to_owned(), ..Self::default() };
        for (name, answer) in answers {
            let Some(hook) = Hook::from_name(&name) else { continue };
            match answer {
                Answer::Value(mut value) => {
                    plugin.has_secret |=
                        value.as_object_mut().is_some_and(|fields| fields.remove("has_secret").is_some());
                    plugin.answers.push((hook, value));
                }
                Answer::Reason(reason) => plugin.unread.push((hook, reason)),
            }
        }
        plugin
    }

    /// The hooks whose answers are known.
    pub(super) fn hooks(&self) -> impl Iterator<Item = Hook> {
        self.answers.iter().map(|(hook, _)| *hook)
    }

    /// The hook in Rust, for a plugin of the type `plugin_type`; `None` if its answer is not known.
    pub(super) fn part(&self, hook: Hook, plugin_type: &str) -> Option<Part> {
        let (_, answer) = self.answers.iter().find(|(known, _)| *known == hook)?;
        let (what, signature, body, test) = match hook {
            Hook::GetRemote => {
                let remote: PythonRemote = parse(answer)?;
                (
                    "The connection to Flyte, unless a configuration file is named; as in",
                    "get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError>".to_owned(),
                    remote.body(),
                    format!(
                        "let remote = plugin.get_remote(&RemoteRequest::default()).unwrap();\n        \
                         assert_eq!(remote.endpoint.as_deref(), Some({}));",
                        literal(&remote.endpoint)
                    ),
                )
            }
            Hook::SecretRequiresGroup => {
                let answer: bool = parse(answer)?;
                let not = if answer { "" } else { "!" };
                (
                    "Whether a secret without a group is refused; as in",
                    "secret_requires_group(&self, _next: Next<'_>) -> Result<bool, PluginError>".to_owned(),
                    format!("Ok({answer})"),
                    format!("assert!({not}plugin.secret_requires_group().unwrap());"),
                )
            }
            Hook::GetDefaultImage => {
                let image = optional(parse(answer)?);
                (
                    "The image of container tasks without one; as in",
                    "get_default_image(&self, _next: Next<'_>) -> Result<Option<String>, PluginError>"
                        .to_owned(),
                    format!("Ok({})", owned(&image)),
                    format!("assert_eq!(plugin.get_default_image().unwrap().as_deref(), {image});"),
                )
            }
            Hook::GetAuthSuccessHtml => success_html(parse(answer)?),
            Hook::GetDefaultCachePolicies => {
                let policies: Vec<PythonPolicy> = parse(answer)?;
                let count = policies.len();
                (
                    "The cache policies of tasks without cache settings; as in",
                    "get_default_cache_policies(&self, _next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError>".to_owned(),
                    policy_list(&policies),
                    format!("assert_eq!(plugin.get_default_cache_policies().unwrap().len(), {count});"),
                )
            }
            _ => return None,
        };
        let source = &self.source;
        Some(Part {
            code: format!("    /// {what} `{source}`.\n    fn {signature} {{\n        {body}\n    }}\n"),
            test: format!(
                "    #[test]\n    fn {hook}_answers_as_in_python() {{\n        \
                 let plugin = Tester::<{plugin_type}>::new().unwrap();\n        {test}\n    }}\n"
            ),
        })
    }
}

/// Documentation, signature, body and test of a hook.
type PartTexts = (&'static str, String, String, String);

fn success_html(page: Option<String>) -> PartTexts {
    let signature = |argument: &str| {
        format!(
            "get_auth_success_html(&self, {argument}: &str, _next: Next<'_>) -> Result<Option<String>, PluginError>"
        )
    };
    let what = "The page that the browser shows after sign-in; as in";
    match page {
        Some(page) if page.contains(ENDPOINT) => (
            what,
            signature("endpoint"),
            format!(
                "// It comes from a server.\n        \
                 let endpoint = endpoint.replace('&', \"&amp;\").replace('<', \"&lt;\").replace('>', \"&gt;\");\n        \
                 let page = {};\n        \
                 Ok(Some(page.replace(\"{ENDPOINT}\", &endpoint)))",
                literal(&page)
            ),
            "let page = plugin.get_auth_success_html(\"<script>\").unwrap().unwrap();\n        \
             assert!(page.contains(\"&lt;script&gt;\"), \"{page}\");"
                .to_owned(),
        ),
        Some(page) => (
            what,
            signature("_endpoint"),
            format!("let page = {};\n        Ok(Some(page.to_owned()))", literal(&page)),
            "assert!(plugin.get_auth_success_html(\"\").unwrap().is_some());".to_owned(),
        ),
        None => (
            what,
            signature("_endpoint"),
            "Ok(None)".to_owned(),
            "assert_eq!(plugin.get_auth_success_html(\"\").unwrap(), None);".to_owned(),
        ),
    }
}

impl PythonRemote {
    fn body(&self) -> String {
        let endpoint = literal(&self.endpoint);
        let mut fields = String::new();
        for (name, value) in &self.fields {
            let value = match value {
                Value::Bool(flag) => format!("Some({flag})"),
                Value::String(text) => format!("Some({}.into())", literal(text)),
                Value::Array(texts) => {
                    let texts = texts.iter().filter_map(Value::as_str);
                    let texts: Vec<String> = texts.map(|text| format!("{}.into()", literal(text))).collect();
                    format!("vec![{}]", texts.join(", "))
                }
                _ => continue,
            };
            let _ = writeln!(fields, "        remote.{name} = {value};");
        }
        let new = if fields.is_empty() {
            format!("Ok(Remote::new({endpoint}))")
        } else {
            format!("let mut remote = Remote::new({endpoint});\n{fields}        Ok(remote)")
        };
        format!(
            "if request.config.is_some() {{\n            return next.get_remote(request);\n        }}\n        {new}"
        )
    }
}

fn policy_list(policies: &[PythonPolicy]) -> String {
    let policies: Vec<String> = policies
        .iter()
        .map(|policy| {
            format!("CachePolicy::fixed({}).name({})", literal(&policy.version), literal(&policy.name))
        })
        .collect();
    format!("Ok(vec![{}])", policies.join(", "))
}

fn parse<T: DeserializeOwned>(answer: &Value) -> Option<T> {
    T::deserialize(answer).ok()
}

/// `Some("…")` or `None`, of a `&str`.
fn optional(text: Option<String>) -> String {
    text.map_or_else(|| "None".to_owned(), |text| format!("Some({})", literal(&text)))
}

/// The same, of a `String`.
fn owned(text: &str) -> String {
    text.strip_suffix(')').map_or_else(|| text.to_owned(), |text| format!("{text}.to_owned())"))
}

/// A string literal in Rust; pages stay readable.
fn literal(text: &str) -> String {
    // The compiler refuses characters that change the direction of text.
    let is_directing = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_plain = |c: char| c == '\n' || !(c.is_control() || is_directing(c));
    if !text.contains(['"', '\\', '\n']) || !text.chars().all(is_plain) {
        return format!("{text:?}");
    }
    let longest = text.split('"').skip(1).map(|rest| rest.chars().take_while(|c| *c == '#').count()).max();
    let hashes = "#".repeat(longest.map_or(0, |count| count + 1));
    format!("r{hashes}\"{text}\"{hashes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_literals_of_rust() {
        assert_eq!(literal("acme/base:v1"), r#""acme/base:v1""#);
        assert_eq!(literal("<p class=\"x\">\n"), "r#\"<p class=\"x\">\n\"#");
        assert_eq!(literal("a\"# b\n"), "r##\"a\"# b\n\"##");
        assert_eq!(literal("a\\b\n"), "r\"a\\b\n\"");
        // A raw literal can hold neither.
        assert_eq!(literal("a\r\n"), r#""a\r\n""#);
        assert_eq!(literal("\u{1b}[1m"), r#""\u{1b}[1m""#);
        assert_eq!(literal("\"\u{202e}"), r#""\"\u{202e}""#);
    }
}
