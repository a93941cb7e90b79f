//! The host's log on stderr: the level, the plugin in brackets, and the message.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use log::{Level, LevelFilter};

use super::stream::Streams;

/// Starts the log with warnings and errors; each `-v` adds a level.
///
/// The log is global in the process, since plugins and libraries write to it from anywhere.
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
            let label =
                label(record.target()).map(|label| format!("[{}] ", flyte_text::sanitize_line(label)));
            let (label, entry) = (label.unwrap_or_default(), one_entry(&record.args().to_string()));
            writeln!(out, "{style}{level}:{style:#} {label}{entry}")
        })
        .try_init();
    // Only tests start it twice in a process; the first level stays.
    drop(started);
}

/// Who wrote a record, in front of its text: a plugin or a library; nothing for the host's own crates.
fn label(target: &str) -> Option<&str> {
    let is_own = |target: &str| OWN_CRATES.contains(&target.split("::").next().unwrap_or(target));
    plugin_host::logging_plugin(target).or_else(|| (!is_own(target)).then_some(target))
}

/// A text of any number of lines as one entry of the log: no line of it but the first begins in the first
/// column, where entries begin.
fn one_entry(text: &str) -> String {
    flyte_text::sanitize(text).trim_end().replace('\n', "\n    ")
}

const OWN_CRATES: [&str; 6] =
    ["auth", "flyte_client", "flyte_host", "host_settings", "plugin_host", "sandbox"];

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

#[cfg(test)]
mod tests {
    use super::{label, one_entry};

    #[test]
    fn a_plugin_with_the_name_of_a_crate_has_its_label() {
        for (target, expected) in [
            ("plugin auth", Some("auth")),
            ("plugin sandbox", Some("sandbox")),
            ("auth::store", None),
            ("sandbox", None),
            ("hyper::client", Some("hyper::client")),
        ] {
            assert_eq!(label(target), expected, "{target}");
        }
    }

    #[test]
    fn a_line_cannot_forge_another_one() {
        let forged = "log\nerror: forged\r\n\u{1b}[31merror: forged\n";
        assert_eq!(one_entry(forged), "log\n    error: forged\n    \\u{1b}[31merror: forged");
    }
}
