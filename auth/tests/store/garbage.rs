//! Files that this program did not write, or not so.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    sync::OnceLock,
};

use proptest::prelude::*;

use super::{ENDPOINT, Home, shown, tokens};
use auth::store::StoreError;

/// A value that no error may quote.
const CANARY: &str = "canary-in-the-file";

/// A home whose file holds a text.
fn holding(text: &[u8]) -> Home {
    let home = Home::new();
    fs::create_dir_all(home.folder()).unwrap();
    fs::write(home.path(), text).unwrap();
    fs::set_permissions(home.path(), Permissions::from_mode(0o600)).unwrap();
    home
}

/// What this program writes.
fn entry() -> &'static str {
    static ENTRY: OnceLock<String> = OnceLock::new();
    ENTRY.get_or_init(|| {
        let home = Home::new();
        home.store().save(ENDPOINT, &tokens(CANARY)).unwrap();
        fs::read_to_string(home.path()).unwrap()
    })
}

fn check_refusal(error: &StoreError) {
    let text = shown(error);
    assert!(text.contains("cannot be understood: it is not what this program writes"), "{text}");
    assert!(!text.contains("canary") && !format!("{error:?}").contains("canary"), "{error:?}");
    assert_eq!(error.hint().unwrap(), "remove it and sign in again with `flyte-host login`");
}

#[test]
fn a_file_that_was_cut_off_anywhere_is_refused() {
    let entry = entry();
    for length in 0..entry.trim_end().len() {
        check_refusal(&holding(&entry.as_bytes()[..length]).store().load(ENDPOINT).unwrap_err());
    }
}

#[test]
fn foreign_values_are_refused_and_not_quoted() {
    for (before, after) in [
        (r#""browser""#, r#""canary""#),
        (r#""2024-05-01T12:00:00Z""#, r#""canary""#),
        (r#""canary-in-the-file""#, r#"["canary"]"#),
        (r#""refresh of canary-in-the-file""#, r#"{"canary": "canary"}"#),
        (r#""flyte-authorization""#, "null"),
        (r#""issued_at""#, r#""canary""#),
        ("{", r#"{"tokens": "canary","#),
    ] {
        let changed = entry().replacen(before, after, 1);
        assert_ne!(changed, entry());
        check_refusal(&holding(changed.as_bytes()).store().load(ENDPOINT).unwrap_err());
    }
}

#[test]
fn fields_of_a_newer_version_are_skipped() {
    let newer = entry().replace(r#""flow""#, r#""since": {"version": [2]}, "flow""#);
    assert_ne!(newer, entry());
    let home = holding(newer.as_bytes());
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens(CANARY)));
}

#[test]
fn a_broken_file_is_listed_nowhere_stays_until_asked_and_goes_with_the_next_sign_in() {
    let home = holding(b"{}");
    assert_eq!(home.store().endpoints().unwrap(), [""; 0]);
    assert_eq!(fs::read(home.file()).unwrap(), b"{}");
    home.store().save(ENDPOINT, &tokens("new")).unwrap();
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("new")));
}

#[test]
fn a_file_without_end_is_not_read_into_memory() {
    let home = holding(b"");
    // Sparse: takes no room on the disk.
    fs::File::options().write(true).open(home.file()).unwrap().set_len(1 << 40).unwrap();
    check_refusal(&home.store().load(ENDPOINT).unwrap_err());
    assert_eq!(home.store().endpoints().unwrap(), [""; 0]);
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check_refusal(&holding(&bytes).store().load(ENDPOINT).unwrap_err());
    }

    /// One byte of a real file changed: the tokens of this endpoint, none, or a refusal that quotes nothing.
    #[test]
    fn any_changed_byte_is_survived(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = entry().as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let home = holding(&bytes);
        if let Err(error) = home.store().load(ENDPOINT) {
            check_refusal(&error);
        }
    }
}
