//! Libraries that are no plugins, or plugins of another protocol.

use abi_stable::library::LibHeader;
use plugin_abi::ProtocolVersion;
use plugin_host::preflight::{ExpectedHeader, HostTarget, read_passport};

use super::fixture::{
    Fixture, PASSPORT, accepted, good_plugin, header_source, host, passport_source, plugin_source,
};

fn report(source: &str) -> Option<String> {
    let fixture = Fixture::with_compiler()?;
    let library = fixture.library("libacme.so", source, &[]);
    Some(fixture.report(&library, &host()))
}

#[test]
fn a_plugin_is_accepted() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let path = fixture.write("libacme.so", good_plugin());
    let inspected = accepted(&path, &host());
    assert_eq!(inspected.passport.name(), "acme");
    assert_eq!(inspected.warnings, []);
    assert_eq!(read_passport(&path).unwrap(), inspected.passport);
}

#[test]
fn any_linker_setting_is_accepted() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    for arguments in [
        &["-Wl,--hash-style=sysv"][..],
        &["-Wl,--hash-style=gnu"],
        &["-Wl,--hash-style=both"],
        &["-Wl,-z,noseparate-code"],
        &["-Wl,-z,separate-code"],
        &["-s"],
        &["-nostdlib"],
        &["-Wl,-z,lazy"],
        &["-Wl,-z,now,-z,relro"],
    ] {
        let path = fixture.plugin("#include <stdlib.h>\nvoid *get(void) { return malloc(1); }", arguments);
        let host = HostTarget { glibc: None, ..host() };
        assert_eq!(accepted(&path, &host).passport.name(), "acme", "{arguments:?}");
    }
}

#[test]
fn sections_do_not_matter() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let path = fixture.changed(|bytes| {
        bytes[40..48].fill(0); // The section table's offset,
        bytes[58..64].fill(0); // and its size.
    });
    assert_eq!(accepted(&path, &host()).passport.name(), "acme");
}

#[test]
fn a_library_is_not_a_plugin() {
    let Some(report) = report("int answer(void) { return 42; }") else { return };
    assert_eq!(
        report,
        "error: `DIR/libacme.so` is a library, not a plugin: it exports neither `flyte_plugin_passport_1` \
         nor `flyte_plugin_header_1`
hint: in the plugin's `Cargo.toml` set `crate-type = [\"cdylib\"]` under `[lib]`, and put \
         `#[plugin_abi::export]` on its `impl Plugin` block
"
    );
}

#[test]
fn half_a_plugin_is_refused() {
    let Some(no_header) = report(&passport_source(PASSPORT)) else { return };
    assert_eq!(
        no_header,
        "error: `DIR/libacme.so` exports `flyte_plugin_passport_1` but not `flyte_plugin_header_1`
hint: build the plugin with `#[plugin_abi::export]`, and let nothing strip `flyte_plugin_header_1`
"
    );
    assert_eq!(
        report(&header_source(&ExpectedHeader::current())).unwrap(),
        "error: `DIR/libacme.so` exports `flyte_plugin_header_1` but not `flyte_plugin_passport_1`
hint: build the plugin with `#[plugin_abi::export]`, and let nothing strip `flyte_plugin_passport_1`
"
    );
}

#[test]
fn a_wrong_symbol_is_refused() {
    let current = ExpectedHeader::current();
    let (header, passport) = (header_source(&current), passport_source(PASSPORT));
    // Only the first 40 bytes are compared, but the whole header is used.
    let too_small = format!("holds 8 bytes; it needs at least {}", size_of::<LibHeader>());
    let cases = [
        (format!("int flyte_plugin_passport_1(void) {{ return 1; }}\n{header}"), "passport", "is not data"),
        (format!("__thread int flyte_plugin_passport_1 = 1;\n{header}"), "passport", "is not data"),
        (format!("char flyte_plugin_passport_1[100];\n{header}"), "passport", "lies outside the file"),
        (format!("int flyte_plugin_header_1(void) {{ return 1; }}\n{passport}"), "header", "is not data"),
        (format!("char flyte_plugin_header_1[100];\n{passport}"), "header", "lies outside the file"),
        (format!("void *flyte_plugin_header_1 = &flyte_plugin_header_1;\n{passport}"), "header", &too_small),
        (
            format!("{passport}{}", header_source(&current).replace("void *rest[64]", "void *rest[1]")),
            "header",
            &too_small.replace("holds 8", "holds 48"),
        ),
    ];
    for (source, symbol, fault) in &cases {
        let Some(report) = report(source) else { return };
        assert_eq!(
            report,
            format!(
                "error: `flyte_plugin_{symbol}_1` in `DIR/libacme.so` {fault}
hint: leave the definition of `flyte_plugin_{symbol}_1` to `#[plugin_abi::export]`
"
            )
        );
    }
}

#[test]
fn another_header_is_refused() {
    let current = ExpectedHeader::current();
    let passport = passport_source(PASSPORT);
    let unmarked = ExpectedHeader { magic: [b'x'; 32], ..current };
    let Some(unmarked) = report(&format!("{passport}{}", header_source(&unmarked))) else { return };
    assert_eq!(
        unmarked,
        "error: `flyte_plugin_header_1` in `DIR/libacme.so` does not begin with the mark of abi_stable
hint: build the plugin with a `plugin-abi` crate of this host's protocol
"
    );
    let older = ExpectedHeader { major: 0, minor: 10, ..current };
    assert_eq!(
        report(&format!("{passport}{}", header_source(&older))).unwrap(),
        format!(
            "error: plugin `acme` 3.1.0 uses interface 0.10 of abi_stable; this host uses {}.{}
hint: rebuild `acme` with the `plugin-abi` crate of protocol {}
",
            current.major,
            current.minor,
            plugin_abi::PROTOCOL
        )
    );
}

