//! The log of plugins and of their host, in Python's `logging`.

use std::sync::Once;

use pyo3::prelude::*;

/// The logger of the host; those of plugins are below it, by name.
const LOGGER: &str = "flyte_host";

struct PythonLog;

impl log::Log for PythonLog {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = flyte_text::sanitize_line(&record.args().to_string()).into_owned();
        let plugin = plugin_host::logging_plugin(record.target());
        let name = plugin.map_or_else(|| LOGGER.to_owned(), |plugin| format!("{LOGGER}.{plugin}"));
        let text = plugin.map_or_else(|| text.clone(), |plugin| format!("plugin `{plugin}`: {text}"));
        // After the interpreter has ended there is no log.
        let _ = Python::try_attach(|py| write(py, &name, record.level(), &text));
    }

    fn flush(&self) {}
}

fn write(py: Python<'_>, name: &str, level: log::Level, text: &str) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", (name,))?;
    logger.call_method1("log", (number(level), "%s", text)).map(drop)
}

/// Python's number of a level.
fn number(level: log::Level) -> u32 {
    match level {
        log::Level::Error => 40,
        log::Level::Warn => 30,
        log::Level::Info => 20,
        log::Level::Debug => 10,
        log::Level::Trace => 5,
    }
}

/// Writes what is logged from now on into Python's log, up to the level that it has now.
pub(crate) fn start(py: Python<'_>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Another library of this process would have to share this crate's own log.
        if log::set_logger(&PythonLog).is_ok() {
            log::set_max_level(level(py).unwrap_or(log::LevelFilter::Warn));
        }
    });
}

fn level(py: Python<'_>) -> PyResult<log::LevelFilter> {
    let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
    let number: u32 = logger.call_method0("getEffectiveLevel")?.extract()?;
    Ok(match number {
        0..=5 => log::LevelFilter::Trace,
        6..=10 => log::LevelFilter::Debug,
        11..=20 => log::LevelFilter::Info,
        21..=30 => log::LevelFilter::Warn,
        _ => log::LevelFilter::Error,
    })
}
