//! The name of a new plugin, which has to be one for users, for Cargo and for rustc.

use std::{env::consts, fmt, path::Path};

use crate::ui::{error::CommandError, exit_code::Exit};

/// Maximum length of a name in a passport.
const MAX_LEN: usize = 64;

/// Keywords of Rust, with those that are only reserved.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Names of crates that every crate sees, or that the plugin depends on.
const CRATES: &[&str] =
    &["abi_stable", "alloc", "core", "plugin_abi", "plugin_abi_macros", "proc_macro", "std", "test"];

/// Names of devices, which are no files on Windows.
const DEVICES: &[&str] = &["aux", "con", "nul", "prn"];

/// A plugin's name that is also the name of a package and of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PluginName(String);

impl PluginName {
    /// The last part of a path.
    pub(super) fn from_path(path: &Path) -> Result<Self, CommandError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match problem(&name) {
            None => Ok(Self(name)),
            Some(reason) => Err(CommandError::new(Exit::Usage, format_args!("invalid plugin name `{name}`"))
                .caused_by(reason)
                .hint(suggestion(&name).map(|name| format!("use a name such as `{name}`")))),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the library's crate, as in `libNAME.so`.
    pub(super) fn library(&self) -> String {
        self.0.replace('-', "_")
    }

    /// The file that Cargo builds on this platform.
    pub(super) fn file(&self) -> String {
        format!("{}{}{}", consts::DLL_PREFIX, self.library(), consts::DLL_SUFFIX)
    }

    /// `AcmeToolsPlugin`; the suffix keeps it apart from the types of `plugin-abi`.
    pub(super) fn type_name(&self) -> String {
        let words = self.0.split(['-', '_']).filter(|word| !word.is_empty());
        words.map(capitalized).collect::<String>() + "Plugin"
    }

    /// The start of the names of environment variables.
    pub(super) fn variable(&self) -> String {
        self.library().to_ascii_uppercase()
    }

    /// The name with `-` only, as commands are named.
    pub(super) fn command(&self) -> String {
        self.0.replace('_', "-")
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// Why a text is not the name of a plugin's crate.
fn problem(name: &str) -> Option<String> {
    let library = name.replace('-', "_");
    let is_allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    Some(match name {
        "" => "the name is empty".to_owned(),
        "builtin" => "`builtin` selects no plugin".to_owned(),
        _ if !name.bytes().all(is_allowed) => "a name has only a-z, 0-9, `-` and `_`".to_owned(),
        _ if !name.starts_with(|first: char| first.is_ascii_lowercase()) => {
            "the name of a crate starts with a letter".to_owned()
        }
        _ if name.len() > MAX_LEN => format!("a name has at most {MAX_LEN} characters"),
        _ if KEYWORDS.contains(&library.as_str()) => format!("`{name}` is a keyword of Rust"),
        _ if CRATES.contains(&library.as_str()) => format!("`{name}` is the name of another crate"),
        _ if DEVICES.contains(&name) => format!("`{name}` is the name of a device on Windows"),
        _ => return None,
    })
}

/// A valid name near to an invalid one.
fn suggestion(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let kept = |char: char| if char.is_ascii_alphanumeric() || char == '_' { char } else { '-' };
    let clean: String = lower.chars().map(kept).collect();
    let clean = clean.trim_matches(['-', '_']);
    let clean = clean.get(..MAX_LEN).unwrap_or(clean);
    if clean.is_empty() {
        return None;
    }
    let candidates = [clean.to_owned(), format!("{clean}-plugin"), format!("plugin-{clean}")];
    candidates.into_iter().find(|name| problem(name).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(name: &str) -> Option<String> {
        assert!(problem(name).is_some(), "{name}");
        suggestion(name)
    }

    #[test]
    fn names_of_plugins_and_crates_are_accepted() {
        for name in ["acme", "acme-tools", "acme_tools", "a", "plugin", "a1-", &"a".repeat(64)] {
            assert_eq!(problem(name), None, "{name}");
        }
    }

    #[test]
    fn other_names_are_refused_with_one_that_is_accepted() {
        assert_eq!(hint("ACME").as_deref(), Some("acme"));
        assert_eq!(hint("acme tools").as_deref(), Some("acme-tools"));
        assert_eq!(hint("3d").as_deref(), Some("plugin-3d"));
        assert_eq!(hint("fn").as_deref(), Some("fn-plugin"));
        assert_eq!(hint("plugin-abi").as_deref(), Some("plugin-abi-plugin"));
        assert_eq!(hint("builtin").as_deref(), Some("builtin-plugin"));
        assert_eq!(hint("nul").as_deref(), Some("nul-plugin"));
        assert_eq!(hint("Müller").as_deref(), Some("m-ller"));
        assert_eq!(hint(&"a".repeat(65)), Some("a".repeat(64)));
        assert_eq!(hint("-"), None);
        assert_eq!(hint(""), None);
    }

    #[test]
    fn parts_of_a_name_are_capitalized() {
        let names = ["acme", "acme-tools", "a__b", "plugin"].map(|name| PluginName(name.to_owned()));
        assert_eq!(
            names.map(|name| name.type_name()),
            ["AcmePlugin", "AcmeToolsPlugin", "ABPlugin", "PluginPlugin"]
        );
    }
}
