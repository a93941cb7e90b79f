//! Other numbers of `plugin-abi` and other ways to build a plugin: none of them makes a difference to what is
//! answered.

use std::{env, fs, path::PathBuf};

use snapbox::str;
use tests::{TestEnvironment, join, prepared, snapshot};

use super::{answers, other_host, other_plugins};
use crate::{allow_sandbox, home_with, museum};

/// Hosts built from `plugin-abi` 1.0.7, optimised and without checks, and from 1.9.0, which speaks protocol
/// 1.1.
const OTHER_HOSTS: [&str; 2] = ["1.0.7", "1.9.0"];

/// Ways to build the growth plugin for protocol 1.0.
const WAYS: [&str; 6] = ["1.0.7", "release", "small", "mimalloc", "jemalloc", "two-versions"];

/// Left out without a C toolchain.
const NEED_C: [&str; 2] = ["mimalloc", "jemalloc"];

/// A home with one of the hosts, or the usual one.
fn home_of_host(version: Option<&str>) -> Option<TestEnvironment> {
    let mut home = match version {
        None => home_with(&[]),
        Some(version) => TestEnvironment::new(&other_host(version)?),
    };
    allow_sandbox(&home);
    home.set("FLYTE_PLUGIN", "growth");
    Some(home)
}

/// A plugin's library by the way it was built; nothing where it could not be built.
fn growth(way: &str) -> Option<PathBuf> {
    let library = other_plugins(way)?.join(format!(
        "{}growth_plugin{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    ));
    assert!(library.exists() || NEED_C.contains(&way), "no `{}`", library.display());
    library.exists().then_some(library)
}

/// The answers of the host with this library in use.
fn answers_of(home: &TestEnvironment, library: &std::path::Path) -> String {
    let name = format!("{}growth{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    home.copy_file(library, home.plugins().join(name));
    answers(home)
}

#[test]
fn no_number_and_no_way_to_build_makes_a_difference() {
    if prepared("FLYTE_TEST_GROWTH").is_none() {
        return;
    }
    for host in [None].into_iter().chain(OTHER_HOSTS.map(Some)) {
        let home = home_of_host(host).unwrap();
        home.install("growth");
        let own = answers(&home);
        assert!(own.contains("(policy `growth-policy`)"), "{own}");
        let libraries = WAYS.iter().filter_map(|way| Some(((*way).to_owned(), growth(way)?)));
        let exhibits =
            museum::exhibits().into_iter().map(|(library, _)| ("the museum's".to_owned(), library));
        for (way, library) in libraries.chain(exhibits) {
            assert_eq!(answers_of(&home, &library), own, "plugin {way} in host {host:?}");
        }
    }
}

#[test]
fn hosts_of_one_protocol_answer_alike() {
    if prepared("FLYTE_TEST_GROWTH").is_none() {
        return;
    }
    for way in ["1.0.7", "1.9.0"] {
        let library = growth(way).unwrap();
        let [usual, other] = [None, Some("1.0.7")].map(|host| {
            let home = home_of_host(host).unwrap();
            answers_of(&home, &library)
        });
        assert_eq!(usual, other, "plugin {way}");
    }
}

/// The host, two plugins with the system's allocator, and one with an allocator of its own between them: a
/// value that was freed by another side than its maker ends the process.
#[test]
fn values_are_freed_by_the_allocator_that_made_them() {
    if prepared("FLYTE_TEST_GROWTH").is_none() {
        return;
    }
    let mut home = home_with(&["acme", "growth", "wrapper"]);
    allow_sandbox(&home);
    home.set("FLYTE_PLUGIN", "wrapper:growth:acme").set("MALLOC_PERTURB_", "165");
    let usual = answers(&home);
    for (allocator, symbol) in [("mimalloc", "mi_malloc"), ("jemalloc", "_rjem_")] {
        let Some(library) = growth(allocator) else { return };
        let bytes = fs::read(&library).unwrap();
        let has_symbol = bytes.windows(symbol.len()).any(|window| window == symbol.as_bytes());
        assert!(has_symbol, "`{}` has no {allocator}", library.display());
        assert_eq!(answers_of(&home, &library), usual);
    }
}

/// What a user sees of a plugin whose symbols are not those of this host's protocol.
fn refused(way: &str) -> Option<String> {
    prepared("FLYTE_TEST_GROWTH")?;
    let home = home_of_host(None)?;
    home.install_from(&other_plugins(way)?, "growth");
    Some(join(["growth", "plugin list"].map(|line| home.run(line.split(' ')))))
}

#[test]
fn a_plugin_that_was_built_for_major_2_is_refused() {
    let Some(output) = refused("2.0.0") else { return };
    snapshot!(
        output,
        str![[r#"
------- stderr -------
error: plugin `growth` 0.6.0 speaks protocol 2.0; this host speaks 1.0
hint: install a flyte-host that speaks protocol 2, or a version of `growth` for protocol 1
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
NAME    VERSION  PROTOCOL  STATE                                      SIGNER  FILE
growth  0.6.0    2.0       unusable: this host supports protocol 1.0  -       [HOME]/.flyte/plugins/libgrowth.so
------- stderr -------
warning: plugin `growth` 0.6.0 speaks protocol 2.0; this host speaks 1.0
hint: install a flyte-host that speaks protocol 2, or a version of `growth` for protocol 1
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_of_before_the_release_is_refused() {
    let Some(output) = refused("0.1.0") else { return };
    snapshot!(
        output,
        str![[r#"
------- stderr -------
error: plugin `growth` 0.6.0 was built with `plugin-abi` 0.1; this host speaks protocol 1.0
hint: rebuild the plugin with `plugin-abi = "1.0"`, or ask its author for a newer version
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
NAME  VERSION  PROTOCOL  STATE                                                                                           SIGNER  FILE
-     -        -         unusable: plugin `growth` 0.6.0 was built with `plugin-abi` 0.1; this host speaks protocol 1.0  -       [HOME]/.flyte/plugins/libgrowth.so
------- stderr -------
warning: plugin `growth` 0.6.0 was built with `plugin-abi` 0.1; this host speaks protocol 1.0
hint: rebuild the plugin with `plugin-abi = "1.0"`, or ask its author for a newer version
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 0]
"#]]
    );
}
