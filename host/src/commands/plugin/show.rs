//! `plugin show`: a plugin's passport, and what its hooks answer beside the built-in default's answers.

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use clap::{Args, CommandFactory};
use plugin_abi::{Hook, PROTOCOL, vtable::Command_TO};
use serde_json::{Value, json};

use crate::{
    app::args::Cli,
    command_tree::Tree,
    context::Context,
    flyte::connection,
    ui::{
        error::Failure,
        output::{self, Format},
    },
};
use plugin_host::{
    Candidate, Chain, HookError, Link, Policy, ResolvedRemote,
    error::{CallSite, HookErrorKind},
};

/// Show what a plugin says about itself, and what each of its hooks answers now
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// Name or path of a plugin; without it, the plugins in use
    name: Option<String>,
}

/// What one hook does.
struct HookRow {
    hook: Hook,
    /// Whose answer it is.
    from: String,
    now: Result<String, HookError>,
    builtin: String,
}

pub(super) fn run(args: &ShowArgs, context: &Context<'_>) -> Result<(), Failure> {
    let specs = match &args.name {
        Some(name) => vec![name.clone()],
        None => in_use(context)?,
    };
    if specs.is_empty() {
        output::note("no plugin is in use; run `flyte-host plugin list` to see what is installed\n");
        return Ok(());
    }
    let mut objects = Vec::new();
    let mut faults = Vec::new();
    for spec in specs {
        let candidate = context.loader.check(&spec)?;
        let facts = facts(&candidate);
        // A plugin is created once in a process; one that is in use already is asked there.
        let loaded;
        let chain = match context.chain {
            Some(chain) if is_alone_in(chain, &candidate) => chain,
            _ => {
                loaded = Chain::new(vec![context.loader.load(candidate)?], context.configurations.builtin());
                &loaded
            }
        };
        let rows = rows(chain, context)?;
        match context.global.output.format()? {
            Format::Table => print(&facts, &rows)?,
            Format::Name => output::print(&format!("{}\n", chain.plugins()[0].identity().name))?,
            Format::Json | Format::Yaml => objects.push(object(&facts, &rows)),
        }
        faults.extend(rows.into_iter().filter_map(|row| row.now.err()));
    }
    match (context.global.output.format()?, args.name.is_some()) {
        (Format::Table | Format::Name, _) => {}
        (format, true) => output::structured(format, &objects.remove(0))?,
        (format, false) => output::structured(format, &Value::Array(objects))?,
    }
    match faults.into_iter().next() {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}

fn in_use(context: &Context<'_>) -> Result<Vec<String>, Failure> {
    let path = |link: &Link| link.file().map(|file| file.path().display().to_string());
    Ok(context.chain()?.plugins().iter().filter_map(path).collect())
}

fn is_alone_in(chain: &Chain, candidate: &Candidate) -> bool {
    matches!(chain.plugins(), [link] if link.file() == Some(&candidate.file))
}

/// What the file says, as pairs.
fn facts(candidate: &Candidate) -> Vec<(&'static str, String)> {
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
    facts.push(("sha256", file.sha256().unwrap_or_else(|error| format!("cannot be read any more: {error}"))));
    facts.push(("protocol", format!("{} (this host: {PROTOCOL})", passport.protocol())));
    facts.push(("compiler", passport.rustc().to_owned()));
    facts.push(("target", passport.target().to_owned()));
    facts.extend(warnings.iter().map(|warning| ("warning", warning.to_string())));
    facts
}

fn rows(chain: &Chain, context: &Context<'_>) -> Result<Vec<HookRow>, Failure> {
    let builtin = Chain::new(Vec::new(), context.configurations.builtin());
    let link = &chain.plugins()[0];
    let rows = Hook::ALL.iter().map(|&hook| {
        Ok(HookRow {
            hook,
            from: source(link, hook),
            now: hook_answer(hook, chain, context)?,
            builtin: hook_answer(hook, &builtin, context)?.unwrap_or_else(|fault| fault.to_string()),
        })
    });
    rows.collect()
}

fn source(link: &Link, hook: Hook) -> String {
    if link.overrides(hook) {
        return "plugin".to_owned();
    }
    if link.protocol() < hook.since() {
        return format!(
            "built-in: the plugin speaks {}, this hook came with {}",
            link.protocol(),
            hook.since()
        );
    }
    "built-in".to_owned()
}

/// A hook's answer in a line. The outer error is that of the question: a broken configuration.
fn hook_answer(hook: Hook, chain: &Chain, context: &Context<'_>) -> Result<Result<String, HookError>, Failure> {
    Ok(match hook {
        Hook::GetRemote => {
            let request = connection::request(context.global, context.configurations)?;
            chain.get_remote(&request).and_then(|resolved| {
                connection::check_remote(&resolved)?;
                Ok(remote_summary(resolved))
            })
        }
        Hook::ConfigureCli => command_line(chain),
        Hook::SecretRequiresGroup => chain.secret_requires_group().map(|requires| requires.to_string()),
        Hook::GetDefaultImage => chain.get_default_image().map(or_none),
        Hook::GetAuthSuccessHtml => {
            chain.get_auth_success_html(ENDPOINT).map(|html| or_none(html.map(|html| page_summary(&html))))
        }
        Hook::GetDefaultCachePolicies => {
            chain.get_default_cache_policies().map(|policies| policies_summary(&policies))
        }
        #[cfg(next_protocol)]
        Hook::GetGreeting => chain.get_greeting(),
        _ => Ok("not known to this command".to_owned()),
    })
}

/// Where a remote leads, in a line.
fn remote_summary(resolved: ResolvedRemote) -> String {
    let ResolvedRemote { remote, layers, .. } = resolved;
    if layers.replacement().is_some() {
        return "a transport of its own".to_owned();
    }
    let endpoint = remote.endpoint.unwrap_or_else(|| "the default endpoint".to_owned());
    let plain = if remote.insecure == Some(true) { " (insecure)" } else { "" };
    let wrapped = if layers.is_empty() { "" } else { ", with a transport around it" };
    format!("{endpoint}{plain}{wrapped}")
}

/// What a plugin does to the built-in command line, in a line.
fn command_line(chain: &Chain) -> Result<String, HookError> {
    let mut tree = Tree::new(Cli::command());
    let Some(link) = chain.plugins().first() else { return Ok(NO_CHANGES.to_owned()) };
    let view = tree.view();
    let edits = chain.configure_cli(0, Command_TO::from_ptr(RRef::new(&view), TD_Opaque))?;
    let (mut added, mut others) = (Vec::new(), 0);
    for edit in &edits {
        match edit.new_command().into_option() {
            Some(command) => {
                let path = edit.path().into_iter().chain([command.name()]).map(String::from);
                added.push(format!("`{}`", path.collect::<Vec<_>>().join(" ").escape_debug()));
            }
            None => others += 1,
        }
    }
    tree.apply(link.identity(), edits).map_err(|error| {
        let what = HookErrorKind::InvalidValue(error.to_string());
        HookError::new(link.identity().clone(), CallSite::Hook(Hook::ConfigureCli), what)
    })?;
    let commands = match added.len() {
        0 => None,
        1 => Some(format!("command {}", added.join(", "))),
        _ => Some(format!("commands {}", added.join(", "))),
    };
    let others = match others {
        0 => None,
        1 => Some("1 other change".to_owned()),
        others => Some(format!("{others} other changes")),
    };
    let parts: Vec<String> = commands.into_iter().chain(others).collect();
    Ok(if parts.is_empty() { NO_CHANGES.to_owned() } else { parts.join("; ") })
}

const NO_CHANGES: &str = "no changes";

/// The host name for which the page is rendered here.
const ENDPOINT: &str = "flyte.example.org";

fn or_none(answer: Option<String>) -> String {
    answer.unwrap_or_else(|| "none".to_owned())
}

/// A page's first line and size.
fn page_summary(html: &str) -> String {
    let first = html.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let shown: String = first.chars().take(60).flat_map(char::escape_debug).collect();
    format!("{shown} ({} bytes)", html.len())
}

fn policies_summary(policies: &[Policy]) -> String {
    if policies.is_empty() {
        return "no policies".to_owned();
    }
    let one = |policy: &Policy| {
        let name = policy.name().escape_debug().to_string();
        match (policy.is_enabled(), policy.ttl()) {
            (false, _) => format!("{name} (off)"),
            (true, Some(ttl)) => format!("{name} (for {})", flyte_text::duration(ttl)),
            (true, None) => name,
        }
    };
    policies.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn print(facts: &[(&'static str, String)], rows: &[HookRow]) -> Result<(), Failure> {
    let width = facts.iter().map(|(key, _)| key.len()).max().unwrap_or_default();
    let lines = facts.iter().map(|(key, value)| format!("{key:width$}  {value}\n"));
    output::print(&(lines.collect::<String>() + "\n"))?;
    let cells = rows.iter().map(|row| {
        let now = row.now.as_ref().map_or_else(|fault| format!("fails: {fault}"), Clone::clone);
        vec![row.hook.name().to_owned(), row.from.clone(), now, row.builtin.clone()]
    });
    output::table(&["HOOK", "FROM", "ANSWERS NOW", "BUILT-IN DEFAULT"], cells)
}

fn object(facts: &[(&'static str, String)], rows: &[HookRow]) -> Value {
    let mut object: serde_json::Map<String, Value> = facts
        .iter()
        .filter(|(key, _)| *key != "warning")
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    let warnings: Vec<&String> =
        facts.iter().filter(|(key, _)| *key == "warning").map(|(_, value)| value).collect();
    object.insert("warnings".into(), json!(warnings));
    let hooks: serde_json::Map<String, Value> = rows
        .iter()
        .map(|row| {
            let answer = match &row.now {
                Ok(now) => json!({ "from": row.from, "answer": now, "builtin": row.builtin }),
                Err(fault) => json!({ "from": row.from, "error": fault.to_string(), "causes": fault.causes(), "builtin": row.builtin }),
            };
            (row.hook.name().to_owned(), answer)
        })
        .collect();
    object.insert("hooks".into(), hooks.into());
    object.into()
}
