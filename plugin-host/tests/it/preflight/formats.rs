//! Files of other kinds, for other machines, cut short or damaged.

use std::path::PathBuf;

use plugin_host::preflight::{HostTarget, System, WarningKind, read_passport};

use super::fixture::{Fixture, accepted, good_plugin, host, put, segment};

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;

/// Bytes to put into a good plugin, what the message says it is built for, and what this host is.
type OtherMachine<'a> = (&'a [(usize, u8)], &'a str, &'a str);
/// What is done to a good plugin, and what the message says is wrong.
type Damage<'a> = (&'a dyn Fn(&mut Vec<u8>), &'a str);

/// The command that builds for the machine that runs these tests.
fn build_hint() -> String {
    let arch = std::env::consts::ARCH;
    let c_library = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
    format!(
        "build the plugin for this host: `cargo build --release --target {arch}-unknown-linux-{c_library}`"
    )
}

fn archive(member: &str) -> Vec<u8> {
    format!("!<arch>\n{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n{}", format!("{member}/"), 0, 0, 0, 644, 4, "rust")
        .into_bytes()
}

#[test]
fn what_a_file_looks_like_is_said() {
    let fixture = Fixture::new();
    let cdylib =
        "in the plugin's `Cargo.toml` set `crate-type = [\"cdylib\"]` under `[lib]`, and build again";
    let check = "in the plugin's `Cargo.toml` set `crate-type = [\"cdylib\"]` under `[lib]`, and run \
                 `cargo build`, not `cargo check`";
    let download = "download the plugin again; `curl --fail --location` does not save error pages";
    let path = "give the path of the compiled library, such as `lib<name>.so`";
    let unpack = "unpack it, and give the path of the library inside";
    let cases: [(&[u8], &str, &str); 16] = [
        (b"<!DOCTYPE html>\n<html>404", "an HTML page", download),
        (b"{\"message\":\"Not Found\"}", "a JSON document", download),
        (b"<?xml version=\"1.0\"?><Error/>", "an XML document", download),
        (&archive("lib.rmeta"), "a library for the Rust compiler (`.rlib`)", cdylib),
        (&archive("code.o"), "a static library (`.a`)", cdylib),
        (b"rust\0\0\0\x09rest", "metadata for the Rust compiler (`.rmeta`)", check),
        (b"PK\x03\x04rest", "a zip file", unpack),
        (b"\x1f\x8b\x08rest", "a gzip file", unpack),
        (b"#!/bin/sh\nexit", "a script", path),
        (b"hello, world", "a text file", path),
        (b"/* GNU ld script */", "a linker script", "give the path of the library that it names"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a Git LFS pointer",
            "run `git lfs pull` in the repository",
        ),
        (b"\0asm\x01\0\0\0", "a WebAssembly module", &build_hint()),
        (b"\x7f", "a file of 1 byte", path),
        (b"\x7fEL", "a file of 3 bytes", path),
        (b"\0\x01\x02\x03\x04", "a file of unknown type", path),
    ];
    for (content, looks, hint) in cases {
        let file = fixture.write("libacme.so", content);
        let expected = format!("error: `DIR/libacme.so` is {looks}, not a plugin\nhint: {hint}\n");
        assert_eq!(fixture.report(&file, &host()), expected);
        assert_eq!(fixture.describe(&read_passport(&file).unwrap_err()), expected);
    }
}

#[test]
fn programs_and_their_parts_are_named() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let main = "int main(void) { return 0; }";
    for arguments in [&["-pie", "-fPIE"][..], &["-no-pie"], &["-static"], &["-static-pie"]] {
        let file = fixture.compile("acme", main, arguments);
        assert_eq!(
            fixture.report(&file, &host()),
            "error: `DIR/acme` is a program, not a plugin
hint: in the plugin's `Cargo.toml` set `crate-type = [\"cdylib\"]` under `[lib]`, and build again
"
        );
    }
    let file = fixture.compile("acme.o", main, &["-c"]);
    assert_eq!(
        fixture.report(&file, &host()),
        "error: `DIR/acme.o` is an object file (`.o`), not a plugin
hint: in the plugin's `Cargo.toml` set `crate-type = [\"cdylib\"]` under `[lib]`, and build again
"
    );
    let file = fixture.changed(|bytes| put(bytes, 16, [4, 0]));
    assert_eq!(
        fixture.report(&file, &host()),
        "error: `DIR/libacme.so` is a core dump, not a plugin
hint: give the path of the compiled library, such as `lib<name>.so`
"
    );
}

