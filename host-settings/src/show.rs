//! What `plugin show` prints: a plugin's passport, and the answers of its hooks beside those of the built-in
//! default.

use plugin_abi::{Hook, PROTOCOL, ProtocolVersion, vtable::EditBox};
use plugin_host::{Candidate, Chain, HookError, Link, Policy, ResolvedRemote};
use serde_json::{Map, Value, json};

/// The host name for which the page is rendered here.
const ENDPOINT: &str = "flyte.example.org";

/// The answers of one hook.
#[derive(Debug)]
pub struct HookRow {
    /// The hook.
    pub hook: Hook,
    /// Who answers, with the reason.
    pub from: String,
    /// Whether the plugin has the hook.
    pub is_overridden: bool,
    /// The answer of the chain.
    pub now: Result<HookAnswer, HookError>,
    /// The answer without plugins.
    pub builtin: HookAnswer,
}

/// What a hook returned.
#[derive(Debug)]
pub struct HookAnswer {
    /// For the table.
    pub text: String,
    /// For programs.
    pub value: Value,
}

impl HookAnswer {
    /// An answer as a text and as a value.
    pub fn new(text: impl Into<String>, value: Value) -> Self {
        Self { text: text.into(), value }
    }

    /// A text, or none.
    fn from_option(answer: Option<String>, text: impl Fn(&str) -> String) -> Self {
        Self::new(answer.as_deref().map_or_else(|| "none".to_owned(), text), json!(answer))
    }
}

/// The metadata of the file, as pairs.
#[must_use]
pub fn facts(candidate: &Candidate) -> Vec<(&'static str, String)> {
    let Candidate { file, passport, warnings, .. } = candidate;
    let mut facts = vec![("name", passport.name().to_owned()), ("version", passport.version().to_owned())];
    for (key, value) in [
        ("description", passport.description()),
        ("homepage", passport.homepage()),
        ("license", passport.license()),
    ] {
        facts.extend(value.map(|value| (key, value.to_owned())));
    }
    facts.push(("file", file.path().display().to_string()));
    facts.push(("sha256", file.sha256().unwrap_or_else(|error| format!("could not read the file: {error}"))));
    facts.push(("protocol", format!("{} (this host: {PROTOCOL})", passport.protocol())));
    facts.push(("compiler", passport.rustc().to_owned()));
    facts.push(("target", passport.target().to_owned()));
    facts.extend(warnings.iter().map(|warning| ("warning", warning.to_string())));
    facts
}

/// Whether the plugin runs in a process of its own, and what that lacks.
#[must_use]
pub fn isolation_fact(missing: &[String]) -> String {
    if missing.is_empty() { "yes".to_owned() } else { format!("yes, but {}", missing.join("; ")) }
}

fn source(link: &Link, hook: Hook) -> String {
    answerer(link.overrides(hook), link.protocol(), hook)
}

/// Whether the plugin or the built-in default answers a hook, with the reason.
#[must_use]
pub fn answerer(is_overridden: bool, protocol: ProtocolVersion, hook: Hook) -> String {
    if is_overridden {
        return "plugin".to_owned();
    }
    if protocol < hook.since() {
        return format!(
            "built-in: the plugin uses protocol {protocol}, and this hook requires {}",
            hook.since()
        );
    }
    "built-in".to_owned()
}

/// Calls a hook whose answer is only printed.
///
/// # Errors
///
/// The error of the plugin that failed.
pub fn simple_answer(hook: Hook, chain: &Chain) -> Result<HookAnswer, HookError> {
    Ok(match hook {
        Hook::SecretRequiresGroup => {
            let requires = chain.secret_requires_group()?;
            HookAnswer::new(requires.to_string(), json!(requires))
        }
        Hook::GetDefaultImage => HookAnswer::from_option(chain.get_default_image()?, str::to_owned),
        Hook::GetAuthSuccessHtml => {
            HookAnswer::from_option(chain.get_auth_success_html(ENDPOINT)?, page_summary)
        }
        _ => HookAnswer::new("not known to this command", Value::Null),
    })
}

/// The rows of a plugin. `answer` calls a hook; its outer error is that of the request.
///
/// # Errors
///
/// Those of `answer`.
pub fn rows<E>(
    chain: &Chain,
    builtin: &Chain,
    answer: impl Fn(Hook, &Chain) -> Result<Result<HookAnswer, HookError>, E>,
) -> Result<Vec<HookRow>, E> {
    let Some(link) = chain.plugins().first() else { return Ok(Vec::new()) };
    let row = |&hook: &Hook| {
        Ok(HookRow {
            hook,
            from: source(link, hook),
            is_overridden: link.overrides(hook),
            now: answer(hook, chain)?,
            builtin: answer(hook, builtin)?
                .unwrap_or_else(|fault| HookAnswer::new(fault.to_string(), Value::Null)),
        })
    };
    Hook::ALL.iter().map(row).collect()
}

