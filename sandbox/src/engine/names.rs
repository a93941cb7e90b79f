//! Ids of nodes below other nodes, and names of the executions that nodes start, as flytepropeller makes
//! them.

use data_encoding::{Encoding, Specification};

/// The longest id or name; a longer one is hashed.
const LONGEST: usize = 20;

/// The id of a node in its execution; `prefix` is empty, or `n0-0-` below the first attempt of `n0`.
pub(super) fn node_id(prefix: &str, id: &str) -> String {
    // Ids of the top level are as in the workflow.
    if prefix.is_empty() {
        return id.to_owned();
    }
    let long = format!("{prefix}{id}");
    if long.len() <= LONGEST { long } else { hashed(&fnv_32(long.as_bytes()).to_be_bytes()) }
}

/// The name of the execution that an attempt of a node starts.
pub(super) fn child_execution(parent: &str, node: &str, attempt: u32) -> String {
    let long = format!("{parent}-{node}-{attempt}");
    if long.len() <= LONGEST { long } else { hashed(&fnv_64(long.as_bytes()).to_be_bytes()) }
}

fn hashed(hash: &[u8]) -> String {
    format!("f{}", encoding().encode(hash))
}

fn encoding() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz123456");
    specification.encoding().expect("the alphabet has 32 different letters")
}

/// FNV-1a with 32 bits.
fn fnv_32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// FNV-1a with 64 bits.
fn fnv_64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ids_are_hashed() {
        let cases = [
            ("", "a-very-long-id-of-a-node-at-the-top", "a-very-long-id-of-a-node-at-the-top"),
            ("n0-0-", "n1", "n0-0-n1"),
            ("n0-0-dn0-0-", "end-node", "n0-0-dn0-0-end-node"),
            ("n0-0-dn0-0-", "start-node", "ffuqhjya"),
            ("n0-0-n0-n0-0-", "n0-n0-n1", "faphbmgy"),
        ];
        for (prefix, id, expected) in cases {
            assert_eq!(node_id(prefix, id), expected);
        }
    }

    #[test]
    fn long_names_are_hashed() {
        assert_eq!(child_execution("e1", "n0", 0), "e1-n0-0");
        let long = child_execution("fzpkboy56tn35s", "n0", 0);
        assert_eq!(long, "fzpkboy56tn35s-n0-0");
        assert_eq!(child_execution("a9yqxxxxxxxxxxxxxxxx", "n0", 0).len(), 14);
    }
}
