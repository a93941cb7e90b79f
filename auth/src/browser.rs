//! Opening a browser, where there is one.
//!
//! A browser that the user named (`BROWSER`) goes before that of the desktop, which the `open` crate knows how to ask.
//! Either is a program of its own: without our terminal, and in a process group of its own, so that Ctrl-C here does
//! not end a browser that was started by a sign-in.

use std::{convert::Infallible, env, ffi::OsStr, future::pending, path::Path, process::Stdio};

use tokio::process::{Child, Command};

/// Browsers that take a terminal; ours has something else to say. They get none, so they are not tried either.
const IN_A_TERMINAL: [&str; 9] =
    ["browsh", "carbonyl", "elinks", "links", "links2", "lynx", "netrik", "w3m", "www-browser"];

/// Whether a page could be seen here: a display, or a browser that the user named.
pub(crate) fn is_there() -> bool {
    is_there_by(&variable)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_there_by(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    match variable("BROWSER") {
        Some(named) => !named_commands(&named, "").is_empty(),
        None => has_display(variable),
    }
}

/// Linux, and its like: X, Wayland, or Windows around it. Elsewhere whoever is there sees the screen, unless they are
/// far away.
fn has_display(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    if cfg!(any(target_os = "macos", windows)) {
        return variable("SSH_CONNECTION").is_none();
    }
    ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].into_iter().any(|name| variable(name).is_some())
}

/// A browser that was asked to show a page, or what asks one for us.
pub(crate) struct Browser {
    program: String,
    child: Child,
}

impl Browser {
    /// Opens a page, and does not wait for it. `None`: there is no browser, or it cannot be started.
    ///
    /// Has to be called in a runtime.
    pub(crate) fn open(url: &str) -> Option<Self> {
        Self::open_by(url, &variable)
    }

    fn open_by(url: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        if let Some(named) = variable("BROWSER") {
            return named_commands(&named, url).into_iter().find_map(Self::start_named);
        }
        if !has_display(variable) {
            return None;
        }
        open::commands(url).into_iter().map(Command::from).find_map(|command| Self::start(command).ok())
    }

    /// What the user named should work, so they hear why it does not.
    fn start_named(words: Vec<String>) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        let mut command = Command::new(program);
        command.args(arguments);
        match Self::start(command) {
            Ok(browser) => Some(browser),
            Err(error) => {
                log::warn!("`{program}`, which the variable `BROWSER` names, cannot be started: {error}");
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

    /// Warns if the browser does not do its work, as long as somebody waits for it. It goes on when nobody does.
    pub(crate) async fn watch(mut self) -> Infallible {
        match self.child.wait().await {
            Ok(status) if !status.success() => {
                log::warn!("`{}`, which should open the browser, ended with {status}", self.program);
            }
            _ => {}
        }
        pending().await
    }
}

/// The commands of the variable `BROWSER`: several with a colon between them, `%s` for the address, which comes last
/// where there is none, `%c` for a colon, `%%` for `%`. Words are split as a shell does, and a `&` at the end means
/// what happens in any case.
fn named_commands(named: &str, url: &str) -> Vec<Vec<String>> {
    let commands = named.split(if cfg!(windows) { ';' } else { ':' });
    commands.filter_map(|command| named_command(command, url)).collect()
}

fn named_command(command: &str, url: &str) -> Option<Vec<String>> {
    let command = command.trim_end().trim_end_matches('&');
    let words = shlex::split(command)?;
    let name = Path::new(words.first()?).file_name().and_then(OsStr::to_str)?;
    if IN_A_TERMINAL.contains(&name) {
        return None;
    }
    let mut is_placed = false;
    let mut words: Vec<String> = words.iter().map(|word| expand(word, url, &mut is_placed)).collect();
    if !is_placed {
        words.push(url.to_owned());
    }
    Some(words)
}

/// In one pass, so that nothing in the address is taken for a place.
fn expand(word: &str, url: &str, is_placed: &mut bool) -> String {
    let mut expanded = String::new();
    let mut letters = word.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            expanded.push(letter);
            continue;
        }
        match letters.next() {
            Some('s') => {
                *is_placed = true;
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
