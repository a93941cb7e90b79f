//! flyte-host with a bug: it runs the command and then panics, with plugins loaded and the panic hook
//! installed.

fn main() {
    let _ = flyte_host::app::main();
    panic!("the books do not balance");
}
