//! The shape of everything that crosses the ABI, compared with the committed `protocol-1.txt`.
//!
//! `SNAPSHOTS=overwrite cargo test -p plugin-abi --test border` writes down what was added. It never
//! writes down a change of what a released protocol has: see `compare`.

#[path = "border/compare.rs"]
mod compare;
#[path = "border/shape.rs"]
mod shape;

use std::{env, fs, path::Path};

use plugin_abi::{PROTOCOL, version::MAJOR};

use crate::{
    compare::{Finding, compare},
    shape::{MAX_MEMBERS, interfaces},
};

const HEAD: &str = "\
# What crosses the ABI between host and plugin, as the layout check of every load compares it.
# Written by `SNAPSHOTS=overwrite cargo test -p plugin-abi --test border`; the rules are in `src/vtable.rs`.
#
# A line begins with the protocol that brought it. Once that protocol has an exhibit in `tests/museum`,
# the line is frozen: plugins that rely on it are in use, and cannot be rebuilt.
";

/// Whether plugins of this protocol may be in use: it has an exhibit in the museum.
fn is_released(protocol: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/museum").join(protocol).is_dir()
}

#[test]
fn border_is_the_committed_one_or_has_grown() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("protocol-{MAJOR}.txt"));
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let compared = compare(&committed, &interfaces(), &PROTOCOL.to_string(), is_released);
    let text = compared.unwrap_or_else(|findings| panic!("\n\n{}\n", Finding::list(&findings)));
    let text = format!("{HEAD}{text}");
    if cfg!(next_protocol) || text == committed {
        return;
    }
    if env::var_os("SNAPSHOTS").is_some_and(|action| action == "overwrite") {
        fs::write(path, text).unwrap();
        return;
    }
    panic!(
        "the ABI has grown, which is allowed: \
         run `SNAPSHOTS=overwrite cargo test -p plugin-abi --test border`, and commit `{}`",
        path.display()
    );
}

/// abi_stable marks the members that a side has in a number of 64 bits; its derive refuses more, and here is
/// how many are left.
#[test]
fn interfaces_have_room_to_grow() {
    for interface in interfaces() {
        assert!(
            interface.size + 16 <= MAX_MEMBERS,
            "`{}` has {} members of {MAX_MEMBERS}: give what comes next an interface of its own",
            interface.name,
            interface.size
        );
    }
}
