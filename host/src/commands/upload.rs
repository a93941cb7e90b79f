//! `upload`: files and folders to Flyte's object store.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Context, show, transfer};
use crate::cli::{
    output::{self, Format},
    report::Failure,
};

/// Upload files and folders to Flyte's object store
///
/// Prints the URI of each, which can be the value of an input. The server says where they go, and checks
/// their contents by MD5. Links within folders are passed over.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  flyte-host upload data.csv\n  flyte-host upload images/ -o json"
)]
pub struct UploadArgs {
    /// Files or folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Runs `upload`.
///
/// # Errors
///
/// When something cannot be read or uploaded. What was uploaded before that was printed, unless as JSON or YAML.
pub fn run(args: &UploadArgs, context: &Context<'_>) -> Result<(), Failure> {
    let format = context.global.output.format()?;
    let session = context.session()?;
    let mut uploaded = Vec::new();
    for file in &args.files {
        let uri = session.block_on(transfer::upload(&session, file, None))?;
        match format {
            Format::Table | Format::Name => show::names([uri])?,
            Format::Json | Format::Yaml => {
                uploaded.push(json!({ "file": file.display().to_string(), "uri": uri }))
            }
        }
    }
    match format {
        Format::Table | Format::Name => Ok(()),
        format => output::structured(format, &uploaded.into()),
    }
}
