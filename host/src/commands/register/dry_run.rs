//! `register --dry-run`: prints entities as a table or documents, or writes them as files.

use std::path::Path;

use flyte_client::register::{
    Entity, RegisterItem,
    render::{self, TextFormat},
};

use crate::{
    global::OutputArg,
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};

pub(super) fn write(
    ui: &Ui,
    output: OutputArg,
    folder: Option<&Path>,
    entries: &[RegisterItem],
) -> Result<(), CommandError> {
    let entities = || entries.iter().map(|entry| &entry.entity);
    let failed = |error: render::WriteError| CommandError::from_error(Exit::Failed, error);
    match output {
        OutputArg::Json => ui.print_json(&render::text(entities(), TextFormat::Json).map_err(failed)?),
        OutputArg::Yaml => ui.print_exact(&render::text(entities(), TextFormat::Yaml).map_err(failed)?),
        OutputArg::Name => {
            ui.print(entities().map(|entity| format!("{}\n", name(entity))).collect::<String>())
        }
        OutputArg::Dot | OutputArg::Table => {
            ui.table(&["KIND", "NAME", "VERSION", "SOURCE"], entries.iter().map(row))
        }
        OutputArg::Pb => {
            let folder = folder.expect("`check_output` asked for it");
            let files = render::files(entries, folder).map_err(failed)?;
            ui.print(files.iter().map(|file| format!("{}\n", file.display())).collect::<String>())
        }
    }
}

/// The name of an entity, for messages.
pub(super) fn name(entity: &Entity) -> &str {
    entity.id().map_or("-", |id| id.name.as_str())
}

/// The version of an entity, for tables.
pub(super) fn version(entity: &Entity) -> String {
    let version = entity.id().map(|id| id.version.clone()).filter(|version| !version.is_empty());
    version.unwrap_or_else(|| "-".to_owned())
}

fn row(entry: &RegisterItem) -> Vec<String> {
    let entity = &entry.entity;
    vec![entity.kind().to_string(), name(entity).to_owned(), version(entity), entry.source.to_string()]
}
