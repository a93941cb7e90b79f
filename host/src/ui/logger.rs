//! The host's log on stderr: the level, the plugin in brackets, and the message.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use log::{Level, LevelFilter};

use super::stream::Streams;

/// Starts the log with warnings and errors; each `-v` adds a level. The log is one for the process: plugins and
/// libraries have no other way to it.
pub(crate) fn start(verbose: u8, streams: &Streams) {
    let level = match verbose {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Info,
        2 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    let started = env_logger::Builder::new()
        .filter_level(level)
        .target(env_logger::Target::Pipe(Box::new(Aside {
            streams: streams.clone(),
            stderr: anstream::stderr(),
        })))
        .format(|out, record| {
            let style = Style::new().bold().fg_color(Some(color(record.level()).into()));
            let level = word(record.level());
            let line = record.args().to_string();
            let line = flyte_text::sanitize(&line);
            match record.target() {
                own if is_own(own) => {
                    writeln!(out, "{style}{level}:{style:#} {line}")
                }
                plugin => {
                    writeln!(out, "{style}{level}:{style:#} [{}] {line}", flyte_text::sanitize_line(plugin))
                }
            }
        })
        .try_init();
    // Only tests start it twice in a process; the first level stays.
    drop(started);
}

/// Whether a line comes from the host's own crates, and not from a plugin or a library.
fn is_own(target: &str) -> bool {
    let crate_name = target.split("::").next().unwrap_or(target);
    ["auth", "flyte_client", "flyte_host", "plugin_host", "sandbox"].contains(&crate_name)
}

/// Stderr, with the progress lines cleared while a line is written.
struct Aside {
    streams: Streams,
    stderr: anstream::Stderr,
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { streams, stderr } = self;
        streams.aside(|| stderr.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stderr.flush()
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
