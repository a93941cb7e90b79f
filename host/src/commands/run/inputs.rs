//! Inputs of an execution: from the command line and from files.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Args;
use flyte_client::{
    documents,
    literal::{self, inputs::GivenInput},
    plain_text,
    proto::core::LiteralMap,
    proto::path::FieldPath,
};
use serde_json::{Map, Value};

use crate::ui::{error::CommandError, exit_code::Exit};
use crate::{
    flyte::{session::Session, transfer},
    ui::pair::{check_given_once, pair},
};

/// Inputs of an execution.
#[derive(Args, Debug)]
#[command(next_help_heading = "Inputs")]
pub(super) struct InputArgs {
    /// Value of an input (repeatable)
    ///
    /// A list or map (`[1, 2]`, `{a: 1}`) is parsed as in an inputs file. For a union, a type that accepts
    /// the list or map takes precedence over a string or a file address; otherwise the type that accepts the
    /// fewest values does.
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = pair)]
    input: Vec<(String, String)>,

    /// YAML or JSON file with a map of inputs, or `-` for standard input; `--input` takes precedence
    #[arg(long, value_name = "FILE")]
    inputs_file: Option<PathBuf>,
}

impl InputArgs {
    /// The inputs of the file, then those of `--input`.
    pub(super) fn read(&self) -> Result<Vec<(String, GivenInput)>, CommandError> {
        check_given_once("--input", &self.input)?;
        let mut given = Vec::new();
        if let Some(file) = &self.inputs_file {
            given.extend(read_file(file)?.into_iter().map(|(name, value)| (name, GivenInput::Json(value))));
        }
        given.extend(self.input.iter().map(|(name, text)| (name.clone(), GivenInput::Text(text.clone()))));
        Ok(given)
    }
}

fn read_file(file: &Path) -> Result<Map<String, Value>, CommandError> {
    let (name, bytes) = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        ("the standard input".to_owned(), std::io::stdin().read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (format!("`{}`", file.display()), fs::read(file))
    };
    let unreadable = |cause: String| {
        CommandError::new(Exit::Failed, format!("could not read the inputs from {name}")).caused_by(cause)
    };
    let text = bytes
        .and_then(|bytes| plain_text::from_bytes(&bytes))
        .map_err(|error| unreadable(error.to_string()))?;
    let only_json = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    // YAML in a `.json` file is accepted; for text that is neither, the JSON error is more precise.
    let value = documents::parse_one(&text, only_json).or_else(|error| match only_json {
        true => documents::parse_one(&text, false).map_err(|_| error),
        false => Err(error),
    });
    match value.map_err(unreadable)? {
        Some(value) if documents::number::written(&value).is_some() => Err(unreadable(NOT_A_MAP.to_owned())),
        Some(Value::Object(map)) => Ok(map),
        Some(Value::Null) | None => Ok(Map::new()),
        Some(_) => Err(unreadable(NOT_A_MAP.to_owned())),
    }
}

const NOT_A_MAP: &str = "expected a map of names to values";

/// Uploads local files and folders among the inputs, after checking that all of them exist.
pub(in crate::commands) async fn upload(
    session: &Session,
    inputs: &mut LiteralMap,
) -> Result<(), CommandError> {
    let files = literal::local_files(inputs);
    for file in &files {
        transfer::check(file.path(), file.folder).map_err(|failure| input_failure(&file.at, failure))?;
    }
    for file in files {
        let uploaded = transfer::upload(session, file.path(), file.folder).await;
        *file.uri = uploaded.map_err(|failure| input_failure(&file.at, failure))?;
    }
    Ok(())
}

/// What could not be done, to which file, why.
fn input_failure(at: &FieldPath, failure: CommandError) -> CommandError {
    failure.context(format!("could not upload input `{at}`"))
}
