//! Changes that the host must refuse, one for each reason.

use plugin_abi::{Arg, Command, Group, PluginError};

/// Every case that [`configure`] knows.
pub const CASES: &[&str] = &[
    "command-taken", "command-taken-deep", "command-taken-by-alias", "command-alias-taken", "command-alias-name",
    "command-name", "command-name-empty", "command-name-control", "command-help", "command-twice-inside",
    "command-no-group", "command-no-group-near", "command-below-leaf", "command-below-own-leaf", "command-empty",
    "command-about-control", "command-too-deep", "command-too-many", "merge-leaf", "merge-no-group", "merge-runs",
    "merge-clash", "replace-missing", "replace-kept", "hide-missing", "hide-kept", "arg-no-command", "arg-id-empty",
    "arg-id-help", "arg-id-taken", "arg-long", "arg-long-dashes", "arg-long-taken", "arg-long-taken-above",
    "arg-long-taken-below", "arg-alias-taken", "arg-help", "arg-version", "arg-h", "arg-short", "arg-short-dash",
    "arg-short-taken", "arg-short-twice", "arg-positional-long", "arg-global-required", "arg-global-positional",
    "arg-required-default", "arg-flag-default", "arg-flag-values", "arg-flag-multiple", "arg-two-defaults",
    "arg-default-impossible", "arg-value-twice", "arg-value-empty", "arg-env", "arg-value-name", "arg-help-control",
    "arg-conflict", "arg-conflict-self", "arg-conflict-local", "arg-required-after-optional", "arg-after-multiple",
    "arg-too-many", "default-no-command", "default-no-option", "default-above", "default-flag", "default-required",
    "default-impossible", "default-many", "callback-no-option", "error", "panic",
];

fn leaf(name: &str) -> Command {
    Command::new(name).run(|_| Ok(()))
}

fn with(arg: Arg) -> Command {
    leaf("bad").arg(arg)
}

/// Asks for a change that cannot be made.
pub fn configure(case: &str, main: &mut Group) -> Result<(), PluginError> {
    match case.split('-').next() {
        Some("arg") => arguments(case, main),
        Some("default" | "callback") => defaults(case, main),
        Some("error") => return Err(PluginError::new("the command line is in a bad mood")),
        Some("panic") => panic!("no command line"),
        _ => commands(case, main),
    }
    Ok(())
}

fn commands(case: &str, main: &mut Group) {
    match case {
        "command-taken" => main.add(leaf("plugin")),
        "command-taken-deep" => main.group("config").add(leaf("show")),
        "command-taken-by-alias" => main.add(leaf("fine").alias("other")).add(leaf("other")),
        "command-alias-taken" => main.add(leaf("fine").alias("config")),
        "command-alias-name" => main.add(leaf("fine").alias("Not Fine")),
        "command-name" => main.add(leaf("My_Command")),
        "command-name-empty" => main.group("config").add(leaf("")),
        "command-name-control" => main.add(leaf("red\u{1b}[31m")),
        "command-help" => main.group("config").add(leaf("help")),
        "command-twice-inside" => main.add(Command::new("bad").command(leaf("one")).command(leaf("two").alias("one"))),
        "command-no-group" => main.group("nowhere").add(leaf("bad")),
        "command-no-group-near" => main.group("confgi").add(leaf("bad")),
        "command-below-leaf" => main.group("config").group("show").add(leaf("bad")),
        "command-below-own-leaf" => {
            main.add(leaf("own"));
            main.group("own").add(leaf("bad"));
            return;
        }
        "command-empty" => main.add(Command::new("bad").command(Command::new("hollow"))),
        "command-about-control" => main.add(leaf("bad").about("\u{1b}[31mred")),
        "command-too-deep" => main.add((0..8).fold(leaf("bad"), |below, _| Command::new("bad").command(below))),
        "command-too-many" => main.add((0..1000).fold(Command::new("bad"), |group, n| group.command(leaf(&format!("n{n}"))))),
        "merge-leaf" => main.merge(leaf("bad")),
        "merge-no-group" => main.group("config").merge(Command::new("show").command(leaf("bad"))),
        "merge-runs" => main.merge(leaf("config").command(leaf("bad"))),
        "merge-clash" => main.merge(Command::new("config").command(leaf("show"))),
        "replace-missing" => main.replace(leaf("bad")),
        "replace-kept" => main.replace(leaf("plugin")),
        "hide-missing" => main.hide("confgi"),
        "hide-kept" => main.hide("plugin"),
        _ => unreachable!("no such case"),
    };
}