#[test]
fn another_c_library_is_refused() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let host = |c_library| HostTarget { c_library, ..host() };
    let plugin = |target: &str| {
        let passport = PASSPORT.replace("x86_64-unknown-linux-gnu", target);
        fixture.library("libacme.so", &plugin_source(&passport), &[])
    };
    let report = fixture.report(&plugin("x86_64-alpine-linux-musl"), &host("gnu"));
    let expected = "error: plugin `acme` is built for x86_64-alpine-linux-musl; this host uses the C library `gnu`\n\
                    hint: build the plugin for this host: `";
    assert!(report.starts_with(expected), "{report}");
    for (target, c_library) in [
        ("x86_64-alpine-linux-musl", "musl"),
        ("armv7-unknown-linux-gnueabihf", "gnu"),
        ("our-own-target", "gnu"),
        ("x86_64-apple-darwin", ""),
    ] {
        accepted(&plugin(target), &host(c_library));
    }
}

#[test]
fn a_bad_passport_is_refused() {
    let Some(bad) = report(&plugin_source(&PASSPORT.replace("name=acme", "name=\u{1b}[2J"))) else { return };
    assert_eq!(
        bad,
        r"error: invalid passport in `DIR/libacme.so`
  caused by: the value of `name` contains the control character `\u{1b}`
hint: build the plugin with `#[plugin_abi::export]`, which writes the passport
"
    );
    let long = format!("{PASSPORT}description={}\n", "x".repeat(20_000));
    assert_eq!(
        report(&plugin_source(&long)).unwrap(),
        "error: invalid passport in `DIR/libacme.so`
  caused by: it is longer than 16384 bytes
hint: build the plugin with `#[plugin_abi::export]`, which writes the passport
"
    );
    assert_eq!(
        report(&plugin_source("flyte-plugin-passport 2\nwhatever")).unwrap(),
        "error: `DIR/libacme.so` has a passport of format 2; this host reads format 1
hint: install a newer flyte-host: the plugin was built for a later one
"
    );
}

#[test]
fn both_protocols_are_named() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let path =
        fixture.library("libfoo.so", &plugin_source(&PASSPORT.replace("protocol=1.0", "protocol=2.0")), &[]);
    let host = HostTarget { protocol: ProtocolVersion { major: 1, minor: 3 }, ..host() };
    assert_eq!(
        fixture.report(&path, &host),
        "error: plugin `acme` 3.1.0 speaks protocol 2.0; this host speaks 1.3
hint: install a flyte-host that speaks protocol 2, or a version of `acme` for protocol 1
"
    );
    let host = HostTarget { protocol: ProtocolVersion { major: 3, minor: 0 }, ..host };
    assert_eq!(
        fixture.report(&path, &host),
        "error: plugin `acme` 3.1.0 speaks protocol 2.0; this host speaks 3.0
hint: install a version of `acme` for protocol 3, or a flyte-host that speaks protocol 2
"
    );
    let host = HostTarget { protocol: ProtocolVersion { major: 2, minor: 7 }, ..host };
    assert_eq!(accepted(&path, &host).passport.protocol().minor, 0);
}

/// A good plugin as another version of `plugin-abi` would name its symbols.
fn with_symbols(passport: &str, suffix: &str) -> String {
    plugin_source(passport)
        .replace("flyte_plugin_passport_1", &format!("flyte_plugin_passport{suffix}"))
        .replace("flyte_plugin_header_1", &format!("flyte_plugin_header{suffix}"))
}

#[test]
fn symbols_of_another_major_protocol_are_refused() {
    let passport = PASSPORT.replace("protocol=1.0", "protocol=2.4");
    let Some(report_of_2) = report(&with_symbols(&passport, "_2")) else { return };
    assert_eq!(
        report_of_2,
        "error: plugin `acme` 3.1.0 speaks protocol 2.4; this host speaks 1.0
hint: install a flyte-host that speaks protocol 2, or a version of `acme` for protocol 1
"
    );
    // A passport that this host cannot read, one that contradicts the symbols, and none at all.
    for source in [
        with_symbols("flyte-plugin-passport 2\nwhatever", "_2"),
        with_symbols(PASSPORT, "_2"),
        header_source(&ExpectedHeader::current()).replace("flyte_plugin_header_1", "flyte_plugin_header_2"),
    ] {
        assert_eq!(
            report(&source).unwrap(),
            "error: `DIR/libacme.so` speaks plugin protocol 2; this host speaks 1.0
hint: install a flyte-host that speaks protocol 2, or a version of the plugin for protocol 1
"
        );
    }
}

#[test]
fn symbols_without_a_major_number_are_refused() {
    let Some(unnumbered) = report(&with_symbols(PASSPORT, "")) else { return };
    assert_eq!(
        unnumbered,
        "error: plugin `acme` 3.1.0 was built with `plugin-abi` 0.1; this host speaks protocol 1.0
hint: rebuild the plugin with `plugin-abi = \"1.0\"`, or ask its author for a newer version
"
    );
    let unreadable = report(&with_symbols("flyte-plugin-passport 2\nwhatever", "")).unwrap();
    assert!(
        unreadable.starts_with("error: `DIR/libacme.so` was built with `plugin-abi` 0.1;"),
        "{unreadable}"
    );
}

#[test]
fn a_library_may_serve_two_major_protocols() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let both = with_symbols(&PASSPORT.replace("protocol=1.0", "protocol=2.4"), "_2");
    let both = both.replace("struct header ", "struct header_of_2 ") + &plugin_source(PASSPORT);
    let path = fixture.library("libacme.so", &both, &[]);
    assert_eq!(accepted(&path, &host()).passport.protocol(), plugin_abi::PROTOCOL);
}
