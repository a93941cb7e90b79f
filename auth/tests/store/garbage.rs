//! Files that this program did not write, or not so.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    sync::OnceLock,
};

use proptest::prelude::*;

use super::{ENDPOINT, Fixture, render, tokens};
use auth::store::StoreError;

/// A value that no error may quote.
const CANARY: &str = "canary-in-the-file";

/// A home whose file holds a text.
fn holding(text: &[u8]) -> Fixture {
    let home = Fixture::new();
    fs::create_dir_all(home.folder()).unwrap();
    fs::write(home.path(), text).unwrap();
    fs::set_permissions(home.path(), Permissions::from_mode(0o600)).unwrap();
    home
}

/// What this program writes.
fn entry() -> &'static str {
    static ENTRY: OnceLock<String> = OnceLock::new();
    ENTRY.get_or_init(|| {
        let home = Fixture::new();
        home.store().save(ENDPOINT, &tokens(CANARY)).unwrap();
        fs::read_to_string(home.path()).unwrap()
    })
}

fn check_refusal(error: &StoreError) {
    let text = render(error);
    assert!(text.contains(": not an entry of flyte-host: syntax error at line "), "{text}");
    assert!(!text.contains("canary") && !format!("{error:?}").contains("canary"), "{error:?}");
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("remove `") && hint.ends_with("` and run `flyte-host login`"), "{hint}");
}

#[test]
fn a_truncated_file_is_refused() {
    let entry = entry();
    for length in 0..entry.trim_end().len() {
        check_refusal(&holding(&entry.as_bytes()[..length]).store().load(ENDPOINT).unwrap_err());
    }
}

#[test]
fn invalid_values_are_refused_and_not_quoted() {
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
fn unknown_fields_are_skipped() {
    let newer = entry().replace(r#""flow""#, r#""since": {"version": [2]}, "flow""#);
    assert_ne!(newer, entry());
    let home = holding(newer.as_bytes());
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens(CANARY)));
}

#[test]
fn a_corrupt_file_is_not_listed_and_is_replaced_by_the_next_sign_in() {
    let home = holding(b"{}");
    assert_eq!(home.store().endpoints().unwrap(), [""; 0]);
    assert_eq!(fs::read(home.file()).unwrap(), b"{}");
    home.store().save(ENDPOINT, &tokens("new")).unwrap();
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("new")));
}

#[test]
fn reading_stops_at_a_limit() {
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
    fn any_changed_byte_is_handled(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = entry().as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let home = holding(&bytes);
        if let Err(error) = home.store().load(ENDPOINT) {
            check_refusal(&error);
        }
    }
}
