//! `man`: manual pages of all commands, those of plugins included.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use clap_mangen::Man;

use crate::{
    command_tree::Tree,
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};

/// Print the manual page, or write the pages of all commands
///
/// Commands of plugins have pages as well.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  flyte-host man | man -l -
  flyte-host man --out-dir ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
}

/// A page and its file name.
struct Page {
    file: String,
    text: Vec<u8>,
}

/// Runs `man`.
///
/// # Errors
///
/// A folder that cannot be written to; a closed output.
pub(crate) fn run(args: &ManArgs, ui: &Ui, tree: &Tree) -> Result<(), CommandError> {
    // The long version lists the plugins in several lines, too many for the header of a page.
    let mut command = tree.command().clone().version(env!("CARGO_PKG_VERSION")).disable_help_subcommand(true);
    command.build();
    match &args.out_dir {
        None => ui.print_exact(&String::from_utf8_lossy(&page(&command).text)),
        Some(folder) => {
            let mut pages = Vec::new();
            collect(&command, &mut pages);
            write(folder, &pages).map_err(|error| {
                CommandError::new(
                    Exit::Failed,
                    format_args!("could not write manual pages to `{}`", folder.display()),
                )
                .caused_by(error)
            })?;
            ui.note(format_args!("wrote {} pages to `{}`\n", pages.len(), folder.display()));
            Ok(())
        }
    }
}

fn collect(command: &clap::Command, pages: &mut Vec<Page>) {
    pages.push(page(command));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        collect(below, pages);
    }
}

fn page(command: &clap::Command) -> Page {
    let man =
        Man::new(command.clone()).source(concat!("flyte-host ", env!("CARGO_PKG_VERSION"))).manual("Flyte");
    let mut text = Vec::new();
    // Writing into memory does not fail.
    let _ = man.render(&mut text);
    Page { file: man.get_filename(), text }
}

fn write(folder: &Path, pages: &[Page]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    pages.iter().try_for_each(|page| fs::write(folder.join(&page.file), &page.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_visible_command_has_a_page() {
        let tree = Tree::new(
            clap::Command::new("flyte-host")
                .about("A Flyte command line")
                .subcommand(
                    clap::Command::new("group")
                        .about("A group")
                        .subcommand(clap::Command::new("leaf").about("A leaf")),
                )
                .subcommand(clap::Command::new("secret").hide(true)),
        );
        let folder = tempfile::tempdir().unwrap();
        run(&ManArgs { out_dir: Some(folder.path().to_path_buf()) }, &Ui::captured(), &tree).unwrap();
        let mut files: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, ["flyte-host-group-leaf.1", "flyte-host-group.1", "flyte-host.1"]);
        let leaf = fs::read_to_string(folder.path().join("flyte-host-group-leaf.1")).unwrap();
        assert!(leaf.lines().any(|line| line == r"flyte\-host\-group\-leaf \- A leaf"), "{leaf}");
    }
}
