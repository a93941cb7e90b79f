//! `sandbox status`: whether the sandbox is being served, its open executions and its size.

use std::{fs, io, path::Path};

use sandbox::{
    EngineStart, Sandbox,
    server::{RunningServer, running_server},
};
use serde_json::json;

use crate::{
    flyte::session,
    ui::{
        error::CommandError,
        exit_code::Exit,
        output::{Format, Ui},
    },
};

/// Runs `sandbox status`.
pub(super) fn run(ui: &Ui, root: &Path) -> Result<(), CommandError> {
    let server = running_server(root);
    let (open, bytes) = match root.join("sandbox.db").exists() {
        true => content(root)?,
        false => (0, 0),
    };
    match ui.format() {
        Format::Table => {
            let served = server.map_or_else(
                || "no".to_owned(),
                |RunningServer { pid, address }| format!("on `{address}` by process {pid}"),
            );
            let rows = [
                ["folder".to_owned(), root.display().to_string()],
                ["served".to_owned(), served],
                ["open executions".to_owned(), open.to_string()],
                ["size".to_owned(), flyte_text::size(bytes)],
            ];
            ui.table(&["FACT", "VALUE"], rows.map(Vec::from))
        }
        Format::Name => ui.print(server.map(|server| format!("{}\n", server.address)).unwrap_or_default()),
        Format::Json | Format::Yaml => ui.structured(&json!({
            "folder": root,
            "running": server.is_some(),
            "endpoint": server.map(|server| server.address),
            "pid": server.map(|server| server.pid),
            "openExecutions": open,
            "bytes": bytes,
        })),
    }
}

/// How many executions are open, and the size in bytes.
fn content(root: &Path) -> Result<(usize, u64), CommandError> {
    let options = sandbox::SandboxOptions { root: root.to_owned(), engine: EngineStart::External };
    let open = Sandbox::open(&options).and_then(|sandbox| sandbox.open_executions());
    let open = open.map_err(session::sandbox_open_failure)?;
    let bytes = size(root).map_err(|error| {
        CommandError::new(Exit::Failed, format!("could not read `{}`", root.display())).caused_by(error)
    })?;
    Ok((open, bytes))
}

/// The size of all files below a folder. Files that are deleted meanwhile do not count.
fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = match entry.metadata() {
            Ok(what) if what.is_dir() => size(&entry.path()),
            Ok(what) => Ok(what.len()),
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => bytes += found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}
