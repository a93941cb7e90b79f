//! Options, commands, variables, exit codes and files that the documentation names exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clap::{CommandFactory as _, error::ErrorKind};
use flyte_host::{app::args::Cli, ui::exit_code::Exit};
use regex::Regex;

use crate::markdown::{Content, pages, pieces};

/// Programs whose options are not ours; `--cfg` is one of rustc's.
const OTHERS: [&str; 9] = ["--cfg", "cargo", "cp", "curl", "flytectl", "mkdir", "pip", "pyflyte", "tar"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The code in a text, a span or a line of a block each.
fn code(text: &str) -> Vec<String> {
    let found = pieces(text).into_iter().flat_map(|piece| match piece.content {
        Content::Span(text) => vec![text],
        Content::Block { text, .. } => text.lines().map(str::to_owned).collect(),
        Content::Comment(_) => Vec::new(),
    });
    found.collect()
}

/// README, ARCHITECTURE and the pages of the book that are written by hand.
fn files_for_readers() -> Vec<String> {
    let pages = pages(&workspace()).into_iter().filter(|page| !page.starts_with("docs/src/reference"));
    let files = pages.chain([PathBuf::from("ARCHITECTURE.md")]);
    files.map(|file| fs::read_to_string(workspace().join(file)).unwrap()).collect()
}

/// The code in README, the book, ARCHITECTURE and the documentation for authors of plugins, and the help
/// texts of all commands with the code in them.
fn documentation() -> Vec<String> {
    let mut files = files_for_readers();
    files.extend(for_authors());
    let mut found: Vec<_> = files.iter().flat_map(|text| code(text)).collect();
    every(&Cli::command(), &mut |command| {
        let texts = [command.get_about(), command.get_long_about(), command.get_after_help()];
        let mut texts: Vec<_> = texts.into_iter().flatten().map(ToString::to_string).collect();
        let of_arguments = command.get_arguments();
        texts.extend(
            of_arguments
                .flat_map(|arg| [arg.get_help(), arg.get_long_help()])
                .flatten()
                .map(ToString::to_string),
        );
        found.extend(texts.iter().flat_map(|text| code(text)));
    });
    found
}

fn every(command: &clap::Command, look: &mut impl FnMut(&clap::Command)) {
    look(command);
    command.get_subcommands().for_each(|below| every(below, look));
}

/// The long names of all options.
fn options() -> BTreeSet<String> {
    let mut names = BTreeSet::from(["--help".to_owned()]);
    every(&Cli::command(), &mut |command| {
        for arg in command.get_arguments() {
            let aliases = arg.get_all_aliases().unwrap_or_default();
            names.extend(arg.get_long().into_iter().chain(aliases).map(|name| format!("--{name}")));
        }
    });
    names
}

/// Whether a line of code is about another program.
fn is_of_another(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| word.contains('=') || *word == "$");
    words.next().is_some_and(|word| OTHERS.contains(&word))
}

