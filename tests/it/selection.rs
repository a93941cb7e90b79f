//! Which plugins are in use, and what selected them.

use snapbox::str;
use tests::{Transcript, difference, snapshot};

use crate::{home_with, in_use};

#[test]
fn without_a_selection_no_plugin_is_in_use() {
    let home = home_with(&["faulty"]);
    snapshot!(
        in_use(&home, &[]),
        str![[r#"
flyte-host [VERSION]
no plugins
[exit: 0]
"#]]
    );
}

#[test]
fn a_name_is_that_of_a_file() {
    let home = home_with(&["faulty"]);
    snapshot!(
        in_use(&home, &["--plugin", "faulty"]),
        str![[r#"
flyte-host [VERSION]
plugin `faulty` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]
"#]]
    );
}

#[test]
fn a_name_is_also_that_in_the_passport() {
    let home = home_with(&[]);
    home.copy("faulty", home.plugins().join("libfaulty_plugin.so"));
    snapshot!(
        in_use(&home, &["--plugin", "faulty"]),
        str![[r#"
flyte-host [VERSION]
plugin `faulty` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]
"#]]
    );
}

#[test]
fn a_file_of_the_name_goes_before_a_passport() {
    let home = home_with(&[]);
    home.copy("faulty", home.plugins().join("liba.so"));
    home.copy("plain", home.plugins().join("libfaulty.so"));
    snapshot!(
        in_use(&home, &["--plugin", "faulty"]),
        str![[r#"
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
"#]]
    );
}

#[test]
fn a_dash_may_be_a_low_line_in_the_file() {
    let home = home_with(&[]);
    home.copy("plain", home.plugins().join("libmy_rules.so"));
    snapshot!(
        in_use(&home, &["--plugin", "my-rules"]),
        str![[r#"
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
"#]]
    );
}

#[test]
fn a_path_is_a_path() {
    let mut home = home_with(&[]);
    let path = home.copy("plain", "somewhere/plain.so");
    let mut transcript = Transcript::new();
    transcript.add(in_use(&home, &["--plugin", "somewhere/plain.so"]));
    home.set("FLYTE_PLUGIN", path);
    transcript.add(in_use(&home, &[]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host --plugin somewhere/plain.so --version
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]

"#]]
    );
}

#[test]
fn a_file_name_with_its_ending_is_a_path() {
    let home = home_with(&[]);
    home.copy("plain", "libplain.so");
    snapshot!(
        in_use(&home, &["--plugin", "libplain.so"]),
        str![[r#"
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
"#]]
    );
}

#[test]
fn a_name_is_not_looked_up_in_the_current_directory() {
    let home = home_with(&[]);
    home.copy("plain", "libplain.so");
    snapshot!(
        home.run(["config", "show", "--plugin", "plain"]),
        str![[r#"
------- stderr -------
error: plugin `plain` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
    );
}

#[test]
fn an_unknown_name_is_an_error() {
    let home = home_with(&["faulty"]);
    snapshot!(
        home.run(["config", "show", "--plugin", "csv"]),
        str![[r#"
------- stderr -------
error: plugin `csv` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
    );
}

#[test]
fn a_near_miss_is_pointed_out() {
    let mut home = home_with(&["faulty", "wrapper"]);
    home.set("FLYTE_PLUGIN", "warpper");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `warpper` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: did you mean `wrapper`?
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn a_path_to_nothing_points_out_its_neighbours() {
    let home = home_with(&["faulty"]);
    let path = home.plugins().join("libfaulti.so");
    snapshot!(
        home.run(["config", "show", "--plugin", path.to_str().unwrap()]),
        str![[r#"
------- stderr -------
error: `[HOME]/.flyte/plugins/libfaulti.so` not found
hint: did you mean `[HOME]/.flyte/plugins/libfaulty.so`?
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
    );
}

#[test]
fn without_a_plugins_directory_the_error_names_where_one_would_be() {
    let home = home_with(&[]);
    std::fs::remove_dir(home.plugins()).unwrap();
    snapshot!(
        home.run(["config", "show", "--plugin", "faulty"]),
        str![[r#"
------- stderr -------
error: plugin `faulty` not found
  caused by: none of these directories exists: `[HOME]/.flyte/plugins`, `/usr/local/lib/flyte/plugins`, `/usr/lib/flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
    );
}

#[test]
fn a_list_is_a_chain() {
    let mut home = home_with(&["faulty", "wrapper", "plain"]);
    home.set("FLYTE_PLUGIN", "wrapper:plain:faulty");
    snapshot!(
        in_use(&home, &[]),
        str![[r#"
flyte-host [VERSION]
plugin `wrapper` 0.5.0 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
plugin `faulty` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]
"#]]
    );
}

#[test]
fn a_repeated_option_is_a_chain() {
    let home = home_with(&["faulty", "wrapper"]);
    snapshot!(
        in_use(&home, &["--plugin", "faulty", "--plugin=wrapper"]),
        str![[r#"
flyte-host [VERSION]
plugin `faulty` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
plugin `wrapper` 0.5.0 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]
"#]]
    );
}

#[test]
fn the_option_goes_before_the_variable_and_that_before_the_settings() {
    let mut home = home_with(&["faulty", "wrapper", "plain"]);
    home.write("../.flyte/host.toml", "plugins = [\"plain\"]\n");
    let mut transcript = Transcript::new();
    transcript.add(in_use(&home, &[]));
    home.set("FLYTE_PLUGIN", "wrapper");
    transcript.add(in_use(&home, &[]));
    transcript.add(in_use(&home, &["--plugin", "faulty"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host --version
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
plugin `wrapper` 0.5.0 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]
$ flyte-host --plugin faulty --version
flyte-host [VERSION]
plugin `faulty` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]

"#]]
    );
}

#[test]
fn an_empty_variable_selects_nothing() {
    let mut home = home_with(&["plain"]);
    home.write("../.flyte/host.toml", "plugins = [\"plain\"]\n");
    home.set("FLYTE_PLUGIN", "");
    snapshot!(
        in_use(&home, &[]),
        str![[r#"
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
"#]]
    );
}

#[test]
fn plugins_can_be_switched_off() {
    let mut home = home_with(&["plain"]);
    home.write("../.flyte/host.toml", "plugins = [\"plain\"]\n");
    let mut transcript = Transcript::new();
    transcript.add(in_use(&home, &["--no-plugins"]));
    transcript.add(in_use(&home, &["--plugin", "builtin"]));
    home.set("FLYTE_PLUGIN", "builtin");
    transcript.add(in_use(&home, &[]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host --no-plugins --version
flyte-host [VERSION]
no plugins
[exit: 0]
$ flyte-host --plugin builtin --version
flyte-host [VERSION]
no plugins
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
no plugins
[exit: 0]

"#]]
    );
}

#[test]
fn builtin_stands_alone() {
    let mut home = home_with(&["plain"]);
    home.set("FLYTE_PLUGIN", "plain:builtin");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: `builtin` in `FLYTE_PLUGIN` cannot be combined with other plugins
hint: remove the other names, or `builtin`
[exit: 10]
"#]]
    );
}

#[test]
fn directories_of_the_variable_come_first() {
    let mut home = home_with(&["faulty"]);
    let path = home.copy("plain", "elsewhere/libfaulty.so");
    home.set("FLYTE_PLUGIN_PATH", path.parent().unwrap()).set("FLYTE_PLUGIN", "faulty");
    let mut transcript = Transcript::new();
    transcript.add(in_use(&home, &[]));
    transcript.add(home.run(["plugin", "path"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host --version
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
$ flyte-host plugin path
[HOME]/work/elsewhere
[HOME]/.flyte/plugins
/usr/local/lib/flyte/plugins
/usr/lib/flyte/plugins
[exit: 0]

"#]]
    );
}

#[test]
fn relative_directories_are_ignored() {
    let mut home = home_with(&[]);
    home.copy("plain", "here/libplain.so");
    home.set("FLYTE_PLUGIN_PATH", "here:.").set("FLYTE_PLUGIN", "plain");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
warning: ignoring `here` in `FLYTE_PLUGIN_PATH`: not an absolute path
warning: ignoring `.` in `FLYTE_PLUGIN_PATH`: not an absolute path
error: plugin `plain` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn a_plugin_that_cannot_be_used_is_an_error() {
    let mut home = home_with(&[]);
    home.write("../.flyte/host.toml", "plugins = [\"gone\"]\n");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["config", "show"]));
    home.set("FLYTE_PLUGIN", "gone-as-well");
    transcript.add(home.run(["config", "show"]));
    transcript.add(home.run(["config", "show", "--plugin", "not-there"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host config show
------- stderr -------
error: plugin `gone` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `[HOME]/.flyte/host.toml`
[exit: 10]
$ flyte-host config show
------- stderr -------
error: plugin `gone-as-well` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
$ flyte-host config show --plugin not-there
------- stderr -------
error: plugin `not-there` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]

"#]]
    );
}

#[test]
fn one_that_cannot_be_used_spoils_the_chain() {
    let mut home = home_with(&["plain"]);
    home.set("FLYTE_PLUGIN", "plain:gone");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `gone` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn plugin_fallback_continues_without_the_plugin() {
    let mut home = home_with(&[]);
    home.set("FLYTE_PLUGIN", "gone");
    let go_on = ["config", "show", "-o", "name"];
    let by_option = home.run([&go_on[..], &["--plugin-fallback"]].concat());
    let without = home.run([&go_on[..], &["--no-plugins"]].concat());
    snapshot!(
        difference(&without, &by_option),
        str![[r#"
+ ------- stderr -------
+ warning: plugin `gone` not found
+   caused by: not in `[HOME]/.flyte/plugins`
+ hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
+ hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
+ continuing with the built-in default

"#]]
    );

    home.write("../.flyte/host.toml", "plugin-fallback = true\n");
    assert_eq!(home.run(&go_on), by_option);
    home.write("../.flyte/host.toml", "");
    home.set("FLYTE_PLUGIN_FALLBACK", "1");
    assert_eq!(home.run(&go_on), by_option);
    home.set("FLYTE_PLUGIN_FALLBACK", "0");
    snapshot!(
        home.run(&go_on),
        str![[r#"
------- stderr -------
error: plugin `gone` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn plugin_fallback_covers_a_plugin_that_fails_to_start() {
    let mut home = home_with(&["faulty"]);
    home.set("FLYTE_PLUGIN", "faulty")
        .set("FLYTE_PLUGIN_FALLBACK", "1")
        .set("FAULT", "invalid:configure_cli");
    let without = home.run(["config", "show", "-o", "name", "--no-plugins"]);
    snapshot!(
        difference(&without, home.run(["config", "show", "-o", "name"])),
        str![[r#"
+ ------- stderr -------
+ warning: plugin `faulty` 0.4.1 adds the command `plugin`, which already exists (built in)
+ hint: choose another name, or use `replace`
+ hint: use `--no-plugins` to run without the plugin
+ continuing with the built-in default

"#]]
    );
}

#[test]
fn plugin_fallback_does_not_cover_a_plugin_that_fails_later() {
    let mut home = home_with(&["faulty"]);
    home.set("FLYTE_PLUGIN", "faulty").set("FLYTE_PLUGIN_FALLBACK", "1").set("FAULT", "error:get_remote");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 failed in `get_remote`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_named_twice_is_listed_once() {
    let mut home = home_with(&[]);
    let file = format!("{}plain{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let folders = ["first", "second"].map(|folder| home.copy("plain", format!("{folder}/{file}")));
    let [first, second] = folders.map(|file| file.parent().unwrap().to_owned());
    let link = home.cwd().join("link");
    std::os::unix::fs::symlink(&first, &link).unwrap();
    let path = std::env::join_paths([&first, &first, &first.join(""), &link, &second]).unwrap();
    home.set("FLYTE_PLUGIN_PATH", path);
    snapshot!(
        home.run(["plugin", "list"]),
        str![[r#"
NAME   VERSION  PROTOCOL  STATE      SIGNER  FILE
plain  0.3.0    1.0       installed  -       [HOME]/work/first/libplain.so
plain  0.3.0    1.0       shadowed   -       [HOME]/work/second/libplain.so
[exit: 0]
"#]]
    );
}
