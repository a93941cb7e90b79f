//! Prompts on the terminal.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use auth::{Prompt, PromptEvent};

use crate::{
    env,
    ui::{error::CommandError, output::Ui, stream::Stream},
};
use plugin_host::{Chain, HookError};

/// How long a plugin may take to return its page: the browser waits for it.
const PAGE_TIMEOUT: Duration = Duration::from_secs(10);

/// The terminal, and the plugins with a page for the browser.
pub(crate) struct Terminal {
    ui: Ui,
    chain: Arc<Chain>,
    is_enabled: AtomicBool,
}

impl Terminal {
    /// Prompts the user, if there is a terminal.
    #[must_use]
    pub(crate) fn new(ui: &Ui, chain: Arc<Chain>) -> Self {
        Self { ui: ui.clone(), chain, is_enabled: true.into() }
    }

    /// Never prompts.
    #[must_use]
    pub(crate) fn non_interactive(ui: &Ui, chain: Arc<Chain>) -> Self {
        Self { ui: ui.clone(), chain, is_enabled: false.into() }
    }

    /// Stops prompting.
    pub(crate) fn disable(&self) {
        self.is_enabled.store(false, Ordering::Relaxed);
    }
}

impl Prompt for Terminal {
    /// The kind of terminal does not matter: every one can show a URL.
    fn is_interactive(&self) -> bool {
        let is_terminal = io::stdin().is_terminal() && self.ui.streams().is_terminal(Stream::Err);
        self.is_enabled.load(Ordering::Relaxed) && is_terminal && !env::is_on(env::CI)
    }

    fn show(&self, event: &PromptEvent<'_>) {
        self.ui.note(render(event));
    }

    fn success_page(&self, host: &str) -> Option<String> {
        if self.chain.is_builtin() {
            return None;
        }
        match page(&self.chain, host) {
            Some(Ok(page)) => page,
            Some(Err(fault)) => {
                self.ui.warn(&CommandError::from(fault));
                None
            }
            None => {
                let plugin = self.chain.first_for(plugin_abi::Hook::GetAuthSuccessHtml).identity();
                let hook = plugin_abi::Hook::GetAuthSuccessHtml.name();
                log::warn!("{plugin} returned no page within {} s from `{hook}`", PAGE_TIMEOUT.as_secs());
                None
            }
        }
    }
}

/// Gets the page, on its own thread, since a plugin may never return. `None`: not in time.
fn page(chain: &Arc<Chain>, host: &str) -> Option<Result<Option<String>, HookError>> {
    let (chain, host) = (Arc::clone(chain), host.to_owned());
    let (sender, receiver) = mpsc::channel();
    let ask = move || {
        // The receiver is gone after the timeout.
        let _ = sender.send(chain.get_auth_success_html_unlimited(&host));
    };
    thread::Builder::new().name("plugin-page".to_owned()).spawn(ask).ok()?;
    receiver.recv_timeout(PAGE_TIMEOUT).ok()
}

/// The text of an event. URLs are on their own line, so that they can be copied and clicked.
fn render(event: &PromptEvent<'_>) -> String {
    match event {
        PromptEvent::Browser { url, opened: true, within } => format!(
            "sign in with the browser; if it does not open, visit this URL:\n{}\n{}",
            flyte_text::sanitize_line(url),
            waiting(*within)
        ),
        PromptEvent::Browser { url, opened: false, within } => format!(
            "to sign in, open this URL in a browser on this machine:\n{}\n{}",
            flyte_text::sanitize_line(url),
            waiting(*within)
        ),
        PromptEvent::NoBrowser => "no browser found; sign in with another device\n".to_owned(),
        PromptEvent::Device { url, code, complete_url, within } => {
            let mut text = format!(
                "to sign in, open this URL on any device:\n{}\nand enter this code:\n\n    {}\n\n",
                flyte_text::sanitize_line(url),
                flyte_text::sanitize_line(code)
            );
            if let Some(url) = complete_url {
                let _ = write!(
                    text,
                    "or open this URL, which includes the code:\n{}\n",
                    flyte_text::sanitize_line(url)
                );
            }
            text + &waiting(*within)
        }
        PromptEvent::OtherProcess => "another process is signing in; waiting for it\n".to_owned(),
        // For events of later versions.
        _ => String::new(),
    }
}

fn waiting(within: Duration) -> String {
    format!("waiting for {}; Ctrl-C aborts\n", flyte_text::duration(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_on_its_own_line() {
        let url = "https://idp.example/auth?client_id=flytectl&state=x";
        for opened in [true, false] {
            let text = render(&PromptEvent::Browser { url, opened, within: Duration::from_secs(300) });
            assert!(text.lines().any(|line| line == url), "{text}");
            assert!(text.contains("for 5m;"), "{text}");
        }
    }

    #[test]
    fn a_code_is_on_its_own_line() {
        let notice = |complete_url| PromptEvent::Device {
            url: "https://idp.example/device",
            code: "WXYZ-1234",
            complete_url,
            within: Duration::from_secs(600),
        };
        let text = render(&notice(None));
        assert!(text.lines().any(|line| line.trim() == "WXYZ-1234"), "{text}");
        let complete = "https://idp.example/device?user_code=WXYZ-1234";
        assert!(render(&notice(Some(complete))).lines().any(|line| line == complete));
    }

    #[test]
    fn urls_are_sanitized() {
        let url = "https://idp.example/\u{1b}]0;owned\u{7}\u{9b}2J\r\nerror: x";
        let text = render(&PromptEvent::Browser { url, opened: true, within: Duration::from_secs(1) });
        assert!(
            text.lines().any(|line| line == r"https://idp.example/\u{1b}]0;owned\u{7}\u{9b}2J\r\nerror: x"),
            "{text}"
        );
    }
}
