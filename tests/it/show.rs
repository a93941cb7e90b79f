//! `plugin list`, `plugin show` and `plugin path`.

use snapbox::str;
use tests::{Transcript, snapshot};

use crate::home_with;

#[test]
fn all_is_shown_of_a_plugin() {
    let home = home_with(&["acme"]);
    snapshot!(
        home.run(["plugin", "show", "acme"]),
        str![[r#"
name         acme
version      [VERSION]
description  Acme's plugin for flyte-host: the six hooks as a newcomer would write them
license      MIT OR Apache-2.0
file         [HOME]/.flyte/plugins/libacme.so
sha256       [SHA256]
protocol     1.0 (this host: 1.0)
compiler     [RUSTC]
target       [TARGET]

HOOK                        FROM    ANSWERS NOW                               BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                localhost:30080 (insecure)
configure_cli               plugin  commands `my-custom-command`, `my-group`  no changes
secret_requires_group       plugin  false                                     true
get_default_image           plugin  my-company/flyte-base:v1.2.3              none
get_auth_success_html       plugin  <html> (233 bytes)                        none
get_default_cache_policies  plugin  acme-hourly (for 1h)                      no policies
[exit: 0]
"#]]
    );
}

#[test]
fn programs_get_the_same_as_json() {
    let home = home_with(&["faulty"]);
    snapshot!(
        home.run(["plugin", "show", "faulty", "-o", "json"]),
        str![[r#"
{
  "name": "faulty",
  "version": "0.4.1",
  "description": "A plugin that misbehaves as its environment says",
  "homepage": "https://faulty.example",
  "license": "MIT OR Apache-2.0",
  "file": "[HOME]/.flyte/plugins/libfaulty.so",
  "sha256": "[SHA256]",
  "protocol": "1.0 (this host: 1.0)",
  "compiler": "[RUSTC]",
  "target": "[TARGET]",
  "protocolVersion": "1.0",
  "hostProtocolVersion": "1.0",
  "warnings": [],
  "hooks": {
    "get_remote": {
      "from": "plugin",
      "overridden": true,
      "builtin": "localhost:30080 (insecure)",
      "builtinValue": {
        "endpoint": "localhost:30080",
        "insecure": true,
        "transport": null
      },
      "answer": "localhost:30080 (insecure)",
      "value": {
        "endpoint": "localhost:30080",
        "insecure": true,
        "transport": null
      }
    },
    "configure_cli": {
      "from": "plugin",
      "overridden": true,
      "builtin": "no changes",
      "builtinValue": {
        "commands": [],
        "otherChanges": 0
      },
      "answer": "no changes",
      "value": {
        "commands": [],
        "otherChanges": 0
      }
    },
    "secret_requires_group": {
      "from": "plugin",
      "overridden": true,
      "builtin": "true",
      "builtinValue": true,
      "answer": "true",
      "value": true
    },
    "get_default_image": {
      "from": "plugin",
      "overridden": true,
      "builtin": "none",
      "builtinValue": null,
      "answer": "none",
      "value": null
    },
    "get_auth_success_html": {
      "from": "plugin",
      "overridden": true,
      "builtin": "none",
      "builtinValue": null,
      "answer": "none",
      "value": null
    },
    "get_default_cache_policies": {
      "from": "plugin",
      "overridden": true,
      "builtin": "no policies",
      "builtinValue": [],
      "answer": "no policies",
      "value": []
    }
  }
}
[exit: 0]
"#]]
    );
}

#[test]
fn a_hook_that_fails_is_among_the_others() {
    let mut home = home_with(&["faulty"]);
    home.set("FAULT", "panic:get_default_image,invalid:configure_cli,invalid:get_remote,answer");
    snapshot!(
        home.run(["plugin", "show", "faulty"]),
        str![[r#"
name         faulty
version      0.4.1
description  A plugin that misbehaves as its environment says
homepage     https://faulty.example
license      MIT OR Apache-2.0
file         [HOME]/.flyte/plugins/libfaulty.so
sha256       [SHA256]
protocol     1.0 (this host: 1.0)
compiler     [RUSTC]
target       [TARGET]

HOOK                        FROM    ANSWERS NOW                                                                  BUILT-IN DEFAULT
get_remote                  plugin  fails: plugin `faulty` 0.4.1 returned an invalid value from `get_remote`     localhost:30080 (insecure)
configure_cli               plugin  fails: plugin `faulty` 0.4.1 returned an invalid value from `configure_cli`  no changes
secret_requires_group       plugin  false                                                                        true
get_default_image           plugin  fails: plugin `faulty` 0.4.1 panicked in `get_default_image`                 none
get_auth_success_html       plugin  <p>faulty, but signed in at flyte.example.org</p> (49 bytes)                 none
get_default_cache_policies  plugin  faulty-policy                                                                no policies
------- stderr -------
error: plugin `faulty` 0.4.1 returned an invalid value from `get_remote`
  caused by: `faulty.example:notaport` has the invalid port `notaport`; use a number from 1 to 65535
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn without_a_name_those_in_use_are_shown() {
    let mut home = home_with(&["plain", "wrapper"]);
    home.set("FLYTE_PLUGIN", "wrapper:plain");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["plugin", "show", "-o", "name"]));
    transcript.add(home.run(["plugin", "show", "--no-plugins"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host plugin show -o name
wrapper
plain
[exit: 0]
$ flyte-host plugin show --no-plugins
------- stderr -------
no plugin is in use; run `flyte-host plugin list` to list installed plugins
[exit: 0]

"#]]
    );
}

#[test]
fn one_in_use_is_shown_on_its_own() {
    let mut home = home_with(&["plain", "wrapper"]);
    home.set("FLYTE_PLUGIN", "wrapper:plain");
    snapshot!(
        home.run(["plugin", "show", "plain"]),
        str![[r#"
name         plain
version      0.3.0
description  A plugin that overrides nothing
license      MIT OR Apache-2.0
file         [HOME]/.flyte/plugins/libplain.so
sha256       [SHA256]
protocol     1.0 (this host: 1.0)
compiler     [RUSTC]
target       [TARGET]

HOOK                        FROM      ANSWERS NOW                 BUILT-IN DEFAULT
get_remote                  built-in  localhost:30080 (insecure)  localhost:30080 (insecure)
configure_cli               built-in  no changes                  no changes
secret_requires_group       built-in  true                        true
get_default_image           built-in  none                        none
get_auth_success_html       built-in  none                        none
get_default_cache_policies  built-in  no policies                 no policies
[exit: 0]
"#]]
    );
}

#[test]
fn what_is_in_the_directories_is_listed() {
    let mut home = home_with(&["plain", "wrapper"]);
    let path = home.copy("faulty", "elsewhere/libfaulty.so");
    home.write("elsewhere/libbad.so", "not a library");
    home.write("elsewhere/readme.txt", "not looked at");
    home.set("FLYTE_PLUGIN_PATH", path.parent().unwrap()).set("FLYTE_PLUGIN", "wrapper");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["plugin", "list"]));
    transcript.add(home.run(["plugin", "list", "-o", "name"]));
    transcript.add(home.run(["plugin", "list", "-o", "json"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host plugin list
NAME     VERSION  PROTOCOL  STATE                                                                                   SIGNER  FILE
-        -        -         unusable: `[HOME]/work/elsewhere/libbad.so` is a text file, not a plugin  -       [HOME]/work/elsewhere/libbad.so
faulty   0.4.1    1.0       installed                                                                               -       [HOME]/work/elsewhere/libfaulty.so
plain    0.3.0    1.0       installed                                                                               -       [HOME]/.flyte/plugins/libplain.so
wrapper  0.5.0    1.0       in use                                                                                  -       [HOME]/.flyte/plugins/libwrapper.so
[exit: 0]
$ flyte-host plugin list -o name
faulty
plain
wrapper
[exit: 0]
$ flyte-host plugin list -o json
[
  {
    "file": "[HOME]/work/elsewhere/libbad.so",
    "error": "`[HOME]/work/elsewhere/libbad.so` is a text file, not a plugin",
    "hint": "give the path of the compiled library, such as `lib<name>.so`"
  },
  {
    "name": "faulty",
    "version": "0.4.1",
    "protocol": "1.0",
    "hooks": [
      "get_remote",
      "configure_cli",
      "secret_requires_group",
      "get_default_image",
      "get_auth_success_html",
      "get_default_cache_policies"
    ],
    "description": "A plugin that misbehaves as its environment says",
    "inUse": false,
    "in_use": false,
    "paused": null,
    "shadowedBy": null,
    "refused": null,
    "signer": null,
    "source": null,
    "file": "[HOME]/work/elsewhere/libfaulty.so"
  },
  {
    "name": "plain",
    "version": "0.3.0",
    "protocol": "1.0",
    "hooks": [],
    "description": "A plugin that overrides nothing",
    "inUse": false,
    "in_use": false,
    "paused": null,
    "shadowedBy": null,
    "refused": null,
    "signer": null,
    "source": null,
    "file": "[HOME]/.flyte/plugins/libplain.so"
  },
  {
    "name": "wrapper",
    "version": "0.5.0",
    "protocol": "1.0",
    "hooks": [
      "get_remote",
      "configure_cli",
      "secret_requires_group",
      "get_default_image",
      "get_auth_success_html",
      "get_default_cache_policies"
    ],
    "description": "A plugin that wraps what is behind it",
    "inUse": true,
    "in_use": true,
    "paused": null,
    "shadowedBy": null,
    "refused": null,
    "signer": null,
    "source": null,
    "file": "[HOME]/.flyte/plugins/libwrapper.so"
  }
]
[exit: 0]

"#]]
    );
}

#[test]
fn an_empty_list_names_the_directories() {
    snapshot!(
        home_with(&[]).run(["plugin", "list"]),
        str![[r#"
------- stderr -------
no plugins are installed; run `flyte-host plugin install`, or copy plugin files to `[HOME]/.flyte/plugins`
[exit: 0]
"#]]
    );
}

#[test]
fn the_file_of_a_plugin_is_printed() {
    let home = home_with(&["plain"]);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["plugin", "path", "plain"]));
    transcript.add(home.run(["plugin", "path", "plian"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host plugin path plain
[HOME]/.flyte/plugins/libplain.so
[exit: 0]
$ flyte-host plugin path plian
------- stderr -------
error: plugin `plian` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: did you mean `plain`?
[exit: 10]

"#]]
    );
}
