//! `index.json`: the plugins of a repository.
//!
//! ```json
//! {
//!   "format": 1,
//!   "repository": "acme",
//!   "serial": 3,
//!   "time": "2026-05-04T10:00:00Z",
//!   "plugins": [{
//!     "name": "acme",
//!     "description": "Signs in with the company's account",
//!     "releases": [{
//!       "version": "1.2.0", "protocol": "1.0", "channel": "stable", "yanked": false,
//!       "time": "2026-05-04T10:00:00Z",
//!       "files": [{
//!         "target": "x86_64-unknown-linux-gnu", "glibc": "2.28",
//!         "path": "acme/1.2.0/x86_64-unknown-linux-gnu/libacme.so",
//!         "sha256": "5d41…", "size": 1418240
//!       }]
//!     }]
//!   }]
//! }
//! ```
//!
//! Unknown keys are ignored, so that later versions can add some; `format` changes when they must not be.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// The name of the index in its folder.
pub const INDEX: &str = "index.json";
/// The name of the file with the publisher's public key, for users who have none yet.
pub const PUBLIC_KEY: &str = "minisign.pub";
/// The format of the index.
pub const FORMAT: u32 = 1;
/// The largest index, in bytes.
pub const MAX_INDEX_SIZE: u64 = 16 << 20;
/// The largest file of a plugin, in bytes; that of the pre-flight.
pub const MAX_FILE_SIZE: u64 = 256 << 20;
/// The channel of releases for everyone.
pub const STABLE: &str = "stable";
/// The longest name, in bytes; as in a passport.
const MAX_NAME: usize = 64;

/// What a repository has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// [`FORMAT`].
    pub format: u32,
    /// The name of the repository: one key may sign several.
    pub repository: String,
    /// Counts the versions of the index.
    pub serial: u64,
    /// When it was made, RFC 3339 in UTC.
    pub time: jiff::Timestamp,
    /// When it is no longer valid, RFC 3339 in UTC; a copy that is held back is noticed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<jiff::Timestamp>,
    /// By name.
    pub plugins: Vec<IndexedPlugin>,
}

/// A plugin of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexedPlugin {
    /// Its name, that of its passport.
    pub name: String,
    /// A line about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it is described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// An SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Its releases, the newest version first.
    pub releases: Vec<Release>,
}

/// A version of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// That of its passport.
    pub version: Version,
    /// The protocol that it was built with, such as `1.0`.
    pub protocol: String,
    /// [`STABLE`], or a name such as `beta` for those who ask for it.
    pub channel: String,
    /// Withdrawn: installed only where the exact version is asked for.
    #[serde(default)]
    pub yanked: bool,
    /// The oldest flyte-host that it works with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_host: Option<Version>,
    /// When it was published.
    pub time: jiff::Timestamp,
    /// A file for each platform.
    pub files: Vec<PlatformFile>,
}

/// A release's file for one platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformFile {
    /// Rust's name of the platform, that of the passport.
    pub target: String,
    /// The oldest glibc that it runs on, such as `2.28`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glibc: Option<String>,
    /// Relative to the folder of the repository, with `/`.
    pub path: String,
    /// SHA-256 of the content in lower-case hex.
    pub sha256: String,
    /// The length of the content in bytes.
    pub size: u64,
}

impl Index {
    /// An index without plugins.
    #[must_use]
    pub fn new(repository: String) -> Self {
        let time = jiff::Timestamp::now();
        Self { format: FORMAT, repository, serial: 0, time, expires: None, plugins: Vec::new() }
    }

    /// Reads an index whose signature was checked. `place` names the repository in errors.
    ///
    /// # Errors
    ///
    /// [`StoreError::Index`] for text that is not an index, names and paths that a repository cannot have,
    /// and names that differ only in case, or in `-` and `_`.
    pub fn parse(text: &[u8], place: &str) -> Result<Self, StoreError> {
        let invalid = |reason: String| StoreError::Index { repository: place.to_owned(), reason };
        let index: Self = serde_json::from_slice(text).map_err(|error| invalid(error.to_string()))?;
        if index.format != FORMAT {
            let (found, known) = (index.format, FORMAT);
            return Err(invalid(format!("format {found}; this program supports format {known}")));
        }
        index.check().map_err(invalid)?;
        Ok(index)
    }

    /// The text of the index.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("an index has only texts and numbers") + "\n"
    }

    /// A plugin by its name.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Option<&IndexedPlugin> {
        self.plugins.iter().find(|plugin| plugin.name == name)
    }

    /// What the index contradicts.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !is_name(&self.repository) {
            return Err(format!("`{}` is not a name: {NAME_RULE}", self.repository));
        }
        let mut names: Vec<(String, &str)> = Vec::new();
        for plugin in &self.plugins {
            if !is_name(&plugin.name) {
                return Err(format!("`{}` is not the name of a plugin: {NAME_RULE}", plugin.name));
            }
            let alike = look(&plugin.name);
            if let Some((_, other)) = names.iter().find(|(known, _)| *known == alike) {
                return Err(format!("the names `{other}` and `{}` look alike", plugin.name));
            }
            names.push((alike, &plugin.name));
            for release in &plugin.releases {
                release.check(&plugin.name)?;
            }
        }
        Ok(())
    }
}

