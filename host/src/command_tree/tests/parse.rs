//! Defaults and callbacks: what a command finds in the end.

use std::sync::{Arc, Mutex};

use plugin_abi::{Arg, Command, Group, PluginError};
use snapbox::{assert_data_eq, str};

use super::{Parsed, Tree, apply, apply_as, base, parse, printed, rendered, resolve};
use crate::ui::exit_code::Exit;

fn leaf(name: &str) -> Command {
    Command::new(name).run(|_| Ok(()))
}

fn values(tree: &Tree, line: &str, id: &str) -> Vec<String> {
    tree.values(&resolve(tree, line).unwrap(), id).unwrap_or_default()
}

fn one<'p>(parsed: &'p Parsed, id: &str) -> Option<&'p String> {
    parsed.leaf().get_one(id)
}

#[test]
fn a_fixed_default_is_shown_and_found() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.group("register").option("image").set_default("acme:1");
        main.option("project").set_default("acme");
    })
    .unwrap();
    let parsed = resolve(&tree, "register a.yaml").unwrap();
    assert_eq!(
        (one(&parsed, "image").unwrap(), one(&parsed, "project").unwrap()),
        (&"acme:1".into(), &"acme".into())
    );
    assert!(!parsed.is_given("image"));
    assert_eq!(values(&tree, "register a.yaml --image mine", "image"), ["mine"]);
    assert!(printed(&tree, "register -h").contains("[default: acme:1]"));
}

#[test]
fn a_lazy_default_sees_the_one_before_and_is_asked_only_when_needed() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut tree = base();
    let noted = Arc::clone(&asked);
    apply(&mut tree, move |main| {
        main.group("register").option("image").set_default_with(move |previous| {
            noted.lock().unwrap().push(previous.join(","));
            Ok(vec![format!("{}-slim", previous[0])])
        });
    })
    .unwrap();
    apply_as("other", &mut tree, |main| {
        main.group("register")
            .option("image")
            .set_default_with(|previous| Ok(vec![format!("acme/{}", previous[0])]));
    })
    .unwrap();
    assert!(!printed(&tree, "register -h").contains("[default: python"));
    assert_eq!(values(&tree, "register a.yaml --image mine", "image"), ["mine"]);
    assert_eq!(values(&tree, "config show", "image"), [""; 0]);
    assert_eq!(*asked.lock().unwrap(), [""; 0], "not needed yet");

    let parsed = resolve(&tree, "-v register --label a,b a.yaml -- --odd").unwrap();
    assert_eq!(one(&parsed, "image").unwrap(), "acme/python:3.12-slim");
    assert!(!parsed.is_given("image"));
    assert_eq!(*asked.lock().unwrap(), ["python:3.12"]);
    // Reading the command line again changed nothing else.
    let many = |id| parsed.leaf().get_many::<String>(id).unwrap().cloned().collect::<Vec<_>>();
    assert_eq!(
        (many("files"), many("label")),
        (vec!["a.yaml".into(), "--odd".into()], vec!["a".into(), "b".into()])
    );
    assert_eq!(parsed.leaf().get_count("verbose"), 1);
}

#[test]
fn a_fixed_default_ends_lazy_ones() {
    let mut tree = base();
    apply(&mut tree, |main| {
        let mut image = main.group("register").option("image");
        image.set_default_with(|_| unreachable!("another default was set"));
        image.set_default("fixed");
    })
    .unwrap();
    assert_eq!(values(&tree, "register a.yaml", "image"), ["fixed"]);
}

#[test]
fn every_option_of_every_command_can_be_walked() {
    let mut tree = base();
    apply(&mut tree, |main| {
        fn rewrite(group: &Group) {
            for arg in group.existing().unwrap().args().to_vec() {
                if arg.kind() == plugin_abi::ArgKind::Option && arg.id() != "depth" && arg.id() != "output" {
                    group.option(arg.id()).set_default_with(|previous| {
                        Ok(if previous.is_empty() { vec!["walked".into()] } else { previous.to_vec() })
                    });
                }
            }
        }
        rewrite(main);
        main.walk().iter().for_each(rewrite);
    })
    .unwrap();
    assert_eq!(values(&tree, "config show", "key"), ["walked"]);
    assert_eq!(values(&tree, "config show", "project"), ["walked"]);
    assert_eq!(values(&tree, "register x", "image"), ["python:3.12"]);
}

