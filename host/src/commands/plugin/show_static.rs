//! `plugin show --static`: what the passport, the file and the record of the command line say. No code of a
//! plugin runs.

use plugin_abi::Hook;
use plugin_host::Candidate;
use serde_json::{Map, Value, json};

use super::show::{self, ShowArgs};
use crate::{
    context::Context,
    ui::{error::CommandError, output::Format},
};

pub(super) fn run(args: &ShowArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let specs = match &args.name {
        Some(name) => vec![context.plugin_spec(name)],
        None => context.in_use.iter().map(|plugin| plugin.path.display().to_string()).collect(),
    };
    if specs.is_empty() {
        show::note_none(context);
        return Ok(());
    }
    let mut objects = Vec::new();
    for spec in specs {
        let candidate = context.loader.check(&spec)?;
        match context.ui.format() {
            Format::Table => print(&candidate, context)?,
            Format::Name => context.ui.print(format_args!("{}\n", candidate.passport.name()))?,
            Format::Json | Format::Yaml => objects.push(Value::Object(to_json(&candidate, context))),
        }
    }
    match context.ui.format() {
        Format::Table | Format::Name => Ok(()),
        Format::Json | Format::Yaml if args.name.is_some() => context.ui.structured(&objects.remove(0)),
        Format::Json | Format::Yaml => context.ui.structured(&Value::Array(objects)),
    }
}

fn print(candidate: &Candidate, context: &Context<'_>) -> Result<(), CommandError> {
    let mut facts = show::facts(candidate);
    if is_isolated(candidate, context) {
        facts.push(("isolated", "yes".to_owned()));
    }
    if let Some(commands) = (context.recorded_commands)(candidate) {
        facts.push(("commands", quoted(&commands)));
    }
    show::print_facts(context.ui, &facts)?;
    let cells = Hook::ALL.iter().map(|&hook| vec![hook.name().to_owned(), answerer(candidate, hook)]);
    context.ui.table(&["HOOK", "FROM"], cells)
}

fn to_json(candidate: &Candidate, context: &Context<'_>) -> Map<String, Value> {
    let mut object = show::facts_json(&show::file_json(candidate), &show::facts(candidate));
    object.insert("isolated".to_owned(), json!(is_isolated(candidate, context)));
    object.insert("commands".to_owned(), json!((context.recorded_commands)(candidate)));
    let hooks = Hook::ALL.iter().map(|&hook| {
        let value = json!({
            "from": answerer(candidate, hook),
            "overridden": overrides(candidate, hook),
        });
        (hook.name().to_owned(), value)
    });
    object.insert("hooks".to_owned(), Value::Object(hooks.collect()));
    object
}

fn overrides(candidate: &Candidate, hook: Hook) -> bool {
    candidate.passport.hooks().any(|name| name == hook.name())
}

fn answerer(candidate: &Candidate, hook: Hook) -> String {
    show::answerer(overrides(candidate, hook), candidate.passport.protocol(), hook)
}

#[cfg(target_os = "linux")]
fn is_isolated(candidate: &Candidate, context: &Context<'_>) -> bool {
    context.loader.isolates(candidate.passport.name())
}

#[cfg(not(target_os = "linux"))]
fn is_isolated(_: &Candidate, _: &Context<'_>) -> bool {
    false
}

fn quoted(commands: &[String]) -> String {
    if commands.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<String> =
        commands.iter().map(|command| format!("`{}`", command.escape_debug())).collect();
    quoted.join(", ")
}
