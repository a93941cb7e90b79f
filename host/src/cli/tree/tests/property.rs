//! Whatever a plugin asks for, clap does not panic: what it could not live with is refused before.
//!
//! clap's own assertions are on in tests, and judge the command line after every change.

use plugin_abi::{Arg, Command, Group};
use proptest::prelude::*;

use super::{base, edits, owner, words};

/// Names that are likely to clash, with some that cannot be.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "a", "b", "config", "show", "register", "reg", "project", "output", "verbose", "image", "files",
            "dry-run", "label", "create",
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["help", "version", "", "-x", "A", "\u{1b}", "subcommand", "plugin"]).prop_map(str::to_owned),
    ]
}

fn arg() -> impl Strategy<Value = Arg> {
    let names = (name(), prop::option::weighted(0.3, name()), prop::option::weighted(0.3, "[a-cpvhV=-]"), prop::collection::vec(name(), 0..2));
    let switches = prop::array::uniform4(prop::bool::weighted(0.25));
    let values = (prop::collection::vec("[xyz]", 0..3), prop::collection::vec("[xyz]", 0..3), prop::collection::vec(name(), 0..2));
    (0..4_u8, names, switches, values).prop_map(
        |(kind, (id, long, short, aliases), [required, multiple, hidden, global], (defaults, possible, conflicts))| {
            let mut arg = match kind {
                0 => Arg::option(id),
                1 => Arg::flag(id),
                2 => Arg::positional(id),
                _ => Arg::counter(id),
            };
            // Most positionals have no names, and most flags no values: else nearly all would be refused.
            if kind != 2 || required && global {
                arg = long.into_iter().fold(arg, Arg::long);
                arg = short.iter().flat_map(|short| short.chars()).fold(arg, Arg::short);
                arg = aliases.into_iter().fold(arg, Arg::alias);
            }
            if kind % 2 == 0 || required {
                arg = arg.default_values(defaults).possible_values(possible).multiple(multiple);
            }
            let arg = conflicts.into_iter().fold(arg, Arg::conflicts_with);
            arg.required(required).hidden(hidden).global(global).help("help")
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let leaf = (name(), prop::collection::vec(arg(), 0..4), prop::collection::vec(name(), 0..2), any::<bool>()).prop_map(
        |(name, args, aliases, runs)| {
            let command = args.into_iter().fold(Command::new(name), Command::arg);
            let command = aliases.into_iter().fold(command, Command::alias);
            if runs { command.run(|_| Ok(())) } else { command }
        },
    );
    leaf.prop_recursive(3, 8, 3, |below| {
        (name(), prop::collection::vec(below, 1..3), prop::collection::vec(arg(), 0..2), any::<bool>()).prop_map(
            |(name, commands, args, runs)| {
                let command = commands.into_iter().fold(Command::new(name), Command::command);
                let command = args.into_iter().fold(command, Command::arg);
                if runs { command.run(|_| Ok(())) } else { command }
            },
        )
    })
}

#[derive(Clone, Debug)]
enum Change {
    Add(Command),
    AddArg(Arg),
    Callback(String),
    Default(String, String),
    Hide(String),
    Lazy(String),
    Merge(Command),
    Replace(Command),
}

fn change() -> impl Strategy<Value = (Vec<String>, Change)> {
    let what = prop_oneof![
        3 => command().prop_map(Change::Add),
        3 => arg().prop_map(Change::AddArg),
        1 => name().prop_map(Change::Callback),
        1 => (name(), "[xyz]").prop_map(|(id, value)| Change::Default(id, value)),
        1 => name().prop_map(Change::Hide),
        1 => name().prop_map(Change::Lazy),
        2 => command().prop_map(Change::Merge),
        1 => command().prop_map(Change::Replace),
    ];
    (prop::collection::vec(name(), 0..3), what)
}

fn carry_out(main: &mut Group, path: &[String], change: Change) {
    let mut group = path.iter().fold(main.group("nowhere"), |_, _| main.group("nowhere"));
    if let Some((first, rest)) = path.split_first() {
        group = rest.iter().fold(main.group(first), |group, name| group.group(name));
    }
    let group = if path.is_empty() { main } else { &mut group };
    match change {
        Change::Add(command) => drop(group.add(command).existing()),
        Change::AddArg(arg) => drop(group.add_arg(arg).existing()),
        Change::Callback(id) => drop(group.option(&id).add_callback(|values, _| Ok(Some(values.to_vec())))),
        Change::Default(id, value) => drop(group.option(&id).set_default(value)),
        Change::Hide(name) => drop(group.hide(&name).existing()),
        Change::Lazy(id) => drop(group.option(&id).set_default_with(|previous| Ok(previous.to_vec()))),
        Change::Merge(command) => drop(group.merge(command).existing()),
        Change::Replace(command) => drop(group.replace(command).existing()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn clap_never_panics(changes in prop::collection::vec(change(), 1..8), typed in "(-?-?[abpvxcy=]{0,7}|config|show|register|create)( (-?-?[abpvx=]{0,7}|config|show|--help|--)){0,5}") {
        let mut tree = base();
        for (path, change) in changes {
            let wanted = edits(&tree, move |main| carry_out(main, &path, change));
            // Refused or not, the tree is one that clap can live with.
            let _ = tree.apply(&owner("acme"), wanted);
            tree.command().clone().debug_assert();
        }
        if let Ok(parsed) = tree.parse(words(&typed)) {
            let resolved = tree.resolve(parsed);
            if let Err(failure) = &resolved {
                prop_assert!(failure.exit != crate::cli::exit::Exit::Internal, "{failure:?}");
            }
        }
    }
}