#[test]
fn callbacks_run_from_the_top_down_and_replace_values() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut tree = base();
    let log = Arc::clone(&seen);
    apply(&mut tree, move |main| {
        let note = |name: &'static str, log: &Arc<Mutex<Vec<String>>>| {
            let log = Arc::clone(log);
            move |values: &[String], given: bool| {
                log.lock().unwrap().push(format!("{name} {values:?} {given}"));
                Ok((name == "project").then(|| vec!["replaced".to_owned()]))
            }
        };
        main.add(leaf("doctor").arg(Arg::option("level").default_value("low").callback(note("level", &log))));
        main.add_arg(Arg::option("tenant").global(true).hidden(true).callback(note("tenant", &log)));
        main.option("project").add_callback(note("project", &log));
        main.option("verbose").add_callback(note("verbose", &log));
        main.group("doctor").option("level").add_callback(note("level again", &log));
        main.group("register").option("dry-run").add_callback(note("never", &log));
    })
    .unwrap();
    let parsed = resolve(&tree, "doctor --tenant blue -vv -p mine").unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            r#"project ["mine"] true"#,
            r#"verbose ["2"] true"#,
            r#"tenant ["blue"] true"#,
            r#"level ["low"] false"#,
            r#"level again ["low"] false"#,
        ]
    );
    assert_eq!(tree.values(&parsed, "project").unwrap(), ["replaced"]);
    assert_eq!(one(&parsed, "project").unwrap(), "replaced");
    assert!(parsed.is_given("project"));
    assert_eq!(parsed.leaf().get_count("verbose"), 2);
}

#[test]
fn flags_counters_and_positionals_can_be_replaced() {
    let mut tree = base();
    apply(&mut tree, |main| {
        let register = main.group("register");
        register
            .option("dry-run")
            .add_callback(|values, _| Ok(Some(vec![(values[0] == "false").to_string()])));
        register
            .option("files")
            .add_callback(|values, _| Ok(Some(values.iter().map(|file| format!("-{file}")).collect())));
        register.option("label").add_callback(|_, _| Ok(Some(vec![])));
        main.option("verbose").add_callback(|_, _| Ok(Some(vec!["3".into()])));
    })
    .unwrap();
    let parsed = resolve(&tree, "register --label x a b").unwrap();
    assert!(parsed.leaf().get_flag("dry-run"));
    assert_eq!(parsed.leaf().get_count("verbose"), 3);
    assert_eq!(parsed.leaf().get_many::<String>("files").unwrap().collect::<Vec<_>>(), ["-a", "-b"]);
    assert!(!parsed.leaf().contains_id("label"));
    assert!(!resolve(&tree, "register --dry-run a").unwrap().leaf().get_flag("dry-run"));
}

