//! Whoever sits at the terminal.

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

use auth::{Notice, Person};

use crate::{
    env,
    ui::{error::CommandError, output, stream::Stream},
};
use plugin_host::{Chain, HookError};

/// How long a plugin may take to make its page: the browser waits for it.
const PAGE_WITHIN: Duration = Duration::from_secs(10);

/// The user, and the plugins that have a page for them.
pub struct Terminal {
    chain: Arc<Chain>,
    may_be_asked: AtomicBool,
}

impl Terminal {
    /// Somebody who may be asked to sign in, if there is somebody.
    #[must_use]
    pub fn new(chain: Arc<Chain>) -> Self {
        Self { chain, may_be_asked: true.into() }
    }

    /// Somebody who only wants to know something, and is not to be asked.
    #[must_use]
    pub fn undisturbed(chain: Arc<Chain>) -> Self {
        Self { chain, may_be_asked: false.into() }
    }

    /// From now on, nobody is asked any more.
    pub fn leave_alone(&self) {
        self.may_be_asked.store(false, Ordering::Relaxed);
    }
}

impl Person for Terminal {
    /// What kind of terminal it is does not matter: the plainest can show an address.
    fn is_there(&self) -> bool {
        let is_watched = io::stdin().is_terminal() && Stream::Err.is_terminal();
        self.may_be_asked.load(Ordering::Relaxed) && is_watched && !env::is_on(env::CI)
    }

    fn tell(&self, notice: &Notice<'_>) {
        output::note(&words(notice));
    }

    fn success_page(&self, host: &str) -> Option<String> {
        if self.chain.is_builtin() {
            return None;
        }
        match page(&self.chain, host) {
            Some(Ok(page)) => page,
            Some(Err(fault)) => {
                output::note_styled(&CommandError::from(fault).render_as_warning());
                None
            }
            None => {
                let plugin = self.chain.first_for(plugin_abi::Hook::GetAuthSuccessHtml).identity();
                let hook = plugin_abi::Hook::GetAuthSuccessHtml.name();
                log::warn!("{plugin} gave no page within {} s in `{hook}`", PAGE_WITHIN.as_secs());
                None
            }
        }
    }
}

/// Asks for the page, on a thread of its own: a plugin that never answers costs its page only. `None`: not in time.
fn page(chain: &Arc<Chain>, host: &str) -> Option<Result<Option<String>, HookError>> {
    let (chain, host) = (Arc::clone(chain), host.to_owned());
    let (sender, receiver) = mpsc::channel();
    let ask = move || {
        // Nobody waits any more if it took too long.
        let _ = sender.send(chain.get_auth_success_html(&host));
    };
    thread::Builder::new().name("plugin-page".to_owned()).spawn(ask).ok()?;
    receiver.recv_timeout(PAGE_WITHIN).ok()
}

/// What a person is told. An address stands on a line of its own, so that it can be copied, and clicked.
fn words(notice: &Notice<'_>) -> String {
    match notice {
        Notice::Browser { url, opened: true, within } => format!(
            "sign in with the browser; if no window opens, this is the address:\n{}\n{}",
            flyte_text::sanitize_line(url),
            waiting(*within)
        ),
        Notice::Browser { url, opened: false, within } => format!(
            "to sign in, open this address with a browser on this machine:\n{}\n{}",
            flyte_text::sanitize_line(url),
            waiting(*within)
        ),
        Notice::NoBrowser => "there is no browser here: sign in with another device\n".to_owned(),
        Notice::Device { url, code, complete_url, within } => {
            let mut text = format!(
                "to sign in, open this address on any device:\n{}\nand type this code:\n\n    {}\n\n",
                flyte_text::sanitize_line(url),
                flyte_text::sanitize_line(code)
            );
            if let Some(url) = complete_url {
                let _ = write!(
                    text,
                    "the code is in this address already:\n{}\n",
                    flyte_text::sanitize_line(url)
                );
            }
            text + &waiting(*within)
        }
        Notice::OtherProcess => "another process is signing in; waiting for it\n".to_owned(),
        // What is new in a later version has no words here yet.
        _ => String::new(),
    }
}

fn waiting(within: Duration) -> String {
    format!("waiting for {}; Ctrl-C gives up\n", flyte_text::duration(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_line() {
        let url = "https://idp.example/auth?client_id=flytectl&state=x";
        for opened in [true, false] {
            let text = words(&Notice::Browser { url, opened, within: Duration::from_secs(300) });
            assert!(text.lines().any(|line| line == url), "{text}");
            assert!(text.contains("5m 0s"), "{text}");
        }
    }

    #[test]
    fn a_code_is_a_line() {
        let notice = |complete_url| Notice::Device {
            url: "https://idp.example/device",
            code: "WXYZ-1234",
            complete_url,
            within: Duration::from_secs(600),
        };
        let text = words(&notice(None));
        assert!(text.lines().any(|line| line.trim() == "WXYZ-1234"), "{text}");
        let complete = "https://idp.example/device?user_code=WXYZ-1234";
        assert!(words(&notice(Some(complete))).lines().any(|line| line == complete));
    }

    #[test]
    fn a_provider_does_not_command_the_terminal() {
        let url = "https://idp.example/\u{1b}]0;owned\u{7}\u{9b}2J\r\nerror: x";
        let text = words(&Notice::Browser { url, opened: true, within: Duration::from_secs(1) });
        assert!(
            text.lines().any(|line| line == r"https://idp.example/\u{1b}]0;owned\u{7}\u{9b}2J\r\nerror: x"),
            "{text}"
        );
    }
}
