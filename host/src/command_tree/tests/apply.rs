//! What plugins can do to the command line.

use plugin_abi::{Arg, Command};
use snapbox::{assert_data_eq, str};

use super::{apply, apply_as, base, parse, printed};

fn leaf(name: &str) -> Command {
    Command::new(name).run(|_| Ok(()))
}

#[test]
fn commands_and_groups_are_added_nested() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.add(leaf("doctor").about("Check this laptop").alias("dr"));
        main.add(Command::new("box").about("Look into the box").command(
            Command::new("drawer").about("Look into a drawer").command(leaf("open").about("Open a drawer")),
        ));
    })
    .unwrap();
    assert_data_eq!(
        printed(&tree, "--help"),
        str![[r#"
Usage: flyte-host [OPTIONS] <COMMAND>

Commands:
  config    Look at the configuration
  register  Register things [alias: reg]
  plugin    Look at plugins
  doctor    Check this laptop [plugin: acme] [alias: dr]
  box       Look into the box [plugin: acme]
  help      Print this message or the help of the given subcommand(s)

Options:
  -p, --project <project>  Flyte project
  -o, --output <output>    [default: table] [possible values: table, json]
  -v, --verbose...         
  -h, --help               Print help

"#]]
    );
    assert_data_eq!(
        printed(&tree, "box drawer"),
        str![[r#"
Look into a drawer

Usage: flyte-host box drawer [OPTIONS] <COMMAND>

Commands:
  open  Open a drawer
  help  Print this message or the help of the given subcommand(s)

Options:
  -p, --project <project>  Flyte project
  -o, --output <output>    [default: table] [possible values: table, json]
  -v, --verbose...         
  -h, --help               Print help

"#]]
    );
    assert_data_eq!(
        printed(&tree, "help box drawer open"),
        str![[r#"
Open a drawer

Usage: flyte-host box drawer open [OPTIONS]

Options:
  -p, --project <project>  Flyte project
  -o, --output <output>    [default: table] [possible values: table, json]
  -v, --verbose...         
  -h, --help               Print help

"#]]
    );
    assert_eq!(parse(&tree, "dr").path(), ["doctor"]);
    assert_eq!(tree.owner(parse(&tree, "box drawer open").path()).unwrap().name, "acme");
    assert_eq!(tree.owner(parse(&tree, "config show").path()), None);
}

#[test]
fn misspelt_names_get_the_right_one() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.add(leaf("doctor").arg(Arg::option("level").possible_values(["high", "low"])));
    })
    .unwrap();
    assert_data_eq!(
        printed(&tree, "docter"),
        str![[r#"
error: unrecognized subcommand 'docter'

  tip: a similar subcommand exists: 'doctor'

Usage: flyte-host [OPTIONS] <COMMAND>

For more information, try '--help'.

"#]]
    );
    assert_data_eq!(
        printed(&tree, "doctor --levl high"),
        str![[r#"
error: unexpected argument '--levl' found

  tip: a similar argument exists: '--level'

Usage: flyte-host doctor --level <LEVEL>

For more information, try '--help'.

"#]]
    );
    assert_data_eq!(
        printed(&tree, "doctor --level hihg"),
        str![[r#"
error: invalid value 'hihg' for '--level <LEVEL>'
  [possible values: high, low]

  tip: a similar value exists: 'high'

For more information, try '--help'.

"#]]
    );
}

#[test]
fn commands_are_added_to_groups_that_are_there() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.group("config").add(leaf("rotate").about("Rotate the keys"));
        main.merge(
            Command::new("config")
                .alias("conf")
                .arg(Arg::flag("deep").help("Look deeper"))
                .command(Command::new("keys").about("Look after keys").command(leaf("list"))),
        );
        main.merge(Command::new("create").about("Create things").command(leaf("app")));
        main.merge(Command::new("create").about("Make things").command(leaf("bucket")));
        main.group("create").add(leaf("cluster"));
    })
    .unwrap();
    apply_as("other", &mut tree, |main| {
        main.merge(Command::new("config").command(Command::new("keys").command(leaf("drop"))));
    })
    .unwrap();
    assert_data_eq!(
        printed(&tree, "config --help"),
        str![[r#"
Look at the configuration

Usage: flyte-host config [OPTIONS] <COMMAND>

Commands:
  show    Show it
  rotate  Rotate the keys [plugin: acme]
  keys    Look after keys [plugin: acme]
  help    Print this message or the help of the given subcommand(s)

Options:
  -p, --project <project>  Flyte project
  -o, --output <output>    [default: table] [possible values: table, json]
      --deep               Look deeper
  -v, --verbose...         
  -h, --help               Print help

"#]]
    );
    assert_data_eq!(
        printed(&tree, "create --help"),
        str![[r#"
Create things [plugin: acme]

Usage: flyte-host create [OPTIONS] <COMMAND>

Commands:
  app      
  bucket   
  cluster  
  help     Print this message or the help of the given subcommand(s)

Options:
  -p, --project <project>  Flyte project
  -o, --output <output>    [default: table] [possible values: table, json]
  -v, --verbose...         
  -h, --help               Print help

"#]]
    );
    assert_eq!(parse(&tree, "conf --deep keys drop").path(), ["config", "keys", "drop"]);
    assert_eq!(tree.owner(&["config", "keys", "drop"].map(String::from)).unwrap().name, "other");
    assert_eq!(tree.owner(&["config", "keys", "list"].map(String::from)).unwrap().name, "acme");
}

#[test]
fn a_group_may_be_added_empty_and_filled() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.add(Command::new("box"));
        main.group("box").add(leaf("open"));
    })
    .unwrap();
    assert_data_eq!(
        printed(&tree, "box"),
        str![[r#"
[plugin: acme]

Usage: flyte-host box [OPTIONS] <COMMAND>

Commands:
  open  
  help  Print this message or the help of the given subcommand(s)

Options:
  -p, --project <project>  Flyte project
  -o, --output <output>    [default: table] [possible values: table, json]
  -v, --verbose...         
  -h, --help               Print help

"#]]
    );
}

#[test]
fn built_in_commands_are_replaced_and_hidden_only_on_request() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.replace(leaf("register").about("Register with Acme").arg(Arg::positional("what")));
        main.hide("config");
    })
    .unwrap();
    assert_data_eq!(
        printed(&tree, "--help"),
        str![[r#"
Usage: flyte-host [OPTIONS] <COMMAND>

Commands:
  register  Register with Acme [plugin: acme]
  plugin    Look at plugins
  help      Print this message or the help of the given subcommand(s)

Options:
  -p, --project <project>  Flyte project
  -o, --output <output>    [default: table] [possible values: table, json]
  -v, --verbose...         
  -h, --help               Print help

"#]]
    );
    assert_eq!(tree.owner(parse(&tree, "register x").path()).unwrap().name, "acme");
    assert_eq!(parse(&tree, "config show").path(), ["config", "show"], "hidden commands still work");
    printed(&tree, "reg x");
}

#[test]
fn what_belonged_to_a_replaced_command_goes_with_it() {
    let mut tree = base();
    apply_as("first", &mut tree, |main| {
        main.group("register").option("image").set_default_with(|_| unreachable!("it was replaced"));
    })
    .unwrap();
    apply(&mut tree, |main| {
        main.replace(leaf("register").arg(Arg::option("image").default_value("mine")));
    })
    .unwrap();
    let parsed = tree.resolve(parse(&tree, "register")).unwrap();
    assert_eq!(tree.values(&parsed, "image").unwrap(), ["mine"]);
}

#[test]
fn global_options_stand_beside_those_of_the_host() {
    let mut tree = base();
    apply(&mut tree, |main| {
        main.add_arg(Arg::option("tenant").global(true).hidden(true));
        main.add_arg(
            Arg::option("region").short('r').global(true).possible_values(["eu", "us"]).help("Where"),
        );
        main.group("register").add_arg(Arg::flag("fast").help("Be quick").conflicts_with("dry-run"));
    })
    .unwrap();
    assert_data_eq!(
        printed(&tree, "register -h"),
        str![[r#"
Register things

Usage: flyte-host register [OPTIONS] <files>...

Arguments:
  <files>...  

Options:
      --dry-run            
  -p, --project <project>  Flyte project
      --image <image>      [default: python:3.12]
  -o, --output <output>    [default: table] [possible values: table, json]
      --label <label>      
  -v, --verbose...         
      --fast               Be quick
  -r, --region <REGION>    Where [possible values: eu, us]
  -h, --help               Print help

"#]]
    );
    let parsed = parse(&tree, "config show --tenant blue -r us");
    assert!(parsed.is_given("tenant") && parsed.is_given("region") && !parsed.is_given("project"));
    assert_data_eq!(
        printed(&tree, "register --fast --dry-run x"),
        str![[r#"
error: the argument '--fast' cannot be used with '--dry-run'

Usage: flyte-host register --fast <files>...

For more information, try '--help'.

"#]]
    );
}

#[test]
fn a_plugin_sees_what_the_one_before_it_did() {
    let mut tree = base();
    apply_as("first", &mut tree, |main| {
        main.merge(
            Command::new("create")
                .command(leaf("app").arg(Arg::option("size").short('s').default_value("big"))),
        );
    })
    .unwrap();
    apply(&mut tree, |main| {
        let paths: Vec<String> =
            main.walk().iter().map(|group| group.existing().unwrap().name().to_owned()).collect();
        assert_eq!(paths, ["config", "show", "register", "plugin", "list", "create", "app"]);
        let app = main.group("create").group("app");
        let size = &app.existing().unwrap().args()[0];
        assert_eq!(
            (size.id(), size.long_name(), size.defaults()),
            ("size", Some("size"), &["big".to_owned()][..])
        );
        let register = main.group("register");
        let kinds = register.existing().unwrap().args().iter().map(plugin_abi::Arg::kind).collect::<Vec<_>>();
        use plugin_abi::ArgKind::{Flag, Option, Positional};
        assert_eq!(kinds, [Flag, Option, Option, Positional]);
    })
    .unwrap();
}

#[test]
fn nothing_is_done_when_one_wish_is_bad() {
    let mut tree = base();
    let before = printed(&tree, "--help");
    apply(&mut tree, |main| {
        main.add(leaf("fine"));
        main.add(leaf("config"));
    })
    .unwrap_err();
    assert_eq!(printed(&tree, "--help"), before);
}
