//! `plugin show`: a plugin's passport, and the answers of its hooks beside those of the built-in default.

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use clap::Args;
use plugin_abi::{Hook, PROTOCOL, ProtocolVersion, vtable::Command_TO};
use serde_json::{Map, Value, json};

use crate::{
    app::process_exit::keep_until_exit,
    command_tree::Tree,
    context::Context,
    flyte::connection,
    ui::{
        error::CommandError,
        output::{Format, Ui},
        stdout::{self, PluginOutput},
    },
};
use plugin_host::{
    Candidate, Chain, HookError, Link, Policy, ResolvedRemote,
    error::{CallSite, HookErrorKind},
};

/// Show the metadata of a plugin and what each of its hooks returns
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// Name or path of a plugin [default: the plugins in use]
    pub(super) name: Option<String>,
    /// Show what is known without running the plugin: its passport, its file, and its commands if recorded
    #[arg(long = "static")]
    pub(super) is_static: bool,
}

/// The answers of one hook.
struct HookRow {
    hook: Hook,
    /// Who answers, with the reason.
    from: String,
    is_overridden: bool,
    now: Result<HookAnswer, HookError>,
    builtin: HookAnswer,
}

/// What a hook returned.
struct HookAnswer {
    /// For the table.
    text: String,
    /// For programs.
    value: Value,
}

impl HookAnswer {
    fn new(text: impl Into<String>, value: Value) -> Self {
        Self { text: text.into(), value }
    }

    fn from_option(answer: Option<String>, text: impl Fn(&str) -> String) -> Self {
        Self::new(answer.as_deref().map_or_else(|| "none".to_owned(), text), json!(answer))
    }
}

