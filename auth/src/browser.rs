//! Opening a browser.
//!
//! The variable `BROWSER` takes precedence over the desktop's browser, which the `open` crate finds. The
//! browser gets no terminal, and its own process group, so that Ctrl-C does not end it.

use std::{convert::Infallible, env, ffi::OsStr, future::pending, path::Path, process::Stdio};

use tokio::process::{Child, Command};

/// Browsers that need a terminal; they are skipped.
const TERMINAL_BROWSERS: [&str; 9] =
    ["browsh", "carbonyl", "elinks", "links", "links2", "lynx", "netrik", "w3m", "www-browser"];

/// Whether there is a display, or `BROWSER` is set.
pub(crate) fn is_available() -> bool {
    is_available_with(&variable)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_available_with(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    match variable("BROWSER") {
        Some(named) => !named_commands(&named, "").is_empty(),
        None => has_display(variable),
    }
}

/// On Linux: X, Wayland or WSL. On macOS and Windows there is a display, except over SSH.
fn has_display(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    if cfg!(any(target_os = "macos", windows)) {
        return variable("SSH_CONNECTION").is_none();
    }
    ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].into_iter().any(|name| variable(name).is_some())
}

/// A started browser, or the program that starts it.
pub(crate) struct Browser {
    program: String,
    child: Child,
}

impl Browser {
    /// Opens a page, without waiting. `None`: there is no browser, or it cannot be started. Call it in a
    /// runtime.
    pub(crate) fn open(url: &str) -> Option<Self> {
        Self::open_with(url, &variable)
    }

    fn open_with(url: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        if let Some(named) = variable("BROWSER") {
            return named_commands(&named, url).into_iter().find_map(Self::start_named);
        }
        if !has_display(variable) {
            return None;
        }
        open::commands(url).into_iter().map(Command::from).find_map(|command| Self::start(command).ok())
    }

    /// Starts a browser of `BROWSER`, with a warning if that fails.
    fn start_named(words: Vec<String>) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        let mut command = Command::new(program);
        command.args(arguments);
        match Self::start(command) {
            Ok(browser) => Some(browser),
            Err(error) => {
                log::warn!("could not start `{program}`, set by the variable `BROWSER`: {error}");
                None
            }
        }
    }

    fn start(mut command: Command) -> std::io::Result<Self> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        #[cfg(unix)]
        command.process_group(0);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self { program, child })
    }

    /// Warns if the browser fails. If this is dropped, the browser continues to run.
    pub(crate) async fn watch(mut self) -> Infallible {
        match self.child.wait().await {
            Ok(status) if !status.success() => {
                log::warn!("browser command `{}` failed with {status}", self.program);
            }
            _ => {}
        }
        pending().await
    }
}

/// The commands in `BROWSER`: separated by colons, split into words as in a shell. `%s` is the URL, which
/// is appended without it, `%c` a colon, `%%` a `%`. A trailing `&` is ignored, since commands run in the
/// background anyway.
fn named_commands(named: &str, url: &str) -> Vec<Vec<String>> {
    let commands = named.split(if cfg!(windows) { ';' } else { ':' });
    commands.filter_map(|command| named_command(command, url)).collect()
}

fn named_command(command: &str, url: &str) -> Option<Vec<String>> {
    let command = command.trim_end().trim_end_matches('&');
    let words = shlex::split(command)?;
    let name = Path::new(words.first()?).file_name().and_then(OsStr::to_str)?;
    if TERMINAL_BROWSERS.contains(&name) {
        return None;
    }
    let mut has_url = false;
    let mut words: Vec<String> = words.iter().map(|word| expand(word, url, &mut has_url)).collect();
    if !has_url {
        words.push(url.to_owned());
    }
    Some(words)
}

/// In one pass, so that a `%` in the URL is not expanded.
fn expand(word: &str, url: &str, has_url: &mut bool) -> String {
    let mut expanded = String::new();
    let mut letters = word.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            expanded.push(letter);
            continue;
        }
        match letters.next() {
            Some('s') => {
                *has_url = true;
                expanded.push_str(url);
            }
            Some('c') => expanded.push(':'),
            Some('%') | None => expanded.push('%'),
            Some(other) => expanded.extend(['%', other]),
        }
    }
    expanded
}

#[cfg(test)]
mod tests;
