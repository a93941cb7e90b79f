//! Findings as text and as JSON.

use std::{fmt::Write as _, time::Duration};

use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value, json};

use super::{
    code::Level,
    finding::{Finding, Report},
    message::Times,
};
use crate::ui::{error::CommandError, output::Ui};

const BOLD: Style = Style::new().bold();

impl Level {
    fn style(self) -> Style {
        match self {
            Self::Error => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
            Self::Note => AnsiColor::Cyan.on_default().bold(),
        }
    }
}

/// Prints a report: a heading, the findings, a table of the functions, the counts.
pub(super) fn text(report: &Report, ui: &Ui) -> Result<(), CommandError> {
    let mut text = String::new();
    let file = report.file.display();
    match &report.identity {
        Some([name, version, protocol]) => {
            let _ = writeln!(text, "{BOLD}{file}{BOLD:#}: plugin `{name}` {version}, protocol {protocol}");
        }
        None => {
            let _ = writeln!(text, "{BOLD}{file}{BOLD:#}");
        }
    }
    for finding in &report.findings {
        write_finding(&mut text, finding, report);
    }
    ui.print_styled(&text)?;
    if !report.times.is_empty() {
        let rows = report.times.iter().map(|(function, times)| row(function, times));
        ui.table(&["FUNCTION", "CALLS", "FASTEST", "SLOWEST", "KEPT PER CALL"], rows)?;
    }
    ui.print(format_args!("{file}: {}\n", counts(report)))
}

fn write_finding(text: &mut String, finding: &Finding, report: &Report) {
    let (level, code) = (finding.level, finding.code);
    let style = level.style();
    let _ = writeln!(text, "{style}{}[{}]{style:#}: {}", level.name(), code.name, finding.sentence());
    if let Some(call) = finding.call.as_ref().filter(|call| !call.input.is_empty()) {
        let _ = writeln!(text, "  input: {}", call.input);
    }
    let _ = writeln!(text, "  why: {}", code.why);
    let _ = writeln!(text, "  remedy: {}", finding.remedy);
    if let Some(reproduce) = finding.reproduce(&report.file) {
        let _ = writeln!(text, "  reproduce: {reproduce}");
    }
}

fn row(function: &str, times: &Times) -> Vec<String> {
    let seconds = |seconds: f64| {
        let duration = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        format!("{:.3} ms", duration.as_secs_f64() * 1e3)
    };
    vec![
        function.to_owned(),
        times.calls.to_string(),
        seconds(times.fastest_seconds),
        seconds(times.slowest_seconds),
        times.kept_bytes.map_or_else(String::new, |bytes| format!("{bytes} B")),
    ]
}

fn counts(report: &Report) -> String {
    let count = |level: Level| match report.count(level) {
        1 => format!("1 {}", level.name()),
        count => format!("{count} {}s", level.name()),
    };
    [Level::Error, Level::Warning, Level::Note].map(count).join(", ")
}

/// A report for programs.
pub(super) fn json(report: &Report) -> Value {
    let fact = |index: usize| report.identity.as_ref().map(|identity| identity[index].clone());
    let functions: Map<String, Value> =
        report.times.iter().map(|(function, times)| (function.clone(), json!(times))).collect();
    let findings: Vec<Value> = report.findings.iter().map(|finding| finding.to_json(&report.file)).collect();
    json!({
        "file": report.file.display().to_string(),
        "name": fact(0),
        "version": fact(1),
        "protocol": fact(2),
        "sizeBytes": report.size,
        "glibc": report.glibc.map(|(major, minor)| format!("{major}.{minor}")),
        "errors": report.count(Level::Error),
        "warnings": report.count(Level::Warning),
        "notes": report.count(Level::Note),
        "findings": findings,
        "functions": functions,
    })
}
