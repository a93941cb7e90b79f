//! Changes a copy of a plugin's library, byte by byte: for what no compiler can be asked to make.

use std::{fs, path::Path};

/// Replaces a text in a file wherever it stands, by one of the same length.
pub fn patch(file: &Path, from: &str, to: &str) {
    assert_ne!(replace(file, from, to, usize::MAX), 0, "no `{from}` in `{}`", file.display());
}

/// Replaces a text in a file where it stands first, by one of the same length.
pub fn patch_first(file: &Path, from: &str, to: &str) {
    assert_eq!(replace(file, from, to, 1), 1, "no `{from}` in `{}`", file.display());
}

fn replace(file: &Path, from: &str, to: &str, most: usize) -> usize {
    assert_eq!(from.len(), to.len(), "whatever stands behind must stay where it is");
    let mut bytes = fs::read(file).expect("a file of the test's own");
    let (mut count, mut at) = (0, 0);
    while count < most {
        let Some(found) = bytes[at..].windows(from.len()).position(|window| window == from.as_bytes()) else {
            break;
        };
        at += found;
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        count += 1;
    }
    fs::write(file, bytes).expect("a file of the test's own");
    count
}
