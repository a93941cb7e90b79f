//! `get_auth_success_html`, through `plugin show`: nothing serves the page yet.

use snapbox::str;
use tests::snapshot;

use super::home_where;

/// The hooks of `plugin show`, and what follows; the facts above them are for another test.
fn plugin_show(plugin: &str, fault: &str) -> String {
    let shown = home_where(plugin, fault).run(&["plugin", "show", plugin]);
    shown.split_once("\n\n").map(|(_facts, hooks)| hooks.to_owned()).unwrap_or(shown)
}

#[test]
fn the_plugin_says_what_is_on_the_page() {
    snapshot!(
        plugin_show("faulty", "answer:get_auth_success_html"),
        str![[r#"
HOOK                        FROM    ANSWERS NOW                                                   BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                                    localhost:30080 (insecure)
configure_cli               plugin  no changes                                                    no changes
secret_requires_group       plugin  true                                                          true
get_default_image           plugin  none                                                          none
get_auth_success_html       plugin  <p>faulty, but signed in at flyte.example.org</p> (49 bytes)  none
get_default_cache_policies  plugin  no policies                                                   no policies
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_without_the_hook_leaves_it_to_the_default() {
    snapshot!(
        plugin_show("plain", ""),
        str![[r#"
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
fn a_plugin_that_says_none_leaves_it_to_the_default() {
    snapshot!(
        plugin_show("faulty", "decline:get_auth_success_html"),
        str![[r#"
HOOK                        FROM    ANSWERS NOW                 BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)  localhost:30080 (insecure)
configure_cli               plugin  no changes                  no changes
secret_requires_group       plugin  true                        true
get_default_image           plugin  none                        none
get_auth_success_html       plugin  none                        none
get_default_cache_policies  plugin  no policies                 no policies
[exit: 0]
"#]]
    );
}

#[test]
fn an_empty_page_is_refused() {
    snapshot!(
        plugin_show("faulty", "invalid:get_auth_success_html"),
        str![[r#"
HOOK                        FROM    ANSWERS NOW                                                                            BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                                                             localhost:30080 (insecure)
configure_cli               plugin  no changes                                                                             no changes
secret_requires_group       plugin  true                                                                                   true
get_default_image           plugin  none                                                                                   none
get_auth_success_html       plugin  fails: plugin `faulty` 0.4.1 returned an invalid value from `get_auth_success_html`  none
get_default_cache_policies  plugin  no policies                                                                            no policies
------- stderr -------
error: plugin `faulty` 0.4.1 returned an invalid value from `get_auth_success_html`
  caused by: the page is empty; return `None` to leave it to the next plugin
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn an_error_is_told_with_causes_and_hints() {
    snapshot!(
        plugin_show("faulty", "error:get_auth_success_html"),
        str![[r#"
HOOK                        FROM    ANSWERS NOW                                                     BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                                      localhost:30080 (insecure)
configure_cli               plugin  no changes                                                      no changes
secret_requires_group       plugin  true                                                            true
get_default_image           plugin  none                                                            none
get_auth_success_html       plugin  fails: plugin `faulty` 0.4.1 failed in `get_auth_success_html`  none
get_default_cache_policies  plugin  no policies                                                     no policies
------- stderr -------
error: plugin `faulty` 0.4.1 failed in `get_auth_success_html`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_is_told_with_its_place() {
    snapshot!(
        plugin_show("faulty", "panic:get_auth_success_html"),
        str![[r#"
HOOK                        FROM    ANSWERS NOW                                                       BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                                        localhost:30080 (insecure)
configure_cli               plugin  no changes                                                        no changes
secret_requires_group       plugin  true                                                              true
get_default_image           plugin  none                                                              none
get_auth_success_html       plugin  fails: plugin `faulty` 0.4.1 panicked in `get_auth_success_html`  none
get_default_cache_policies  plugin  no policies                                                       no policies
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `get_auth_success_html`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_with_a_value_is_told_with_its_place() {
    snapshot!(
        plugin_show("faulty", "panic-value:get_auth_success_html"),
        str![[r#"
HOOK                        FROM    ANSWERS NOW                                                       BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                                        localhost:30080 (insecure)
configure_cli               plugin  no changes                                                        no changes
secret_requires_group       plugin  true                                                              true
get_default_image           plugin  none                                                              none
get_auth_success_html       plugin  fails: plugin `faulty` 0.4.1 panicked in `get_auth_success_html`  none
get_default_cache_policies  plugin  no policies                                                       no policies
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `get_auth_success_html`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_in_a_panics_destructor_is_survived() {
    snapshot!(
        plugin_show("faulty", "panic-drop:get_auth_success_html"),
        str![[r#"
HOOK                        FROM    ANSWERS NOW                                                       BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                                        localhost:30080 (insecure)
configure_cli               plugin  no changes                                                        no changes
secret_requires_group       plugin  true                                                              true
get_default_image           plugin  none                                                              none
get_auth_success_html       plugin  fails: plugin `faulty` 0.4.1 panicked in `get_auth_success_html`  none
get_default_cache_policies  plugin  no policies                                                       no policies
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `get_auth_success_html`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}
