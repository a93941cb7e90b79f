//! `plugin_abi::testing` runs commands as the host does: the same arguments on a command line, and by their
//! ids.

use clapped_plugin::Clapped;
use plugin_abi::{
    Group, Host, Invocation, Kind, Plugin, PluginError,
    clap::{self, Args, Parser, Subcommand},
    cli,
    testing::Tester,
};

use crate::home_with;

type Case = (&'static [&'static str], &'static [&'static str], &'static [(&'static str, &'static str)]);

/// What a user types, and the same as a test writes it.
const CASES: &[Case] = &[
    (&["ship", "send", "apples"], &["ship", "send"], &[("goods", "apples")]),
    (
        &[
            "ship",
            "dispatch",
            "--to",
            "mars",
            "-w",
            "-3",
            "-ll",
            "--note",
            "a b",
            "--note=",
            "--dry-run",
            "x",
            "y",
        ],
        &["ship", "dispatch"],
        &[
            ("to", "mars"),
            ("weight", "-3"),
            ("loud", "2"),
            ("note", "a b"),
            ("note", ""),
            ("dry-run", "true"),
            ("goods", "x"),
            ("goods", "y"),
        ],
    ),
    (
        &["ship", "send", "-l", "-l", "-l", "--", "-x", "--to"],
        &["ship", "send"],
        &[("loud", "true"), ("loud", "2"), ("dry_run", "false"), ("goods", "-x"), ("goods", "--to")],
    ),
    (&["ship", "crew", "add", "Ada"], &["ship", "crew", "add"], &[("name", "Ada")]),
    (&["ship", "crew", "add", "--", "-Ada"], &["ship", "crew", "add"], &[("name", "-Ada")]),
    (
        &["ship", "exec", "ls", "--", "-l", "--", "x"],
        &["ship", "exec"],
        &[("program", "ls"), ("args", "-l"), ("args", "--"), ("args", "x")],
    ),
    (&["config", "weigh"], &["config", "weigh"], &[]),
    (&["config", "weigh", "--mass", "1e3"], &["config", "weigh"], &[("mass", "1e3")]),
];

/// Wrong usage, and the same as a test writes it.
const WRONG: &[Case] = &[
    (&["ship", "send"], &["ship", "send"], &[]),
    (&["ship", "send", "--to", "marss", "x"], &["ship", "send"], &[("to", "marss"), ("goods", "x")]),
    (&["ship", "send", "--weight", "heavy", "x"], &["ship", "send"], &[("weight", "heavy"), ("goods", "x")]),
    (
        &["ship", "send", "-w1", "-w2", "x"],
        &["ship", "send"],
        &[("weight", "1"), ("weight", "2"), ("goods", "x")],
    ),
    (&["ship", "send", "--colour", "red", "x"], &["ship", "send"], &[("colour", "red"), ("goods", "x")]),
    (&["config", "weigh", "--mass", "much"], &["config", "weigh"], &[("mass", "much")]),
];

#[test]
fn a_command_of_claps_runs_as_in_the_host() {
    let mut home = home_with(&["clapped"]);
    home.set("FLYTE_PLUGIN", "clapped");
    let tester = Tester::<Clapped>::new().unwrap();
    for (typed, path, values) in CASES {
        let output = tester.run(path, values).unwrap_or_else(|error| panic!("{typed:?}: {error}"));
        let output = format!("{}[exit: {}]", output.out, output.status);
        assert_eq!(output, home.run(*typed).to_string(), "{typed:?}");
    }
    for (typed, path, values) in WRONG {
        let error = tester.run(path, values).expect_err(&format!("{typed:?}"));
        assert_eq!(error.kind(), Kind::Usage, "{typed:?}: {error}");
        home.run(*typed).failure(2);
    }
}

/// Look after the budget
#[derive(Debug, Parser)]
#[command(name = "budget")]
struct Budget {
    #[command(subcommand)]
    command: BudgetCommand,
}

#[derive(Debug, Subcommand)]
enum BudgetCommand {
    Show(Show),
}

#[derive(Args, Debug)]
struct Show {
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=12))]
    month: u8,
    #[arg(long)]
    loud: bool,
    #[arg(short, action = clap::ArgAction::Count)]
    zoom: u8,
    #[arg(long, env = "BUDGET_TEST_UNSET", default_value = "eu")]
    region: String,
    #[arg(long, value_delimiter = ',')]
    teams: Vec<String>,
    #[arg(long, conflicts_with = "region")]
    everywhere: bool,
}

struct Accountant;

#[plugin_abi::export(name = "accountant", in_process)]
impl Plugin for Accountant {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        main.add(cli::parser(|budget: Budget, invocation: &Invocation<'_>| {
            let BudgetCommand::Show(show) = budget.command;
            invocation.print(format_args!("{show:?}"))
        }));
        Ok(())
    }
}

#[test]
fn the_parser_of_the_command_applies_last() {
    let tester = Tester::<Accountant>::new().unwrap();
    let show = |values: &[(&str, &str)]| tester.run(&["budget", "show"], values);
    assert_eq!(
        show(&[("month", "3")]).unwrap().out,
        "Show { month: 3, loud: false, zoom: 0, region: \"eu\", teams: [], everywhere: false }"
    );
    let all = [("month", "12"), ("loud", "true"), ("zoom", "3"), ("teams", "a,b"), ("everywhere", "true")];
    assert_eq!(
        show(&all).unwrap().out,
        "Show { month: 12, loud: true, zoom: 3, region: \"eu\", teams: [\"a\", \"b\"], everywhere: true }"
    );
    for (values, expected) in [
        (&[("month", "13")][..], "invalid value '13' for '--month <MONTH>': 13 is not in 1..=12"),
        (&[], "the following required arguments were not provided: --month"),
        (
            &[("month", "3"), ("loud", "maybe")],
            "invalid value `maybe` for `--loud`: expected `true` or `false`",
        ),
        (
            &[("month", "3"), ("everywhere", "true"), ("region", "us")],
            "the argument '--region <REGION>' cannot be used with '--everywhere'",
        ),
        (&[("moth", "3")], "the command `budget show` has no argument `moth`"),
    ] {
        let error = show(values).unwrap_err();
        assert_eq!((error.message(), error.kind()), (expected, Kind::Usage));
    }
    assert_eq!(
        tester.run(&["budget", "hide"], &[]).unwrap_err().message(),
        "the plugin adds no command `budget hide`"
    );
}
