//! `register`: reads files, applies the hooks of plugins, and registers the entities; `run FILES` does so
//! first.

mod dry_run;
mod hooks;
mod lookup;
mod prepare;
mod report;
pub(crate) mod runnable;

use std::{collections::BTreeSet, path::PathBuf};

use clap::{Args, builder::NonEmptyStringValueParser};
use flyte_client::{
    config::Images,
    proto::core::TaskTemplate,
    register::{
        Documents, Entity, Identity, ReadError, RegisterItem, Registered,
        defaults::{self, Applied},
        send::{self, SendOptions, SendOutcome},
    },
    schedule,
};

use crate::{
    context::Context,
    flyte::{connection, session::Session},
};
use crate::{
    global::OutputArg,
    ui::{
        error::CommandError,
        exit_code::Exit,
        output::{Format, Ui},
    },
};
use hooks::Hooks;
use plugin_host::HookError;
use report::RegisterReport;
use runnable::Runnable;

/// Where tasks unpack the code of a package.
const DESTINATION: &str = ".";

/// Register tasks, workflows and launch plans
///
/// FILES are YAML or JSON documents (Flyte's own messages, or the short form of a container task), `.pb`
/// files and `.tgz` packages of `pyflyte package`, folders of these, or `-` for documents on standard input.
///
/// A container task without an image gets that of `get_default_image`, of FLYTE_INTERNAL_IMAGE, or the
/// built-in one. A secret without a group is rejected if `secret_requires_group` returns true. A cached task
/// without a version gets that of `get_default_cache_policies`.
///
/// An entity without a version gets that of `--version`, or the hash of its content: of its own message and
/// of the versions of the tasks, workflows and launch plans that it refers to. Other content of FILES, the
/// project and the domain do not change the hash. `run NAME` takes the newest version; `run NAME:VERSION` and
/// `run FILES` take the registered one.
///
/// References to entities outside FILES are looked up on the server: in the version of the reference, else in
/// that of `--version`, else in the newest one.
///
/// Entities are registered in dependency order. Identical entities are unchanged. If one fails, its
/// dependents are not sent and the rest continues, so the command can be repeated. A workflow without a
/// launch plan of its name and version gets one; an existing one is unchanged.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        flyte-host register task.yaml workflow.yaml\n  \
        flyte-host register flyte-package.tgz --version v1 --activate-launchplans\n  \
        flyte-host register --dry-run flyte-package.tgz -o json\n  \
        flyte-host register --dry-run flyte-package.tgz -o pb --out-dir out"
)]
pub(crate) struct RegisterArgs {
    /// Files, packages or folders
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,

    /// Print what would be registered; the server is contacted only for references to entities outside FILES
    #[arg(long)]
    dry_run: bool,

    /// Version for entities without one [default: content hash of each]
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    version: Option<String>,

    /// Activate the launch plans and their schedules
    #[arg(long, conflicts_with = "dry_run")]
    activate_launchplans: bool,

    /// Directory where tasks unpack the code of a package
    #[arg(short = 'D', long, value_name = "DIR", default_value = DESTINATION, value_parser = NonEmptyStringValueParser::new())]
    destination_dir: String,

    /// Folder for the files of `--dry-run -o pb`
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,

    /// Output format; `pb` with `--dry-run` only
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        help_heading = "Global options",
        value_parser = OutputArg::parser_with(OutputArg::Pb)
    )]
    output: Option<OutputArg>,
}

/// Runs `register`.
///
/// # Errors
///
/// A file that cannot be read, a task that a rule rejects, a plugin that failed, an entity that the server
/// rejected, a call that failed.
pub(crate) async fn run(args: &RegisterArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let output = args.output.unwrap_or(OutputArg::Table);
    check_output(args, output)?;
    let mut identity = Identity { version: args.version.clone(), ..Identity::default() };
    if args.dry_run {
        identity.project.clone_from(&context.global.project);
        identity.domain.clone_from(&context.global.domain);
    }
    let documents = read_documents(&args.files)?;
    if args.dry_run {
        let (scope, registered) = lookup::look_up_if_reachable(&documents, &identity, context).await;
        let (entries, notes) = build_entries(documents, &identity, &scope, &registered, context)?;
        dry_run::write(context.ui, output, args.out_dir.as_deref(), &entries)?;
        // No target is known, so the note on `ttl` is left out.
        notes.print(context.ui, true);
        return Ok(());
    }
    register(args, context, documents, &identity).await
}

