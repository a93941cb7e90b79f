//! Packages that are damaged, or made to do harm.

use std::{fs, io::Write as _};

use flate2::{Compression, write::GzEncoder};
use flyte_client::register::{self, Identity, ReadError, ReadErrorCause, RegisterItem};
use tar::{Builder, EntryType, Header};

/// A serialized task that has just a name.
const TASK: &[u8] = b"\x0a\x06\x0a\x04\x22\x02ab";

fn member(tar: &mut Builder<Vec<u8>>, name: &str, kind: EntryType, content: &[u8]) {
    let mut header = Header::new_gnu();
    // Set by hand: the library refuses to write most names that we want to read.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    tar.append(&header, content).unwrap();
}

fn zip(tar: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).unwrap();
    gzip.finish().unwrap()
}

fn package(members: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, kind, content) in members {
        member(&mut tar, name, *kind, content);
    }
    zip(&tar.into_inner().unwrap())
}

fn read(bytes: &[u8]) -> Result<Vec<RegisterItem>, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("package.tgz");
    fs::write(&file, bytes).unwrap();
    register::read(&[file], &Identity::default())
}

/// The error without the folder of its file.
fn refuse(bytes: &[u8]) -> String {
    let error = read(bytes).expect_err("it should be refused").to_string();
    format!("package.tgz{}", error.split_once("package.tgz").unwrap().1)
}

#[test]
fn members_come_by_index_and_folders_do_not_matter() {
    let entries = read(&package(&[
        ("sub/", EntryType::Directory, b""),
        ("./sub/10_ab_1.pb", EntryType::Regular, TASK),
        ("9_a_b_1.pb", EntryType::Regular, TASK),
    ]))
    .unwrap();
    let sources: Vec<_> = entries.iter().map(|entry| entry.source.to_string()).collect();
    assert!(sources[0].ends_with("package.tgz`, member `9_a_b_1.pb`"), "{sources:?}");
    assert!(sources[1].ends_with("package.tgz`, member `./sub/10_ab_1.pb`"), "{sources:?}");
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in ["../0_a_1.pb", "a/../../0_a_1.pb", "/0_a_1.pb", "..\\0_a_1.pb", "C:\\0_a_1.pb", "c:0_a_1.pb"]
    {
        let error = read(&package(&[(name, EntryType::Regular, TASK)])).unwrap_err();
        assert!(matches!(error.cause(), ReadErrorCause::MemberPath), "{name}: {}", error.cause());
    }
}

#[test]
fn only_files_are_read() {
    for (kind, what) in [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::Continuous, "of an unusual kind"),
    ] {
        assert_eq!(
            refuse(&package(&[("0_a_1.pb", kind, b"")])),
            format!("package.tgz, member `0_a_1.pb`: {what}, not a file")
        );
    }
}

#[test]
fn members_without_a_reason_to_be_there_are_refused() {
    assert_eq!(
        refuse(&package(&[("0_a_4.pb", EntryType::Regular, TASK)])),
        "package.tgz, member `0_a_4.pb`: could not tell the entity type from the file name"
    );
}

/// As in a folder, where only `.pb` files are read; flytectl does the same.
#[test]
fn files_of_other_kinds_are_left_out() {
    let junk = b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ";
    let mac: Vec<(&str, EntryType, &[u8])> = vec![
        ("./", EntryType::Directory, b""),
        ("./.DS_Store", EntryType::Regular, junk),
        ("./._0_ab_1.pb", EntryType::Regular, junk),
        ("./._fast1.tar.gz", EntryType::Regular, junk),
        ("__MACOSX/", EntryType::Directory, b""),
        ("__MACOSX/._0_ab_1.pb", EntryType::Regular, junk),
        ("__MACOSX/0_ab_1.pb", EntryType::Regular, junk),
        ("Thumbs.db", EntryType::Regular, junk),
        ("readme.txt", EntryType::Regular, b"hello"),
        ("0_ab_1.pb~", EntryType::Regular, b"older"),
        ("./0_ab_1.pb", EntryType::Regular, TASK),
    ];
    let entries = read(&package(&mac)).unwrap();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].source.to_string().ends_with("member `./0_ab_1.pb`"));
    assert_eq!(entries[0].archive, None);
    assert_eq!(refuse(&package(&mac[..10])), "package.tgz: nothing to register");
}

#[test]
fn a_member_that_expands_without_end_is_refused() {
    let zeros = vec![0; usize::try_from(register::read::package::MAX_MEMBER_BYTES).unwrap() + 1];
    assert_eq!(
        refuse(&package(&[("0_a_1.pb", EntryType::Regular, &zeros)])),
        "package.tgz, member `0_a_1.pb`: larger than 64 MiB"
    );
}

#[test]
fn a_package_with_nothing_to_register_is_refused() {
    assert_eq!(refuse(&package(&[])), "package.tgz: nothing to register");
    let code = [("fast1.tar.gz", EntryType::Regular, &b"code"[..])];
    assert_eq!(refuse(&package(&code)), "package.tgz: nothing to register");
    let twice = [code[0], ("fast2.tar.gz", EntryType::Regular, b"code")];
    assert_eq!(
        refuse(&package(&twice)),
        "package.tgz: two code archives, `fast1.tar.gz` and `fast2.tar.gz`; expected one"
    );
}

#[test]
fn a_package_is_not_read_in_part() {
    let whole = package(&[("0_a_1.pb", EntryType::Regular, TASK), ("1_a_1.pb", EntryType::Regular, TASK)]);
    assert_eq!(read(&whole).unwrap().len(), 2);
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
    }
    let mut damaged = whole.clone();
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 1;
    assert!(read(&damaged).is_err(), "a wrong checksum");
    assert_eq!(
        refuse(&[whole.clone(), b"more than a header has".to_vec()].concat()),
        "package.tgz: invalid gzip header"
    );
    let second = zip(b"more behind the end of the archive");
    assert_eq!(refuse(&[whole, second].concat()), "package.tgz: trailing data after the end of the archive");
}

#[test]
fn what_is_no_archive_is_refused() {
    assert_eq!(refuse(b"<html>sign in</html>"), "package.tgz: invalid gzip header");
    assert!(
        read(&zip(b"just text, and more than a header of five hundred and twelve bytes"
            .repeat(9)
            .as_slice()))
        .is_err()
    );
}
