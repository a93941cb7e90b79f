//! One step of a page.

use std::fs;

use super::workspace;

/// A step for a block, or before it.
#[derive(Debug)]
pub(super) enum Step {
    /// Commands that a reader does not see.
    Setup(String),
    /// A file.
    File { path: String, text: String },
    /// Commands whose output is not shown.
    Commands(String),
    /// A command, and the output that the page shows.
    Shown { command: String, printed: String },
}

impl Step {
    /// The commands for the shell.
    pub(super) fn script(&self) -> String {
        match self {
            Self::Setup(text) | Self::Commands(text) => text.clone(),
            Self::Shown { command, .. } => command.clone(),
            Self::File { path, text } => {
                format!("mkdir -p $(dirname {path}); cat > {path} <<'END OF FILE'\n{text}END OF FILE")
            }
        }
    }

    /// The output that the page shows.
    pub(super) fn shown(&self) -> Option<&str> {
        match self {
            Self::Shown { printed, .. } => Some(printed),
            _ => None,
        }
    }
}

/// The commands of comments that are run where they stand.
pub(super) fn setup(comments: &[String]) -> Result<Vec<Step>, String> {
    let commands = comments.iter().map(|comment| match comment.strip_prefix("test:") {
        Some(command) => Ok(Step::Setup(command.trim().to_owned())),
        None => Err(format!("unknown comment `{comment}`")),
    });
    commands.collect()
}

/// The steps of a block, with those of the comments before it.
pub(super) fn from_block(kind: &str, text: &str, comments: &[String]) -> Result<Vec<Step>, String> {
    let is_setup = |comment: &&String| comment.starts_with("test:");
    let (before, purpose): (Vec<_>, Vec<_>) = comments.iter().partition(is_setup);
    let mut steps = setup(&before.into_iter().cloned().collect::<Vec<_>>())?;
    match purpose.as_slice() {
        [] => steps.extend(without_comment(kind, text)?),
        [comment] => steps.extend(with_comment(comment, text)?),
        _ => return Err("more than one comment says what this block is".to_owned()),
    }
    Ok(steps)
}

fn with_comment(comment: &str, text: &str) -> Result<Option<Step>, String> {
    let (key, value) = comment.split_once(':').unwrap_or_default();
    let (value, text) = (value.trim().to_owned(), text.to_owned());
    match key {
        "file" => Ok(Some(Step::File { path: value, text })),
        "prints" => Ok(Some(Step::Shown { command: value, printed: text })),
        "part of" => is_part(&text, &value).map(|()| None),
        "not run" if value.is_empty() => Err("say why it is not run".to_owned()),
        "not run" => Ok(None),
        _ => Err(format!("unknown comment `{comment}`")),
    }
}

fn without_comment(kind: &str, text: &str) -> Result<Vec<Step>, String> {
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("# ") {
        Some(path) if !kind.is_empty() && !path.contains(' ') => {
            Ok(vec![Step::File { path: path.to_owned(), text: text.to_owned() }])
        }
        _ if !matches!(kind, "" | "console" | "sh") => {
            Err("this block needs a comment: is it a file, or not run?".to_owned())
        }
        _ if first.starts_with("$ ") => Ok(session(text)),
        _ => Ok(vec![Step::Commands(text.to_owned())]),
    }
}

/// Commands behind `$ `, each with the lines that it prints.
fn session(text: &str) -> Vec<Step> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((_, printed))) => *printed += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    commands.into_iter().map(|(command, printed)| Step::Shown { command, printed }).collect()
}

/// Checks that all lines but comments are in a file: in its documentation or its code.
fn is_part(text: &str, file: &str) -> Result<(), String> {
    let whole = fs::read_to_string(workspace().join(file)).map_err(|error| format!("{file}: {error}"))?;
    let there: Vec<_> = whole
        .lines()
        .map(str::trim)
        .map(|line| line.strip_prefix("//!").or_else(|| line.strip_prefix("///")).unwrap_or(line).trim())
        .collect();
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    match lines.into_iter().find(|line| !there.contains(line)) {
        Some(line) => Err(format!("`{line}` is not in {file}")),
        None => Ok(()),
    }
}
