//! Tasks, workflows and launch plans.

use std::collections::BTreeSet;

use clap::{Args, builder::NonEmptyStringValueParser};
use flyte_client::{
    graph, list,
    proto::admin::{LaunchPlan, Task, Workflow},
};

use super::{details, query::ListArgs};
use crate::{
    context::Context,
    flyte::{
        entity::{self, Entity, VersionedName, not_found},
        scope,
        session::Session,
    },
    ui::show::{self, facts::Facts},
};
use crate::{
    global::OutputArg,
    ui::{
        error::CommandError,
        exit_code::Exit,
        output::{Format, Ui},
    },
};

#[derive(Args, Debug)]
pub(super) struct EntityArgs {
    /// Entity to show, as NAME or NAME:VERSION [default: list all]
    name: Option<VersionedName>,

    /// Version to show [default: the newest]
    #[arg(conflicts_with = "versions", value_parser = NonEmptyStringValueParser::new())]
    version: Option<String>,

    /// List all versions of NAME
    #[arg(long, requires = "name")]
    versions: bool,

    /// List only the newest version of each name
    #[arg(long)]
    latest: bool,

    #[command(flatten)]
    list: ListArgs,
}

#[derive(Args, Debug)]
pub(super) struct WorkflowArgs {
    #[command(flatten)]
    entity: EntityArgs,

    /// Output format; `dot` with NAME only
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        help_heading = "Global options",
        value_parser = OutputArg::parser_with(OutputArg::Dot)
    )]
    output: Option<OutputArg>,
}

#[derive(Args, Debug)]
pub(super) struct LaunchPlanArgs {
    #[command(flatten)]
    entity: EntityArgs,

    /// List only active versions
    #[arg(long, alias = "scheduled")]
    active_only: bool,
}

/// An entity that `get` lists and shows.
pub(super) trait EntityView: Entity {
    const HEADING: &'static [&'static str];

    fn row(&self) -> Vec<String>;

    fn facts(&self, ui: &Ui) -> Facts;
}

impl EntityView for Task {
    const HEADING: &'static [&'static str] = &["NAME", "VERSION", "TYPE", "CREATED"];

    fn row(&self) -> Vec<String> {
        let template = details::template(self);
        let closure = self.closure.as_ref();
        let created = closure.and_then(|closure| closure.created_at.as_ref());
        let kind = template.map(|template| template.r#type.as_str()).unwrap_or_default();
        [name_and_version(self), vec![show::or_nothing(kind), show::time::moment(created)]].concat()
    }

    fn facts(&self, _ui: &Ui) -> Facts {
        details::task(self)
    }
}

impl EntityView for Workflow {
    const HEADING: &'static [&'static str] = &["NAME", "VERSION", "CREATED"];

    fn row(&self) -> Vec<String> {
        let created = self.closure.as_ref().and_then(|closure| closure.created_at.as_ref());
        [name_and_version(self), vec![show::time::moment(created)]].concat()
    }

    fn facts(&self, _ui: &Ui) -> Facts {
        details::workflow(self)
    }
}

impl EntityView for LaunchPlan {
    const HEADING: &'static [&'static str] = &["NAME", "VERSION", "STATE", "WORKFLOW", "SCHEDULE", "CREATED"];

    fn row(&self) -> Vec<String> {
        let closure = self.closure.as_ref();
        let spec = self.spec.as_ref();
        let workflow = spec.and_then(|spec| spec.workflow_id.as_ref());
        let workflow = workflow.map(|id| format!("{}:{}", id.name, id.version)).unwrap_or_default();
        let created = closure.and_then(|closure| closure.created_at.as_ref());
        let own = vec![
            closure.map(|closure| closure.state().as_str_name().to_owned()).unwrap_or_default(),
            show::or_nothing(&workflow),
            show::or_nothing(&details::schedule(self)),
            show::time::moment(created),
        ];
        [name_and_version(self), own].concat()
    }

    fn facts(&self, ui: &Ui) -> Facts {
        details::launch_plan(ui, self)
    }
}

fn name_and_version(entity: &impl Entity) -> Vec<String> {
    let id = entity.id().cloned().unwrap_or_default();
    vec![id.name, id.version]
}