fn arguments(case: &str, main: &mut Group) {
    let option = || Arg::option("bad");
    let command = match case {
        "arg-no-command" => {
            main.group("confgi").add_arg(option());
            return;
        }
        "arg-long-taken-below" => {
            main.add(with(option()));
            main.add_arg(Arg::option("global").long("bad").global(true));
            return;
        }
        "arg-id-taken" => with(option()).arg(option().long("other")),
        "arg-long-taken" => with(option()).arg(Arg::flag("other").long("bad")),
        "arg-short-twice" => with(option().short('x')).arg(Arg::flag("other").short('x')),
        "arg-conflict-local" => with(Arg::flag("local")).arg(option().global(true).conflicts_with("local")),
        "arg-required-after-optional" => with(Arg::positional("first")).arg(Arg::positional("bad").required(true)),
        "arg-after-multiple" => with(Arg::positional("all").multiple(true)).arg(Arg::positional("bad")),
        "arg-too-many" => (0..201).fold(leaf("bad"), |command, n| command.arg(Arg::flag(format!("n{n}")))),
        _ => with(argument(case, option())),
    };
    main.add(command);
}

fn argument(case: &str, option: Arg) -> Arg {
    match case {
        "arg-id-empty" => Arg::option("").long("bad"),
        "arg-id-help" => Arg::option("help").long("bad"),
        "arg-long" => option.long("not fine"),
        "arg-long-dashes" => option.long("--bad"),
        "arg-long-taken-above" => option.long("project"),
        "arg-alias-taken" => option.alias("domain"),
        "arg-help" => option.long("help"),
        "arg-version" => option.alias("version"),
        "arg-h" => option.short('h'),
        "arg-short" => option.short('é'),
        "arg-short-dash" => option.short('-'),
        "arg-short-taken" => option.short('p'),
        "arg-positional-long" => Arg::positional("bad").long("bad"),
        "arg-global-required" => option.global(true).required(true),
        "arg-global-positional" => Arg::positional("bad").global(true),
        "arg-required-default" => option.required(true).default_value("x"),
        "arg-flag-default" => Arg::flag("bad").default_value("true"),
        "arg-flag-values" => Arg::flag("bad").possible_values(["on"]),
        "arg-flag-multiple" => Arg::counter("bad").multiple(true),
        "arg-two-defaults" => option.default_values(["a", "b"]),
        "arg-default-impossible" => option.possible_values(["a", "b"]).default_value("c"),
        "arg-value-twice" => option.possible_values(["a", "b", "a"]),
        "arg-value-empty" => option.possible_values(["a", ""]),
        "arg-env" => option.env("NOT-A-NAME"),
        "arg-value-name" => option.value_name(""),
        "arg-help-control" => option.help("\u{7}"),
        "arg-conflict" => option.conflicts_with("bat"),
        "arg-conflict-self" => option.conflicts_with("bad"),
        _ => unreachable!("no such case"),
    }
}

fn defaults(case: &str, main: &mut Group) {
    main.add(with(Arg::option("tone").possible_values(["high", "low"])).arg(Arg::positional("name").required(true)));
    let own = main.group("bad");
    match case {
        "default-no-command" => main.group("nowhere").option("bad").set_default("x"),
        "default-no-option" => main.option("projcet").set_default("x"),
        "default-above" => own.option("project").set_default("x"),
        "default-flag" => main.option("no-plugins").set_default_with(|_| Ok(vec!["true".to_owned()])),
        "default-required" => own.option("name").set_default("x"),
        "default-impossible" => own.option("tone").set_default("medium"),
        "default-many" => main.option("output").set_default("pdf"),
        "callback-no-option" => own.option("tune").add_callback(|_, _| Ok(None)),
        _ => unreachable!("no such case"),
    };
}