/// The entities that were sent, and the outcome of each at the same index.
struct SentEntities {
    entities: Vec<Entity>,
    defaults: BTreeSet<usize>,
    outcomes: Vec<SendOutcome>,
}

/// Registers the documents and prints the report.
async fn register(
    args: &RegisterArgs,
    context: &Context<'_>,
    documents: Documents,
    identity: &Identity,
) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let (entries, notes) = look_up_and_build(&session, documents, identity, context).await?;
    let set = prepare::prepare(&session, entries, &args.destination_dir).await?;
    let sent = send(&session, set, args.activate_launchplans).await;
    let options = SendOptions { activate: args.activate_launchplans, defaults: &sent.defaults };
    let report =
        RegisterReport { session: &session, entities: &sent.entities, outcomes: &sent.outcomes, options };
    report.print(ui)?;
    notes.print(&session.ui, session.connection.is_sandbox());
    if args.activate_launchplans && sent.has_schedule() && session.is_unserved_sandbox() {
        session.ui.note(format_args!(
            "schedules start executions while the sandbox is served; run `flyte-host sandbox start`\n"
        ));
    }
    report.result()?;
    let runnables = Runnable::unnamed(&sent.entities);
    runnable::warn_of_newer(&session, &runnables, |runnable| sent.was_there(runnable)).await;
    if ui.format() == Format::Table {
        runnable::note_run_commands(&session, &runnables);
    }
    Ok(())
}

/// Resolves references on the server, then builds the entities.
async fn look_up_and_build(
    session: &Session,
    documents: Documents,
    identity: &Identity,
    context: &Context<'_>,
) -> Result<(Vec<RegisterItem>, RegisterNotes), CommandError> {
    let scope = lookup::resolve_scope(session, identity);
    let registered = lookup::look_up(session, &documents, &scope).await?;
    build_entries(documents, identity, &scope, &registered, context)
}

impl SentEntities {
    fn has_schedule(&self) -> bool {
        self.entities.iter().any(|entity| {
            let Entity::LaunchPlan(plan) = entity else { return false };
            let metadata = plan.spec.as_ref().and_then(|spec| spec.entity_metadata.as_ref());
            metadata.is_some_and(|metadata| metadata.schedule.is_some())
        })
    }

    /// Whether the server had the entity before.
    fn was_there(&self, runnable: &Runnable) -> bool {
        self.entities.iter().zip(&self.outcomes).any(|(entity, outcome)| {
            entity.kind() == runnable.kind
                && entity
                    .id()
                    .is_some_and(|id| id.name == runnable.id.name && id.version == runnable.id.version)
                && matches!(outcome, SendOutcome::Unchanged)
        })
    }
}

/// Registers files for `run`, and returns the entity to run. Only failures are printed.
///
/// # Errors
///
/// As `register`, and those of `choose`.
pub(super) async fn register_for_run(
    session: &Session,
    context: &Context<'_>,
    files: &[PathBuf],
    version: Option<&str>,
    choose: impl FnOnce(&[Runnable]) -> Result<Runnable, CommandError>,
) -> Result<Runnable, CommandError> {
    let identity = Identity { version: version.map(str::to_owned), ..Identity::default() };
    let (entries, notes) = look_up_and_build(session, read_documents(files)?, &identity, context).await?;
    let set = prepare::prepare(session, entries, DESTINATION).await?;
    let chosen = choose(&Runnable::all(&set.entities))?;
    let sent = send(session, set, false).await;
    let options = SendOptions { activate: false, defaults: &sent.defaults };
    notes.print(&session.ui, session.connection.is_sandbox());
    RegisterReport { session, entities: &sent.entities, outcomes: &sent.outcomes, options }.result()?;
    Ok(chosen)
}

async fn send(session: &Session, set: prepare::PreparedSet, activate: bool) -> SentEntities {
    let options = SendOptions { activate, defaults: &set.defaults };
    let line = session.ui.progress("registering", set.entities.len());
    let sending = send::send(&session.client, &set.entities, &set.order, options, |_, _| line.advance());
    let outcomes = sending.await;
    SentEntities { entities: set.entities, defaults: set.defaults, outcomes }
}

