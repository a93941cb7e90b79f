//! Passports: what is read, and what is refused.

use plugin_abi::ProtocolVersion;
use plugin_host::preflight::{Passport, PassportError};

use super::fixture::PASSPORT;

fn parse(text: &str) -> Result<Passport, PassportError> {
    Passport::parse(format!("{text}\0").as_bytes())
}

fn refused(from: &str, to: &str) -> String {
    assert!(PASSPORT.contains(from), "{from}");
    parse(&PASSPORT.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_passport_is_read_whole() {
    let passport = parse(&format!("{PASSPORT}description=a=b, größer\nfuture_key=1\n")).unwrap();
    assert_eq!(passport.name(), "acme");
    assert_eq!(passport.version(), "3.1.0");
    assert_eq!(passport.protocol(), ProtocolVersion { major: 1, minor: 0 });
    assert_eq!(passport.hooks().collect::<Vec<_>>(), ["get_remote", "get_default_image"]);
    assert!(passport.overrides("get_remote"));
    assert!(!passport.overrides("get"));
    assert_eq!(passport.rustc(), "rustc 1.95.0 (59807616e 2026-04-14)");
    assert_eq!(passport.target(), "x86_64-unknown-linux-gnu");
    assert_eq!(passport.abi_stable(), "0.11");
    assert_eq!(passport.description(), Some("a=b, größer"));
    assert_eq!((passport.homepage(), passport.authors(), passport.license()), (None, None, None));
    assert_eq!(passport.get("future_key"), Some("1"));
    assert_eq!(passport.entries().count(), 9);
}

#[test]
fn a_plugin_may_override_nothing() {
    let passport = parse(&PASSPORT.replace("hooks=get_remote,get_default_image", "hooks=")).unwrap();
    assert_eq!(passport.hooks().count(), 0);
    assert!(!passport.overrides(""));
}

#[test]
fn what_follows_the_end_does_not_count() {
    let passport = Passport::parse(format!("{PASSPORT}\0name=other\n\x1b\0").as_bytes()).unwrap();
    assert_eq!(passport.name(), "acme");
}

#[test]
fn what_this_crate_writes_can_be_read() {
    const FACTS: plugin_abi::passport::CrateFacts = plugin_abi::passport::CrateFacts {
        name: "sample",
        version: "0.1.0-rc.1+linux",
        description: "two\nlines",
        homepage: "https://example.org",
        repository: "",
        license: "MIT",
    };
    const TEXT: plugin_abi::passport::Text =
        plugin_abi::passport::Text::new(&FACTS, plugin_abi::HookSet::EMPTY.with("get_remote"));
    const BYTES: [u8; TEXT.size()] = TEXT.bytes();
    let passport = Passport::parse(&BYTES).unwrap();
    assert_eq!((passport.name(), passport.version()), ("sample", "0.1.0-rc.1+linux"));
    assert_eq!(passport.protocol(), plugin_abi::PROTOCOL);
    assert_eq!(passport.description(), Some("two lines"));
    assert!(passport.overrides("get_remote"));
}

#[test]
fn the_mark_and_the_format_come_first() {
    let no_mark = "it does not begin with `flyte-plugin-passport 1`";
    for mark in ["flyte-plugin-passport", "flyte-plugin-passport 01", "flyte-plugin-passport -1", "x"] {
        assert_eq!(refused("flyte-plugin-passport 1", mark), no_mark);
    }
    assert_eq!(Passport::parse(b"").unwrap_err().to_string(), no_mark);
    assert_eq!(refused("passport 1", "passport 2"), "it has format 2; this host reads format 1");
}

#[test]
fn a_passport_has_an_end() {
    let error = |bytes: &[u8]| Passport::parse(bytes).unwrap_err().to_string();
    assert_eq!(error(PASSPORT.as_bytes()), "it does not end in NUL");
    let long = format!("{PASSPORT}x={}\n\0", "y".repeat(16 * 1024));
    assert_eq!(error(long.as_bytes()), "it is longer than 16384 bytes");
    assert_eq!(error(b"flyte-plugin-passport 1\nname=\xffacme\n\0"), "it is not UTF-8 at byte 29");
}

#[test]
fn lines_are_checked() {
    assert_eq!(refused("version=", "version"), "line 3 is not `key=value`");
    assert_eq!(refused("version=", "Version="), "line 3 is not `key=value`");
    assert_eq!(refused("version=", "="), "line 3 is not `key=value`");
    assert_eq!(refused("version=", "\nversion="), "line 3 is not `key=value`");
    assert_eq!(refused("version=", "name=other\nversion="), "the key `name` appears twice");
    let control = |letter: &str| refused("acme", &format!("ac{letter}me"));
    assert_eq!(control("\u{1b}[2J"), r"the value of `name` contains the control character `\u{1b}`");
    assert_eq!(control("\r"), r"the value of `name` contains the control character `\r`");
    assert_eq!(control("\u{9b}"), r"the value of `name` contains the control character `\u{9b}`");
    assert_eq!(control("\u{202e}"), r"the value of `name` contains the control character `\u{202e}`");
}

#[test]
fn required_keys_are_checked() {
    for key in ["name", "version", "protocol", "hooks", "rustc", "target", "abi_stable"] {
        let missing = refused(&format!("\n{key}="), &format!("\nx_{key}="));
        assert_eq!(missing, format!("it does not say its `{key}`"));
    }
    assert_eq!(refused("name=acme", "name="), "it does not say its `name`");
}

#[test]
fn names_are_checked() {
    for name in ["Acme", "a b", "-acme", "_acme", "é", "a/b", "../a", &"a".repeat(65)] {
        assert_eq!(
            refused("name=acme", &format!("name={name}")),
            format!(
                "`name` is `{name}`; a name is at most 64 lower-case letters, digits, `-` and `_`, \
                 and begins with a letter or a digit"
            )
        );
    }
    for name in ["a", "0-_", &"a".repeat(64)] {
        assert_eq!(parse(&PASSPORT.replace("name=acme", &format!("name={name}"))).unwrap().name(), name);
    }
}

#[test]
fn versions_are_checked() {
    for version in ["1", "1.0", "1.0.0.0", "01.0.0", "1.0.x", "v1.0.0", "1.0.0-", "1.0.0+", "1.0.0-a..b"] {
        assert_eq!(
            refused("version=3.1.0", &format!("version={version}")),
            format!("`version` is `{version}`; a version is `MAJOR.MINOR.PATCH`")
        );
    }
    for protocol in ["1", "1.x", "1.2.3", "01.2", "-1.0", "65536.0"] {
        assert_eq!(
            refused("protocol=1.0", &format!("protocol={protocol}")),
            format!("`protocol` is `{protocol}`; a protocol version is `MAJOR.MINOR`")
        );
    }
    for hooks in ["get_remote,", ",", "a,,b", "get remote", "Get"] {
        let bad = hooks.split(',').find(|hook| *hook != "get_remote" && *hook != "a").unwrap();
        assert_eq!(
            refused("hooks=get_remote,get_default_image", &format!("hooks={hooks}")),
            format!("`hooks` lists `{bad}`; a hook's name is lower-case letters, digits and `_`")
        );
    }
}
