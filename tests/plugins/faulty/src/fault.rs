//! The orders of the plugin. The lines of the panics are in the tests' snapshots.

use std::{env, io};

use plugin_abi::{Host, PluginError};

/// What a function should do that does not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Answer,
    Decline,
    Invalid,
}

/// Orders for every place.
#[derive(Clone, Debug)]
pub(crate) struct Orders(String);

impl Orders {
    /// Those of the plugin's section of the host's settings, or of the environment.
    pub(crate) fn new(host: &Host) -> Result<Self, PluginError> {
        let config = host.config()?;
        let ordered = config["fault"].as_str().map(str::to_owned);
        Ok(Self(ordered.or_else(|| env::var("FAULT").ok()).unwrap_or_default()))
    }

    /// Fails as it is wanted, or says what else is wanted of a place.
    pub(crate) fn obey(&self, place: &str) -> Result<How, PluginError> {
        match self.wanted(place) {
            "answer" => Ok(How::Answer),
            "invalid" => Ok(How::Invalid),
            "error" => Err(PluginError::new("the vault is sealed")
                .caused_by(io::Error::other("no key was given"))
                .hint("run `faulty unseal`")),
            "panic" => panic!("index out of bounds: the len is 3 but the index is 7"),
            "panic-value" => std::panic::panic_any(42),
            "panic-drop" => std::panic::panic_any(Bomb),
            "abort" => std::process::abort(),
            "exit" => std::process::exit(0),
            "hang" => loop {
                std::thread::park();
            },
            _ => Ok(How::Decline),
        }
    }

    /// The order for a place: the first that names it or names none.
    fn wanted<'a>(&'a self, place: &'a str) -> &'a str {
        let mut words = self.0.split(',').map(|word| word.split_once(':').unwrap_or((word, place)));
        words.find(|(_, of)| *of == place).map_or("decline", |(word, _)| word)
    }
}

/// A value whose destructor panics in its turn, with another of its kind.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any(Bomb);
    }
}