fn read_documents(files: &[PathBuf]) -> Result<Documents, CommandError> {
    Documents::read(files).map_err(read_failure)
}

fn read_failure(error: ReadError) -> CommandError {
    let hint = error.hint();
    CommandError::from_error(Exit::Failed, error).hint(hint)
}

/// Builds entities from the documents and applies the defaults of plugins.
fn build_entries(
    documents: Documents,
    identity: &Identity,
    scope: &Identity,
    registered: &Registered,
    context: &Context<'_>,
) -> Result<(Vec<RegisterItem>, RegisterNotes), CommandError> {
    let mut entries = documents.resolve(identity, scope, registered).map_err(read_failure)?;
    let configuration = context
        .configurations
        .read(context.global.config.as_ref())
        .map_err(connection::configuration_failure)?;
    let hooks = Hooks::new(context.chain()?);
    let mut notes = RegisterNotes::default();
    for entry in &mut entries {
        let applied = apply_defaults(entry, &hooks, &configuration.images)?;
        notes.add(entry, &applied);
    }
    Ok((entries, notes))
}

fn check_output(args: &RegisterArgs, output: OutputArg) -> Result<(), CommandError> {
    match (output, &args.out_dir) {
        (OutputArg::Pb, _) if !args.dry_run => {
            Err(CommandError::new(Exit::Usage, "`-o pb` is for `register --dry-run` only"))
        }
        (OutputArg::Pb, None) => Err(CommandError::new(Exit::Usage, "`-o pb` needs a folder to write to")
            .hint("add `--out-dir DIR`".to_owned())),
        (output, Some(_)) if output != OutputArg::Pb => {
            Err(CommandError::new(Exit::Usage, "`--out-dir` is for `-o pb` only"))
        }
        _ => Ok(()),
    }
}

/// Applies the defaults of plugins to one entity; only tasks have any.
fn apply_defaults(
    entry: &mut RegisterItem,
    hooks: &Hooks<'_>,
    images: &Images,
) -> Result<Applied, CommandError> {
    let source = entry.source.clone();
    let RegisterItem { entity, origin, .. } = entry;
    let Some(template) = task_template(entity) else { return Ok(Applied::default()) };
    defaults::apply(template, origin, hooks, images).map_err(|error| defaults_failure(error).at(source))
}

fn task_template(entity: &mut Entity) -> Option<&mut TaskTemplate> {
    match entity {
        Entity::Task(spec) => spec.template.as_mut(),
        Entity::Workflow(_) | Entity::LaunchPlan(_) => None,
    }
}

/// A rule that refuses a task is an error of the user; a hook that fails is an error of the plugin.
fn defaults_failure(error: defaults::DefaultsError) -> CommandError {
    let hint = error.hint();
    let failure = CommandError::from_error(Exit::Failed, error).hint(hint);
    match failure.find::<HookError>() {
        Some(fault) => fault.clone().into(),
        None => failure,
    }
}

/// Notes on applied defaults, printed at the end.
#[derive(Default)]
struct RegisterNotes {
    lines: Vec<String>,
    has_ttl: bool,
}

impl RegisterNotes {
    fn add(&mut self, entry: &RegisterItem, applied: &Applied) {
        if let Entity::LaunchPlan(plan) = &entry.entity
            && let Some(reason) = plan.spec.as_ref().and_then(schedule::never_fires)
        {
            let name = dry_run::name(&entry.entity);
            self.lines.push(format!("warning: the schedule of launch plan `{name}` never fires: {reason}\n"));
        }
        if applied.is_empty() {
            return;
        }
        self.lines.push(format!("task `{}`: {applied}\n", dry_run::name(&entry.entity)));
        self.has_ttl |= applied.cache.as_ref().is_some_and(|cache| cache.ttl.is_some());
    }

    /// `supports_ttl`: whether the target honours `ttl`.
    fn print(&self, ui: &Ui, supports_ttl: bool) {
        self.lines.iter().for_each(|line| ui.note(line));
        if self.has_ttl && !supports_ttl {
            ui.note("note: `ttl` is ignored by Flyte 1 clusters; only the sandbox supports it\n");
        }
    }
}
