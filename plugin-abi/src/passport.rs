//! The passport: a plugin's metadata, which the host reads without running the plugin.
//!
//! It is a constant in the library's read-only data, under the symbol [`SYMBOL`]: a line with a
//! magic and a format number, then `key=value` lines, then a NUL. The export macro makes it, from
//! Cargo's metadata and from the hooks in the author's `impl` block.

use crate::hook::Hook;
use crate::version;

/// The symbol under which a library exports its passport.
///
/// It ends in the major number of the protocol, so that one library can serve hosts of two major
/// protocols, and a host can tell another protocol from no plugin at all.
pub const SYMBOL: &str = "flyte_plugin_passport_1";

/// The symbol under which a library exports abi_stable's header; numbered as [`SYMBOL`].
pub const HEADER_SYMBOL: &str = "flyte_plugin_header_1";

/// [`SYMBOL`] without the number, as `plugin-abi` 0.1 exported it.
pub const UNNUMBERED_SYMBOL: &str = "flyte_plugin_passport";

/// [`HEADER_SYMBOL`] without the number, as `plugin-abi` 0.1 exported it.
pub const UNNUMBERED_HEADER_SYMBOL: &str = "flyte_plugin_header";

/// The first line; the number is that of the format, not of the protocol.
pub const MAGIC: &str = "flyte-plugin-passport 1\n";

/// Maximum length of a passport in bytes, including the NUL.
pub const MAX_LEN: usize = 16 * 1024;

/// The key of [`LAYOUT`] in a passport.
pub const LAYOUT_KEY: &str = "layout";

/// A digest of all that the layout check compares: `build.rs` says of what.
///
/// Two builds of the same protocol with the same digest have the same layouts, so a host need not compare
/// them. It compares those of a plugin without a digest, or with another one.
pub const LAYOUT: &str = env!("PLUGIN_ABI_LAYOUT");

/// The version of abi_stable to which this crate is pinned.
const ABI_STABLE: &str = "0.11.3";

/// The hooks that a plugin overrides, as a set that can be built in a constant. It holds 64 hooks at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookSet(u64);

impl HookSet {
    /// The set without any hook.
    pub const EMPTY: Self = Self(0);

    /// Adds a hook.
    #[must_use]
    pub const fn with_hook(self, hook: Hook) -> Self {
        Self(self.0 | Self::bit(hook))
    }

    /// Adds a hook by the name of its method.
    ///
    /// # Panics
    ///
    /// When the trait has no such hook; in a constant, that is a compile error.
    #[must_use]
    pub const fn with(self, name: &str) -> Self {
        let mut index = 0;
        while index < Hook::ALL.len() {
            if equal(Hook::ALL[index].name(), name) {
                return Self(self.0 | Self::bit(Hook::ALL[index]));
            }
            index += 1;
        }
        panic!("not a hook of this version of the protocol")
    }

    /// Whether a hook is in the set.
    #[must_use]
    pub const fn contains(self, hook: Hook) -> bool {
        self.0 & Self::bit(hook) != 0
    }

    const fn bit(hook: Hook) -> u64 {
        1 << hook as u64
    }
}

