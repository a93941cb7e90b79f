//! The passport: what a plugin says about itself, readable without running it.
//!
//! It is a constant that the plugin exports as [`plugin_abi::passport::SYMBOL`]: the line
//! `flyte-plugin-passport 1`, then lines `key=value` in any order, then one NUL. Keys that this host does
//! not know are kept and ignored, so a later plugin may say more. Whatever it says is input: nothing of it
//! is printed before it was checked.

use plugin_abi::ProtocolVersion;
use plugin_abi::passport::MAX_LEN;

use super::text::is_terminal_control;

/// The passport format that this host reads.
pub(super) const FORMAT: u32 = 1;
/// What the first line begins with; the format follows.
const MARK: &str = "flyte-plugin-passport ";
/// The longest plugin name, in bytes.
const MAX_NAME: usize = 64;

/// Reads `MAJOR.MINOR`.
fn protocol(text: &str) -> Result<ProtocolVersion, PassportError> {
    let parsed = text.split_once('.').and_then(|(major, minor)| {
        Some(ProtocolVersion {
            major: number(major)?.try_into().ok()?,
            minor: number(minor)?.try_into().ok()?,
        })
    });
    parsed.ok_or_else(|| PassportError::BadProtocol { found: text.to_owned() })
}

/// A number as people write it: digits only, no leading zero.
fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// What a plugin says about itself; every value was checked and is safe to print.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Passport {
    entries: Vec<(String, String)>,
    protocol: ProtocolVersion,
}

impl Passport {
    /// Reads the bytes of the exported constant, up to the NUL; what follows it is ignored.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong. [`PassportError::Format`] is the plugin of a later host.
    pub fn parse(bytes: &[u8]) -> Result<Self, PassportError> {
        let rest = bytes.strip_prefix(MARK.as_bytes()).ok_or(PassportError::NoMark)?;
        let format = rest.iter().take(16).position(|&byte| byte == b'\n').and_then(|end| rest.get(..end));
        let format = format.and_then(|format| str::from_utf8(format).ok()).ok_or(PassportError::NoMark)?;
        match number(format).ok_or(PassportError::NoMark)? {
            FORMAT => {}
            found => return Err(PassportError::Format { found }),
        }
        let end = bytes.iter().position(|&byte| byte == 0).ok_or(PassportError::NoEnd)?;
        if end >= MAX_LEN {
            return Err(PassportError::TooLong);
        }
        let text = bytes.get(..end).unwrap_or_default();
        let text =
            str::from_utf8(text).map_err(|error| PassportError::NotUtf8 { at: error.valid_up_to() })?;
        let mut entries: Vec<(String, String)> = Vec::new();
        for (index, line) in text.split_terminator('\n').enumerate().skip(1) {
            let (key, value) = entry(line, index + 1)?;
            if entries.iter().any(|(seen, _)| seen == key) {
                return Err(PassportError::Duplicate { key: key.to_owned() });
            }
            entries.push((key.to_owned(), value.to_owned()));
        }
        Self::from_entries(entries)
    }

    /// Reads the text of a passport, which has no NUL.
    ///
    /// # Errors
    ///
    /// As [`Passport::parse`].
    pub fn from_text(text: &str) -> Result<Self, PassportError> {
        Self::parse(&[text.as_bytes(), b"\0"].concat())
    }

    /// A passport with these entries.
    pub(crate) fn from_entries(entries: Vec<(String, String)>) -> Result<Self, PassportError> {
        let value = |key| entries.iter().find(|(seen, _)| seen == key).map(|(_, value)| value.as_str());
        let required = |key| value(key).filter(|value| !value.is_empty()).ok_or(PassportError::Lacks { key });
        for key in ["rustc", "target", "abi_stable"] {
            required(key)?;
        }
        let name = required("name")?;
        if !is_name(name) {
            return Err(PassportError::BadName { found: name.to_owned() });
        }
        let version = required("version")?;
        if !is_version(version) {
            return Err(PassportError::BadVersion { found: version.to_owned() });
        }
        let protocol = protocol(required("protocol")?)?;
        let hooks = value("hooks").ok_or(PassportError::Lacks { key: "hooks" })?;
        if let Some(bad) = split_hooks(hooks).find(|hook| !is_hook(hook)) {
            return Err(PassportError::BadHook { found: bad.to_owned() });
        }
        Ok(Self { entries, protocol })
    }

