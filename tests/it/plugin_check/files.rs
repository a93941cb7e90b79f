//! Files that are no plugins, or damaged ones.

use std::{fs, path::Path};

use tests::patch;

use super::{
    PATIENT, assert_none_wrong, compare,
    elf::{self, ElfFile},
    home_of, name_of, report,
};

/// A name, the change of a copy of the sample, and the faults that must be found.
pub(super) type Case = (&'static str, fn(&Path), &'static [&'static str]);

pub(super) const CASES: &[Case] = &[
    ("missing", |path| fs::remove_file(path).unwrap(), &["not-found"]),
    ("dangling link", dangling, &["not-found"]),
    ("link to itself", link_to_itself, &["not-found"]),
    ("directory", directory, &["not-a-file"]),
    ("named pipe", named_pipe, &["not-a-file"]),
    ("empty", |path| write(path, b""), &["empty"]),
    ("web page", |path| write(path, b"<!DOCTYPE html><html></html>"), &["not-a-library"]),
    ("script", |path| write(path, b"#!/bin/sh\n"), &["not-a-library"]),
    ("archive", |path| write(path, b"!<arch>\n"), &["not-a-library"]),
    ("gzip", |path| write(path, &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), &["not-a-library"]),
    ("program", program, &["not-a-library"]),
    ("another library", other_library, &["not-a-plugin"]),
    ("object file", |path| set(path, 16, &[1, 0]), &["not-a-library"]),
    ("first half", |path| cut(path, 2), &["truncated"]),
    ("first eighth", |path| cut(path, 8), &["truncated"]),
    ("header only", |path| keep(path, 64), &["truncated"]),
    ("part of the header", |path| keep(path, 30), &["truncated"]),
    ("without segments", |path| set(path, 56, &[0, 0]), &["damaged"]),
    ("wrong size of segments", |path| set(path, 54, &[1, 0]), &["damaged"]),
    ("neither 32 nor 64 bits", |path| set(path, 4, &[9]), &["damaged"]),
    ("another CPU", |path| set(path, 18, &[243, 0]), &["other-cpu"]),
    ("another byte order", |path| set(path, 5, &[2]), &["other-cpu"]),
    ("another system", |path| set(path, 7, &[9]), &["other-system"]),
    ("neither symbol", neither_symbol, &["not-a-plugin"]),
    (
        "no passport",
        |path| patch(path, "flyte_plugin_passport_1", "flyte_plugin_xassport_1"),
        &["missing-export"],
    ),
    ("no header", |path| patch(path, "flyte_plugin_header_1", "flyte_plugin_xeader_1"), &["missing-export"]),
    (
        "passport without a mark",
        |path| patch(path, "flyte-plugin-passport 1", "xlyte-plugin-passport 1"),
        &["invalid-passport"],
    ),
    ("invalid name", |path| patch(path, "name=acme", "name=AC E"), &["invalid-passport"]),
    ("invalid version", |path| patch(path, "version=0.1.0", "version=0.1.x"), &["invalid-passport"]),
    ("protocol 2", |path| patch(path, "protocol=1.", "protocol=2."), &["other-protocol"]),
    (
        "unknown format",
        |path| patch(path, "flyte-plugin-passport 1", "flyte-plugin-passport 9"),
        &["invalid-passport"],
    ),
    ("another C library", other_c_library, &["other-c-library"]),
    ("newer glibc", newer_glibc, &["glibc-too-old"]),
    (
        "missing library",
        |path| patch(path, "libgcc_s.so.1", "libgcc_x.so.1"),
        &["missing-library constructor"],
    ),
    ("executable stack", |path| flags(path, elf::STACK, 0, elf::EXECUTABLE), &["executable-stack"]),
    ("writable code", |path| flags(path, elf::LOAD, elf::EXECUTABLE, elf::WRITABLE), &["writable-code"]),
    ("text relocations", |path| entry(path, elf::TEXT_RELOCATIONS, 0), &["text-relocations"]),
    ("absolute search path", |path| search(path, elf::RUNPATH, "/opt/acme/lib"), &["search-path"]),
    ("relative search path", |path| search(path, elf::RPATH, "lib"), &["search-path"]),
    ("search path above", |path| search(path, elf::RUNPATH, "$ORIGIN/../lib"), &["search-path"]),
    ("empty part of a search path", |path| search(path, elf::RPATH, "$ORIGIN:"), &["search-path"]),
    ("changed interface", changed_interface, &["incompatible-interfaces interfaces"]),
];

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

fn dangling(path: &Path) {
    fs::remove_file(path).unwrap();
    std::os::unix::fs::symlink("nosuch.so", path).unwrap();
}

fn link_to_itself(path: &Path) {
    fs::remove_file(path).unwrap();
    std::os::unix::fs::symlink(path, path).unwrap();
}

fn directory(path: &Path) {
    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
}

fn named_pipe(path: &Path) {
    fs::remove_file(path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

fn program(path: &Path) {
    fs::copy(env!("CARGO_BIN_EXE_flyte-host-under-test"), path).unwrap();
}

/// A library of every Linux with Rust: that of C's mathematics.
fn other_library(path: &Path) {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let library =
        maps.lines().find_map(|line| line.split_whitespace().last().filter(|it| it.contains("libm.so")));
    let library = library.or_else(|| {
        maps.lines().find_map(|line| line.split_whitespace().last().filter(|it| it.contains("libc.so")))
    });
    fs::copy(library.expect("the library of C"), path).unwrap();
}

fn cut(path: &Path, parts: usize) {
    let length = fs::metadata(path).unwrap().len();
    keep(path, usize::try_from(length).unwrap() / parts);
}

fn keep(path: &Path, length: usize) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..length]).unwrap();
}

fn set(path: &Path, at: usize, new: &[u8]) {
    let mut file = ElfFile::read(path);
    file.bytes[at..at + new.len()].copy_from_slice(new);
    file.write(path);
}

fn neither_symbol(path: &Path) {
    patch(path, "flyte_plugin_passport_1", "flyte_plugin_xassport_1");
    patch(path, "flyte_plugin_header_1", "flyte_plugin_xeader_1");
}

fn other_c_library(path: &Path) {
    patch(path, "-unknown-linux-gnu\n", "-alpine-linux-musl\n");
}

fn newer_glibc(path: &Path) {
    let bytes = fs::read(path).unwrap();
    let version = (20..40).rev().map(|minor| format!("GLIBC_2.{minor}\0"));
    let newest = version.into_iter().find(|name| bytes.windows(name.len()).any(|it| it == name.as_bytes()));
    patch(path, &newest.expect("a version of glibc"), "GLIBC_2.99\0");
}

/// Without the digest of the interfaces, which stands for their comparison.
fn changed_interface(path: &Path) {
    patch(path, "\nlayout=", "\nlbyout=");
    patch(path, "is_terminal", "is_terminax");
}

fn flags(path: &Path, kind: u32, with: u32, flags: u32) {
    let mut file = ElfFile::read(path);
    file.add_flags(kind, with, flags);
    file.write(path);
}

fn entry(path: &Path, tag: u64, value: u64) {
    let mut file = ElfFile::read(path);
    file.set_entry(tag, value);
    file.write(path);
}

fn search(path: &Path, tag: u64, text: &str) {
    let mut file = ElfFile::read(path);
    file.set_search_path(tag, text);
    file.write(path);
}

#[test]
fn bad_files_are_found() {
    let mut wrong = Vec::new();
    for (name, change, expected) in CASES {
        let (home, path) = home_of("acme");
        let file = Path::new(&path);
        change(file);
        let report = report(&home, &["--timeout", PATIENT, &path]);
        assert_eq!(
            report["file"].as_str().map(|file| name_of(Path::new(file))).as_deref(),
            Some("libacme.so")
        );
        wrong.extend(compare(name, &report, expected));
    }
    assert_none_wrong(&wrong);
}
