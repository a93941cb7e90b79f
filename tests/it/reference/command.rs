//! A clap command as Markdown.

use clap::{Arg, ArgAction, Command};

/// Whether an option belongs to every command. A command may have a global option with values of its own.
pub(super) fn is_global(arg: &Arg) -> bool {
    arg.get_help_heading() == Some("Global options") && (arg.is_global_set() || arg.get_id() == "version")
}

fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

fn full_name(command: &Command, above: &str) -> String {
    format!("{above} {}", command.get_name()).trim().to_owned()
}

/// The table of contents: a command a line, with what it does.
pub(super) fn contents(command: &Command, above: &str, text: &mut String) {
    let name = full_name(command, above);
    let about = command.get_about().map(|about| escaped(&about.to_string())).unwrap_or_default();
    *text += &format!("- [`{name}`](#{}): {about}\n", name.replace(' ', "-"));
    subcommands(command).for_each(|below| contents(below, &name, text));
}

/// A command and those below it.
pub(super) fn page(command: &Command, above: &str, text: &mut String) {
    let name = full_name(command, above);
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(|about| escaped(&about.to_string())).unwrap_or_default();
    *text += &format!("\n## `{name}`\n\n{about}\n\n```text\n{}\n```\n", usage(command));
    section("Commands", text, |text| {
        for below in subcommands(command) {
            let about = below.get_about().map(|about| escaped(&about.to_string())).unwrap_or_default();
            let anchor = full_name(below, &name).replace(' ', "-");
            *text += &format!("- [`{}`](#{anchor}){}: {about}\n", below.get_name(), command_aliases(below));
        }
    });
    section("Arguments", text, |text| options(command.get_positionals(), text));
    let own = command.get_arguments().filter(|arg| !arg.is_positional() && !is_global(arg));
    section("Options", text, |text| options(own, text));
    section("Examples", text, |text| *text += &examples(command));
    subcommands(command).for_each(|below| page(below, &name, text));
}

/// A part of a page, unless it is empty.
fn section(title: &str, text: &mut String, write: impl FnOnce(&mut String)) {
    let mut part = String::new();
    write(&mut part);
    if !part.is_empty() {
        *text += &format!("\n**{title}**\n\n{part}");
    }
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:");
    usage.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn command_aliases(command: &Command) -> String {
    let aliases: Vec<_> = command.get_visible_aliases().map(|alias| format!(", `{alias}`")).collect();
    aliases.concat()
}

/// Arguments, one a list item.
pub(super) fn options<'a>(arguments: impl Iterator<Item = &'a Arg>, text: &mut String) {
    for arg in arguments.filter(|arg| !arg.is_hide_set() && arg.get_id() != "help") {
        let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
        let help = escaped(&help).replace("\n\n", "\n\n  ");
        *text += &format!("- {}: {help}{}\n", spelling(arg), defaults(arg));
        for value in arg.get_possible_values().iter().filter(|value| is_choice(arg) && !value.is_hide_set()) {
            let help = value.get_help().map(|help| format!(": {}", escaped(&help.to_string())));
            *text += &format!("  - `{}`{}\n", value.get_name(), help.unwrap_or_default());
        }
    }
}

fn is_choice(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) && !arg.is_hide_possible_values_set()
}

/// `-i`, `--input <NAME=VALUE>`
fn spelling(arg: &Arg) -> String {
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let names = arg.get_value_names().unwrap_or_default();
    let values: Vec<_> = names.iter().map(|name| format!("<{name}>")).collect();
    let values = if takes_value { values.join(" ") } else { String::new() };
    if arg.is_positional() {
        return format!("`{values}`");
    }
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let mut names: Vec<_> = short.into_iter().chain(long).collect();
    names.extend(arg.get_visible_aliases().unwrap_or_default().iter().map(|alias| format!("--{alias}")));
    if let Some(last) = names.last_mut().filter(|_| !values.is_empty()) {
        *last = format!("{last} {values}");
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn defaults(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.display().to_string()).collect();
    let is_shown = arg.get_action().takes_values() && !arg.is_hide_default_value_set() && !values.is_empty();
    if is_shown { format!(" \\[default: `{}`\\]", values.join(" ")) } else { String::new() }
}

/// The examples below the help, as a block.
fn examples(command: &Command) -> String {
    let help = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
    let help = help.unwrap_or_default();
    let Some((_, lines)) = help.split_once('\n') else { return String::new() };
    let lines: String = lines.lines().map(|line| format!("{}\n", line.trim())).collect();
    format!("```sh\n{lines}```\n")
}

/// Text whose angle and square brackets are no markup, but for what is in backticks.
fn escaped(text: &str) -> String {
    let escape = |text: &str| {
        ['<', '[', ']', '*', '_'].iter().fold(text.to_owned(), |text, c| text.replace(*c, &format!("\\{c}")))
    };
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(index, part)| if index % 2 == 0 { escape(part) } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
}