#[test]
fn the_error_of_a_callback_names_the_option() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.option("project").add_callback(|values, _| match values.first().map(String::as_str) {
            Some("error") => Err(PluginError::new("no such project")
                .caused_by(std::io::Error::other("offline"))
                .hint("wait")),
            Some("code") => Err(PluginError::new("no such project").exit_code(77)),
            Some("usage") => Err(PluginError::usage("`usage` is not a project").hint("use another")),
            Some("panic") => panic!("not my project"),
            _ => Ok(None),
        });
        main.group("config")
            .group("show")
            .option("key")
            .set_default_with(|_| Err(PluginError::new("no keys")));
    })
    .unwrap();
    let fail = |line: &str| resolve(&tree, line).unwrap_err();
    assert_data_eq!(
        rendered(&fail("register x -p error")),
        str![[r#"
error: plugin `acme` 1.2.3 failed in the callback of `--project`
  caused by: no such project
  caused by: offline
hint: wait

"#]]
    );
    assert_data_eq!(
        rendered(&fail("register x -p usage")),
        str![[r#"
error: `usage` is not a project
hint: use another

"#]]
    );
    assert_data_eq!(
        rendered(&fail("register x -p panic")),
        str![[r#"
error: plugin `acme` 1.2.3 panicked in the callback of `--project`
  caused by: not my project (host/src/command_tree/tests/parse.rs:[..])
hint: report this plugin bug to its author

"#]]
    );
    assert_data_eq!(
        rendered(&fail("config show")),
        str![[r#"
error: plugin `acme` 1.2.3 failed in the default of `--key` of `config show`
  caused by: no keys

"#]]
    );
    let exits = ["error", "code", "usage", "panic"].map(|how| fail(&format!("register x -p {how}")).exit);
    assert_eq!(exits, [Exit::PluginFailed, Exit::Other(77), Exit::Usage, Exit::PluginFailed]);
}

#[test]
fn a_value_that_the_option_cannot_have_is_the_plugins_fault() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.option("output").add_callback(|_, given| Ok((!given).then(|| vec!["pdf".into()])));
        main.group("config").group("show").option("depth").set_default_with(|_| Ok(vec!["300".into()]));
        main.group("register").option("dry-run").add_callback(|_, _| Ok(Some(vec!["maybe".into()])));
        main.group("register").option("image").add_callback(|_, _| Ok(Some(vec!["a".into(), "b".into()])));
        main.group("register").option("files").add_callback(|_, _| Ok(Some(vec![])));
        main.option("verbose").add_callback(|_, given| Ok(given.then(|| vec!["much".into()])));
    })
    .unwrap();
    let lines = ["register x", "-ojson config show", "-ojson -v config show", "-ojson register x"];
    let refusals: String = lines.iter().map(|line| rendered(&resolve(&tree, line).unwrap_err())).collect();
    assert_data_eq!(
        refusals,
        str![[r#"
error: plugin `acme` 1.2.3 set an invalid value for `--output`
  caused by: invalid value `pdf`; expected one of `table`, `json`
error: plugin `acme` 1.2.3 set an invalid value for `--depth` of `config show`
  caused by: invalid value `300`: 300 is not in 0..=255
error: plugin `acme` 1.2.3 set an invalid value for `--verbose`
  caused by: expected a number from 0 to 255
error: plugin `acme` 1.2.3 set an invalid value for `--dry-run` of `register`
  caused by: expected `true` or `false`, got `maybe`

"#]]
    );
    assert_eq!(resolve(&tree, "register x").unwrap_err().exit, Exit::PluginFailed);
}

#[test]
fn the_nearest_argument_of_a_name_is_found() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.add(
            Command::new("box").arg(Arg::option("size").default_value("big")).command(
                leaf("open").arg(Arg::flag("wide").short('w')).arg(Arg::counter("times").short('t')),
            ),
        );
    })
    .unwrap();
    let parsed = resolve(&tree, "-p mine box --size small open -wtt").unwrap();
    let value = |id| tree.values(&parsed, id).map(|values| values.join(","));
    assert_eq!(value("wide").as_deref(), Some("true"));
    assert_eq!(value("times").as_deref(), Some("2"));
    assert_eq!(value("size").as_deref(), Some("small"));
    assert_eq!(value("project").as_deref(), Some("mine"));
    assert_eq!(value("nothing"), None);
    assert_eq!(values(&tree, "box open", "times"), ["0"]);
}

#[test]
fn the_words_for_a_plugins_own_parser_hold_what_it_declared() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.add(
            Command::new("box").arg(Arg::option("size").default_value("big").global(true)).command(
                leaf("open")
                    .arg(Arg::flag("wide").short('w'))
                    .arg(Arg::counter("times").short('t'))
                    .arg(Arg::option("key").default_value("k"))
                    .arg(Arg::option("tag").multiple(true))
                    .arg(Arg::positional("number"))
                    .arg(Arg::positional("rest").multiple(true)),
            ),
        );
    })
    .unwrap();
    apply_as("other", &mut tree, |main| {
        main.group("box").group("open").add_arg(Arg::flag("foreign"));
        main.group("box").group("open").option("key").set_default("changed");
    })
    .unwrap();
    let words = |line: &str, from| tree.arguments(&resolve(&tree, line).unwrap(), from).join(" ");
    assert_eq!(words("box open", 0), "open --key=changed");
    assert_eq!(
        words("-p x box open --foreign -wtt --size s --tag=a --tag= 7 -- -y z", 0),
        "--size=s open --wide --times --times --key=changed --tag=a --tag= 7 -- -y z"
    );
    assert_eq!(words("box --size s open --key k", 1), "--key=k");
    assert_eq!(words("box --size s open --key k", 2), "");
    assert_eq!(words("config show", 0), "");
}

#[test]
fn variables_count_as_given() {
    // `PATH` is set wherever tests run; changing variables would disturb other tests.
    let mut tree = base();
    apply(&mut tree, |main| {
        main.add(
            leaf("doctor")
                .arg(Arg::option("places").env("PATH").required(true))
                .arg(Arg::option("no").env("NO_SUCH_VARIABLE_HERE")),
        );
    })
    .unwrap();
    let parsed = resolve(&tree, "doctor").unwrap();
    assert!(tree.is_given(&parsed, "places") && !tree.is_given(&parsed, "no"));
    assert_eq!(tree.values(&parsed, "places").unwrap(), [std::env::var("PATH").unwrap()]);
    assert!(tree.arguments(&parsed, 0)[0].starts_with("--places="));
    assert!(!printed(&tree, "doctor --help").contains(&std::env::var("PATH").unwrap()));
    parse(&tree, "doctor --places x");
}