    /// Returns the value of a key, known to this host or not.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|(seen, _)| seen == key).map(|(_, value)| value.as_str())
    }

    fn required(&self, key: &str) -> &str {
        self.get(key).expect("`checked` refuses a passport without its required keys")
    }

    /// All keys and values, in the plugin's order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The plugin's name: lower-case letters, digits, `-` and `_`, at most 64.
    pub fn name(&self) -> &str {
        self.required("name")
    }

    /// The plugin's version, `MAJOR.MINOR.PATCH` with an optional pre-release and build.
    pub fn version(&self) -> &str {
        self.required("version")
    }

    /// The protocol version that the plugin was built for.
    pub fn protocol(&self) -> ProtocolVersion {
        self.protocol
    }

    /// The hooks that the plugin overrides; may name hooks of a later host.
    pub fn hooks(&self) -> impl Iterator<Item = &str> {
        split_hooks(self.required("hooks"))
    }

    /// Whether the plugin overrides this hook, such as `get_remote`.
    pub fn overrides(&self, hook: &str) -> bool {
        self.hooks().any(|overridden| overridden == hook)
    }

    /// The version line of the compiler that built the plugin.
    pub fn rustc(&self) -> &str {
        self.required("rustc")
    }

    /// The target triple that the plugin was built for.
    pub fn target(&self) -> &str {
        self.required("target")
    }

    /// The version of the `abi_stable` crate in the plugin.
    pub fn abi_stable(&self) -> &str {
        self.required("abi_stable")
    }

    /// One line on what the plugin is for.
    pub fn description(&self) -> Option<&str> {
        self.get("description")
    }

    /// Where the plugin is documented, and its bugs reported.
    pub fn homepage(&self) -> Option<&str> {
        self.get("homepage")
    }

    /// Who wrote the plugin.
    pub fn authors(&self) -> Option<&str> {
        self.get("authors")
    }

    /// The plugin's licence.
    pub fn license(&self) -> Option<&str> {
        self.get("license")
    }
}

fn entry(line: &str, number: usize) -> Result<(&str, &str), PassportError> {
    let is_key = |key: &str| {
        !key.is_empty() && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    let (key, value) =
        line.split_once('=').filter(|(key, _)| is_key(key)).ok_or(PassportError::BadLine { number })?;
    match value.chars().find(|&letter| is_terminal_control(letter)) {
        Some(found) => Err(PassportError::Control { key: key.to_owned(), found }),
        None => Ok((key, value)),
    }
}

fn split_hooks(hooks: &str) -> impl Iterator<Item = &str> {
    hooks.split(',').filter(move |_| !hooks.is_empty())
}

fn is_hook(hook: &str) -> bool {
    !hook.is_empty() && hook.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= MAX_NAME
        && name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || matches!(byte, b'-' | b'_'))
}

fn is_version(version: &str) -> bool {
    let is_tag = |tag: &str| {
        tag.split('.').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    };
    let (version, build) = version.split_once('+').map_or((version, None), |(rest, tag)| (rest, Some(tag)));
    let (numbers, pre) = version.split_once('-').map_or((version, None), |(rest, tag)| (rest, Some(tag)));
    numbers.split('.').count() == 3
        && numbers.split('.').all(|part| number(part).is_some())
        && pre.is_none_or(is_tag)
        && build.is_none_or(is_tag)
}

/// Why a passport is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PassportError {
    /// A hook's name has a character that no hook has.
    #[error("`hooks` lists `{found}`; a hook's name is lower-case letters, digits and `_`")]
    BadHook {
        /// What stands there.
        found: String,
    },
    /// A line is not `key=value`.
    #[error("line {number} is not `key=value`")]
    BadLine {
        /// Counted from 1.
        number: usize,
    },
    /// The plugin's name has a character that no name has, or is too long.
    #[error(
        "`name` is `{found}`; a name is at most 64 lower-case letters, digits, `-` and `_`, \
         and begins with a letter or a digit"
    )]
    BadName {
        /// What stands there.
        found: String,
    },
    /// The protocol is not `MAJOR.MINOR`.
    #[error("`protocol` is `{found}`; a protocol version is `MAJOR.MINOR`")]
    BadProtocol {
        /// What stands there.
        found: String,
    },
    /// The version is not a semantic version.
    #[error("`version` is `{found}`; a version is `MAJOR.MINOR.PATCH`")]
    BadVersion {
        /// What stands there.
        found: String,
    },
    /// A value has a character that a terminal would act on.
    #[error("the value of `{key}` contains the control character `{}`", found.escape_default())]
    Control {
        /// Whose value.
        key: String,
        /// The first such character.
        found: char,
    },
    /// A key appears twice.
    #[error("the key `{key}` appears twice")]
    Duplicate {
        /// Which one.
        key: String,
    },
    /// The passport has a format that this host does not know.
    #[error("it has format {found}; this host reads format {FORMAT}")]
    Format {
        /// The plugin's format.
        found: u32,
    },
    /// A required key is absent, or its value is empty.
    #[error("it does not say its `{key}`")]
    Lacks {
        /// Which one.
        key: &'static str,
    },
    /// No NUL ends it.
    #[error("it does not end in NUL")]
    NoEnd,
    /// It does not begin with the mark.
    #[error("it does not begin with `flyte-plugin-passport 1`")]
    NoMark,
    /// It is not text.
    #[error("it is not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Where, counted from 0.
        at: usize,
    },
    /// It is longer than [`MAX_LEN`].
    #[error("it is longer than {MAX_LEN} bytes")]
    TooLong,
}