/// Lists entities, or shows one.
pub(super) async fn run<E: EntityView>(args: &EntityArgs, context: &Context<'_>) -> Result<(), CommandError> {
    match &args.name {
        Some(name) if !args.versions => {
            show_one::<E>(&name.with_version(args.version.as_ref())?, context).await
        }
        _ => {
            let ui = context.ui;
            let query = args.list.query(E::KIND, false)?;
            let session = context.session()?;
            let found = list_entities::<E>(args, &query, &session).await?;
            print(&found, args, ui, &session)
        }
    }
}

/// Lists workflows, or shows one.
pub(super) async fn workflows(args: &WorkflowArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let EntityArgs { name, version, versions, .. } = &args.entity;
    match (args.output, name) {
        (Some(OutputArg::Dot), Some(name)) if !versions => {
            print_graph(&name.with_version(version.as_ref())?, context).await
        }
        (Some(OutputArg::Dot), _) => {
            Err(CommandError::new(Exit::Usage, "`-o dot` is for `get workflow NAME` only"))
        }
        _ => run::<Workflow>(&args.entity, context).await,
    }
}

async fn print_graph(wanted: &VersionedName, context: &Context<'_>) -> Result<(), CommandError> {
    let session = context.session()?;
    let workflow: Workflow = entity::find(&session, wanted).await?;
    let closure = workflow.closure.and_then(|closure| closure.compiled_workflow).unwrap_or_default();
    context.ui.print(graph::dot(&closure))
}

/// Lists launch plans, or shows one.
pub(super) async fn launch_plans(args: &LaunchPlanArgs, context: &Context<'_>) -> Result<(), CommandError> {
    if !args.active_only {
        return run::<LaunchPlan>(&args.entity, context).await;
    }
    if args.entity.name.is_some() {
        return Err(CommandError::new(
            Exit::Usage,
            "cannot use `--active-only` with the name of a launch plan",
        ));
    }
    let ui = context.ui;
    let query = args.entity.list.query(LaunchPlan::KIND, false)?;
    let session = context.session()?;
    let id = list::named(session.project(), session.domain(), "");
    // `ListActiveLaunchPlans` takes no filter.
    let found = if query.filter == list::Filter::default() {
        list::active_launch_plans(&session.client, &id, &query).await?
    } else {
        let active = list::Filter::parse(LaunchPlan::KIND, "state=active").unwrap_or_default();
        let query = list::Query { filter: query.filter.and(active), ..query };
        list::launch_plans(&session.client, &id, &query, |_| true).await?
    };
    if found.is_empty() {
        scope::check(&session).await?;
    }
    print(&found, &args.entity, ui, &session)
}

async fn list_entities<E: EntityView>(
    args: &EntityArgs,
    query: &list::Query,
    session: &Session,
) -> Result<Vec<E>, CommandError> {
    let name = args.name.as_ref().map(|name| name.name.as_str()).unwrap_or_default();
    let id = list::named(session.project(), session.domain(), name);
    let mut seen = BTreeSet::new();
    let keep =
        |entity: &E| !args.latest || seen.insert(entity.id().map(|id| id.name.clone()).unwrap_or_default());
    let found = E::list(&session.client, &id, query, keep).await?;
    match &args.name {
        _ if !found.is_empty() => {}
        Some(name) if !args.list.has_filter() => {
            return Err(not_found::failure(session, &[E::KIND], name, not_found::show_hint).await);
        }
        _ => scope::check(session).await?,
    }
    Ok(found)
}

fn print<E: EntityView>(
    found: &[E],
    args: &EntityArgs,
    ui: &Ui,
    session: &Session,
) -> Result<(), CommandError> {
    match ui.format() {
        Format::Table => {
            if !found.is_empty() {
                ui.table(E::HEADING, found.iter().map(E::row))?;
            }
            let kind = E::KIND.name();
            let what = match &args.name {
                Some(name) => format!("no versions of {kind} `{}`", name.name),
                None => format!("no {kind}s"),
            };
            let scope = format!("in project `{}`, domain `{}`", session.project(), session.domain());
            args.list.note_count(ui, found.len(), &format!("{what} {scope}"));
            Ok(())
        }
        Format::Name => ui.names(found.iter().map(E::versioned_name)),
        Format::Json | Format::Yaml => ui.messages(found),
    }
}

async fn show_one<E: EntityView>(wanted: &VersionedName, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let found: E = entity::find(&session, wanted).await?;
    match ui.format() {
        Format::Table => ui.print(found.facts(ui).render()),
        Format::Name => ui.names([found.versioned_name()]),
        Format::Json | Format::Yaml => ui.message(&found),
    }
}
