//! `get executions`.

use clap::{Args, builder::NonEmptyStringValueParser};
use flyte_client::{
    list::{self, ColumnKind},
    proto::admin::Execution,
    watch::whole,
};

use super::query::ListArgs;
use crate::{
    context::Context,
    flyte::{execution, scope},
    ui::{error::CommandError, output::Format, show::time},
};

#[derive(Args, Debug)]
pub(super) struct ExecutionsArgs {
    /// Execution to show [default: list all]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,

    #[command(flatten)]
    list: ListArgs,
}

/// Lists executions, or shows one.
pub(super) async fn executions(args: &ExecutionsArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    if let Some(name) = &args.name {
        let session = context.session()?;
        let execution = execution::read(&session, name).await?;
        return execution::print(ui, &execution);
    }
    let query = args.list.query(ColumnKind::Execution, false)?;
    let session = context.session()?;
    let id = list::named(session.project(), session.domain(), "");
    let found = list::executions(&session.client, &id, &query).await?;
    if found.is_empty() {
        scope::check(&session).await?;
    }
    match ui.format() {
        Format::Table => {
            if !found.is_empty() {
                ui.table(&["NAME", "PHASE", "RUNS", "CREATED", "DURATION"], found.iter().map(row))?;
            }
            let scope = format!("in project `{}`, domain `{}`", session.project(), session.domain());
            args.list.note_count(ui, found.len(), &format!("no executions {scope}"));
            Ok(())
        }
        Format::Name => ui.names(found.into_iter().filter_map(|execution| Some(execution.id?.name))),
        Format::Json | Format::Yaml => ui.messages(&whole::executions(&session.client, found).await?),
    }
}

fn row(execution: &Execution) -> Vec<String> {
    let closure = execution.closure.clone().unwrap_or_default();
    vec![
        execution.id.as_ref().map(|id| id.name.clone()).unwrap_or_default(),
        closure.phase().as_str_name().to_owned(),
        execution::runs(execution),
        time::moment(closure.created_at.as_ref()),
        time::duration(closure.duration.as_ref()),
    ]
}
