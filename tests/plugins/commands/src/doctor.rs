//! `doctor`: shows everything that a command gets, and ends in every way that one can.

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use plugin_abi::{Arg, Command, ExitStatus, Host, Invocation, OutputFormat, PluginError, Stream};

pub(crate) fn command(host: Host, tenant: Arc<Mutex<Option<String>>>) -> Command {
    Command::new("doctor")
        .alias("dr")
        .about("Check this laptop")
        .long_about("Check this laptop\n\nIt prints its arguments, and ends as they say.")
        .after_help("Example:\n  flyte-host doctor --level high ears eyes")
        .arg(
            Arg::option("level")
                .short('l')
                .alias("depth")
                .possible_values(["low", "high"])
                .default_value("low")
                .help("How hard to look")
                .long_help("How hard to look\n\nA hard look takes longer."),
        )
        .arg(Arg::option("tool").multiple(true).value_name("TOOL").help("What to look with; may be repeated"))
        .arg(Arg::flag("quick").short('q').env("TOOLBOX_QUICK").conflicts_with("slow").help("Be quick"))
        .arg(Arg::flag("slow").help("Take your time"))
        .arg(Arg::counter("loud").short('L').help("Say it louder"))
        .arg(Arg::option("secret-knob").hidden(true))
        .arg(
            Arg::option("end")
                .possible_values(["well", "code", "error", "error-code", "usage", "panic", "remote", "bytes"])
                .default_value("well")
                .help("How to end"),
        )
        .arg(Arg::positional("organ").multiple(true).help("What to look at"))
        .run(move |invocation| run(invocation, &host, &tenant.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn run(invocation: &Invocation<'_>, host: &Host, tenant: &Option<String>) -> Result<ExitStatus, PluginError> {
    let mut out = invocation.writer(Stream::Out);
    if invocation.value("end").as_deref() == Some("bytes") {
        out.write_all(b"\x1b[31m\0\xff\x0b\x1b")?;
        return Ok(ExitStatus(0));
    }
    match invocation.output_format() {
        OutputFormat::Json => {
            writeln!(out, r#"{{"level": "{}"}}"#, invocation.value("level").unwrap_or_default())?
        }
        OutputFormat::Name => writeln!(out, "doctor")?,
        _ => {
            writeln!(out, "path: {}", invocation.path().join(" "))?;
            for id in ["level", "tool", "quick", "slow", "loud", "end", "organ", "region"] {
                let how = if invocation.given(id) { "given" } else { "default" };
                writeln!(out, "{id}: {} ({how})", invocation.values(id).join(", "))?;
            }
            writeln!(out, "tenant: {}", tenant.as_deref().unwrap_or("-"))?;
            writeln!(out, "words: {}", invocation.arguments(0).join(" "))?;
            writeln!(out, "config: {}", host.config()?)?;
            writeln!(
                out,
                "terminal: {}, colour: {}",
                invocation.is_terminal(Stream::Out),
                invocation.color(Stream::Out)
            )?;
        }
    }
    let progress = invocation.progress("looking", Some(2));
    progress.set_position(1);
    progress.set_message("looking again");
    invocation.note(format_args!("looked\n"))?;
    drop(progress);
    match invocation.value("end").as_deref() {
        Some("code") => Ok(ExitStatus(42)),
        Some("error") => Err(PluginError::new("the laptop is ill")
            .caused_by(std::io::Error::other("fan is stuck"))
            .hint("clean the fan")),
        Some("error-code") => Err(PluginError::new("the laptop is very ill").exit_code(43)),
        Some("usage") => Err(PluginError::usage("`organ` and `tool` do not go together")),
        Some("panic") => panic!("stethoscope lost"),
        Some("remote") => {
            let remote = invocation.remote()?;
            invocation.print(format_args!("endpoint: {}\n", remote.endpoint.unwrap_or_default()))?;
            Ok(ExitStatus(0))
        }
        _ => Ok(ExitStatus(0)),
    }
}
