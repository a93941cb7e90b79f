//! What a plugin asks of the command line in `configure_cli`.

#![no_main]

use std::{ffi::OsString, sync::Mutex};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use clap::ArgAction;
use flyte_host::command_tree::{Tree, View};
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use plugin_abi::{Arg, Command, Group, Host, Plugin, PluginError, Remote, vtable::Command_TO};
use plugin_host::{Builtin, Chain, Identity, Link};

#[derive(Arbitrary, Clone, Debug)]
struct FuzzedArg {
    kind: u8,
    id: String,
    long: Option<String>,
    short: Option<char>,
    alias: Option<String>,
    help: String,
    defaults: Vec<String>,
    choices: Vec<String>,
    conflict: Option<String>,
    variable: Option<String>,
    switches: [bool; 4],
}

#[derive(Arbitrary, Clone, Debug)]
struct FuzzedCommand {
    name: String,
    alias: Option<String>,
    about: String,
    args: Vec<FuzzedArg>,
    commands: Vec<FuzzedCommand>,
    runs: bool,
}

#[derive(Arbitrary, Clone, Debug)]
enum Change {
    Add(FuzzedCommand),
    AddArg(FuzzedArg),
    Callback(String),
    Default(String, String),
    Hide(String),
    Lazy(String),
    Merge(FuzzedCommand),
    Replace(FuzzedCommand),
}

#[derive(Arbitrary, Clone, Debug)]
struct Input {
    /// Each with the number of the command that it is made in.
    changes: Vec<(u8, Change)>,
    typed: Vec<String>,
}

static CHANGES: Mutex<Vec<(u8, Change)>> = Mutex::new(Vec::new());

struct FuzzedPlugin;

#[plugin_abi::export(name = "fuzzed", in_process)]
impl Plugin for FuzzedPlugin {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        let changes = CHANGES.lock().map(|mut changes| std::mem::take(&mut *changes)).unwrap_or_default();
        for (place, change) in changes {
            let mut groups = main.walk();
            apply(groups.get_mut(usize::from(place)).unwrap_or(main), change);
        }
        Ok(())
    }
}

fn apply(group: &mut Group, change: Change) {
    match change {
        Change::Add(command) => _ = group.add(command.into_command()),
        Change::AddArg(arg) => _ = group.add_arg(arg.into_arg()),
        Change::Callback(id) => _ = group.option(&id).add_callback(|values, _| Ok(Some(values.to_vec()))),
        Change::Default(id, value) => _ = group.option(&id).set_default(value),
        Change::Hide(name) => _ = group.hide(&name),
        Change::Lazy(id) => _ = group.option(&id).set_default_with(|_| Ok(vec!["x".to_owned()])),
        Change::Merge(command) => _ = group.merge(command.into_command()),
        Change::Replace(command) => _ = group.replace(command.into_command()),
    }
}

impl FuzzedArg {
    fn into_arg(self) -> Arg {
        let arg = match self.kind % 4 {
            0 => Arg::option(self.id),
            1 => Arg::flag(self.id),
            2 => Arg::positional(self.id),
            _ => Arg::counter(self.id),
        };
        let [required, multiple, hidden, global] = self.switches;
        let arg = self.long.into_iter().fold(arg, Arg::long);
        let arg = self.short.into_iter().fold(arg, Arg::short);
        let arg = self.alias.into_iter().fold(arg, Arg::alias);
        let arg = self.conflict.into_iter().fold(arg, Arg::conflicts_with);
        let arg = self.variable.into_iter().fold(arg, Arg::env);
        let arg = if self.defaults.is_empty() { arg } else { arg.default_values(self.defaults) };
        let arg = if self.choices.is_empty() { arg } else { arg.possible_values(self.choices) };
        arg.help(self.help).required(required).multiple(multiple).hidden(hidden).global(global)
    }
}

impl FuzzedCommand {
    fn into_command(self) -> Command {
        let command = Command::new(self.name).about(self.about);
        let command = self.alias.into_iter().fold(command, Command::alias);
        let command = self.args.into_iter().map(FuzzedArg::into_arg).fold(command, Command::arg);
        let command = self.commands.into_iter().map(Self::into_command).fold(command, Command::command);
        if self.runs { command.run(|_| Ok(())) } else { command }
    }
}

fn base() -> Tree {
    let option = |id: &'static str| clap::Arg::new(id).long(id).action(ArgAction::Set);
    let show = clap::Command::new("show").arg(option("key").value_parser(clap::value_parser!(u8)));
    let register = clap::Command::new("register")
        .visible_alias("reg")
        .arg(option("image").default_value("python:3.12"))
        .arg(clap::Arg::new("files").required(true).num_args(1..).action(ArgAction::Append));
    let main = clap::Command::new("flyte-host").subcommand_required(true);
    let main = main.arg(option("project").short('p').global(true));
    Tree::new(main.subcommand(clap::Command::new("config").subcommand(show)).subcommand(register))
}

fuzz_target!(|input: Input| {
    let Ok(mut changes) = CHANGES.lock() else { return };
    *changes = input.changes;
    drop(changes);
    let mut tree = base();
    let link = Link::in_process::<FuzzedPlugin>(&serde_json::Value::Null).expect("`create` returns a plugin");
    let chain = Chain::new(vec![link], Builtin::new(|_| Ok(Remote::new("localhost:30080"))));
    let view: View = tree.view();
    let edits = chain.configure_cli(0, Command_TO::from_ptr(RRef::new(&view), TD_Opaque));
    let Ok(edits) = edits else { return };
    let owner = Identity { name: "fuzzed".to_owned(), version: "1.0.0".to_owned(), homepage: None };
    if let Err(error) = tree.apply(&owner, edits) {
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
    // Refused or not, the command line is one that clap accepts.
    tree.command().clone().debug_assert();
    tree.command().clone().render_long_help();
    let words = std::iter::once("flyte-host".to_owned()).chain(input.typed).map(OsString::from);
    drop(tree.parse(words));
});
