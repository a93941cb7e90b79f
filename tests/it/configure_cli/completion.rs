//! Completion, in real shells where they are installed.

use std::{
    env,
    io::{self, Write},
    process::Command,
};

use snapbox::str;
use tests::{Output, TestEnvironment, Transcript, snapshot};

use super::toolbox_home;

/// What bash offers behind a line, one candidate a line.
pub(crate) fn bash(home: &TestEnvironment, line: &str) -> Output {
    let script = r#"
        source <(flyte-host completion bash)
        # What readline does at TAB: it breaks words at `=` and `:` too.
        function tab {
            COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
            read -r -a COMP_WORDS <<< "${1//=/ = }"
            [[ $1 == *[\ =] ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            local function=$(complete -p flyte-host); function=${function#*-F }; function=${function%% *}
            $function flyte-host "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\n' "${COMPREPLY[@]}"
        }
        tab "$1"
    "#;
    shell(home, "bash", &["--norc", "-c", script, "bash", line]).with_command(format!("{line}<TAB>"))
}

fn shell(home: &TestEnvironment, program: &str, arguments: &[&str]) -> Output {
    let like = home.command();
    let mut command = Command::new(program);
    command.args(arguments).env_clear().current_dir(like.get_current_dir().unwrap());
    command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = home.run_command(&mut command);
    let noise = "bash: compopt: not currently executing completion function\n";
    output.map(|text| text.replace(noise, ""))
}

/// Whether a shell is installed. In CI nothing is skipped that is promised: bash.
fn is_installed(program: &str) -> bool {
    let found = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(program).exists());
    assert!(found || program != "bash" || env::var_os("CI").is_none(), "bash is needed here");
    if !found {
        // Not `eprintln`, which the test runner would hide.
        let _ = writeln!(io::stderr(), "skipped: no `{program}` is installed");
    }
    found
}

#[test]
fn bash_completes_what_a_plugin_added() {
    if !is_installed("bash") {
        return;
    }
    let home = toolbox_home();
    let mut transcript = Transcript::new();
    transcript.add(bash(&home, "flyte-host "));
    transcript.add(bash(&home, "flyte-host do"));
    transcript.add(bash(&home, "flyte-host box drawer "));
    transcript.add(bash(&home, "flyte-host config "));
    transcript.add(bash(&home, "flyte-host doctor --l"));
    transcript.add(bash(&home, "flyte-host doctor --level "));
    transcript.add(bash(&home, "flyte-host doctor --level=h"));
    transcript.add(bash(&home, "flyte-host --region="));
    transcript.add(bash(&home, "flyte-host help box "));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host <TAB>
config
execution
fetch
get
launchplan
login
logout
plugin
project
register
run
sandbox
upload
version
whoami
doctor
box
create
help
--config
--project
--domain
--sandbox
--output
--plugin
--no-plugins
--plugin-fallback
--isolate
--verbose
--version
--region
--help
[exit: 0]
$ flyte-host do<TAB>
doctor
[exit: 0]
$ flyte-host box drawer <TAB>
open
help
--config
--project
--domain
--sandbox
--output
--plugin
--no-plugins
--plugin-fallback
--isolate
--verbose
--region
--help
[exit: 0]
$ flyte-host config <TAB>
path
show
rotate
keys
help
--config
--project
--domain
--sandbox
--output
--plugin
--no-plugins
--plugin-fallback
--isolate
--verbose
--region
--help
[exit: 0]
$ flyte-host doctor --l<TAB>
--level
--loud
[exit: 0]
$ flyte-host doctor --level <TAB>
low
high
[exit: 0]
$ flyte-host doctor --level=h<TAB>
high
[exit: 0]
$ flyte-host --region=<TAB>
eu
us
[exit: 0]
$ flyte-host help box <TAB>
drawer
[exit: 0]

"#]]
    );
}

#[test]
fn what_is_hidden_does_not_complete() {
    if !is_installed("bash") {
        return;
    }
    let home = toolbox_home();
    let mut transcript = Transcript::new();
    transcript.add(bash(&home, "flyte-host --ten"));
    transcript.add(bash(&home, "flyte-host comp"));
    transcript.add(bash(&home, "flyte-host doctor --secr"));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host --ten<TAB>

[exit: 0]
$ flyte-host comp<TAB>

[exit: 0]
$ flyte-host doctor --secr<TAB>

[exit: 0]

"#]]
    );
}

#[test]
fn the_plugin_on_the_line_itself_counts() {
    if !is_installed("bash") {
        return;
    }
    let mut home = toolbox_home();
    home.set("FLYTE_PLUGIN", "");
    let mut transcript = Transcript::new();
    transcript.add(bash(&home, "flyte-host sh"));
    transcript.add(bash(&home, "flyte-host --plugin clapped sh"));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host sh<TAB>

[exit: 0]
$ flyte-host --plugin clapped sh<TAB>
ship
[exit: 0]

"#]]
    );
}

