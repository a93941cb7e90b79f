//! What plugins cannot ask for, and the sentence that says so.

use plugin_abi::{Arg, Command, Group};
use snapbox::{assert_data_eq, str};

use super::{apply, apply_as, base, refused};

fn leaf(name: &str) -> Command {
    Command::new(name).run(|_| Ok(()))
}

/// The refusal of each change, one below the other; each starts from the same command line.
fn refuse(changes: Vec<fn(&mut Group)>) -> String {
    let told = changes.into_iter().map(|change| {
        let mut tree = base();
        let refusal = refused(apply(&mut tree, change));
        refusal + "\n"
    });
    told.collect()
}

/// The same for arguments of a new command `bad`.
fn refuse_args(args: Vec<Vec<Arg>>) -> String {
    let told = args.into_iter().map(|args| {
        let command = args.into_iter().fold(leaf("bad"), Command::arg);
        refused(apply(&mut base(), move |main| drop(main.group("config").add(command)))) + "\n"
    });
    told.collect()
}

fn option() -> Arg {
    Arg::option("opt")
}

#[test]
fn names_of_commands() {
    assert_data_eq!(
        refuse(vec![
            |main| { main.add(leaf("")); },
            |main| { main.add(leaf("My_Command")); },
            |main| { main.group("config").add(leaf("-x")); },
            |main| { main.add(leaf("red\u{1b}[31m")); },
            |main| { main.add(leaf(&"x".repeat(100).replace('x', "y z"))); },
            |main| { main.add(leaf("fine").alias("Not Fine")); },
            |main| { main.group("config").add(leaf("help")); },
            |main| { main.add(leaf("fine").alias("help")); },
        ]),
        str![]
    );
}

#[test]
fn names_that_are_taken() {
    assert_data_eq!(
        refuse(vec![
            |main| { main.add(leaf("register")); },
            |main| { main.group("config").add(leaf("show")); },
            |main| { main.add(leaf("reg")); },
            |main| { main.add(leaf("fine").alias("config")); },
            |main| { main.add(leaf("fine").alias("twin")).add(leaf("twin")); },
            |main| { main.add(leaf("fine").alias("fine")); },
            |main| { main.add(Command::new("bad").command(leaf("one")).command(leaf("two").alias("one"))); },
            |main| { main.merge(Command::new("config").alias("reg").command(leaf("x"))); },
            |main| { main.replace(leaf("config").alias("reg")); },
        ]),
        str![]
    );
    let mut tree = base();
    apply_as("first", &mut tree, |main| drop(main.add(leaf("doctor").arg(option())))).unwrap();
    assert_data_eq!(refused(apply(&mut tree, |main| drop(main.add(leaf("doctor"))))), str![]);
    assert_data_eq!(refused(apply(&mut tree, |main| drop(main.group("doctor").add_arg(option())))), str![]);
}

#[test]
fn places_that_are_not_there_or_not_groups() {
    assert_data_eq!(
        refuse(vec![
            |main| { main.group("nowhere").add(leaf("bad")); },
            |main| { main.group("confgi").add(leaf("bad")); },
            |main| { main.group("config").group("shwo").add_arg(option()); },
            |main| { main.group("register").add(leaf("bad")); },
            |main| {
                main.add(leaf("own"));
                main.group("own").add(leaf("bad"));
            },
        ]),
        str![]
    );
}

#[test]
fn commands_that_cannot_be() {
    assert_data_eq!(
        refuse(vec![
            |main| { main.add(Command::new("bad").command(Command::new("hollow"))); },
            |main| { main.add(leaf("bad").about("\u{1b}[31mred")); },
            |main| { main.add(leaf("bad").long_about("x".repeat(70_000))); },
            |main| { main.add(leaf("bad").after_help("left \u{202E}right")); },
            |main| { main.add((0..8).fold(leaf("bad"), |below, _| Command::new("bad").command(below))); },
            |main| {
                let many = (0..1000).fold(Command::new("bad"), |group, n| group.command(leaf(&format!("n{n}"))));
                main.add(many);
            },
            |main| {
                let many = (0..201).fold(leaf("bad"), |command, n| command.arg(Arg::flag(format!("n{n}"))));
                main.add(many);
            },
        ]),
        str![]
    );
}

#[test]
fn merging_replacing_and_hiding() {
    assert_data_eq!(
        refuse(vec![
            |main| { main.merge(leaf("bad")); },
            |main| { main.merge(Command::new("register").command(leaf("bad"))); },
            |main| { main.merge(leaf("config").command(leaf("bad"))); },
            |main| { main.merge(Command::new("config").command(leaf("show"))); },
            |main| { main.merge(Command::new("config").command(Command::new("show").command(leaf("x")))); },
            |main| { main.replace(leaf("bad")); },
            |main| { main.replace(leaf("registre")); },
            |main| { main.replace(leaf("plugin")); },
            |main| { main.group("plugin").hide("list"); },
            |main| { main.hide("confgi"); },
        ]),
        str![]
    );
}

