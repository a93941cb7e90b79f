//! Changes that plugins cannot make, and the message of each.

use plugin_abi::{Arg, Command, Group};
use snapbox::{assert_data_eq, str};

use super::{apply, apply_as, base, refused};

fn leaf(name: &str) -> Command {
    Command::new(name).run(|_| Ok(()))
}

/// The refusal of each change, one below the other; each starts from the same command line.
fn refuse(changes: Vec<fn(&mut Group)>) -> String {
    let refusals = changes.into_iter().map(|change| {
        let mut tree = base();
        let refusal = refused(apply(&mut tree, change));
        refusal + "\n"
    });
    refusals.collect()
}

/// The same for arguments of a new command `bad`.
fn refuse_args(args: Vec<Vec<Arg>>) -> String {
    let refusals = args.into_iter().map(|args| {
        let command = args.into_iter().fold(leaf("bad"), Command::arg);
        refused(apply(&mut base(), move |main| {
            main.group("config").add(command);
        })) + "\n"
    });
    refusals.collect()
}

fn option() -> Arg {
    Arg::option("opt")
}

#[test]
fn names_of_commands() {
    assert_data_eq!(
        refuse(vec![
            |main| {
                main.add(leaf(""));
            },
            |main| {
                main.add(leaf("My_Command"));
            },
            |main| {
                main.group("config").add(leaf("-x"));
            },
            |main| {
                main.add(leaf("red\u{1b}[31m"));
            },
            |main| {
                main.add(leaf(&"x".repeat(100).replace('x', "y z")));
            },
            |main| {
                main.add(leaf("fine").alias("Not Fine"));
            },
            |main| {
                main.group("config").add(leaf("help"));
            },
            |main| {
                main.add(leaf("fine").alias("help"));
            },
        ]),
        str![[r#"
plugin `acme` 1.2.3 adds a command with the name ``, which is not lower-case letters, digits and `-`
plugin `acme` 1.2.3 adds a command with the name `My_Command`, which is not lower-case letters, digits and `-`
plugin `acme` 1.2.3 adds a command to `config` with the name `-x`, which is not lower-case letters, digits and `-`
plugin `acme` 1.2.3 adds a command with the name `red/u{1b}[31m`, which is not lower-case letters, digits and `-`
plugin `acme` 1.2.3 adds a command with the name `y zy zy zy zy zy zy zy zy zy zy zy zy zy zy zy zy zy zy zy z…`, which is not lower-case letters, digits and `-`
plugin `acme` 1.2.3 adds the command `fine` with the alias `Not Fine`, which is not lower-case letters, digits and `-`
plugin `acme` 1.2.3 adds a command to `config` with the name `help`, which is reserved
plugin `acme` 1.2.3 adds the command `fine` with the alias `help`, which is reserved

"#]]
    );
}

#[test]
fn names_that_are_taken() {
    assert_data_eq!(
        refuse(vec![
            |main| {
                main.add(leaf("register"));
            },
            |main| {
                main.group("config").add(leaf("show"));
            },
            |main| {
                main.add(leaf("reg"));
            },
            |main| {
                main.add(leaf("fine").alias("config"));
            },
            |main| {
                main.add(leaf("fine").alias("twin")).add(leaf("twin"));
            },
            |main| {
                main.add(leaf("fine").alias("fine"));
            },
            |main| {
                main.add(Command::new("bad").command(leaf("one")).command(leaf("two").alias("one")));
            },
            |main| {
                main.merge(Command::new("config").alias("reg").command(leaf("x")));
            },
            |main| {
                main.replace(leaf("config").alias("reg"));
            },
        ]),
        str![[r#"
plugin `acme` 1.2.3 adds the command `register`, which already exists (built in)
hint: choose another name, or use `replace`
plugin `acme` 1.2.3 adds the command `config show`, which already exists (built in)
hint: choose another name, or use `replace`
plugin `acme` 1.2.3 adds the command `reg`, which already exists as an alias of `register` (built in)
hint: choose another name
plugin `acme` 1.2.3 adds the command `fine`, with the alias `config`, which is already used by `config` (built in)
hint: choose another alias
plugin `acme` 1.2.3 adds the command `twin`, which already exists as an alias of `fine` (of plugin `acme`)
hint: choose another name
plugin `acme` 1.2.3 adds the command `fine`, which has the name `fine` twice
plugin `acme` 1.2.3 adds two commands with the name `one` to `bad`
plugin `acme` 1.2.3 adds the command `reg`, which already exists as an alias of `register` (built in)
hint: choose another name
plugin `acme` 1.2.3 adds the command `config`, with the alias `reg`, which is already used by `register` (built in)
hint: choose another alias

"#]]
    );
    let mut tree = base();
    apply_as("first", &mut tree, |main| {
        main.add(leaf("doctor").arg(option()));
    })
    .unwrap();
    assert_data_eq!(
        refused(apply(&mut tree, |main| {
            main.add(leaf("doctor"));
        })),
        str![[r#"
plugin `acme` 1.2.3 adds the command `doctor`, which already exists (of plugin `first`)
hint: choose another name, or use `replace`
"#]]
    );
    assert_data_eq!(
        refused(apply(&mut tree, |main| {
            main.group("doctor").add_arg(option());
        })),
        str![[r#"
plugin `acme` 1.2.3 adds the option `--opt` to `doctor`: it has the name `--opt`, which is already used in `doctor` (of plugin `first`)
hint: choose another name
"#]]
    );
}

#[test]
fn places_that_are_not_there_or_not_groups() {
    assert_data_eq!(
        refuse(vec![
            |main| {
                main.group("nowhere").add(leaf("bad"));
            },
            |main| {
                main.group("confgi").add(leaf("bad"));
            },
            |main| {
                main.group("config").group("shwo").add_arg(option());
            },
            |main| {
                main.group("register").add(leaf("bad"));
            },
            |main| {
                main.group("config").group("show").add(leaf("bad"));
            },
            |main| {
                main.add(leaf("own"));
                main.group("own").add(leaf("bad"));
            },
        ]),
        str![[r#"
plugin `acme` 1.2.3 adds the command `bad` to `nowhere`, which does not exist
hint: use `merge` to create a missing group
plugin `acme` 1.2.3 adds the command `bad` to `confgi`, which does not exist
hint: did you mean `config`?
plugin `acme` 1.2.3 adds the option `--opt` to `config shwo`, which does not exist
hint: did you mean `show`?
plugin `acme` 1.2.3 adds the command `bad` to `register`, which is a command and not a group (built in)
plugin `acme` 1.2.3 adds the command `bad` to `config show`, which is a command and not a group (built in)
plugin `acme` 1.2.3 adds the command `bad` to `own`, which is a command and not a group (of plugin `acme`)

"#]]
    );
}

#[test]
fn commands_that_cannot_be() {
    assert_data_eq!(
        refuse(vec![
            |main| {
                main.add(Command::new("bad").command(Command::new("hollow")));
            },
            |main| {
                main.add(leaf("bad").about("\u{1b}[31mred"));
            },
            |main| {
                main.add(leaf("bad").long_about("x".repeat(70_000)));
            },
            |main| {
                main.add(leaf("bad").after_help("left \u{202E}right"));
            },
            |main| {
                main.add((0..8).fold(leaf("bad"), |below, _| Command::new("bad").command(below)));
            },
            |main| {
                let many =
                    (0..1000).fold(Command::new("bad"), |group, n| group.command(leaf(&format!("n{n}"))));
                main.add(many);
            },
            |main| {
                let many = (0..201).fold(leaf("bad"), |command, n| command.arg(Arg::flag(format!("n{n}"))));
                main.add(many);
            },
        ]),
        str![[r#"
plugin `acme` 1.2.3 adds the command `bad hollow`, which has neither a function nor subcommands
hint: add a function with `run`
plugin `acme` 1.2.3 gives `bad` a description with control characters
hint: leave colours and other styles to the host
plugin `acme` 1.2.3 gives `bad` a long description of more than 64 KiB
plugin `acme` 1.2.3 gives `bad` a text after the options with control characters
hint: leave colours and other styles to the host
plugin `acme` 1.2.3 nests commands too deep, at `bad bad bad bad bad bad bad bad bad`: at most 8 levels are allowed
plugin `acme` 1.2.3 adds more than 1000 commands
plugin `acme` 1.2.3 gives `bad` 201 arguments; at most 200 are allowed

"#]]
    );
}

#[test]
fn merging_replacing_and_hiding() {
    assert_data_eq!(
        refuse(vec![
            |main| {
                main.merge(leaf("bad"));
            },
            |main| {
                main.merge(Command::new("register").command(leaf("bad")));
            },
            |main| {
                main.group("config").merge(Command::new("show").command(leaf("bad")));
            },
            |main| {
                main.merge(leaf("config").command(leaf("bad")));
            },
            |main| {
                main.merge(Command::new("config").command(leaf("show")));
            },
            |main| {
                main.merge(Command::new("config").command(Command::new("show").command(leaf("x"))));
            },
            |main| {
                main.replace(leaf("bad"));
            },
            |main| {
                main.replace(leaf("registre"));
            },
            |main| {
                main.replace(leaf("plugin"));
            },
            |main| {
                main.group("plugin").hide("list");
            },
            |main| {
                main.hide("plugin");
            },
            |main| {
                main.hide("confgi");
            },
        ]),
        str![[r#"
plugin `acme` 1.2.3 merges `bad`, which has no subcommands
hint: use `add` instead
plugin `acme` 1.2.3 merges the group `register`, which exists as a command (built in)
plugin `acme` 1.2.3 merges the group `config show`, which exists as a command (built in)
plugin `acme` 1.2.3 merges the group `config`, which has a function of its own, into an existing one
hint: remove the group's `run`
plugin `acme` 1.2.3 adds the command `config show`, which already exists (built in)
hint: choose another name, or use `replace`
plugin `acme` 1.2.3 adds the command `config show`, which already exists (built in)
hint: choose another name, or use `replace`
plugin `acme` 1.2.3 replaces the command `bad`, which does not exist
hint: use `add` instead
plugin `acme` 1.2.3 replaces the command `registre`, which does not exist
hint: did you mean `register`?
plugin `acme` 1.2.3 replaces the command `plugin`, which is reserved
plugin `acme` 1.2.3 hides the command `plugin list`, which is reserved
plugin `acme` 1.2.3 hides the command `plugin`, which is reserved
plugin `acme` 1.2.3 hides the command `confgi`, which does not exist
hint: did you mean `config`?

"#]]
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
        str![[r#"
plugin `acme` 1.2.3 adds the option `--fine` to `config bad`: it has an id that is empty or has control characters
plugin `acme` 1.2.3 adds the option `--fine` to `config bad`: it has an id that is empty or has control characters
plugin `acme` 1.2.3 adds the option `--fine` to `config bad`: it has the id `help`, which is reserved
plugin `acme` 1.2.3 adds the positional `version` to `config bad`: it has the id `version`, which is reserved
plugin `acme` 1.2.3 adds the option `--` to `config bad`: it has the long name ``, which is not letters, digits, `-` and `_`
hint: omit the leading dashes
plugin `acme` 1.2.3 adds the option `--not fine` to `config bad`: it has the long name `not fine`, which is not letters, digits, `-` and `_`
hint: omit the leading dashes
plugin `acme` 1.2.3 adds the option `----opt` to `config bad`: it has the long name `--opt`, which is not letters, digits, `-` and `_`
hint: omit the leading dashes
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the long name `-o`, which is not letters, digits, `-` and `_`
hint: omit the leading dashes
plugin `acme` 1.2.3 adds the option `--help` to `config bad`: it has the name `--help`, which is reserved
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the name `--version`, which is reserved
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the name `-h`, which is reserved
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the short name `é`, which is not one printable ASCII character
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the short name `-`, which is not one printable ASCII character
plugin `acme` 1.2.3 adds the positional `where` to `config bad`: it is positional and cannot have a long or short name
plugin `acme` 1.2.3 adds the positional `where` to `config bad`: it is positional and cannot have a long or short name

"#]]
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
            vec![option().alias("output")],
            vec![Arg::positional("verbose")],
        ]),
        str![[r#"
plugin `acme` 1.2.3 adds the option `--other` to `config bad`: it has the id `opt`, which is already used in `config bad` (of the same plugin)
hint: choose another id
plugin `acme` 1.2.3 adds the flag `--opt` to `config bad`: it has the name `--opt`, which is already used in `config bad` (of the same plugin)
hint: choose another name
plugin `acme` 1.2.3 adds the flag `--other` to `config bad`: it has the name `--opt`, which is already used in `config bad` (of the same plugin)
hint: choose another name
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the name `--opt` twice
plugin `acme` 1.2.3 adds the flag `--other` to `config bad`: it has the name `-x`, which is already used in `config bad` (of the same plugin)
hint: choose another name
plugin `acme` 1.2.3 adds the option `--project` to `config bad`: it has the name `--project`, which is already used in the program (built in)
hint: choose another name
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the name `-p`, which is already used in the program (built in)
hint: choose another name
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the name `--output`, which is already used in the program (built in)
hint: choose another name
plugin `acme` 1.2.3 adds the positional `verbose` to `config bad`: it has the id `verbose`, which is already used in the program (built in)
hint: choose another id

"#]]
    );
    assert_data_eq!(
        refuse(vec![
            |main| {
                main.add_arg(Arg::option("image").global(true));
            },
            |main| {
                main.add_arg(Arg::option("i").long("image").global(true));
            },
            |main| {
                main.group("register").add_arg(Arg::flag("image"));
            },
            |main| {
                main.add(leaf("own").arg(option()));
                main.add_arg(Arg::flag("wide").alias("opt").global(true));
            },
        ]),
        str![[r#"
plugin `acme` 1.2.3 adds the option `--image` to the program: it has the name `--image`, which is already used in `register` (built in)
hint: choose another name
plugin `acme` 1.2.3 adds the option `--image` to the program: it has the name `--image`, which is already used in `register` (built in)
hint: choose another name
plugin `acme` 1.2.3 adds the flag `--image` to `register`: it has the name `--image`, which is already used in `register` (built in)
hint: choose another name
plugin `acme` 1.2.3 adds the flag `--wide` to the program: it has the name `--opt`, which is already used in `own` (of plugin `acme`)
hint: choose another name

"#]]
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
            vec![Arg::flag("flag").multiple(true)],
            vec![Arg::counter("count").multiple(true)],
        ]),
        str![[r#"
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it is both global and required
plugin `acme` 1.2.3 adds the positional `where` to `config bad`: it is global, which only options and flags can be
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it is required and cannot have a default
plugin `acme` 1.2.3 adds the flag `--flag` to `config bad`: it has a default, which only options and positionals can have
plugin `acme` 1.2.3 adds the flag `--count` to `config bad`: it has a default, which only options and positionals can have
plugin `acme` 1.2.3 adds the flag `--flag` to `config bad`: it takes no values and cannot have possible values
plugin `acme` 1.2.3 adds the flag `--flag` to `config bad`: it takes no values and cannot take several
plugin `acme` 1.2.3 adds the flag `--count` to `config bad`: it takes no values and cannot take several

"#]]
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
        str![[r#"
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has 2 defaults but takes one value
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the default `c`, which is not one of its possible values `a`, `b`
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has a default with control characters
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has the possible value `a` twice
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has a possible value that is empty or has control characters
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it names the variable `NOT-A-NAME`, which is not letters, digits and `_`
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it names the variable ``, which is not letters, digits and `_`
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it names the variable `1ST`, which is not letters, digits and `_`
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it has an empty value name
plugin `acme` 1.2.3 gives the option `--opt` of `config bad` a help text with control characters
hint: leave colours and other styles to the host
plugin `acme` 1.2.3 gives the option `--opt` of `config bad` a long help text with control characters
hint: leave colours and other styles to the host

"#]]
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
        str![[r#"
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it conflicts with itself
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it conflicts with `nothing`, which does not exist
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it conflicts with `projcet`, which does not exist
hint: did you mean `project`?
plugin `acme` 1.2.3 adds the option `--opt` to `config bad`: it conflicts with `local`, which is not global
plugin `acme` 1.2.3 adds the positional `second` to `config bad`: it is required but follows `first`, which is optional
plugin `acme` 1.2.3 adds the positional `second` to `config bad`: it follows `first`, which takes all remaining values

"#]]
    );
    assert_data_eq!(
        refuse(vec![
            |main| {
                main.group("register").add_arg(Arg::positional("more"));
            },
            |main| {
                main.group("register").add_arg(Arg::flag("x").conflicts_with("imgae"));
            },
        ]),
        str![[r#"
plugin `acme` 1.2.3 adds the positional `more` to `register`: it follows `files`, which takes all remaining values
plugin `acme` 1.2.3 adds the flag `--x` to `register`: it conflicts with `imgae`, which does not exist
hint: did you mean `image`?

"#]]
    );
}

#[test]
fn defaults_and_callbacks() {
    assert_data_eq!(
        refuse(vec![
            |main| {
                main.group("nowhere").option("x").set_default("x");
            },
            |main| {
                main.option("projcet").set_default("x");
            },
            |main| {
                main.group("register").option("project").set_default("x");
            },
            |main| {
                main.group("register").option("dry-run").set_default("true");
            },
            |main| {
                main.option("verbose").set_default_with(|_| Ok(vec![]));
            },
            |main| {
                main.group("register").option("files").set_default("x");
            },
            |main| {
                main.option("output").set_default("pdf");
            },
            |main| {
                main.group("config").group("show").option("depth").set_default("300");
            },
            |main| {
                main.group("register").option("imgae").add_callback(|_, _| Ok(None));
            },
            |main| {
                main.group("registre").option("image").add_callback(|_, _| Ok(None));
            },
        ]),
        str![[r#"
plugin `acme` 1.2.3 sets the default of `x` of `nowhere`, which does not exist
plugin `acme` 1.2.3 sets the default of `projcet`, which does not exist
hint: did you mean `project`?
plugin `acme` 1.2.3 sets the default of `project` of `register`, which is a global option of the program
hint: change it there
plugin `acme` 1.2.3 sets the default of `--dry-run` of `register`, which is a flag and has none
plugin `acme` 1.2.3 sets the default of `--verbose`, which is a flag and has none
plugin `acme` 1.2.3 sets the default of `files` of `register`, which is required and has none
plugin `acme` 1.2.3 sets an invalid default of `--output`: invalid value `pdf`; expected one of `table`, `json`
plugin `acme` 1.2.3 sets an invalid default of `--depth` of `config show`: invalid value `300`: 300 is not in 0..=255
plugin `acme` 1.2.3 adds a callback to `imgae` of `register`, which does not exist
hint: did you mean `image`?
plugin `acme` 1.2.3 adds a callback to `image` of `registre`, which does not exist
hint: did you mean `register`?

"#]]
    );
}
