//! What a file seems to be when it is not a library.

use std::fmt;

use object::read::archive::ArchiveFile;

/// How much of a file is looked at to tell text from other data, in bytes.
const SAMPLE: usize = 1024;
/// How many members of an archive are looked at.
const MEMBERS: usize = 64;

/// What a file that is not a library seems to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LooksLike {
    /// A static library, `.a`.
    Archive,
    /// The memory of a program that crashed.
    CoreDump,
    /// What git leaves in place of a large file that was not fetched.
    GitLfsPointer,
    /// A web page, mostly instead of what should have been downloaded.
    Html,
    /// JSON, mostly a server's error.
    Json,
    /// A text that tells the linker which library to take.
    LinkerScript,
    /// What the compiler makes before linking, `.o`.
    ObjectFile,
    /// A packed file, and how it is packed.
    Packed(&'static str),
    /// An executable.
    Program,
    /// A Rust library that only the compiler can use, `.rlib`.
    Rlib,
    /// What `cargo check` leaves, `.rmeta`.
    Rmeta,
    /// A script.
    Script,
    /// Too few bytes to be anything; how many.
    Stub(usize),
    /// Some text.
    Text,
    /// Nothing known.
    Unknown,
    /// WebAssembly.
    Wasm,
    /// XML, mostly a server's error.
    Xml,
}

impl fmt::Display for LooksLike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LooksLike::Archive => "a static library (`.a`)",
            LooksLike::CoreDump => "a core dump",
            LooksLike::GitLfsPointer => "a Git LFS pointer",
            LooksLike::Html => "an HTML page",
            LooksLike::Json => "a JSON document",
            LooksLike::LinkerScript => "a linker script",
            LooksLike::ObjectFile => "an object file (`.o`)",
            LooksLike::Packed("xz") => "an xz file",
            LooksLike::Packed(how) => return write!(f, "a {how} file"),
            LooksLike::Program => "a program",
            LooksLike::Rlib => "a library for the Rust compiler (`.rlib`)",
            LooksLike::Rmeta => "metadata for the Rust compiler (`.rmeta`)",
            LooksLike::Script => "a script",
            LooksLike::Stub(1) => "a file of 1 byte",
            LooksLike::Stub(size) => return write!(f, "a file of {size} bytes"),
            LooksLike::Text => "a text file",
            LooksLike::Unknown => "a file of unknown type",
            LooksLike::Wasm => "a WebAssembly module",
            LooksLike::Xml => "an XML document",
        })
    }
}

impl LooksLike {
    /// Guesses from the content; the name does not matter.
    pub(super) fn guess(bytes: &[u8]) -> Self {
        if bytes.len() < 4 {
            return LooksLike::Stub(bytes.len());
        }
        if bytes.starts_with(b"!<arch>\n") || bytes.starts_with(b"!<thin>\n") {
            return if is_rlib(bytes) { LooksLike::Rlib } else { LooksLike::Archive };
        }
        let marks: [(&[u8], LooksLike); 11] = [
            (b"PK\x03\x04", LooksLike::Packed("zip")),
            (b"PK\x05\x06", LooksLike::Packed("zip")),
            (b"\x1f\x8b", LooksLike::Packed("gzip")),
            (b"BZh", LooksLike::Packed("bzip2")),
            (b"\xfd7zXZ\0", LooksLike::Packed("xz")),
            (b"7z\xbc\xaf\x27\x1c", LooksLike::Packed("7-Zip")),
            (b"\x28\xb5\x2f\xfd", LooksLike::Packed("zstd")),
            (b"rust\0\0", LooksLike::Rmeta),
            (b"\0asm", LooksLike::Wasm),
            (b"#!", LooksLike::Script),
            (b"version https://git-lfs.github.com/", LooksLike::GitLfsPointer),
        ];
        if let Some((_, looks)) = marks.iter().find(|(mark, _)| bytes.starts_with(mark)) {
            return *looks;
        }
        if bytes.get(257..262) == Some(b"ustar") {
            return LooksLike::Packed("tar");
        }
        text(bytes).map_or(LooksLike::Unknown, guess_text)
    }
}

fn is_rlib(bytes: &[u8]) -> bool {
    let Ok(archive) = ArchiveFile::parse(bytes) else { return false };
    archive.members().take(MEMBERS).flatten().any(|member| member.name() == b"lib.rmeta")
}

/// The beginning of the file, where that is text.
fn text(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    let text = match str::from_utf8(sample) {
        Ok(text) => text,
        // A character at the end of the sample may be cut in two.
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(sample.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let is_text = |letter: char| !letter.is_control() || letter.is_whitespace() || letter == '\u{1b}';
    text.chars().all(is_text).then_some(text)
}

fn guess_text(text: &str) -> LooksLike {
    let start = text.trim_start();
    let begins = |with: &str| start.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let is_xhtml = begins("<?xml") && text.to_ascii_lowercase().contains("<html");
    if is_xhtml || ["<!doctype html", "<html", "<head", "<body"].into_iter().any(begins) {
        LooksLike::Html
    } else if begins("<?xml") || begins("<error>") {
        LooksLike::Xml
    } else if start.starts_with("/* GNU ld script") {
        LooksLike::LinkerScript
    } else if start.starts_with('{') && start.contains('"') {
        LooksLike::Json
    } else {
        LooksLike::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let guesses: [(&[u8], &str); 20] = [
            (b"\x7f", "a file of 1 byte"),
            (b"ab", "a file of 2 bytes"),
            (b"<!DOCTYPE html>\n<title>404", "an HTML page"),
            (b"\xef\xbb\xbf \n<HTML>", "an HTML page"),
            (b"<?xml version='1.0'?><!DOCTYPE html><html>", "an HTML page"),
            (b"<?xml version='1.0'?><Error><Code>AccessDenied", "an XML document"),
            (br#"{"message": "Not Found"}"#, "a JSON document"),
            (b"/* GNU ld script\n*/ GROUP ( libm.so.6 )", "a linker script"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
            (b"#!/bin/sh\n", "a script"),
            (b"hello\n", "a text file"),
            ("grüße".as_bytes(), "a text file"),
            (b"PK\x03\x04rest", "a zip file"),
            (b"\x1f\x8b\x08rest", "a gzip file"),
            (b"\xfd7zXZ\0rest", "an xz file"),
            (b"!<arch>\n", "a static library (`.a`)"),
            (b"rust\0\0\0\x09", "metadata for the Rust compiler (`.rmeta`)"),
            (b"\0asm\x01\0\0\0", "a WebAssembly module"),
            (b"\0\0\0\0", "a file of unknown type"),
            (b"\xff\xfe\x00rest", "a file of unknown type"),
        ];
        for (bytes, expected) in guesses {
            assert_eq!(LooksLike::guess(bytes).to_string(), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_tar_is_known_by_its_middle() {
        let mut tar = vec![0; 512];
        tar[..4].copy_from_slice(b"file");
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(LooksLike::guess(&tar), LooksLike::Packed("tar"));
    }

    #[test]
    fn a_letter_cut_in_two_is_still_text() {
        let mut bytes = vec![b'a'; SAMPLE - 1];
        bytes.extend("éé".bytes());
        assert_eq!(LooksLike::guess(&bytes), LooksLike::Text);
    }
}
