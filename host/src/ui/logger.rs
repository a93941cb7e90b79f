//! The host's log, on the standard error: a line's level, whose it is, and what it says.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use log::{Level, LevelFilter};

use super::stream::aside;

/// Starts the log. Warnings and errors are shown; each `-v` shows one level more.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Info,
        2 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    let started = env_logger::Builder::new()
        .filter_level(level)
        .target(env_logger::Target::Pipe(Box::new(Aside(anstream::stderr()))))
        .format(|out, record| {
            let style = Style::new().bold().fg_color(Some(color(record.level()).into()));
            let level = word(record.level());
            let told = record.args().to_string();
            let told = flyte_text::sanitize(&told);
            match record.target() {
                own if is_own(own) => {
                    writeln!(out, "{style}{level}:{style:#} {told}")
                }
                plugin => {
                    writeln!(out, "{style}{level}:{style:#} [{}] {told}", flyte_text::sanitize_line(plugin))
                }
            }
        })
        .try_init();
    // A second start in one process is a test's; the first one's level stays.
    drop(started);
}

/// Whether a line is of this program, and not of a plugin or of a library.
fn is_own(target: &str) -> bool {
    let crate_name = target.split("::").next().unwrap_or(target);
    ["auth", "flyte_client", "flyte_host", "sandbox"].contains(&crate_name)
}

/// The standard error, with lines of progress out of the way.
struct Aside(anstream::Stderr);

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        aside(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}

const fn color(level: Level) -> AnsiColor {
    match level {
        Level::Error => AnsiColor::Red,
        Level::Warn => AnsiColor::Yellow,
        Level::Info => AnsiColor::Green,
        Level::Debug => AnsiColor::Blue,
        Level::Trace => AnsiColor::Magenta,
    }
}
