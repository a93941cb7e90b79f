//! Changes that plugins make to the command line, and refusals.
//!
//! The plugins are defined here and enter without a library. Each test shows a command line before and
//! after, as a user would see it.

mod apply;
mod parse;
mod property;
mod raw;
mod refuse;

use std::{cell::RefCell, ffi::OsString};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef, std_types::RVec};
use clap::{Arg, ArgAction, Command};
use plugin_abi::{
    Group, Host, Plugin, PluginError, Remote,
    vtable::{Command_TO, EditBox},
};

use super::{EditError, Parsed, Tree, View};
use crate::ui::error::{CommandError, ErrorFormat};
use plugin_host::{Builtin, Chain, Identity, Link};

type Configure = dyn FnOnce(&mut Group);

thread_local! {
    static CONFIGURE: RefCell<Option<Box<Configure>>> = const { RefCell::new(None) };
}

/// A plugin that runs the test's closure on the command line.
struct Author;

#[plugin_abi::export(name = "acme", in_process)]
impl Plugin for Author {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        if let Some(configure) = CONFIGURE.take() {
            configure(main);
        }
        Ok(())
    }
}

/// The edits that a plugin requests of a tree.
fn edits(tree: &Tree, configure: impl FnOnce(&mut Group) + 'static) -> RVec<EditBox> {
    CONFIGURE.set(Some(Box::new(configure)));
    let link = Link::in_process::<Author>(&serde_json::Value::Null).unwrap();
    let chain = Chain::new(vec![link], Builtin::new(|_| Ok(Remote::new("localhost:30080"))));
    let view: View = tree.view();
    chain.configure_cli(0, Command_TO::from_ptr(RRef::new(&view), TD_Opaque)).unwrap()
}

fn owner(name: &str) -> Identity {
    Identity { name: name.to_owned(), version: "1.2.3".to_owned(), homepage: None }
}

/// Lets plugin `acme` change a tree, and makes sure that clap can live with the result.
fn apply(tree: &mut Tree, configure: impl FnOnce(&mut Group) + 'static) -> Result<(), EditError> {
    apply_as("acme", tree, configure)
}

fn apply_as(
    name: &str,
    tree: &mut Tree,
    configure: impl FnOnce(&mut Group) + 'static,
) -> Result<(), EditError> {
    let edits = edits(tree, configure);
    let result = tree.apply(&owner(name), edits);
    tree.command().clone().debug_assert();
    result
}

/// A small built-in command line with an option of each kind.
fn base() -> Tree {
    let option = |id: &'static str| Arg::new(id).long(id).action(ArgAction::Set);
    Tree::new(
        Command::new("flyte-host")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .arg(option("project").short('p').global(true).help("Flyte project"))
            .arg(
                option("output")
                    .short('o')
                    .global(true)
                    .value_parser(["table", "json"])
                    .default_value("table"),
            )
            .arg(Arg::new("verbose").short('v').long("verbose").action(ArgAction::Count).global(true))
            .subcommand(
                Command::new("config")
                    .about("Look at the configuration")
                    .subcommand_required(true)
                    .subcommand(
                        Command::new("show")
                            .about("Show it")
                            .arg(option("key"))
                            .arg(option("depth").value_parser(clap::value_parser!(u8))),
                    ),
            )
            .subcommand(
                Command::new("register")
                    .visible_alias("reg")
                    .about("Register things")
                    .arg(Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue))
                    .arg(option("image").default_value("python:3.12"))
                    .arg(Arg::new("label").long("label").action(ArgAction::Append).value_delimiter(','))
                    .arg(Arg::new("files").required(true).num_args(1..).action(ArgAction::Append)),
            )
            .subcommand(Command::new("plugin").about("Look at plugins").subcommand(Command::new("list"))),
    )
}

fn arguments(line: &str) -> Vec<OsString> {
    std::iter::once("flyte-host").chain(line.split_whitespace()).map(OsString::from).collect()
}

fn parse(tree: &Tree, line: &str) -> Parsed {
    tree.parse(arguments(line)).unwrap_or_else(|error| panic!("{}", error.render()))
}

/// What clap prints instead of running a command: help, or a usage error.
fn printed(tree: &Tree, line: &str) -> String {
    tree.parse(arguments(line)).unwrap_err().render().to_string()
}

fn resolve(tree: &Tree, line: &str) -> Result<Parsed, CommandError> {
    tree.resolve(parse(tree, line))
}

/// An error as printed, without styles.
fn rendered(failure: &CommandError) -> String {
    anstream::adapter::strip_str(&failure.render(ErrorFormat::Whole)).to_string()
}

/// A refusal with its hint.
fn refused(result: Result<(), EditError>) -> String {
    let error = result.unwrap_err();
    match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    }
}
