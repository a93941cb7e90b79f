//! `[trust]` and `[[repositories]]`: whose plugins may be installed and loaded, and where they come from.
//!
//! A key is allowed, denied or undecided. Each file can only take plugins away: what one of them denies, the
//! others cannot allow, and with two lists of allowed keys a key has to be in both.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use plugin_host::{AdmissionRules, PublisherKey};
use plugin_store::index::is_name;
use semver::{Version, VersionReq};
use serde::{Deserialize, Deserializer, de::Error as _};

/// The table `[trust]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrustSettings {
    /// Only plugins that one of these keys signed; `None`: also unsigned ones, and other keys.
    #[serde(deserialize_with = "some_keys")]
    pub allow_keys: Option<Vec<PublisherKey>>,
    /// No plugins that one of these keys signed.
    #[serde(deserialize_with = "keys")]
    pub deny_keys: Vec<PublisherKey>,
    /// No plugins with this content.
    #[serde(deserialize_with = "hashes")]
    pub deny_sha256: BTreeSet<String>,
    /// No plugins that these versions of rustc built.
    #[serde(deserialize_with = "compilers")]
    pub deny_rustc: BTreeSet<String>,
    /// No plugins of these versions: `acme` or `acme@<1.2`.
    #[serde(deserialize_with = "versions")]
    pub deny: Vec<(String, VersionReq)>,
}

/// A table `[[repositories]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RepositorySetting {
    /// The name in its index.
    pub name: String,
    /// A URL, or the absolute path of a folder: the working directory must not choose the repository.
    #[serde(deserialize_with = "address")]
    pub url: String,
    /// The publisher's key; `None`: the key of the first use counts.
    #[serde(default, deserialize_with = "some_key")]
    pub key: Option<PublisherKey>,
    /// A file with the token for the repository's server.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
}

impl TrustSettings {
    /// The rules of a settings file.
    #[must_use]
    pub fn rules(&self, file: &Path) -> AdmissionRules {
        AdmissionRules {
            source: format!("`{}`", file.display()),
            allowed_keys: self.allow_keys.clone(),
            denied_keys: self.deny_keys.clone(),
            denied_sha256: self.deny_sha256.clone(),
            denied_compilers: self.deny_rustc.clone(),
            denied_versions: self.deny.clone(),
        }
    }
}

fn key(text: &str) -> Result<PublisherKey, String> {
    PublisherKey::parse(text).map_err(|error| format!("`{text}`: {error}"))
}

fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PublisherKey>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| key(text)).collect::<Result<_, _>>().map_err(D::Error::custom)
}

fn some_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<PublisherKey>>, D::Error> {
    keys(deserializer).map(Some)
}

fn some_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PublisherKey>, D::Error> {
    key(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn hashes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<String>, D::Error> {
    let texts = BTreeSet::<String>::deserialize(deserializer)?;
    let is_hash = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(text) = texts.iter().find(|text| !is_hash(text)) {
        return Err(D::Error::custom(format_args!("`{text}` is not a SHA-256 in hex")));
    }
    Ok(texts.into_iter().map(|text| text.to_ascii_lowercase()).collect())
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    if is_url || Path::new(text.strip_prefix("file://").unwrap_or(&text)).is_absolute() {
        return Ok(text);
    }
    Err(D::Error::custom(format_args!("`{text}` is neither a URL nor an absolute path")))
}

fn compilers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<String>, D::Error> {
    let texts = BTreeSet::<String>::deserialize(deserializer)?;
    // `1.98` would match no compiler, and deny nothing.
    match texts.iter().find(|text| Version::parse(text).is_err()) {
        Some(text) => Err(D::Error::custom(format_args!("`{text}` is not a version such as `1.98.0`"))),
        None => Ok(texts),
    }
}

fn versions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, VersionReq)>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parse = |text: &String| {
        let (name, versions) = text.split_once('@').unwrap_or((text, "*"));
        if !is_name(name) {
            // It would match no plugin, and deny nothing.
            return Err(format!("`{text}`: `{name}` is not the name of a plugin"));
        }
        // A pre-release is in no range of its own, and must not escape one that denies every version.
        let required = match versions {
            "*" => Ok(VersionReq::STAR),
            versions => VersionReq::parse(versions),
        };
        required.map(|required| (name.to_owned(), required)).map_err(|error| format!("`{text}`: {error}"))
    };
    texts.iter().map(parse).collect::<Result<_, _>>().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        #[serde(default)]
        trust: TrustSettings,
        #[serde(default)]
        repositories: Vec<RepositorySetting>,
    }

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn both_tables_are_read() {
        let text = format!(
            "[trust]\nallow-keys = ['{KEY}']\ndeny-sha256 = ['{hash}']\ndeny = ['acme@<1.2', 'other']\n\
             deny-rustc = ['1.98.0']\n[[repositories]]\nname = 'acme'\nurl = 'https://x'\nkey = '{KEY}'\n",
            hash = "A".repeat(64)
        );
        let File { trust, repositories } = toml_edit::de::from_str(&text).unwrap();
        let rules = trust.rules(Path::new("/etc/flyte/host.toml"));
        assert_eq!(rules.source, "`/etc/flyte/host.toml`");
        assert_eq!(rules.allowed_keys.unwrap()[0].text(), KEY);
        assert!(rules.denied_sha256.contains(&"a".repeat(64)));
        assert!(rules.denied_versions[0].1.matches(&"1.1.9".parse().unwrap()));
        assert_eq!(repositories[0].key.as_ref().unwrap().number(), "E7620F1842B4E81F");
        let none: File = toml_edit::de::from_str("").unwrap();
        assert!(none.trust.allow_keys.is_none() && none.repositories.is_empty());
    }

    #[test]
    fn mistakes_are_named() {
        for (text, reason) in [
            ("[trust]\nallow-keys = ['RW']", "`RW`: not a minisign public key"),
            ("[trust]\ndeny-sha256 = ['ab']", "`ab` is not a SHA-256 in hex"),
            ("[trust]\ndeny = ['acme@one']", "`acme@one`: "),
            ("[trust]\ndeny = ['Acme@<1.2']", "`Acme@<1.2`: `Acme` is not the name of a plugin"),
            ("[trust]\ndeny-rustc = ['1.98']", "`1.98` is not a version such as `1.98.0`"),
            ("[trust]\nallow = []", "unknown field `allow`"),
            ("[[repositories]]\nname = 'a'", "missing field `url`"),
            ("[[repositories]]\nname = 'a'\nurl = 'site'", "`site` is neither a URL nor an absolute path"),
        ] {
            let error = toml_edit::de::from_str::<File>(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