pub(super) fn run(args: &ShowArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let specs = match &args.name {
        Some(name) => vec![context.plugin_spec(name)],
        None => in_use(context)?,
    };
    if specs.is_empty() {
        note_none(context);
        return Ok(());
    }
    let mut objects = Vec::new();
    let mut faults = Vec::new();
    for spec in specs {
        let candidate = context.loader.check(&spec)?;
        let mut facts = facts(&candidate);
        let mut file = file_json(&candidate);
        // A plugin can be created only once in a process; one in use is called there.
        let loaded;
        let chain = match context.chain {
            Some(chain) if is_alone_in(chain, &candidate) => chain,
            _ => {
                stdout::reserve(PluginOutput::Stderr);
                loaded = Chain::new(vec![context.loader.load(candidate)?], context.configurations.builtin());
                &loaded
            }
        };
        if let Some(missing) = chain.plugins()[0].isolation() {
            facts.push(("isolated", isolation_fact(missing)));
            file["isolated"] = json!(true);
            file["isolationLacks"] = json!(missing);
        }
        let rows = rows(chain, context)?;
        match context.ui.format() {
            Format::Table => print(context.ui, &facts, &rows)?,
            Format::Name => context.ui.print(format_args!("{}\n", chain.plugins()[0].identity().name))?,
            Format::Json | Format::Yaml => objects.push(to_json(&file, &facts, &rows)),
        }
        faults.extend(rows.into_iter().filter_map(|row| row.now.err()));
    }
    match (context.ui.format(), args.name.is_some()) {
        (Format::Table | Format::Name, _) => {}
        (Format::Json | Format::Yaml, true) => context.ui.structured(&objects.remove(0))?,
        (Format::Json | Format::Yaml, false) => context.ui.structured(&Value::Array(objects))?,
    }
    match faults.into_iter().next() {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}

pub(super) fn note_none(context: &Context<'_>) {
    context.ui.note("no plugin is in use; run `flyte-host plugin list` to list installed plugins\n");
}

fn in_use(context: &Context<'_>) -> Result<Vec<String>, CommandError> {
    let path = |link: &Link| link.file().map(|file| file.path().display().to_string());
    Ok(context.chain()?.plugins().iter().filter_map(path).collect())
}

fn is_alone_in(chain: &Chain, candidate: &Candidate) -> bool {
    matches!(chain.plugins(), [link] if link.file() == Some(&candidate.file))
}

/// The metadata of the file, as pairs.
pub(super) fn facts(candidate: &Candidate) -> Vec<(&'static str, String)> {
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

fn isolation_fact(missing: &[String]) -> String {
    if missing.is_empty() { "yes".to_owned() } else { format!("yes, but {}", missing.join("; ")) }
}

fn rows(chain: &Chain, context: &Context<'_>) -> Result<Vec<HookRow>, CommandError> {
    let builtin = Chain::new(Vec::new(), context.configurations.builtin());
    let link = &chain.plugins()[0];
    let rows = Hook::ALL.iter().map(|&hook| {
        Ok(HookRow {
            hook,
            from: source(link, hook),
            is_overridden: link.overrides(hook),
            now: hook_answer(hook, chain, context)?,
            builtin: hook_answer(hook, &builtin, context)?
                .unwrap_or_else(|fault| HookAnswer::new(fault.to_string(), Value::Null)),
        })
    });
    rows.collect()
}

fn source(link: &Link, hook: Hook) -> String {
    answerer(link.overrides(hook), link.protocol(), hook)
}

/// Whether the plugin or the built-in default answers a hook, with the reason.
pub(super) fn answerer(is_overridden: bool, protocol: ProtocolVersion, hook: Hook) -> String {
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

/// Calls a hook. The outer error is that of the request: a configuration that cannot be read.
fn hook_answer(
    hook: Hook,
    chain: &Chain,
    context: &Context<'_>,
) -> Result<Result<HookAnswer, HookError>, CommandError> {
    Ok(match hook {
        Hook::GetRemote => {
            let request = connection::request(context.global, context.configurations)?;
            chain.get_remote(&request).and_then(|resolved| {
                keep_until_exit(&resolved.layers);
                connection::check_remote(&resolved)?;
                Ok(remote_answer(resolved))
            })
        }
        Hook::ConfigureCli => command_line_answer(chain, context.tree.without_plugins()),
        Hook::SecretRequiresGroup => chain
            .secret_requires_group()
            .map(|requires| HookAnswer::new(requires.to_string(), json!(requires))),
        Hook::GetDefaultImage => {
            chain.get_default_image().map(|image| HookAnswer::from_option(image, str::to_owned))
        }
        Hook::GetAuthSuccessHtml => {
            chain.get_auth_success_html(ENDPOINT).map(|html| HookAnswer::from_option(html, page_summary))
        }
        Hook::GetDefaultCachePolicies => chain.get_default_cache_policies().map(|policies| {
            keep_until_exit(&policies);
            policies_answer(&policies)
        }),
        #[cfg(next_protocol)]
        Hook::GetGreeting => chain.get_greeting().map(|text| HookAnswer::new(text.clone(), json!(text))),
        _ => Ok(HookAnswer::new("not known to this command", Value::Null)),
    })
}

/// The endpoint of a remote, and the transports of plugins.
fn remote_answer(resolved: ResolvedRemote) -> HookAnswer {
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

/// The changes of a plugin to the built-in command line.
fn command_line_answer(chain: &Chain, mut tree: Tree) -> Result<HookAnswer, HookError> {
    let Some(link) = chain.plugins().first() else { return Ok(changes_answer(&[], 0)) };
    let view = tree.view();
    let edits = chain.configure_cli(0, Command_TO::from_ptr(RRef::new(&view), TD_Opaque))?;
    let (mut added, mut others) = (Vec::new(), 0);
    for edit in &edits {
        match edit.new_command().into_option() {
            Some(command) => {
                let path = edit.path().into_iter().chain([command.name()]).map(String::from);
                added.push(path.collect::<Vec<_>>().join(" "));
            }
            None => others += 1,
        }
    }
    tree.apply(link.identity(), edits).map_err(|error| {
        let what = HookErrorKind::InvalidValue(error.to_string());
        HookError::new(link.identity().clone(), CallSite::Hook(Hook::ConfigureCli), what)
    })?;
    Ok(changes_answer(&added, others))
}

fn changes_answer(added: &[String], others: usize) -> HookAnswer {
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

/// The host name for which the page is rendered here.
const ENDPOINT: &str = "flyte.example.org";

/// A page's first line and size.
fn page_summary(html: &str) -> String {
    let first = html.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let shown: String = first.chars().take(60).flat_map(char::escape_debug).collect();
    format!("{shown} ({} bytes)", html.len())
}

fn policies_answer(policies: &[Policy]) -> HookAnswer {
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

pub(super) fn print_facts(ui: &Ui, facts: &[(&'static str, String)]) -> Result<(), CommandError> {
    let width = facts.iter().map(|(key, _)| key.len()).max().unwrap_or_default();
    let lines = facts.iter().map(|(key, value)| format!("{key:width$}  {value}\n"));
    ui.print(lines.collect::<String>() + "\n")
}

fn print(ui: &Ui, facts: &[(&'static str, String)], rows: &[HookRow]) -> Result<(), CommandError> {
    print_facts(ui, facts)?;
    let cells = rows.iter().map(|row| {
        let now = row.now.as_ref().map_or_else(|fault| format!("fails: {fault}"), |now| now.text.clone());
        vec![row.hook.name().to_owned(), row.from.clone(), now, row.builtin.text.clone()]
    });
    ui.table(&["HOOK", "FROM", "ANSWERS NOW", "BUILT-IN DEFAULT"], cells)
}

/// The typed values of a plugin's file. `protocol` and `sha256` of [`facts`] are for people.
pub(super) fn file_json(candidate: &Candidate) -> Value {
    json!({
        "protocolVersion": candidate.passport.protocol().to_string(),
        "hostProtocolVersion": PROTOCOL.to_string(),
        "sha256": candidate.file.sha256().ok(),
        "warnings": candidate.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The metadata of a file, with the typed values in place of texts.
pub(super) fn facts_json(file: &Value, facts: &[(&'static str, String)]) -> Map<String, Value> {
    let facts = facts.iter().filter(|(key, _)| !["commands", "isolated", "warning"].contains(key));
    let mut object: Map<String, Value> =
        facts.map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    object.extend(file.as_object().cloned().unwrap_or_default());
    object
}

fn to_json(file: &Value, facts: &[(&'static str, String)], rows: &[HookRow]) -> Value {
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
