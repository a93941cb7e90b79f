//! Changes that the host must refuse, one for each reason; and one that clashes only with another plugin.

use plugin_abi::{Arg, Command, Group, PluginError};

fn leaf(name: &str) -> Command {
    Command::new(name).run(|_| Ok(()))
}

fn with(arg: Arg) -> Command {
    leaf("bad").arg(arg)
}

/// Asks for a change that cannot be made.
pub(crate) fn configure(case: &str, main: &mut Group) -> Result<(), PluginError> {
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
    if case == "command-below-own-leaf" {
        main.add(leaf("own"));
    }
    match case {
        "command-taken" => main.add(leaf("plugin")),
        "command-ship" => main.add(leaf("ship")),
        "command-taken-deep" => main.group("config").add(leaf("show")),
        "command-taken-by-alias" => main.add(leaf("fine").alias("other")).add(leaf("other")),
        "command-alias-taken" => main.add(leaf("fine").alias("config")),
        "command-alias-name" => main.add(leaf("fine").alias("Not Fine")),
        "command-name" => main.add(leaf("My_Command")),
        "command-name-empty" => main.group("config").add(leaf("")),
        "command-name-control" => main.add(leaf("red\u{1b}[31m")),
        "command-help" => main.group("config").add(leaf("help")),
        "command-twice-inside" => {
            main.add(Command::new("bad").command(leaf("one")).command(leaf("two").alias("one")))
        }
        "command-no-group" => main.group("nowhere").add(leaf("bad")),
        "command-no-group-near" => main.group("confgi").add(leaf("bad")),
        "command-below-leaf" => main.group("config").group("show").add(leaf("bad")),
        "command-below-own-leaf" => main.group("own").add(leaf("bad")),
        "command-empty" => main.add(Command::new("bad").command(Command::new("hollow"))),
        "command-about-control" => main.add(leaf("bad").about("\u{1b}[31mred")),
        "command-too-deep" => {
            main.add((0..8).fold(leaf("bad"), |below, _| Command::new("bad").command(below)))
        }
        "command-too-many" => {
            main.add((0..1000).fold(Command::new("bad"), |group, n| group.command(leaf(&format!("n{n}")))))
        }
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
        "arg-required-after-optional" => {
            with(Arg::positional("first")).arg(Arg::positional("bad").required(true))
        }
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
    main.add(
        with(Arg::option("tone").possible_values(["high", "low"]))
            .arg(Arg::positional("name").required(true)),
    );
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
