//! `fetch`: downloads inputs and outputs of executions.

mod source;
mod write;

use std::path::PathBuf;

use clap::Args;
use flyte_client::{literal::natural_order, proto::core::LiteralMap};

use crate::ui::{error::CommandError, exit_code::Exit};
use crate::{context::Context, flyte::values};
use source::SourceArgs;

/// Download an execution's outputs or inputs
///
/// SOURCE is the name of an execution, or an address such as `flyte://v1/PROJECT/DOMAIN/EXECUTION/NODE/o`, as
/// shown by the console. Without DIR, the values are printed. With DIR, files, folders and tables are written
/// to the folder DIR/NAME under their own names, structures, lists and maps to DIR/NAME.json, and other
/// values to DIR/NAME.txt. Existing files are not overwritten without `--force`.
///
/// Folders, and tables of several files, are read with your own keys for the object store: those of
/// flytekit's configuration (`FLYTE_AWS_ACCESS_KEY_ID`, `storage.connection`), else the provider's own
/// (`AWS_PROFILE`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME`).
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        flyte-host fetch a4d8pz5d6mxzq2hwbvc7\n  \
        flyte-host fetch a4d8pz5d6mxzq2hwbvc7 --node n0 --value model out/\n  \
        flyte-host fetch flyte://v1/flytesnacks/development/a4d8pz5d6mxzq2hwbvc7/n0/o out/ --recursive"
)]
pub(crate) struct FetchArgs {
    #[command(flatten)]
    from: SourceArgs,

    /// Folder to write to [default: print the values]
    dir: Option<PathBuf>,

    /// Download only this value
    // `--output` is the global option for the format.
    #[arg(long = "value", value_name = "NAME")]
    value: Option<String>,

    /// Overwrite existing files
    #[arg(long, requires = "dir")]
    force: bool,

    /// Write each item of lists and maps to its own file or folder
    #[arg(short, long, requires = "dir")]
    recursive: bool,
}

/// Runs `fetch`.
///
/// # Errors
///
/// A missing execution or value, a download or write that failed.
pub(crate) async fn run(args: &FetchArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let all = args.from.read(&session).await?;
    let values = select_value(all, args.value.as_deref())?;
    match &args.dir {
        None => values::print(ui, &values),
        Some(dir) => {
            let mut writer = write::Writer::new(&session, args.recursive, args.force);
            write(&mut writer, &values, dir).await;
            let report = writer.report;
            report.print(ui)?;
            report.note_count(ui, dir);
            report.result()
        }
    }
}

async fn write(writer: &mut write::Writer<'_>, values: &LiteralMap, dir: &std::path::Path) {
    let mut values: Vec<_> = values.literals.iter().collect();
    values.sort_by(|(a, _), (b, _)| natural_order(a, b));
    for (name, literal) in values {
        writer.value(name, literal, dir).await;
    }
}

/// The value of `--value`, or all.
fn select_value(mut all: LiteralMap, name: Option<&str>) -> Result<LiteralMap, CommandError> {
    let Some(name) = name else { return Ok(all) };
    match all.literals.remove_entry(name) {
        Some(entry) => Ok(LiteralMap { literals: [entry].into_iter().collect() }),
        None => {
            let mut known: Vec<_> = all.literals.keys().map(|name| format!("`{name}`")).collect();
            known.sort_by(|a, b| natural_order(a, b));
            let failure = CommandError::new(Exit::Failed, format!("value `{name}` not found"));
            Err(match known.as_slice() {
                [] => failure.caused_by("there are no values"),
                known => failure.hint(format!("choose one of {}", known.join(", "))),
            })
        }
    }
}
