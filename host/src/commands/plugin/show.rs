//! `plugin show`: a plugin's passport, and the answers of its hooks beside those of the built-in default.

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use plugin_abi::{Hook, vtable::Command_TO};
use serde_json::{Value, json};

use super::names;
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
pub(super) use host_settings::show::{answerer, facts, facts_json, file_json};
use host_settings::{
    remote,
    show::{
        self, HookAnswer, HookRow, changes_answer, isolation_fact, policies_answer, remote_answer, to_json,
    },
};
use plugin_host::{
    Candidate, Chain, HookError, Link,
    error::{CallSite, HookErrorKind},
};

/// Show the metadata of a plugin and what each of its hooks returns
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// Name or path of a plugin [default: the plugins in use]
    #[arg(add = ArgValueCompleter::new(names::found))]
    pub(super) name: Option<String>,
    /// Show what is known without running the plugin: its passport, its file, and its commands if recorded
    #[arg(long = "static")]
    pub(super) is_static: bool,
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

fn rows(chain: &Chain, context: &Context<'_>) -> Result<Vec<HookRow>, CommandError> {
    let builtin = Chain::new(Vec::new(), context.configurations.builtin());
    show::rows(chain, &builtin, |hook, chain| hook_answer(hook, chain, context))
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
                remote::check(&resolved)?;
                Ok(remote_answer(resolved))
            })
        }
        Hook::ConfigureCli => command_line_answer(chain, context.tree.without_plugins()),
        Hook::GetDefaultCachePolicies => chain.get_default_cache_policies().map(|policies| {
            keep_until_exit(&policies);
            policies_answer(&policies)
        }),
        #[cfg(next_protocol)]
        Hook::GetGreeting => chain.get_greeting().map(|text| HookAnswer::new(text.clone(), json!(text))),
        hook => show::simple_answer(hook, chain),
    })
}

/// The changes of a plugin to the built-in command line.
fn command_line_answer(chain: &Chain, mut tree: Tree) -> Result<HookAnswer, HookError> {
    let Some(link) = chain.plugins().first() else { return Ok(changes_answer(&[])) };
    let view = tree.view();
    let edits = chain.configure_cli(0, Command_TO::from_ptr(RRef::new(&view), TD_Opaque))?;
    let answer = changes_answer(&edits);
    tree.apply(link.identity(), edits).map_err(|error| {
        let what = HookErrorKind::InvalidValue(error.to_string());
        HookError::new(link.identity().clone(), CallSite::Hook(Hook::ConfigureCli), what)
    })?;
    Ok(answer)
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