#[test]
#[cfg(target_arch = "x86_64")]
fn other_machines_are_named() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let cases: [OtherMachine<'_>; 6] = [
        (&[(18, 183)], "aarch64", "x86_64"),
        (&[(18, 243)], "riscv64", "x86_64"),
        (&[(18, 0xfe), (19, 0xca)], "CPU type 51966", "x86_64"),
        (&[(4, 1), (18, 3)], "32-bit x86", "64-bit x86_64"),
        (&[(4, 1)], "32-bit x86_64", "64-bit x86_64"),
        (&[(5, 2), (18, 0), (19, 22)], "big-endian s390x", "little-endian x86_64"),
    ];
    for (changes, found, here) in cases {
        let file = fixture.changed(|bytes| {
            changes.iter().for_each(|&(at, value)| bytes[at] = value);
        });
        assert_eq!(
            fixture.report(&file, &host()),
            format!(
                "error: `DIR/libacme.so` is built for {found}; this host runs on {here}\nhint: {}\n",
                build_hint()
            )
        );
    }
}

#[test]
fn a_list_shows_plugins_for_other_machines() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let file = fixture.changed(|bytes| put(bytes, 18, [183, 0]));
    assert_eq!(read_passport(&file).unwrap().name(), "acme");
}

#[test]
fn other_systems_are_named() {
    let fixture = Fixture::new();
    let mut pe = vec![0; 512];
    put(&mut pe, 0, *b"MZ");
    put(&mut pe, 60, [64, 0, 0, 0]);
    put(&mut pe, 64, *b"PE\0\0\x64\x86");
    put(&mut pe, 88, [0x0b, 0x02]);
    let mach_o = [b"\xcf\xfa\xed\xfe\x0c\0\0\x01\0\0\0\0\x06\0\0\0".as_slice(), &[0; 64]].concat();
    let fat = [b"\xca\xfe\xba\xbe\0\0\0\x01".as_slice(), &[0; 64]].concat();
    for (content, system) in [(pe, "Windows"), (mach_o, "macOS"), (fat, "macOS")] {
        let file = fixture.write("acme.dll", content);
        assert_eq!(
            fixture.report(&file, &host()),
            format!(
                "error: `DIR/acme.dll` is a {system} library; this host runs on Linux\nhint: {}\n",
                build_hint()
            )
        );
    }
    let Some(fixture) = Fixture::with_compiler() else { return };
    let file = fixture.changed(|bytes| bytes[7] = 9);
    assert_eq!(
        fixture.report(&file, &host()),
        format!(
            "error: `DIR/libacme.so` is a BSD library; this host runs on Linux\nhint: {}\n",
            build_hint()
        )
    );
    let file = fixture.changed(|_| ());
    assert_eq!(
        fixture.report(&file, &HostTarget { system: System::MacOs, ..host() }),
        format!(
            "error: `DIR/libacme.so` is a Linux library; this host runs on macOS\nhint: {}\n",
            build_hint()
        )
    );
}

#[test]
fn a_cut_file_is_measured() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let whole = good_plugin().len();
    for (has, needs) in [(5, 64), (20, 64), (63, 64), (1000, whole), (whole / 2, whole), (whole - 1, whole)] {
        let file = fixture.changed(|bytes| bytes.truncate(has));
        let expected = format!(
            "error: `DIR/libacme.so` is cut short: it needs {needs} bytes and has {has}
hint: copy or download the file again, to its end
"
        );
        assert_eq!(fixture.report(&file, &host()), expected);
        assert_eq!(fixture.describe(&read_passport(&file).unwrap_err()), expected);
    }
}

