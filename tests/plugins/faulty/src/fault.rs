//! What `FAULT` says. The line of the first panic is in the tests' snapshots.

use std::{env, io};

use plugin_abi::PluginError;

/// What a function should do that does not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Answer,
    Decline,
    Invalid,
}

/// Fails as `FAULT` wants it, or says what else it wants of a function.
pub(crate) fn how(place: &str) -> Result<How, PluginError> {
    match wanted(place).as_str() {
        "answer" => Ok(How::Answer),
        "invalid" => Ok(How::Invalid),
        "error" => Err(PluginError::new("the vault is sealed")
            .caused_by(io::Error::other("no key was given"))
            .hint("run `faulty unseal`")),
        "panic" => panic!("index out of bounds: the len is 3 but the index is 7"),
        "panic-value" => std::panic::panic_any(42),
        "panic-drop" => std::panic::panic_any(Bomb),
        _ => Ok(How::Decline),
    }
}

/// The word for a place: the first that names it or names none.
fn wanted(place: &str) -> String {
    let fault = env::var("FAULT").unwrap_or_default();
    let mut words = fault.split(',').map(|word| word.split_once(':').unwrap_or((word, place)));
    words.find(|(_, of)| *of == place).map_or_else(|| "decline".to_owned(), |(word, _)| word.to_owned())
}

/// A value whose destructor panics in its turn, with another of its kind.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any(Bomb);
    }
}
