//! `register`: reads what is to be registered, and lets the plugins' rules act on it.

mod hooks;

use std::path::PathBuf;

use clap::Args;
use remote::{
    config::Images,
    proto::core::TaskTemplate,
    register::{
        self, Entity, Entry, Identity,
        defaults::{self, Applied},
        render::{self, Text},
    },
};

use super::{Context, connection};
use crate::{
    cli::{args::OutputArg, exit::Exit, output, report::Failure},
    plugin::Fault,
};
use hooks::Hooks;

/// Register tasks, workflows and launch plans
///
/// FILES are YAML or JSON documents (Flyte's own messages, or the short form of a container task), `.pb`
/// files and `.tgz` packages of `pyflyte package`, folders of these, or `-` for documents on the standard
/// input.
///
/// A container task without an image gets that of `get_default_image`, of FLYTE_INTERNAL_IMAGE, or the
/// built-in one; a secret without a group is refused if `secret_requires_group` says so; a task that is to be
/// cached and names no version gets that of `get_default_cache_policies`.
///
/// This version shows what would be registered: `--dry-run` is required.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        flyte-host register --dry-run task.yaml\n  \
        flyte-host register --dry-run flyte-package.tgz -o json\n  \
        flyte-host register --dry-run flyte-package.tgz -o pb --out-dir out"
)]
pub struct RegisterArgs {
    /// Files, packages or folders
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,

    /// Print what would be registered, and register nothing
    #[arg(long, required = true)]
    dry_run: bool,

    /// Version for whatever names none
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,

    /// Folder for the files of `-o pb`
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
}

/// Runs `register`.
///
/// # Errors
///
/// An input that cannot be read whole, a task that a rule refuses, a plugin that failed.
pub fn run(args: &RegisterArgs, context: &Context<'_>) -> Result<(), Failure> {
    check_output(args, context.global.output)?;
    let identity = Identity {
        project: context.global.project.clone(),
        domain: context.global.domain.clone(),
        version: args.version.clone(),
    };
    let mut entries = register::read(&args.files, &identity)
        .map_err(|error| Failure::from_error(Exit::Failed, &error).hint(error.hint()))?;
    let configuration = context
        .configurations
        .read(context.global.config.as_ref())
        .map_err(|error| connection::unreadable(&error))?;
    let hooks = Hooks::new(context.chain()?);
    let mut notes = Notes::default();
    for entry in &mut entries {
        let applied = apply(entry, &hooks, &configuration.images)?;
        notes.add(entry, &applied);
    }
    write(args, context.global.output, &entries)?;
    notes.print();
    Ok(())
}

fn check_output(args: &RegisterArgs, output: OutputArg) -> Result<(), Failure> {
    match (output, &args.out_dir) {
        (OutputArg::Pb, None) => Err(Failure::new(Exit::Usage, "`-o pb` needs a folder to write to")
            .hint("add `--out-dir DIR`".to_owned())),
        (OutputArg::Json | OutputArg::Name | OutputArg::Table | OutputArg::Yaml, Some(_)) => {
            Err(Failure::new(Exit::Usage, "`--out-dir` is for `-o pb` only"))
        }
        _ => Ok(()),
    }
}

/// Lets the rules act on one entity; only tasks have any.
fn apply(entry: &mut Entry, hooks: &Hooks<'_>, images: &Images) -> Result<Applied, Failure> {
    let place = entry.source.clone();
    let form = entry.origin.form();
    let Some(template) = task(&mut entry.entity) else { return Ok(Applied::default()) };
    defaults::apply(template, form, hooks, images).map_err(|error| {
        let mut failure = told(&error);
        failure.causes.push(format!("in {place}"));
        failure
    })
}

fn task(entity: &mut Entity) -> Option<&mut TaskTemplate> {
    match entity {
        Entity::Task(spec) => spec.template.as_mut(),
        Entity::Workflow(_) | Entity::LaunchPlan(_) => None,
    }
}

/// A rule that refuses is the user's affair, a hook that fails the plugin's.
fn told(error: &defaults::Error) -> Failure {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(fault) = cause.downcast_ref::<Fault>() {
            return fault.clone().into();
        }
        source = cause.source();
    }
    Failure::from_error(Exit::Failed, error).hint(error.hint())
}

fn write(args: &RegisterArgs, output: OutputArg, entries: &[Entry]) -> Result<(), Failure> {
    let entities = || entries.iter().map(|entry| &entry.entity);
    let failed = |error: render::WriteError| Failure::from_error(Exit::Failed, &error);
    match output {
        OutputArg::Json => output::print(&render::text(entities(), Text::Json).map_err(failed)?),
        OutputArg::Yaml => output::print(&render::text(entities(), Text::Yaml).map_err(failed)?),
        OutputArg::Name => {
            output::print(&entities().map(|entity| format!("{}\n", name(entity))).collect::<String>())
        }
        OutputArg::Table => output::table(&["KIND", "NAME", "VERSION", "SOURCE"], entries.iter().map(row)),
        OutputArg::Pb => {
            let folder = args.out_dir.as_deref().expect("`check_output` asked for it");
            let files = render::files(entries, folder).map_err(failed)?;
            output::print(&files.iter().map(|file| format!("{}\n", file.display())).collect::<String>())
        }
    }
}

fn name(entity: &Entity) -> &str {
    entity.id().map_or("-", |id| id.name.as_str())
}

fn row(entry: &Entry) -> Vec<String> {
    let version = entry.entity.id().map(|id| id.version.clone()).filter(|version| !version.is_empty());
    vec![
        entry.entity.kind().to_string(),
        name(&entry.entity).to_owned(),
        version.unwrap_or_else(|| "-".to_owned()),
        entry.source.to_string(),
    ]
}

/// What was changed on the way, told once at the end.
#[derive(Default)]
struct Notes {
    lines: Vec<String>,
    has_ttl: bool,
}

impl Notes {
    fn add(&mut self, entry: &Entry, applied: &Applied) {
        if applied.is_empty() {
            return;
        }
        self.lines.push(format!("task `{}`: {applied}\n", name(&entry.entity)));
        self.has_ttl |= applied.cache.as_ref().is_some_and(|cache| cache.ttl.is_some());
    }

    fn print(&self) {
        self.lines.iter().for_each(|line| output::note(line));
        if self.has_ttl {
            output::note(
                "a Flyte 1 cluster has no field for how long results are kept; only the sandbox keeps to it\n",
            );
        }
    }
}