#[test]
fn damage_is_described() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let header = |at: usize, value: u16| move |bytes: &mut Vec<u8>| put(bytes, at, value.to_le_bytes());
    let load = |n: usize, field: usize, value: u64| {
        move |bytes: &mut Vec<u8>| {
            let at = segment(bytes, PT_LOAD, n) + field;
            put(bytes, at, value.to_le_bytes());
        }
    };
    let no_dynamic = |bytes: &mut Vec<u8>| {
        let at = segment(bytes, PT_DYNAMIC, 0);
        put(bytes, at, [0; 4]);
    };
    let no_loads = |bytes: &mut Vec<u8>| {
        for at in (64..64 + 56 * usize::from(bytes[56])).step_by(56) {
            if bytes[at..at + 4] == PT_LOAD.to_le_bytes() {
                put(bytes, at, [0; 4]);
            }
        }
    };
    let symbols_elsewhere = |bytes: &mut Vec<u8>| {
        let at = segment(bytes, PT_DYNAMIC, 0) + 8;
        let start = usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())).unwrap();
        let entry = (start..).step_by(16).find(|&at| bytes[at] == 6).unwrap();
        put(bytes, entry + 8, u64::MAX.to_le_bytes());
    };
    let cases: [Damage<'_>; 15] = [
        (&header(4, 7), "its header claims neither 32 nor 64 bits"),
        (&header(5, 7), "its header names no byte order"),
        (&header(16, 77), "its header names no known kind of file"),
        (&header(56, 0), "its header counts an impossible number of segments"),
        (&header(56, 65_535), "its header counts an impossible number of segments"),
        (&header(54, 1), "its header gives an impossible size of a segment header"),
        (&|bytes| put(bytes, 40, u64::MAX.to_le_bytes()), "its headers point far outside the file"),
        (&load(0, 8, 1 << 50), "its headers point far outside the file"),
        (&load(0, 40, 1), "a segment is larger in the file than in memory"),
        (&load(1, 16, 0), "its segments overlap"),
        (&load(1, 48, 3), "a segment is not aligned"),
        (&load(3, 40, 1 << 60), "it asks for an impossible amount of memory"),
        (&no_dynamic, "it has no dynamic section"),
        (&no_loads, "it has nothing to load"),
        (&symbols_elsewhere, "its symbol table lies outside the file"),
    ];
    for (change, why) in cases {
        let file = fixture.changed(change);
        // A changed width or byte order makes other numbers wrong, too; this one is seen first.
        assert_eq!(
            fixture.report(&file, &host()),
            format!(
                "error: `DIR/libacme.so` is damaged: {why}\nhint: build the plugin again, or download it again\n"
            )
        );
    }
    let file = fixture.changed(|bytes| put(bytes, 60, 65_535_u16.to_le_bytes()));
    let sections = u64::from_le_bytes(good_plugin()[40..48].try_into().unwrap());
    assert_eq!(
        fixture.report(&file, &host()),
        format!(
            "error: `DIR/libacme.so` is cut short: it needs {} bytes and has {}
hint: copy or download the file again, to its end
",
            sections + 64 * 65_535,
            good_plugin().len()
        )
    );
}

#[test]
fn unusual_memory_is_mentioned() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let said = |file: PathBuf| {
        let warnings = accepted(&file, &host()).warnings;
        let kinds: Vec<_> = warnings.iter().map(|warning| warning.kind).collect();
        let texts: Vec<_> = warnings.iter().map(|warning| format!("{warning}; {}", warning.hint())).collect();
        (kinds, texts)
    };
    let (kinds, texts) = said(fixture.plugin("", &["-Wl,-z,execstack"]));
    assert_eq!(kinds, [WarningKind::ExecutableStack]);
    assert_eq!(
        texts,
        ["plugin `acme` asks for an executable stack; link the plugin with `-z noexecstack`; \
          assembler files need `.section .note.GNU-stack`"]
    );
    let tls =
        "__thread int mine __attribute__((tls_model(\"initial-exec\")));\nint *get(void) { return &mine; }";
    let (kinds, texts) = said(fixture.plugin(tls, &[]));
    assert_eq!(kinds, [WarningKind::StaticTls]);
    assert_eq!(
        texts,
        ["plugin `acme` uses static thread-local storage; build its allocator without initial-exec TLS, \
          such as jemalloc's `disable_initial_exec_tls`"]
    );
    let text = "int there;\n__asm__(\".text\\n.quad there\\n\");";
    let (kinds, texts) = said(fixture.plugin(text, &["-Wl,-z,notext"]));
    assert_eq!(kinds, [WarningKind::TextRelocations]);
    assert_eq!(
        texts,
        ["plugin `acme` changes its own code while loading; compile all of the plugin's C code with `-fPIC`"]
    );
    let (kinds, texts) = said(fixture.changed(|bytes| {
        let at = segment(bytes, PT_LOAD, 1) + 4;
        put(bytes, at, [7, 0, 0, 0]);
    }));
    assert_eq!(kinds, [WarningKind::WritableCode]);
    assert_eq!(
        texts,
        ["plugin `acme` has code that it can overwrite; link the plugin without `-N` or `--omagic`"]
    );
}