#[test]
fn names_of_arguments() {
    assert_data_eq!(
        refuse_args(vec![
            vec![Arg::option("").long("fine")],
            vec![Arg::option("a\nb").long("fine")],
            vec![Arg::option("help").long("fine")],
            vec![Arg::positional("version")],
            vec![option().long("")],
            vec![option().long("not fine")],
            vec![option().long("--opt")],
            vec![option().alias("-o")],
            vec![option().long("help")],
            vec![option().alias("version")],
            vec![option().short('h')],
            vec![option().short('é')],
            vec![option().short('-')],
            vec![Arg::positional("where").long("where")],
            vec![Arg::positional("where").short('w')],
        ]),
        str![]
    );
}

#[test]
fn names_of_arguments_that_are_taken() {
    assert_data_eq!(
        refuse_args(vec![
            vec![option(), option().long("other")],
            vec![option(), Arg::flag("other").long("opt")],
            vec![option(), Arg::flag("other").alias("opt")],
            vec![option().alias("opt")],
            vec![option().short('x'), Arg::flag("other").short('x')],
            vec![option().long("project")],
            vec![option().short('p')],
            vec![Arg::positional("verbose")],
        ]),
        str![]
    );
    assert_data_eq!(
        refuse(vec![
            |main| { main.add_arg(Arg::option("image").global(true)); },
            |main| { main.add_arg(Arg::option("i").long("image").global(true)); },
            |main| { main.group("register").add_arg(Arg::flag("image")); },
            |main| {
                main.add(leaf("own").arg(option()));
                main.add_arg(Arg::flag("wide").alias("opt").global(true));
            },
        ]),
        str![]
    );
}

#[test]
fn kinds_of_arguments() {
    assert_data_eq!(
        refuse_args(vec![
            vec![option().global(true).required(true)],
            vec![Arg::positional("where").global(true)],
            vec![option().required(true).default_value("x")],
            vec![Arg::flag("flag").default_value("true")],
            vec![Arg::counter("count").default_value("1")],
            vec![Arg::flag("flag").possible_values(["on"])],
            vec![Arg::counter("count").multiple(true)],
        ]),
        str![]
    );
}

#[test]
fn values_of_arguments() {
    assert_data_eq!(
        refuse_args(vec![
            vec![option().default_values(["a", "b"])],
            vec![option().possible_values(["a", "b"]).default_value("c")],
            vec![option().default_value("bell\u{7}")],
            vec![option().possible_values(["a", "b", "a"])],
            vec![option().possible_values(["a", ""])],
            vec![option().env("NOT-A-NAME")],
            vec![option().env("")],
            vec![option().env("1ST")],
            vec![option().value_name("")],
            vec![option().help("bell\u{7}")],
            vec![option().long_help("bell\u{7}")],
        ]),
        str![]
    );
}

#[test]
fn arguments_beside_each_other() {
    assert_data_eq!(
        refuse_args(vec![
            vec![option().conflicts_with("opt")],
            vec![option().conflicts_with("nothing")],
            vec![option().conflicts_with("projcet")],
            vec![Arg::flag("local"), option().global(true).conflicts_with("local")],
            vec![Arg::positional("first"), Arg::positional("second").required(true)],
            vec![Arg::positional("first").multiple(true), Arg::positional("second")],
        ]),
        str![]
    );
    assert_data_eq!(
        refuse(vec![
            |main| { main.group("register").add_arg(Arg::positional("more")); },
            |main| { main.group("register").add_arg(Arg::flag("x").conflicts_with("imgae")); },
        ]),
        str![]
    );
}

#[test]
fn defaults_and_callbacks() {
    assert_data_eq!(
        refuse(vec![
            |main| { main.group("nowhere").option("x").set_default("x"); },
            |main| { main.option("projcet").set_default("x"); },
            |main| { main.group("register").option("project").set_default("x"); },
            |main| { main.group("register").option("dry-run").set_default("true"); },
            |main| { main.option("verbose").set_default_with(|_| Ok(vec![])); },
            |main| { main.group("register").option("files").set_default("x"); },
            |main| { main.option("output").set_default("pdf"); },
            |main| { main.group("config").group("show").option("depth").set_default("300"); },
            |main| { main.group("register").option("imgae").add_callback(|_, _| Ok(None)); },
            |main| { main.group("registre").option("image").add_callback(|_, _| Ok(None)); },
        ]),
        str![]
    );
}
