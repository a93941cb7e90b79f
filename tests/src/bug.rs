//! flyte-host with a bug: it runs the command and then panics, with plugins loaded and the panic hook
//! installed. With `BUG=log` it panics when a plugin logs, and with
//! `BUG=level` when a plugin asks whether it may.

use log::{Log, Metadata, Record};

/// Panics when a plugin logs.
struct BrokenLog;

impl Log for BrokenLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_of_plugin = plugin_host::logging_plugin(metadata.target()).is_some();
        assert!(
            !is_of_plugin || std::env::var_os("BUG").is_some_and(|bug| bug == "log"),
            "the level is unknown"
        );
        is_of_plugin
    }

    fn log(&self, _record: &Record<'_>) {
        panic!("the log is full");
    }

    fn flush(&self) {}
}

fn main() {
    if std::env::var_os("BUG").is_some() {
        // The program then keeps this logger. An error means that there is one, which does not panic.
        let _ = log::set_logger(&BrokenLog);
        log::set_max_level(log::LevelFilter::Debug);
    }
    let _ = flyte_host::app::main();
    panic!("the books do not balance");
}
