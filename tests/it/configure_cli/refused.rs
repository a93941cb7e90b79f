//! Changes that a plugin cannot make, each told in a sentence, and never by a panic of the argument parser.

use snapbox::str;
use tests::snapshot;

use super::toolbox;

const CASES: &[&str] = &[
    "command-taken",
    "command-taken-deep",
    "command-taken-by-alias",
    "command-alias-taken",
    "command-alias-name",
    "command-name",
    "command-name-empty",
    "command-name-control",
    "command-help",
    "command-twice-inside",
    "command-no-group",
    "command-no-group-near",
    "command-below-leaf",
    "command-below-own-leaf",
    "command-empty",
    "command-about-control",
    "command-too-deep",
    "command-too-many",
    "merge-leaf",
    "merge-no-group",
    "merge-runs",
    "merge-clash",
    "replace-missing",
    "replace-kept",
    "hide-missing",
    "hide-kept",
    "arg-no-command",
    "arg-id-empty",
    "arg-id-help",
    "arg-id-taken",
    "arg-long",
    "arg-long-dashes",
    "arg-long-taken",
    "arg-long-taken-above",
    "arg-long-taken-below",
    "arg-alias-taken",
    "arg-help",
    "arg-version",
    "arg-h",
    "arg-short",
    "arg-short-dash",
    "arg-short-taken",
    "arg-short-twice",
    "arg-positional-long",
    "arg-global-required",
    "arg-global-positional",
    "arg-required-default",
    "arg-flag-default",
    "arg-flag-values",
    "arg-flag-multiple",
    "arg-two-defaults",
    "arg-default-impossible",
    "arg-value-twice",
    "arg-value-empty",
    "arg-env",
    "arg-value-name",
    "arg-help-control",
    "arg-conflict",
    "arg-conflict-self",
    "arg-conflict-local",
    "arg-required-after-optional",
    "arg-after-multiple",
    "arg-too-many",
    "default-no-command",
    "default-no-option",
    "default-above",
    "default-flag",
    "default-required",
    "default-impossible",
    "default-many",
    "callback-no-option",
    "error",
    "panic",
];

