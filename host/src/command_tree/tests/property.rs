//! Whatever a plugin asks for, clap does not panic: what it could not live with is refused before.
//!
//! clap's own assertions are on in tests, and judge the command line after every change. A third
//! of the changes that are made up here are granted; the rest is wrong in one way or another.

use plugin_abi::{Arg, Command, Group};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};

use super::{arguments, base, edits, owner};

/// Names, many of which clash, and some of which cannot be.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        40 => "[a-k]{1,2}",
        6 => select(vec!["config", "show", "reg", "project", "verbose", "image", "files", "dry-run", "create"]).prop_map(str::to_owned),
        1 => select(vec!["help", "version", "", "-x", "A", "\u{1b}", "subcommand", "plugin"]).prop_map(str::to_owned),
    ]
}

fn rarely<S: Strategy>(strategy: S) -> impl Strategy<Value = Option<S::Value>> {
    prop::option::weighted(0.15, strategy)
}

fn arg() -> impl Strategy<Value = Arg> {
    let names = (name(), rarely(name()), prop::option::weighted(0.3, "[a-zA-Z=-]"), rarely(name()));
    let switches = prop::array::uniform4(prop::bool::weighted(0.2));
    let values = (rarely("[xyz]"), rarely(vec("[xyz]", 1..4)), rarely(name()), prop::bool::weighted(0.1));
    (0..4_u8, names, switches, values).prop_map(
        |(
            kind,
            (id, long, short, alias),
            [required, multiple, hidden, global],
            (default, possible, conflict, odd),
        )| {
            let arg = match kind {
                0 => Arg::option(id),
                1 => Arg::flag(id),
                2 => Arg::positional(id),
                _ => Arg::counter(id),
            };
            // Mostly what goes together with the kind; else nearly all would be refused.
            let (named, valued) = (kind != 2 || odd, kind % 2 == 0 || odd);
            let arg = long.into_iter().filter(|_| named).fold(arg, Arg::long);
            let arg = short.iter().filter(|_| named).flat_map(|short| short.chars()).fold(arg, Arg::short);
            let arg = alias.into_iter().filter(|_| named).fold(arg, Arg::alias);
            let arg =
                default.into_iter().filter(|_| valued && !required || odd).fold(arg, Arg::default_value);
            let arg = possible.into_iter().filter(|_| valued).fold(arg, Arg::possible_values);
            let arg = conflict.into_iter().fold(arg, Arg::conflicts_with);
            let arg = arg.multiple(multiple && valued).required(required).hidden(hidden);
            arg.global(global && (kind != 2 && !required || odd)).help("help").env("NOT_SET_ANYWHERE")
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let leaf = (name(), vec(arg(), 0..4), rarely(name()), prop::bool::weighted(0.95));
    let leaf = leaf.prop_map(|(name, args, alias, runs)| {
        let command = args.into_iter().fold(Command::new(name), Command::arg);
        let command = alias.into_iter().fold(command, Command::alias);
        if runs { command.run(|_| Ok(())) } else { command }
    });
    leaf.prop_recursive(3, 8, 3, |below| {
        (name(), vec(below, 1..3), vec(arg(), 0..2), any::<bool>()).prop_map(
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
    Callback(Index),
    Default(Index, String),
    Hide(Index),
    Lazy(Index),
    Merge(Command),
    Replace(Command),
}

/// A change, and its place among those that there are, by number.
fn change() -> impl Strategy<Value = (Index, Change)> {
    let what = prop_oneof![
        6 => command().prop_map(Change::Add),
        4 => arg().prop_map(Change::AddArg),
        1 => any::<Index>().prop_map(Change::Callback),
        1 => (any::<Index>(), "[xyz]").prop_map(|(id, value)| Change::Default(id, value)),
        1 => any::<Index>().prop_map(Change::Hide),
        1 => any::<Index>().prop_map(Change::Lazy),
        3 => command().prop_map(Change::Merge),
        1 => command().prop_map(Change::Replace),
    ];
    (any::<Index>(), what)
}

fn apply_one(main: &mut Group, place: Index, change: Change) {
    let mut groups = main.walk();
    // Most changes are at the top, where there is most room.
    let place = place.index(groups.len() * 3);
    let group = groups.get_mut(place).unwrap_or(main);
    let there = group.existing().unwrap();
    let ids: Vec<String> =
        there.args().iter().map(|arg| arg.id().to_owned()).chain(["nothing".to_owned()]).collect();
    let names: Vec<String> =
        there.commands().iter().map(|below| below.name().to_owned()).chain(["unknown".to_owned()]).collect();
    match change {
        Change::Add(command) => _ = group.add(command),
        Change::AddArg(arg) => _ = group.add_arg(arg),
        Change::Callback(id) => {
            group.option(id.get::<String>(&ids)).add_callback(|values, _| Ok(Some(values.to_vec())));
        }
        Change::Default(id, value) => _ = group.option(id.get::<String>(&ids)).set_default(value),
        Change::Hide(name) => _ = group.hide(name.get::<String>(&names)),
        Change::Lazy(id) => {
            group.option(id.get::<String>(&ids)).set_default_with(|_| Ok(vec!["x".to_owned()]));
        }
        Change::Merge(command) => _ = group.merge(command),
        Change::Replace(command) => _ = group.replace(command),
    }
}

/// Makes up the words of a command line, some of which are of the tree.
fn typed() -> &'static str {
    "(-?-?[a-kvpxy=]{1,3}|config show|register|create)( (-?-?[a-kvpxy=]{1,3}|show|--help|--)){0,5}"
}

fn check(changes: Vec<(Index, Change)>, typed: &str) -> Result<(u32, u32), TestCaseError> {
    let (mut tree, mut granted, mut refused) = (base(), 0, 0);
    for (place, change) in changes {
        let wanted = edits(&tree, move |main| apply_one(main, place, change));
        // Refused or not, the tree is one that clap can live with.
        match tree.apply(&owner("acme"), wanted) {
            Ok(()) => granted += 1,
            Err(_) => refused += 1,
        }
        tree.command().clone().debug_assert();
    }
    tree.command().clone().render_long_help();
    if let Ok(parsed) = tree.parse(arguments(typed))
        && let Err(failure) = tree.resolve(parsed)
    {
        prop_assert!(failure.exit != crate::ui::exit_code::Exit::Internal, "{failure:?}");
    }
    Ok((granted, refused))
}

#[test]
fn clap_never_panics() {
    let counts = std::cell::Cell::new((0, 0));
    let config = Config { cases: 400, source_file: Some(file!()), ..Config::default() };
    let all = TestRunner::new(config).run(&(vec(change(), 1..8), typed()), |(changes, typed)| {
        let (granted, refused) = check(changes, &typed)?;
        counts.set((counts.get().0 + granted, counts.get().1 + refused));
        Ok(())
    });
    all.unwrap_or_else(|error| panic!("{error}"));
    let (granted, refused) = counts.get();
    assert!(
        granted > refused / 4,
        "the test makes up too much nonsense: {granted} granted, {refused} refused"
    );
}
