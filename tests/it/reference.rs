//! The reference in `docs/src/reference` is what the program says of itself. After a change, write it anew
//! with
//! `cargo xtask docs`.

mod command;

use std::path::Path;

use clap::CommandFactory as _;
use flyte_client::config::documented_keys;
use flyte_host::{app::args::Cli, check_code::CODES, env, settings, ui::exit_code::Exit};
use snapbox::{Data, assert_data_eq, data::DataFormat};

/// Compares a page with what it should be, or writes it if `SNAPSHOTS` is `overwrite`.
fn check(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference").join(page);
    let text = format!("<!-- Written by `cargo xtask docs` from the program; do not edit. -->\n\n{text}");
    assert_data_eq!(text, Data::read_from(&path, Some(DataFormat::Text)).raw());
}

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// `text` as code, or nothing.
fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = head.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    let rows = rows.into_iter().map(|row| line(row.iter().map(|text| cell(text)).collect()));
    line(head) + &rule + &rows.collect::<String>()
}

#[test]
fn commands() {
    let mut cli = Cli::command();
    cli.build();
    let mut text = "# Commands\n\nPlugins may add commands and options; `flyte-host --help` shows them.\n\n\
                    - [Global options](#global-options)\n"
        .to_owned();
    command::contents(&cli, "", &mut text);
    text += "\n## Global options\n\n";
    command::options(cli.get_arguments().filter(|arg| command::is_global(arg)), &mut text);
    command::page(&cli, "", &mut text);
    check("commands.md", &text);
}

#[test]
fn exit_codes() {
    let rows = Exit::ALL.iter().map(|exit| vec![exit.code().to_string(), exit.meaning().to_owned()]);
    let text = format!(
        "# Exit codes\n\n{}\nA command of a plugin may end with a code of its own.\n",
        table(&["Exit code", "Meaning"], rows)
    );
    check("exit-codes.md", &text);
}

#[test]
fn check_codes() {
    let row = |code: &flyte_host::check_code::Code| {
        let texts = [code.level.name(), code.why, code.remedy].map(str::to_owned);
        [vec![format!("`{}`", code.name)], texts.to_vec()].concat()
    };
    let text = format!(
        "# Findings of `plugin check`\n\n\
         The codes do not change. An error ends `flyte-host plugin check` with exit code 11; `--strict` makes\n\
         each warning an error. What the check does: [Checking a plugin](../plugins/checking.md).\n\n{}",
        table(&["Code", "Level", "Why it matters", "Remedy"], CODES.iter().map(row))
    );
    check("check-codes.md", &text);
}

#[test]
fn variables() {
    let names = |names: &[&str]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    let ours = env::DOCUMENTED.iter().map(|doc| vec![names(doc.names), doc.meaning.to_owned()]);
    let text = format!(
        "# Environment variables\n\n{}\n\
         An empty variable counts as unset. `FLYTE_PLUGIN` and `FLYTE_PLUGIN_PATH` are ignored in a process\n\
         with more rights than its user (setuid).\n\n\
         Each key of the [Flyte configuration](settings.md#flyte-configuration) has a variable as well.\n",
        table(&["Variable", "Meaning"], ours)
    );
    check("variables.md", &text);
}

#[test]
fn settings_and_configuration() {
    let ours = settings::DOCUMENTED.iter();
    let ours = ours.map(|doc| vec![code(doc.key), code(doc.default), doc.meaning.to_owned()]);
    let keys = documented_keys();
    let keys = keys
        .iter()
        .map(|key| vec![code(key.yaml.unwrap_or_default()), code(&key.variable), key.meaning.to_owned()]);
    let text = format!(
        "# Settings\n\n## `~/.flyte/host.toml`\n\nUnknown keys are errors.\n\n{}\n\
         ## Flyte configuration\n\n\
         Shared with `pyflyte` and `flytectl`, in `~/.flyte/config.yaml`. A variable precedes the file. In\n\
         an INI file, `FLYTE_SECTION_OPTION` is the key `option` of `[section]`.\n\n{}",
        table(&["Key", "Default", "Meaning"], ours),
        table(&["Key", "Variable", "Meaning"], keys)
    );
    check("settings.md", &text);
}