const fn equal(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// The bits of a [`HookSet`].
const _: () = assert!(Hook::ALL.len() <= 64, "a passport's set of hooks holds 64 hooks");

/// Cargo's metadata of the plugin's crate.
#[doc(hidden)]
pub struct CrateFacts {
    pub name: &'static str,
    pub version: &'static str,
    pub description: &'static str,
    pub homepage: &'static str,
    pub repository: &'static str,
    pub license: &'static str,
}

/// A passport's text, built in a constant.
#[doc(hidden)]
pub struct Text {
    bytes: [u8; MAX_LEN],
    len: usize,
}

impl Text {
    /// Writes the passport of a plugin.
    ///
    /// # Panics
    ///
    /// In a constant, hence as a compile error: a name that is not lower case letters, digits, `-`
    /// and `_`, or more text than [`MAX_LEN`].
    #[must_use]
    pub const fn new(facts: &CrateFacts, hooks: HookSet) -> Self {
        assert!(
            is_name(facts.name),
            "a plugin's name is made of a-z, 0-9, `-` and `_`, and starts with a letter or digit"
        );
        assert!(!equal(facts.name, "builtin"), "the plugin name `builtin` is reserved; choose another name");
        let homepage = if facts.homepage.is_empty() { facts.repository } else { facts.homepage };
        Self { bytes: [0; MAX_LEN], len: 0 }
            .raw(MAGIC)
            .line("name", facts.name)
            .line("version", facts.version)
            .raw("protocol=")
            .number(version::MAJOR)
            .raw(".")
            .number(version::MINOR)
            .raw("\nhooks=")
            .hooks(hooks)
            .raw("\n")
            .line("rustc", env!("PLUGIN_ABI_RUSTC"))
            .line("target", env!("PLUGIN_ABI_TARGET"))
            .line("abi_stable", ABI_STABLE)
            .line(LAYOUT_KEY, LAYOUT)
            .line("description", facts.description)
            .line("homepage", homepage)
            .line("license", facts.license)
    }

    /// The number of bytes, with the NUL.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.len + 1
    }

    /// The bytes with the NUL; `N` is [`Self::size`].
    #[must_use]
    pub const fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        let mut index = 0;
        while index < self.len {
            out[index] = self.bytes[index];
            index += 1;
        }
        out
    }

    const fn raw(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut index = 0;
        while index < text.len() {
            self.bytes[self.len] = text[index];
            self.len += 1;
            index += 1;
        }
        assert!(self.len < MAX_LEN, "the passport is too long: shorten the crate's description");
        self
    }

    const fn line(self, key: &str, value: &str) -> Self {
        if value.is_empty() {
            return self;
        }
        let mut text = self.raw(key).raw("=");
        let start = text.len;
        text = text.raw(value);
        // A description in Cargo.toml may span lines; here a line is a key.
        let mut index = start;
        while index < text.len {
            if text.bytes[index] < b' ' || text.bytes[index] == 0x7f {
                text.bytes[index] = b' ';
            }
            index += 1;
        }
        text.raw("\n")
    }

    const fn number(mut self, number: u16) -> Self {
        if number >= 10 {
            self = self.number(number / 10);
        }
        let digit = b'0' + (number % 10) as u8;
        self.bytes[self.len] = digit;
        self.len += 1;
        self
    }

    const fn hooks(mut self, hooks: HookSet) -> Self {
        let mut index = 0;
        let mut first = true;
        while index < Hook::ALL.len() {
            if hooks.contains(Hook::ALL[index]) {
                if !first {
                    self = self.raw(",");
                }
                self = self.raw(Hook::ALL[index].name());
                first = false;
            }
            index += 1;
        }
        self
    }
}

/// The text of a passport's bytes, without the NUL.
///
/// # Panics
///
/// Never for bytes that [`Text`] made.
#[doc(hidden)]
#[must_use]
pub const fn text(bytes: &'static [u8]) -> &'static str {
    let (text, _nul) = bytes.split_at(bytes.len() - 1);
    match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(_) => panic!("a passport is made of `str`s"),
    }
}

const fn is_name(name: &str) -> bool {
    let name = name.as_bytes();
    if name.is_empty() || name.len() > 64 || !name[0].is_ascii_lowercase() && !name[0].is_ascii_digit() {
        return false;
    }
    let mut index = 0;
    while index < name.len() {
        let byte = name[index];
        if !(byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_') {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_end_in_the_major_number() {
        for (symbol, unnumbered) in [(SYMBOL, UNNUMBERED_SYMBOL), (HEADER_SYMBOL, UNNUMBERED_HEADER_SYMBOL)] {
            assert_eq!(symbol, format!("{unnumbered}_{}", version::MAJOR));
        }
    }

    #[test]
    fn abi_stable_is_the_version_in_the_passport() {
        let manifest = include_str!("../../Cargo.toml");
        let pin = format!("abi_stable = {{ version = \"={ABI_STABLE}\"");
        assert!(manifest.contains(&pin), "the workspace does not pin abi_stable to {ABI_STABLE}");
    }
}
