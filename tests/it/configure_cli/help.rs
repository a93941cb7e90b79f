//! Help, and names that were misspelt.

use snapbox::str;
use tests::{Transcript, snapshot};

use super::toolbox_home;

#[test]
fn commands_of_a_plugin_stand_among_the_others() {
    snapshot!(
        toolbox_home().run(["--help"]),
        str![[r#"
A Flyte CLI you can extend with compiled plugins

Select plugins with `FLYTE_PLUGIN` or `--plugin`: a path, a name in `~/.flyte/plugins`, or a list of
these. Without plugins, the built-in behaviour is used.

Usage: flyte-host [OPTIONS] <COMMAND>

Commands:
  config      Show the effective configuration
  execution   Inspect, watch, terminate and relaunch executions
  fetch       Download an execution's outputs or inputs
  get         List and inspect registered entities and executions
  launchplan  Activate and deactivate launch plans
  login       Sign in
  logout      Remove the stored tokens
  plugin      Install, inspect and enable plugins
  project     Create, update and archive projects
  register    Register tasks, workflows and launch plans
  run         Run a launch plan, a workflow or a task
  sandbox     Local embedded Flyte
  upload      Upload files and folders to Flyte's object store
  version     Show the versions of this program, its plugins and the server
  whoami      Show who is signed in
  doctor      Check this laptop [plugin: toolbox] [alias: dr]
  box         Look into the box [plugin: toolbox]
  create      Create things [plugin: toolbox]
  help        Print this message or the help of the given subcommand(s)

Options:
  -h, --help
          Print help (see a summary with '-h')

Global options:
  -c, --config <FILE>
          Flyte configuration file

  -p, --project <PROJECT>
          Flyte project

  -d, --domain <DOMAIN>
          Flyte domain
          
          [default: staging]

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

  -V, --version
          Print the version and the plugins in use

      --region <REGION>
          Where to work
          
          [env: TOOLBOX_REGION]
          [default: eu]
          [possible values: eu, us]

Examples:
  flyte-host plugin list
  FLYTE_PLUGIN=acme flyte-host register --dry-run task.yaml
[exit: 0]
"#]]
    );
}

#[test]
fn a_command_of_a_plugin_has_help() {
    let mut transcript = Transcript::new();
    transcript.add(toolbox_home().run(["doctor", "--help"]));
    transcript.add(toolbox_home().run(["doctor", "-h"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host doctor --help
Check this laptop

It prints its arguments, and ends as they say.

Usage: flyte-host doctor [OPTIONS] [ORGAN]...

Arguments:
  [ORGAN]...
          What to look at

Options:
  -l, --level <LEVEL>
          How hard to look
          
          A hard look takes longer.
          
          [default: low]
          [alias: --depth]
          [possible values: low, high]

      --tool <TOOL>
          What to look with; may be repeated

  -q, --quick
          Be quick
          
          [env: TOOLBOX_QUICK]

      --slow
          Take your time

  -L, --loud...
          Say it louder

      --end <END>
          How to end
          
          [default: well]
          [possible values: well, code, error, error-code, usage, panic, remote, bytes]

  -h, --help
          Print help (see a summary with '-h')

Global options:
  -c, --config <FILE>
          Flyte configuration file

  -p, --project <PROJECT>
          Flyte project

  -d, --domain <DOMAIN>
          Flyte domain
          
          [default: staging]

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

      --region <REGION>
          Where to work
          
          [env: TOOLBOX_REGION]
          [default: eu]
          [possible values: eu, us]

Example:
  flyte-host doctor --level high ears eyes
[exit: 0]
$ flyte-host doctor -h
Check this laptop [plugin: toolbox]

Usage: flyte-host doctor [OPTIONS] [ORGAN]...

Arguments:
  [ORGAN]...  What to look at

Options:
  -l, --level <LEVEL>  How hard to look [default: low] [alias: --depth] [possible values: low, high]
      --tool <TOOL>    What to look with; may be repeated
  -q, --quick          Be quick [env: TOOLBOX_QUICK]
      --slow           Take your time
  -L, --loud...        Say it louder
      --end <END>      How to end [default: well] [possible values: well, code, error, error-code,
                       usage, panic, remote, bytes]
  -h, --help           Print help (see more with '--help')

Global options:
  -c, --config <FILE>      Flyte configuration file
  -p, --project <PROJECT>  Flyte project
  -d, --domain <DOMAIN>    Flyte domain [default: staging]
      --sandbox            Use the embedded sandbox, not the configured Flyte [env: FLYTE_SANDBOX]
  -o, --output <FORMAT>    Output format [possible values: json, name, table, yaml]
      --plugin <NAME>      Load a plugin by name or path (repeatable; the first takes precedence)
      --no-plugins         Load no plugins
      --plugin-fallback    Continue without plugins that cannot be used
      --isolate            Run each plugin in a process of its own
  -v, --verbose...         Verbose output (-vv for debug)
      --region <REGION>    Where to work [env: TOOLBOX_REGION] [default: eu] [possible values: eu,
                           us]

Example:
  flyte-host doctor --level high ears eyes
[exit: 0]

"#]]
    );
}

#[test]
fn help_finds_nested_commands() {
    let home = toolbox_home();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["help", "box", "drawer", "open"]));
    transcript.add(home.run(["box", "drawer", "--help"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host help box drawer open
Open a drawer

Usage: flyte-host box drawer open [OPTIONS] <NUMBER>

Arguments:
  <NUMBER>
          Which one

Options:
  -h, --help
          Print help (see a summary with '-h')

Global options:
  -c, --config <FILE>
          Flyte configuration file

  -p, --project <PROJECT>
          Flyte project

  -d, --domain <DOMAIN>
          Flyte domain
          
          [default: staging]

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

      --region <REGION>
          Where to work
          
          [env: TOOLBOX_REGION]
          [default: eu]
          [possible values: eu, us]
[exit: 0]
$ flyte-host box drawer --help
Look into a drawer

Usage: flyte-host box drawer [OPTIONS] <COMMAND>

Commands:
  open  Open a drawer
  help  Print this message or the help of the given subcommand(s)

Options:
  -h, --help
          Print help (see a summary with '-h')

Global options:
  -c, --config <FILE>
          Flyte configuration file

  -p, --project <PROJECT>
          Flyte project

  -d, --domain <DOMAIN>
          Flyte domain
          
          [default: staging]

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

      --region <REGION>
          Where to work
          
          [env: TOOLBOX_REGION]
          [default: eu]
          [possible values: eu, us]
[exit: 0]

"#]]
    );
}

#[test]
fn a_group_without_a_command_prints_its_help() {
    snapshot!(
        toolbox_home().run(["create"]),
        str![[r#"
------- stderr -------
Create things [plugin: toolbox]

Usage: flyte-host create [OPTIONS] <COMMAND>

Commands:
  app     Create an app
  bucket  Create a bucket
  help    Print this message or the help of the given subcommand(s)

Options:
  -h, --help  Print help (see more with '--help')

Global options:
  -c, --config <FILE>      Flyte configuration file
  -p, --project <PROJECT>  Flyte project
  -d, --domain <DOMAIN>    Flyte domain [default: staging]
      --sandbox            Use the embedded sandbox, not the configured Flyte [env: FLYTE_SANDBOX]
  -o, --output <FORMAT>    Output format [possible values: json, name, table, yaml]
      --plugin <NAME>      Load a plugin by name or path (repeatable; the first takes precedence)
      --no-plugins         Load no plugins
      --plugin-fallback    Continue without plugins that cannot be used
      --isolate            Run each plugin in a process of its own
  -v, --verbose...         Verbose output (-vv for debug)
      --region <REGION>    Where to work [env: TOOLBOX_REGION] [default: eu] [possible values: eu,
                           us]
[exit: 2]
"#]]
    );
}

#[test]
fn a_group_that_is_there_already_has_more_commands() {
    snapshot!(
        toolbox_home().run(["config", "--help"]),
        str![[r#"
Show the effective configuration

Usage: flyte-host config [OPTIONS] <COMMAND>

Commands:
  path    Print the path of the configuration file in use, without running plugins
  show    Show what Toolbox thinks [plugin: toolbox]
  rotate  Rotate the keys [plugin: toolbox]
  keys    Look after keys [plugin: toolbox]
  help    Print this message or the help of the given subcommand(s)

Options:
  -h, --help
          Print help (see a summary with '-h')

Global options:
  -c, --config <FILE>
          Flyte configuration file

  -p, --project <PROJECT>
          Flyte project

  -d, --domain <DOMAIN>
          Flyte domain
          
          [default: staging]

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

      --region <REGION>
          Where to work
          
          [env: TOOLBOX_REGION]
          [default: eu]
          [possible values: eu, us]

Example:
  flyte-host config show
[exit: 0]
"#]]
    );
}

#[test]
fn misspelt_names_get_the_right_one() {
    let home = toolbox_home();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["docter"]));
    transcript.add(home.run(["box", "drawr"]));
    transcript.add(home.run(["doctor", "--levle", "high"]));
    transcript.add(home.run(["doctor", "--level", "hihg"]));
    transcript.add(home.run(["box", "drawer", "open"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host docter
------- stderr -------
error: unrecognized subcommand 'docter'

  tip: a similar subcommand exists: 'doctor'

Usage: flyte-host [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit: 2]
$ flyte-host box drawr
------- stderr -------
error: unrecognized subcommand 'drawr'

  tip: a similar subcommand exists: 'drawer'

Usage: flyte-host box [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit: 2]
$ flyte-host doctor --levle high
------- stderr -------
error: unexpected argument '--levle' found

  tip: a similar argument exists: '--level'

Usage: flyte-host doctor --level <LEVEL> [ORGAN]...

For more information, try '--help'.
[exit: 2]
$ flyte-host doctor --level hihg
------- stderr -------
error: invalid value 'hihg' for '--level <LEVEL>'
  [possible values: low, high]

  tip: a similar value exists: 'high'

For more information, try '--help'.
[exit: 2]
$ flyte-host box drawer open
------- stderr -------
error: the following required arguments were not provided:
  <NUMBER>

Usage: flyte-host box drawer open <NUMBER>

For more information, try '--help'.
[exit: 2]

"#]]
    );
}
