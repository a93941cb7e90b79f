//! Plugins whose interfaces differ from the host's, because `plugin-abi` or the file was patched.

use std::path::Path;

use snapbox::str;
use tests::{patch, patch_first, snapshot};

use crate::home_with;

/// Changes the interfaces of a plugin. Its passport loses their digest, as that of a changed `plugin-abi`
/// would have another one; with it the host would not look at them.
fn patch_interfaces(file: &Path, from: &str, to: &str) {
    patch(file, "\nlayout=", "\nlayoux=");
    patch(file, from, to);
}

#[test]
fn a_renamed_method_is_one_line() {
    let mut home = home_with(&["plain"]);
    patch_interfaces(
        &home.plugins().join("libplain.so"),
        "next_secret_requires_group",
        "next_secret_requires_klass",
    );
    home.set("FLYTE_PLUGIN", "plain");
    let in_a_line = home.run(["config", "show"]);
    snapshot!(
        &in_a_line,
        str![[r#"
------- stderr -------
error: plugin `plain` 0.3.0 is not compatible with this host
  caused by: `Context` has `next_secret_requires_klass` in the place of `next_secret_requires_group`
hint: rebuild the plugin with the released `plugin-abi` of its protocol; `-vv` shows every difference
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );

    // `-vv` adds the long report of abi_stable.
    let in_full = home.run(["config", "show", "-vv"]);
    let (dump, error) = in_full.stderr().split_once("\nerror: ").unwrap();
    assert_eq!(format!("error: {error}"), in_a_line.stderr());
    assert!(dump.starts_with("debug: Compared <this>:\n"), "{dump}");
    assert!(dump.lines().count() > 1000, "{dump}");
}

#[test]
fn code_that_carries_another_passport_is_refused() {
    let mut home = home_with(&["plain"]);
    patch_first(
        &home.plugins().join("libplain.so"),
        "A plugin that overrides nothing",
        "A plugin that overrides nothinG",
    );
    home.set("FLYTE_PLUGIN", "plain");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `plain`: the passport in the loaded library differs from the one in its file
hint: download the plugin again; the file was changed after it was built
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn another_major_version_of_a_crate_is_reported_with_both_numbers() {
    let mut home = home_with(&["plain"]);
    patch_interfaces(&home.plugins().join("libplain.so"), "plugin-abi;1.0.", "plugin-abi;2.0.");
    home.set("FLYTE_PLUGIN", "plain");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `plain` 0.3.0 is not compatible with this host
  caused by: the two sides have versions 1.0.0 and 2.0.0 of the crate `plugin-abi`
hint: rebuild the plugin with the released `plugin-abi` of its protocol; `-vv` shows every difference
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

/// `tests/it/growth/versions.rs` has real builds of some numbers; here are others.
#[test]
fn no_version_of_the_crate_within_the_major_number_is_refused() {
    let version = "plugin-abi;1.0.0";
    for other in ["plugin-abi;1.0.9", "plugin-abi;1.7.3"] {
        let mut home = home_with(&["plain"]);
        home.set("FLYTE_PLUGIN", "plain");
        let own = home.run(["--version"]);
        assert!(own.contains("plugin `plain` 0.3.0"), "{own}");
        patch_interfaces(&home.plugins().join("libplain.so"), version, other);
        assert_eq!(home.run(["--version"]), own, "{other}");
    }
}
