//! `upload`: files and folders to Flyte's object store.

use std::path::PathBuf;

use clap::Args;
use flyte_client::data::bucket::Buckets;
use serde_json::json;

use crate::ui::{error::CommandError, output::Format};
use crate::{context::Context, flyte::transfer};

/// Upload files and folders to Flyte's object store
///
/// Prints the URI of each, for use as an input. The server chooses the location and verifies the MD5 of the
/// content. All files of a folder are uploaded, hidden ones such as `.DS_Store` included; links are followed.
/// `--to` uploads below a URI of your choice, with your own keys for that bucket.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  flyte-host upload data.csv\n  flyte-host upload images/ -o json\n  \
        flyte-host upload data.csv --to s3://bucket/prefix/"
)]
pub(crate) struct UploadArgs {
    /// Files or folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Upload below this `s3://`, `gs://` or `abfs://` URI, with your own keys
    #[arg(long, value_name = "URI", value_parser = bucket_uri)]
    to: Option<String>,
}

fn bucket_uri(text: &str) -> Result<String, String> {
    match Buckets::knows(text) {
        true => Ok(text.to_owned()),
        false => Err("expected a URI such as `s3://BUCKET/PREFIX/`, `gs://…` or `abfs://…`".to_owned()),
    }
}

/// Runs `upload`.
///
/// # Errors
///
/// A file that cannot be read or uploaded. URIs of earlier files were printed, except with `-o json` and `-o
/// yaml`.
pub(crate) async fn run(args: &UploadArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    for file in &args.files {
        transfer::check(file, None)?;
    }
    let mut uploaded = Vec::new();
    for file in &args.files {
        let uri = match &args.to {
            None => transfer::upload(&session, file, None).await?,
            Some(to) => transfer::upload_to(&session, file, to).await?,
        };
        match ui.format() {
            Format::Table | Format::Name => ui.names([uri])?,
            Format::Json | Format::Yaml => {
                uploaded.push(json!({ "file": file.display().to_string(), "uri": uri }))
            }
        }
    }
    match ui.format() {
        Format::Table | Format::Name => Ok(()),
        Format::Json | Format::Yaml => ui.structured(&uploaded.into()),
    }
}
