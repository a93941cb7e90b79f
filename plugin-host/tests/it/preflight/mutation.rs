//! Broken files end in a refusal or in findings, never in a panic.

use std::{io::Write as _, path::Path};

use plugin_host::preflight::{HostTarget, Passport, System, explain, inspect_bytes};
use proptest::collection::vec;
use proptest::prelude::*;

use super::fixture::{Fixture, PASSPORT, good_plugin, host, loader_state};

/// Looks at a file as several hosts would; the answers do not matter.
fn look(bytes: &[u8]) {
    let here = host();
    for system in [System::Linux, System::MacOs, System::Windows] {
        let host = HostTarget { system, ..here.clone() };
        if let Err(error) = inspect_bytes(bytes, Path::new("/plugins/libacme.so"), &host) {
            assert!(!error.to_string().contains(char::is_control), "{error}");
            error.hint();
        }
    }
    explained(bytes);
}

/// Follows the libraries of a file, which happens only after the system's loader refused it.
fn explained(bytes: &[u8]) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let path = Path::new("/plugins/libacme.so");
    if let Some(reason) = explain(&file, path, &Passport::from_text(PASSPORT).unwrap(), &loader_state()) {
        assert!(!reason.to_string().contains(char::is_control), "{reason}");
    }
}

fn changes() -> impl Strategy<Value = Vec<(usize, u8)>> {
    // The headers are a small part of the file and the most rewarding.
    let place = prop_oneof![0..1024_usize, 0..16_384_usize];
    let value = prop_oneof![Just(0), Just(1), Just(0x7f), Just(0x80), Just(0xff), any::<u8>()];
    vec((place, value), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_plugin_is_survived(changes in changes(), percent in prop_oneof![Just(100), 0..100_usize]) {
        if Fixture::with_compiler().is_none() {
            return Ok(());
        }
        let mut bytes = good_plugin().to_vec();
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(bytes.len() * percent / 100);
        look(&bytes);
    }

    #[test]
    fn a_made_up_file_is_survived(mark in 0..8_usize, rest in vec(any::<u8>(), 0..600)) {
        let marks: [&[u8]; 8] = [
            b"\x7fELF\x02\x01\x01\0", b"\x7fELF\x01\x02\x01\0", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe",
            b"\xca\xfe\xba\xbf", b"!<arch>\n", b"MZ", b"",
        ];
        look(&[marks[mark], &rest].concat());
    }
}

#[test]
fn every_single_byte_may_be_wrong() {
    if Fixture::with_compiler().is_none() {
        return;
    }
    let mut bytes = good_plugin().to_vec();
    let host = host();
    for at in 0..bytes.len() {
        let old = bytes[at];
        bytes[at] = !old;
        let _ = inspect_bytes(&bytes, Path::new("/plugins/libacme.so"), &host);
        bytes[at] = old;
    }
}