fn all(pattern: &str, text: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn options_are_there() {
    let there = options();
    let ours = documentation().into_iter().filter(|line| !is_of_another(line));
    let named: BTreeSet<_> = ours.flat_map(|line| all(r"(?:^|[\s(])(--[a-z][a-z0-9-]+)", &line)).collect();
    assert!(named.contains("--dry-run") && named.len() > 20, "{named:?}");
    let missing: Vec<_> = named.difference(&there).collect();
    assert!(missing.is_empty(), "these options are named, and are not there: {missing:?}");
}

/// The words of the first command of a line, without what stands for something else: `[GATE]` may be left
/// out, `…` is more of the same.
fn plain_words(line: &str) -> Option<Vec<String>> {
    let words = shlex::split(line)?.into_iter().skip_while(|word| word.contains('='));
    let words = words.take_while(|word| !["|", ">", ">>", ";", "&&"].contains(&word.as_str()));
    let words = words.filter(|word| !word.starts_with('[')).map(|word| word.replace('…', ""));
    Some(words.filter(|word| !word.is_empty()).collect())
}

#[test]
fn commands_are_understood() {
    let is_ours = |line: &String| Regex::new(r"^(\$ )?(\S+=\S* )*flyte-host ").unwrap().is_match(line);
    let mut count = 0;
    for line in documentation().into_iter().filter(is_ours) {
        let words = plain_words(line.trim_start_matches("$ ")).unwrap_or_else(|| panic!("`{line}`"));
        if let Err(error) = Cli::command().try_get_matches_from(&words) {
            assert!(
                is_named_only(&error, &words) || is_of_a_plugin(&words),
                "`{line}` is not understood: {error}"
            );
        }
        count += 1;
    }
    assert!(count > 50, "{count}");
}

/// Whether a command is named without its arguments, perhaps with an option, or its help is asked for.
fn is_named_only(error: &clap::Error, words: &[String]) -> bool {
    match error.kind() {
        ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => true,
        ErrorKind::MissingRequiredArgument => {
            let cli = Cli::command();
            let mut command = &cli;
            words.iter().skip(1).all(|word| {
                let below = command.find_subcommand(word);
                command = below.unwrap_or(command);
                below.is_some() || word.starts_with("--")
            })
        }
        _ => false,
    }
}

/// Whether the command is one that the plugins of the pages add.
fn is_of_a_plugin(words: &[String]) -> bool {
    words.get(1).is_some_and(|word| word == "hello")
}

#[test]
fn subcommands_are_there() {
    let cli = Cli::command();
    for line in documentation() {
        let mut command = &cli;
        let words = line.split_whitespace().skip_while(|word| *word == "flyte-host");
        let words =
            words.take_while(|word| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'));
        for word in words {
            match command.find_subcommand(word) {
                Some(below) => command = below,
                None if command.get_name() == cli.get_name() || !command.has_subcommands() => break,
                None => panic!("`{line}` names `{word}`, which `{}` does not have", command.get_name()),
            }
        }
    }
}

/// All Rust files of crates.
fn sources(crates: &[&str]) -> Vec<String> {
    let mut open: Vec<_> = crates.iter().map(|name| workspace().join(name).join("src")).collect();
    let mut texts = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
    texts
}

/// The documentation in the source that authors of plugins read, a file each.
fn for_authors() -> Vec<String> {
    let documented = |text: &String| {
        let lines = text.lines().map(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("//!").or_else(|| line.strip_prefix("///")).unwrap_or_default();
            format!("{}\n", line.strip_prefix(' ').unwrap_or(line))
        });
        lines.collect()
    };
    sources(&["plugin-abi", "plugin-client", "sample-plugin"]).iter().map(documented).collect()
}

/// Examples in Rust are run by `cargo test --doc`; other commands belong in the book, whose pages `docs`
/// runs.
#[test]
fn documentation_for_authors_has_no_commands_that_nothing_runs() {
    let shells = ["bash", "console", "sh", "shell", "text"];
    for text in for_authors() {
        for piece in pieces(&text) {
            let Content::Block { kind, text } = piece.content else { continue };
            assert!(
                !shells.contains(&kind.as_str()),
                "write these commands into a page of the book, or run them: {text}"
            );
        }
    }
}

#[test]
fn variables_are_read() {
    let sources =
        sources(&["auth", "flyte-client", "host", "host-settings", "plugin-abi", "sandbox"]).concat();
    let header = include_str!("../../plugin-abi/c/include/flyte_plugin.h");
    let named: BTreeSet<_> = documentation()
        .iter()
        .flat_map(|line| all(r"(?:^|[\s(])(FLYTE_[A-Z0-9_]+)(?:$|[^A-Z0-9_*…])", line))
        .collect();
    assert!(named.contains("FLYTE_PLUGIN") && named.len() > 15, "{named:?}");
    let is_read = |name: &String| {
        // Of Flyte's configuration: `FLYTE_`, the section, `_`, the option.
        let lower = name.trim_start_matches("FLYTE_").to_lowercase();
        let entry = lower.match_indices('_').any(|(at, _)| {
            let (section, option) = (&lower[..at], &lower[at + 1..]);
            sources.contains(&format!("\"{section}\", \"{option}\""))
        });
        let of_c = header.contains(&format!("#define {name} "));
        entry || of_c || sources.contains(&format!("\"{name}\""))
    };
    let missing: Vec<_> = named.iter().filter(|name| !is_read(name)).collect();
    assert!(missing.is_empty(), "these variables are named, and nothing reads them: {missing:?}");
}

#[test]
fn exit_codes_are_there() {
    let there: BTreeSet<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
    let texts = documentation().concat() + &files_for_readers().concat();
    let named = all(r"exit(?:s with| code)? (\d+)", &texts);
    assert!(named.len() > 5, "{named:?}");
    for code in named {
        assert!(there.contains(&code.parse().unwrap()), "exit code {code} is named, and does not exist");
    }
}

#[test]
fn folders_are_those_of_the_program() {
    let sources = sources(&["auth", "flyte-client", "host", "plugin-abi", "sandbox"]).concat();
    let text = files_for_readers().concat();
    let path = Regex::new(r"^(~|/usr)/[\w./-]+$").unwrap();
    let named: BTreeSet<_> = code(&text).into_iter().filter(|span| path.is_match(span)).collect();
    assert!(named.len() > 4, "{named:?}");
    // `~/.aws` is the S3 library's.
    for path in named.iter().filter(|path| *path != "~/.aws") {
        for part in path.split('/').filter(|part| !matches!(*part, "" | "~" | "usr" | "local" | "lib")) {
            assert!(
                sources.contains(part),
                "`{path}` is named, but nothing in the program is called `{part}`"
            );
        }
    }
}

/// All files of the workspace, as paths below it.
fn files() -> Vec<String> {
    let listed = std::process::Command::new("git").arg("ls-files").current_dir(workspace()).output().unwrap();
    String::from_utf8(listed.stdout).unwrap().lines().map(|line| format!("/{line}")).collect()
}

#[test]
fn files_of_the_architecture_are_there() {
    let text = fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap();
    let spans = pieces(&text).into_iter().filter_map(|piece| match piece.content {
        Content::Span(text) => Some(text),
        _ => None,
    });
    let path = Regex::new(r"^[a-z0-9_./-]+(\.(rs|txt|md|proto)|/)$").unwrap();
    let files = files();
    let is_there = |path: &str| {
        files.iter().any(|file| file.ends_with(&format!("/{path}")) || file.contains(&format!("/{path}")))
    };
    let missing: Vec<_> = spans.filter(|span| path.is_match(span) && !is_there(span)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names files that are not there: {missing:?}");
}
