//! Commands that are declared with clap's derive, in the plugin's own clap.

use snapbox::str;
use tests::{TestEnvironment, Transcript, snapshot};

use crate::home_with;

fn clapped() -> TestEnvironment {
    let mut home = home_with(&["clapped"]);
    home.set("FLYTE_PLUGIN", "clapped");
    home
}

#[test]
fn help_is_that_of_the_host() {
    let home = clapped();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["ship", "--help"]));
    transcript.add(home.run(["ship", "send", "-h"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host ship --help
Ship things

Declared with clap's derive, and read by the plugin's own clap.

Usage: flyte-host ship [OPTIONS] <COMMAND>

Commands:
  send  Send goods [alias: dispatch]
  crew  Look after the crew
  exec  Run a program on board
  help  Print this message or the help of the given subcommand(s)

Options:
      --dry-run
          Only say what would be done

  -h, --help
          Print help (see a summary with '-h')

Global options:
  -c, --config <FILE>
          Flyte configuration file

  -p, --project <PROJECT>
          Flyte project [default: from the configuration]

  -d, --domain <DOMAIN>
          Flyte domain [default: from the configuration]

      --sandbox
          Use the embedded sandbox, not the configured Flyte [env: FLYTE_SANDBOX]

  -o, --output <FORMAT>
          Output format

          Possible values:
          - json:  JSON
          - name:  One name per line
          - table: Human-readable table
          - yaml:  YAML

      --plugin <NAME>
          Load a plugin by name or path (repeatable; the first takes precedence)

      --no-plugins
          Load no plugins

      --plugin-fallback
          Continue without plugins that cannot be used

      --isolate
          Run each plugin in a process of its own

  -v, --verbose...
          Verbose output (-vv for debug)

Example:
  flyte-host ship send --to mars apples
[exit: 0]
$ flyte-host ship send -h
Send goods

Usage: flyte-host ship send [OPTIONS] <GOODS>...

Arguments:
  <GOODS>...  What to send

Options:
      --dry-run          Only say what would be done
      --to <TO>          Where to [default: earth] [possible values: earth, mars]
  -w, --weight <WEIGHT>  How heavy, in kg [default: 1]
  -l...                  How loud
      --note <NOTE>      A note to attach; may be repeated
  -h, --help             Print help (see more with '--help')

Global options:
  -c, --config <FILE>      Flyte configuration file
  -p, --project <PROJECT>  Flyte project [default: from the configuration]
  -d, --domain <DOMAIN>    Flyte domain [default: from the configuration]
      --sandbox            Use the embedded sandbox, not the configured Flyte [env: FLYTE_SANDBOX]
  -o, --output <FORMAT>    Output format [possible values: json, name, table, yaml]
      --plugin <NAME>      Load a plugin by name or path (repeatable; the first takes precedence)
      --no-plugins         Load no plugins
      --plugin-fallback    Continue without plugins that cannot be used
      --isolate            Run each plugin in a process of its own
  -v, --verbose...         Verbose output (-vv for debug)
[exit: 0]

"#]]
    );
}

#[test]
fn values_are_typed() {
    let home = clapped();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["ship", "send", "apples"]));
    transcript.add(home.run([
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
    ]));
    transcript.add(home.run(["ship", "crew", "add", "Ada", "-o", "json"]));
    transcript.add(home.run(["ship", "exec", "ls", "--", "-l", "--", "x"]));
    transcript.add(home.run(["config", "weigh", "--mass", "1e3"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host ship send apples
Ship { dry_run: false, command: Send { to: Earth, weight: 1, loud: 0, note: [], goods: ["apples"] } }
[exit: 0]
$ flyte-host ship dispatch --to mars -w -3 -ll --note 'a b' '--note=' --dry-run x y
Ship { dry_run: true, command: Send { to: Mars, weight: -3, loud: 2, note: ["a b", ""], goods: ["x", "y"] } }
[exit: 0]
$ flyte-host ship crew add Ada -o json
Ship { dry_run: false, command: Crew(Add { name: "Ada" }) }
[exit: 0]
$ flyte-host ship exec ls -- -l -- x
Ship { dry_run: false, command: Exec { program: "ls", args: ["-l", "--", "x"] } }
[exit: 0]
$ flyte-host config weigh --mass 1e3
1000 kg
[exit: 0]

"#]]
    );
}

#[test]
fn what_the_host_can_refuse_it_refuses() {
    let home = clapped();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["ship", "send", "--to", "marss", "x"]));
    transcript.add(home.run(["ship", "send"]));
    transcript.add(home.run(["ship"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host ship send --to marss x
------- stderr -------
error: invalid value 'marss' for '--to <TO>'
  [possible values: earth, mars]

  tip: a similar value exists: 'mars'

For more information, try '--help'.
[exit: 2]
$ flyte-host ship send
------- stderr -------
error: the following required arguments were not provided:
  <GOODS>...

Usage: flyte-host ship send <GOODS>...

For more information, try '--help'.
[exit: 2]
$ flyte-host ship
------- stderr -------
Ship things [plugin: clapped]

Usage: flyte-host ship [OPTIONS] <COMMAND>

Commands:
  send  Send goods [alias: dispatch]
  crew  Look after the crew
  exec  Run a program on board
  help  Print this message or the help of the given subcommand(s)

Options:
      --dry-run  Only say what would be done
  -h, --help     Print help (see more with '--help')

Global options:
  -c, --config <FILE>      Flyte configuration file
  -p, --project <PROJECT>  Flyte project [default: from the configuration]
  -d, --domain <DOMAIN>    Flyte domain [default: from the configuration]
      --sandbox            Use the embedded sandbox, not the configured Flyte [env: FLYTE_SANDBOX]
  -o, --output <FORMAT>    Output format [possible values: json, name, table, yaml]
      --plugin <NAME>      Load a plugin by name or path (repeatable; the first takes precedence)
      --no-plugins         Load no plugins
      --plugin-fallback    Continue without plugins that cannot be used
      --isolate            Run each plugin in a process of its own
  -v, --verbose...         Verbose output (-vv for debug)

Example:
  flyte-host ship send --to mars apples
[exit: 2]

"#]]
    );
}

#[test]
fn what_only_the_plugins_parser_knows_is_a_wrong_use() {
    let mut transcript = Transcript::new();
    transcript.add(clapped().run(["ship", "send", "--weight", "heavy", "x"]));
    transcript.add(clapped().run(["config", "weigh", "--mass", "much"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host ship send --weight heavy x
------- stderr -------
error: invalid value 'heavy' for '--weight <WEIGHT>': invalid digit found in string
hint: run `flyte-host ship send --help` for its usage
[exit: 2]
$ flyte-host config weigh --mass much
------- stderr -------
error: invalid value 'much' for '--mass <MASS>': invalid float literal
hint: run `flyte-host config weigh --help` for its usage
[exit: 2]

"#]]
    );
}