/// The endpoint of a remote, and the transports of plugins.
#[must_use]
pub fn remote_answer(resolved: ResolvedRemote) -> HookAnswer {
    let ResolvedRemote { remote, layers, .. } = resolved;
    let (is_supplied, is_wrapped) = (layers.replacement().is_some(), !layers.is_empty());
    let transport = match (is_supplied, is_wrapped) {
        (true, _) => Some("supplied"),
        (false, true) => Some("wrapped"),
        (false, false) => None,
    };
    let value = json!({ "endpoint": remote.endpoint, "insecure": remote.insecure, "transport": transport });
    if is_supplied {
        return HookAnswer::new("a transport of its own", value);
    }
    let endpoint = remote.endpoint.unwrap_or_else(|| "the default endpoint".to_owned());
    let insecure = if remote.insecure == Some(true) { " (insecure)" } else { "" };
    let wrapped = if is_wrapped { ", with a transport around it" } else { "" };
    HookAnswer::new(format!("{endpoint}{insecure}{wrapped}"), value)
}

/// The changes of the command line.
#[must_use]
pub fn changes_answer(edits: &[EditBox]) -> HookAnswer {
    let (mut added, mut others) = (Vec::new(), 0);
    for edit in edits {
        match edit.new_command().into_option() {
            Some(command) => {
                let path = edit.path().into_iter().chain([command.name()]).map(String::from);
                added.push(path.collect::<Vec<_>>().join(" "));
            }
            None => others += 1,
        }
    }
    summary(&added, others)
}

fn summary(added: &[String], others: usize) -> HookAnswer {
    let quoted: Vec<String> = added.iter().map(|command| format!("`{}`", command.escape_debug())).collect();
    let commands = match added.len() {
        0 => None,
        1 => Some(format!("command {}", quoted.join(", "))),
        _ => Some(format!("commands {}", quoted.join(", "))),
    };
    let changes = match others {
        0 => None,
        1 => Some("1 other change".to_owned()),
        others => Some(format!("{others} other changes")),
    };
    let parts: Vec<String> = commands.into_iter().chain(changes).collect();
    let text = if parts.is_empty() { "no changes".to_owned() } else { parts.join("; ") };
    HookAnswer::new(text, json!({ "commands": added, "otherChanges": others }))
}

/// A page's first line and size.
fn page_summary(html: &str) -> String {
    let first = html.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let shown: String = first.chars().take(60).flat_map(char::escape_debug).collect();
    format!("{shown} ({} bytes)", html.len())
}

/// The policies.
#[must_use]
pub fn policies_answer(policies: &[Policy]) -> HookAnswer {
    let text = |policy: &Policy| {
        let name = policy.name().escape_debug().to_string();
        match (policy.is_enabled(), policy.ttl()) {
            (false, _) => format!("{name} (off)"),
            (true, Some(ttl)) => format!("{name} (for {})", flyte_text::duration(ttl)),
            (true, None) => name,
        }
    };
    let value = |policy: &Policy| {
        let ttl = policy.ttl().map(|ttl| ttl.as_secs_f64());
        json!({ "name": policy.name(), "enabled": policy.is_enabled(), "ttlSeconds": ttl })
    };
    let texts: Vec<String> = policies.iter().map(text).collect();
    let text = if texts.is_empty() { "no policies".to_owned() } else { texts.join(", ") };
    HookAnswer::new(text, policies.iter().map(value).collect())
}

/// The typed values of a plugin's file. `protocol` and `sha256` of [`facts`] are for people.
#[must_use]
pub fn file_json(candidate: &Candidate) -> Value {
    json!({
        "protocolVersion": candidate.passport.protocol().to_string(),
        "hostProtocolVersion": PROTOCOL.to_string(),
        "sha256": candidate.file.sha256().ok(),
        "warnings": candidate.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The metadata of a file, with the typed values in place of texts.
#[must_use]
pub fn facts_json(file: &Value, facts: &[(&'static str, String)]) -> Map<String, Value> {
    let facts = facts.iter().filter(|(key, _)| !["commands", "isolated", "warning"].contains(key));
    let mut object: Map<String, Value> =
        facts.map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    object.extend(file.as_object().cloned().unwrap_or_default());
    object
}

/// All of one plugin.
#[must_use]
pub fn to_json(file: &Value, facts: &[(&'static str, String)], rows: &[HookRow]) -> Value {
    let mut object = facts_json(file, facts);
    let hooks: Map<String, Value> =
        rows.iter().map(|row| (row.hook.name().to_owned(), hook_json(row))).collect();
    object.insert("hooks".into(), hooks.into());
    object.into()
}

/// `from`, `answer` and `builtin` are the texts of the table.
fn hook_json(row: &HookRow) -> Value {
    let mut value = json!({
        "from": row.from,
        "overridden": row.is_overridden,
        "builtin": row.builtin.text,
        "builtinValue": row.builtin.value,
    });
    match &row.now {
        Ok(now) => {
            value["answer"] = json!(now.text);
            value["value"] = now.value.clone();
        }
        Err(fault) => {
            value["error"] = json!(fault.to_string());
            value["causes"] = json!(fault.causes());
        }
    }
    value
}