#[test]
fn each_in_a_sentence() {
    let mut home = toolbox();
    let told: String = CASES
        .iter()
        .map(|case| {
            home.set("TOOLBOX_BAD", *case);
            let told = home.run(&["config", "show"]);
            format!("{case}\n{}\n", told.replace("------- stderr -------\n", ""))
        })
        .collect();
    snapshot!(
        told,
        str![[r#"
command-taken
error: plugin `toolbox` 0.4.0 adds the command `plugin`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-taken-deep
error: plugin `toolbox` 0.4.0 adds the command `config show`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-taken-by-alias
error: plugin `toolbox` 0.4.0 adds the command `other`, which already exists as an alias of `fine` (of plugin `toolbox`)
hint: choose another name
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-alias-taken
error: plugin `toolbox` 0.4.0 adds the command `fine`, with the alias `config`, which is already used by `config` (built in)
hint: choose another alias
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-alias-name
error: plugin `toolbox` 0.4.0 adds the command `fine` with the alias `Not Fine`, which is not lower-case letters, digits and `-`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-name
error: plugin `toolbox` 0.4.0 adds a command with the name `My_Command`, which is not lower-case letters, digits and `-`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-name-empty
error: plugin `toolbox` 0.4.0 adds a command to `config` with the name ``, which is not lower-case letters, digits and `-`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-name-control
error: plugin `toolbox` 0.4.0 adds a command with the name `red\u{1b}[31m`, which is not lower-case letters, digits and `-`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-help
error: plugin `toolbox` 0.4.0 adds a command to `config` with the name `help`, which is reserved
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-twice-inside
error: plugin `toolbox` 0.4.0 adds two commands with the name `one` to `bad`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-no-group
error: plugin `toolbox` 0.4.0 adds the command `bad` to `nowhere`, which does not exist
hint: use `merge` to create a missing group
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-no-group-near
error: plugin `toolbox` 0.4.0 adds the command `bad` to `confgi`, which does not exist
hint: did you mean `config`?
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-below-leaf
error: plugin `toolbox` 0.4.0 adds the command `bad` to `config show`, which is a command and not a group (built in)
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-below-own-leaf
error: plugin `toolbox` 0.4.0 adds the command `bad` to `own`, which is a command and not a group (of plugin `toolbox`)
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-empty
error: plugin `toolbox` 0.4.0 adds the command `bad hollow`, which has neither a function nor subcommands
hint: add a function with `run`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-about-control
error: plugin `toolbox` 0.4.0 gives `bad` a description with control characters
hint: leave colours and other styles to the host
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-too-deep
error: plugin `toolbox` 0.4.0 nests commands too deep, at `bad bad bad bad bad bad bad bad bad`: at most 8 levels are allowed
hint: use `--no-plugins` to run without the plugin
[exit: 11]
command-too-many
error: plugin `toolbox` 0.4.0 adds more than 1000 commands
hint: use `--no-plugins` to run without the plugin
[exit: 11]
merge-leaf
error: plugin `toolbox` 0.4.0 merges `bad`, which has no subcommands
hint: use `add` instead
hint: use `--no-plugins` to run without the plugin
[exit: 11]
merge-no-group
error: plugin `toolbox` 0.4.0 merges the group `config show`, which exists as a command (built in)
hint: use `--no-plugins` to run without the plugin
[exit: 11]
merge-runs
error: plugin `toolbox` 0.4.0 merges the group `config`, which has a function of its own, into an existing one
hint: remove the group's `run`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
merge-clash
error: plugin `toolbox` 0.4.0 adds the command `config show`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
replace-missing
error: plugin `toolbox` 0.4.0 replaces the command `bad`, which does not exist
hint: use `add` instead
hint: use `--no-plugins` to run without the plugin
[exit: 11]
replace-kept
error: plugin `toolbox` 0.4.0 replaces the command `plugin`, which is reserved
hint: use `--no-plugins` to run without the plugin
[exit: 11]
hide-missing
error: plugin `toolbox` 0.4.0 hides the command `confgi`, which does not exist
hint: did you mean `config`?
hint: use `--no-plugins` to run without the plugin
[exit: 11]
hide-kept
error: plugin `toolbox` 0.4.0 hides the command `plugin`, which is reserved
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-no-command
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `confgi`, which does not exist
hint: did you mean `config`?
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-id-empty
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has an id that is empty or has control characters
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-id-help
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has the id `help`, which is reserved
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-id-taken
error: plugin `toolbox` 0.4.0 adds the option `--other` to `bad`: it has the id `bad`, which is already used in `bad` (of the same plugin)
hint: choose another id
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-long
error: plugin `toolbox` 0.4.0 adds the option `--not fine` to `bad`: it has the long name `not fine`, which is not letters, digits, `-` and `_`
hint: omit the leading dashes
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-long-dashes
error: plugin `toolbox` 0.4.0 adds the option `----bad` to `bad`: it has the long name `--bad`, which is not letters, digits, `-` and `_`
hint: omit the leading dashes
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-long-taken
error: plugin `toolbox` 0.4.0 adds the flag `--bad` to `bad`: it has the name `--bad`, which is already used in `bad` (of the same plugin)
hint: choose another name
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-long-taken-above
error: plugin `toolbox` 0.4.0 adds the option `--project` to `bad`: it has the name `--project`, which is already used in the program (built in)
hint: choose another name
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-long-taken-below
error: plugin `toolbox` 0.4.0 adds the option `--bad` to the program: it has the name `--bad`, which is already used in `bad` (of plugin `toolbox`)
hint: choose another name
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-alias-taken
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has the name `--domain`, which is already used in the program (built in)
hint: choose another name
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-help
error: plugin `toolbox` 0.4.0 adds the option `--help` to `bad`: it has the name `--help`, which is reserved
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-version
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has the name `--version`, which is reserved
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-h
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has the name `-h`, which is reserved
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-short
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has the short name `é`, which is not one printable ASCII character
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-short-dash
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has the short name `-`, which is not one printable ASCII character
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-short-taken
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has the name `-p`, which is already used in the program (built in)
hint: choose another name
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-short-twice
error: plugin `toolbox` 0.4.0 adds the flag `--other` to `bad`: it has the name `-x`, which is already used in `bad` (of the same plugin)
hint: choose another name
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-positional-long
error: plugin `toolbox` 0.4.0 adds the positional `bad` to `bad`: it is positional and cannot have a long or short name
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-global-required
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it is both global and required
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-global-positional
error: plugin `toolbox` 0.4.0 adds the positional `bad` to `bad`: it is global, which only options and flags can be
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-required-default
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it is required and cannot have a default
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-flag-default
error: plugin `toolbox` 0.4.0 adds the flag `--bad` to `bad`: it has a default, which only options and positionals can have
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-flag-values
error: plugin `toolbox` 0.4.0 adds the flag `--bad` to `bad`: it takes no values and cannot have possible values
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-flag-multiple
error: plugin `toolbox` 0.4.0 adds the flag `--bad` to `bad`: it takes no values and cannot take several
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-two-defaults
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has 2 defaults but takes one value
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-default-impossible
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has the default `c`, which is not one of its possible values `a`, `b`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-value-twice
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has the possible value `a` twice
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-value-empty
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has a possible value that is empty or has control characters
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-env
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it names the variable `NOT-A-NAME`, which is not letters, digits and `_`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-value-name
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it has an empty value name
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-help-control
error: plugin `toolbox` 0.4.0 gives the option `--bad` of `bad` a help text with control characters
hint: leave colours and other styles to the host
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-conflict
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it conflicts with `bat`, which does not exist
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-conflict-self
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it conflicts with itself
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-conflict-local
error: plugin `toolbox` 0.4.0 adds the option `--bad` to `bad`: it conflicts with `local`, which is not global
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-required-after-optional
error: plugin `toolbox` 0.4.0 adds the positional `bad` to `bad`: it is required but follows `first`, which is optional
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-after-multiple
error: plugin `toolbox` 0.4.0 adds the positional `bad` to `bad`: it follows `all`, which takes all remaining values
hint: use `--no-plugins` to run without the plugin
[exit: 11]
arg-too-many
error: plugin `toolbox` 0.4.0 gives `bad` 201 arguments; at most 200 are allowed
hint: use `--no-plugins` to run without the plugin
[exit: 11]
default-no-command
error: plugin `toolbox` 0.4.0 sets the default of `bad` of `nowhere`, which does not exist
hint: use `--no-plugins` to run without the plugin
[exit: 11]
default-no-option
error: plugin `toolbox` 0.4.0 sets the default of `projcet`, which does not exist
hint: did you mean `project`?
hint: use `--no-plugins` to run without the plugin
[exit: 11]
default-above
error: plugin `toolbox` 0.4.0 sets the default of `project` of `bad`, which is a global option of the program
hint: change it there
hint: use `--no-plugins` to run without the plugin
[exit: 11]
default-flag
error: plugin `toolbox` 0.4.0 sets the default of `--no-plugins`, which is a flag and has none
hint: use `--no-plugins` to run without the plugin
[exit: 11]
default-required
error: plugin `toolbox` 0.4.0 sets the default of `name` of `bad`, which is required and has none
hint: use `--no-plugins` to run without the plugin
[exit: 11]
default-impossible
error: plugin `toolbox` 0.4.0 sets an invalid default of `--tone` of `bad`: invalid value `medium`; expected one of `high`, `low`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
default-many
error: plugin `toolbox` 0.4.0 sets an invalid default of `--output`: invalid value `pdf`; expected one of `dot`, `json`, `name`, `pb`, `table`, `yaml`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
callback-no-option
error: plugin `toolbox` 0.4.0 adds a callback to `tune` of `bad`, which does not exist
hint: did you mean `tone`?
hint: use `--no-plugins` to run without the plugin
[exit: 11]
error
error: plugin `toolbox` 0.4.0 failed in `configure_cli`
  caused by: the command line is in a bad mood
[exit: 11]
panic
error: plugin `toolbox` 0.4.0 panicked in `configure_cli`
  caused by: no command line (tests/plugins/commands/src/bad.rs:19)
hint: report this plugin bug at <https://example.org/toolbox>; use `--no-plugins` to continue without it
[exit: 11]

"#]]
    );
}

#[test]
fn help_and_first_aid_go_on() {
    let mut home = toolbox();
    home.set("TOOLBOX_BAD", "command-taken");
    snapshot!(
        home.run(&["config", "--help"]),
        str![[r#"
Show the effective configuration

Usage: flyte-host config [OPTIONS] <COMMAND>

Commands:
  show  Show the connection to Flyte, and where each value came from
  help  Print this message or the help of the given subcommand(s)

Options:
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
          - dot:   Graphviz (`get workflow NAME` only)
          - json:  JSON
          - name:  One name per line
          - pb:    One file per entity, as from `pyflyte package` (`register --dry-run` only)
          - table: Human-readable table
          - yaml:  YAML

      --plugin <NAME>
          Load a plugin by name or path (repeatable; the first takes precedence)

      --no-plugins
          Load no plugins

      --plugin-fallback
          Continue without plugins that cannot be used

  -v, --verbose...
          Verbose output (-vv for debug)

Example:
  flyte-host config show
------- stderr -------
warning: plugin `toolbox` 0.4.0 adds the command `plugin`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["plugin", "path"]),
        str![[r#"
[HOME]/.flyte/plugins
/usr/local/lib/flyte/plugins
/usr/lib/flyte/plugins
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["doctor"]),
        str![[r#"
------- stderr -------
error: plugin `toolbox` 0.4.0 adds the command `plugin`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
"#]]
    );
    snapshot!(
        home.run(&["--plugin-fallback", "doctor"]),
        str![[r#"
------- stderr -------
warning: plugin `toolbox` 0.4.0 adds the command `plugin`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
continuing with the built-in default
error: unrecognized subcommand 'doctor'

Usage: flyte-host [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn two_plugins_that_want_the_same_name() {
    let mut home = toolbox();
    home.set("FLYTE_PLUGIN", "clapped:toolbox").set("TOOLBOX_BAD", "command-ship");
    snapshot!(
        home.run(&["ship"]),
        str![[r#"
------- stderr -------
error: plugin `clapped` 0.2.0 adds the command `ship`, which already exists (of plugin `toolbox`)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
"#]]
    );
}
