//! flyte-host with a bug: it does its work, and panics then, with plugins loaded and its report of bugs in place.

fn main() {
    let _ = flyte_host::app::main();
    panic!("the books do not balance");
}