#[test]
fn a_broken_plugin_leaves_completion_of_the_rest() {
    if !is_installed("bash") {
        return;
    }
    let mut home = toolbox_home();
    home.set("TOOLBOX_BAD", "panic");
    let mut transcript = Transcript::new();
    transcript.add(bash(&home, "flyte-host co"));
    home.set("FLYTE_PLUGIN", "nowhere");
    transcript.add(bash(&home, "flyte-host plugin "));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host co<TAB>
completion
config
[exit: 0]
$ flyte-host plugin <TAB>
check
disable
enable
install
list
new
path
publish
remove
rollback
search
show
update
wheel
help
--config
--project
--domain
--sandbox
--output
--plugin
--no-plugins
--plugin-fallback
--isolate
--verbose
--help
[exit: 0]

"#]]
    );
}

#[test]
fn zsh_completes_with_descriptions() {
    if !is_installed("zsh") {
        return;
    }
    let script = r#"
        compdef() { :; }
        source <(flyte-host completion zsh)
        function _describe { shift 2; print -l -- ${(P)1} }
        words=(flyte-host do) CURRENT=2
        _clap_dynamic_completer_flyte_host
    "#;
    let output = shell(&toolbox_home(), "zsh", &["-f", "-c", script]);
    assert_eq!(output.success().stdout(), "doctor:Check this laptop\n");
}

#[test]
fn fish_completes_with_descriptions() {
    if !is_installed("fish") {
        return;
    }
    let script = "flyte-host completion fish | source; complete -C 'flyte-host do'";
    let output = shell(&toolbox_home(), "fish", &["--no-config", "-c", script]);
    assert_eq!(output.success().stdout(), "doctor\tCheck this laptop\n");
}

/// What a shell offers below a command, without options and descriptions.
fn offered(program: &str, command: &str) -> Vec<String> {
    let home = crate::home_with(&[]);
    let output = match program {
        "bash" => bash(&home, &format!("flyte-host {command} ")),
        "fish" => {
            let script = format!("flyte-host completion fish | source; complete -C 'flyte-host {command} '");
            shell(&home, "fish", &["--no-config", "-c", &script])
        }
        _ => {
            let script = format!(
                "compdef() {{ :; }}\nsource <(flyte-host completion zsh)\n\
                 function _describe {{ shift 2; print -l -- ${{(P)1}} }}\n\
                 words=(flyte-host {command} '') CURRENT=3\n_clap_dynamic_completer_flyte_host"
            );
            shell(&home, "zsh", &["-f", "-c", &script])
        }
    };
    let words = output.lines().filter_map(|line| line.split(['\t', ':']).next());
    words.filter(|word| !word.starts_with(['-', '['])).map(str::to_owned).collect()
}

#[test]
fn every_shell_offers_commands_and_not_their_aliases() {
    for program in ["bash", "fish", "zsh"] {
        if !is_installed(program) {
            continue;
        }
        let below = offered(program, "execution");
        let has = |word: &str| below.iter().any(|offered| offered == word);
        assert!(has("terminate") && !has("abort"), "{program}: {below:?}");
        let mut below = offered(program, "get");
        below.sort();
        let entities = ["domains", "executions", "help", "launch-plans", "nodes", "projects"];
        assert_eq!(below, [&entities[..], &["task-executions", "tasks", "workflows"]].concat(), "{program}");
    }
}

#[test]
fn every_shell_has_a_script_that_asks_the_program() {
    let home = toolbox_home();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = home.run(["completion", shell]);
        assert!(script.contains("FLYTE_HOST_COMPLETE") && script.contains("flyte-host"), "{shell}: {script}");
    }
    snapshot!(
        home.run(["completion", "tcsh"]),
        str![[r#"
------- stderr -------
error: invalid value 'tcsh' for '<SHELL>'
  [possible values: bash, elvish, fish, powershell, zsh]

  tip: a similar value exists: 'zsh'

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn files_complete_where_run_takes_them() {
    if !is_installed("bash") {
        return;
    }
    let home = toolbox_home();
    home.write("hello.yaml", "");
    home.write("plans/nightly.yaml", "");
    let mut transcript = Transcript::new();
    transcript.add(bash(&home, "flyte-host run hel"));
    transcript.add(bash(&home, "flyte-host run hello.yaml plans/n"));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hel<TAB>
hello.yaml
[exit: 0]
$ flyte-host run hello.yaml plans/n<TAB>
plans/nightly.yaml
[exit: 0]

"#]]
    );
}