impl Release {
    fn check(&self, plugin: &str) -> Result<(), String> {
        let name = format!("{plugin} {}", self.version);
        if !is_name(&self.channel) {
            return Err(format!("{name}: `{}` is not the name of a channel", self.channel));
        }
        for file in &self.files {
            if !is_inside(&file.path) {
                return Err(format!("{name}: `{}` is not a path inside the repository", file.path));
            }
            let is_hash = file.sha256.len() == 64
                && file.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if !is_hash {
                return Err(format!("{name}: `{}` is not a SHA-256 in lower-case hex", file.sha256));
            }
            if file.size > MAX_FILE_SIZE {
                return Err(format!("{name}: `{}` has more than {} MiB", file.path, MAX_FILE_SIZE >> 20));
            }
            if !is_target(&file.target) {
                return Err(format!("{name}: `{}` is not a target", file.target));
            }
        }
        Ok(())
    }

    /// The major and minor number of the protocol; `None` if they are not numbers.
    #[must_use]
    pub fn protocol_number(&self) -> Option<(u16, u16)> {
        let (major, minor) = self.protocol.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }
}

const NAME_RULE: &str = "a name has only a-z, 0-9, `-` and `_`";

/// Whether a text can be the name of a plugin, a repository or a channel; as in passports.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= MAX_NAME
        && text.bytes().next().is_some_and(is_letter)
        && text.bytes().all(|byte| is_letter(byte) || byte == b'-' || byte == b'_')
        && text != plugin_host::identity::BUILTIN
}

/// Whether a text can be Rust's name of a platform, which becomes a key and a part of paths.
#[must_use]
pub fn is_target(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= MAX_NAME && !text.starts_with('.') && text.bytes().all(is_part)
}

/// What a name looks like: readers confuse names of one look, and some systems have one file for both.
#[must_use]
pub fn look(name: &str) -> String {
    let similar = |letter: char| match letter {
        '0' => 'o',
        '1' | 'i' => 'l',
        '_' => '-',
        letter => letter.to_ascii_lowercase(),
    };
    name.chars().map(similar).collect::<String>().replace("rn", "m").replace("vv", "w")
}

/// Whether a path leads to a file below its folder, on every system.
#[must_use]
pub fn is_inside(path: &str) -> bool {
    let is_plain = |part: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && part.bytes().all(is_letter)
    };
    path.len() <= 512 && path.split('/').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(change: impl Fn(&mut serde_json::Value)) -> Result<Index, StoreError> {
        let mut value = serde_json::json!({
            "format": 1, "repository": "acme", "serial": 1, "time": "2026-05-04T10:00:00Z",
            "plugins": [{ "name": "acme", "releases": [{
                "version": "1.0.0", "protocol": "1.0", "channel": "stable", "time": "2026-05-04T10:00:00Z",
                "files": [{ "target": "x86_64-unknown-linux-gnu", "path": "acme/libacme.so",
                            "sha256": "a".repeat(64), "size": 3 }],
            }] }],
            "later": true,
        });
        change(&mut value);
        Index::parse(value.to_string().as_bytes(), "https://x")
    }

    #[test]
    fn an_index_is_read_and_written() {
        let read = index(|_| ()).unwrap();
        assert_eq!(Index::parse(read.to_text().as_bytes(), "").unwrap(), read);
        assert_eq!(read.plugin("acme").unwrap().releases[0].protocol_number(), Some((1, 0)));
    }

    #[test]
    fn paths_stay_inside() {
        for path in [
            "../libacme.so",
            "/etc/passwd",
            "a/../../b",
            "a//b",
            "",
            ".",
            "a/.",
            "a\\b",
            "C:/a",
            "a/b/",
            ".hidden",
            "a\0b",
            "%2e%2e/a",
            "a/..",
            "a?b",
            "https://evil/x",
        ] {
            let error = index(|value| {
                value["plugins"][0]["releases"][0]["files"][0]["path"] = path.into();
            });
            let error = error.unwrap_err().to_string();
            assert!(error.ends_with("is not a path inside the repository"), "{path}: {error}");
        }
    }

    #[test]
    fn names_are_plain_and_do_not_look_alike() {
        for name in ["../acme", "ACME", "acmé", "", "a/b", "builtin", "-a", &"a".repeat(65)] {
            assert!(index(|value| value["plugins"][0]["name"] = name.into()).is_err(), "{name}");
        }
        for (first, second) in
            [("my-plugin", "my_plugin"), ("acme1", "acmel"), ("pay0", "payo"), ("morn", "mom"), ("a", "a")]
        {
            let error = index(|value| {
                let mut other = value["plugins"][0].clone();
                value["plugins"][0]["name"] = first.into();
                other["name"] = second.into();
                value["plugins"].as_array_mut().unwrap().push(other);
            });
            let error = error.unwrap_err().to_string();
            assert!(error.ends_with(&format!("`{first}` and `{second}` look alike")), "{error}");
        }
    }

    #[test]
    fn sizes_hashes_and_formats_are_checked() {
        let file = |key: &str, to: serde_json::Value| {
            index(|value| value["plugins"][0]["releases"][0]["files"][0][key] = to.clone()).is_err()
        };
        assert!(file("size", (1_u64 << 40).into()) && file("sha256", "A".repeat(64).into()));
        assert!(file("target", "../x".into()) && file("sha256", "".into()));
        assert!(index(|value| value["format"] = 2.into()).is_err());
    }
}
