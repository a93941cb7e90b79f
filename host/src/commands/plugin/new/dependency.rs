//! Where the crate of a new plugin gets `plugin-abi` from.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use toml_edit::{DocumentMut, InlineTable, Value};

use crate::ui::{error::CommandError, exit_code::Exit};

/// For authors to replace. A package of this name in a registry may be a stranger's.
const UNKNOWN_REPOSITORY: &str = "https://git.example/flyte-host";

/// The dependency on `plugin-abi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PluginAbi {
    /// URL of a repository.
    Git(String),
    /// Folder of the crate.
    Path(PathBuf),
    /// Version requirement, for the package registry.
    Version(String),
}

impl PluginAbi {
    /// The checkout that the program is in, as after `cargo build`.
    ///
    /// Found by the program's own path: a folder noted at build time would make two builds differ. Never the
    /// package registry by itself: as long as `plugin-abi` is not published there, anyone may take the name.
    pub(super) fn of_checkout() -> Result<Self, CommandError> {
        let program = env::current_exe().unwrap_or_default();
        program.ancestors().find_map(crate_folder).map(Self::Path).ok_or_else(|| {
            CommandError::new(Exit::Usage, "the source of the crate `plugin-abi` is unknown")
                .caused_by(format!("`{}` is not in a checkout of flyte-host", program.display()))
                .hint("pass `--plugin-abi` with a folder, a git URL or a version".to_owned())
        })
    }

    /// Parses the value of `--plugin-abi`.
    pub(super) fn parse(source: &str) -> Result<Self, CommandError> {
        if source.contains("://") || source.starts_with("git@") {
            return Ok(Self::Git(source.to_owned()));
        }
        if let Some(folder) = crate_folder(Path::new(source)) {
            return Ok(Self::Path(folder));
        }
        if is_version(source) {
            return Ok(Self::Version(source.to_owned()));
        }
        Err(CommandError::new(Exit::Usage, format_args!("invalid value `{source}` for `--plugin-abi`"))
            .caused_by(format!("no crate `plugin-abi` in `{source}`"))
            .hint("use a folder that has the crate, a git URL, or a version such as `1.0`".to_owned()))
    }

    /// The value in Cargo.toml.
    pub(super) fn to_toml(&self) -> Value {
        let (key, value) = match self {
            Self::Git(url) => ("git", url.clone()),
            Self::Path(path) => ("path", path.display().to_string()),
            Self::Version(version) => return Value::from(version),
        };
        Value::from(InlineTable::from_iter([(key, Value::from(value))]))
    }

    /// A shell command that installs a host from the same source.
    pub(super) fn install_host(&self) -> String {
        match self {
            Self::Git(url) => format!("cargo install --locked --git {url} flyte-host"),
            Self::Path(_) | Self::Version(_) => {
                format!("cargo install --locked --git {UNKNOWN_REPOSITORY} flyte-host")
            }
        }
    }
}

/// The folder of the crate in a folder that is it, or in a checkout of the repository; absolute.
fn crate_folder(folder: &Path) -> Option<PathBuf> {
    let candidates = [folder.to_owned(), folder.join("plugin-abi")];
    let found = candidates.into_iter().find(|folder| is_plugin_abi(folder))?;
    fs::canonicalize(found).ok()
}

fn is_plugin_abi(folder: &Path) -> bool {
    let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) else { return false };
    let Ok(manifest) = text.parse::<DocumentMut>() else { return false };
    let name = manifest.get("package").and_then(|package| package.get("name"));
    name.and_then(|name| name.as_str()) == Some("plugin-abi")
}

fn is_version(text: &str) -> bool {
    let number = text.trim_start_matches(['=', '^', '~', ' ']);
    number.starts_with(|first: char| first.is_ascii_digit())
        && number.chars().all(|char| char.is_ascii_alphanumeric() || ".-+".contains(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_urls_and_versions_are_recognized() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let folder = PluginAbi::Path(checkout.join("plugin-abi").canonicalize().unwrap());
        for source in [checkout.to_owned(), checkout.join("plugin-abi")] {
            assert_eq!(PluginAbi::parse(source.to_str().unwrap()).unwrap(), folder);
        }
        for url in ["https://git.example/host", "ssh://git@git.example/host", "git@git.example:host.git"] {
            assert_eq!(PluginAbi::parse(url).unwrap(), PluginAbi::Git(url.to_owned()));
        }
        for version in ["1", "1.0", "=1.0.3", "^1.2", "1.0.0-rc.1"] {
            assert_eq!(PluginAbi::parse(version).unwrap(), PluginAbi::Version(version.to_owned()));
        }
        for other in ["", "no/such/folder", ".", "latest"] {
            PluginAbi::parse(other).unwrap_err();
        }
    }

    #[test]
    fn values_are_quoted() {
        assert_eq!(PluginAbi::Version("1.0".to_owned()).to_toml().to_string(), r#""1.0""#);
        for path in [r"C:\a 'b'", "/a \"b\"", "/a\nb"] {
            let line = format!("plugin-abi = {}", PluginAbi::Path(path.into()).to_toml());
            let manifest: DocumentMut = line.parse().unwrap();
            assert_eq!(manifest["plugin-abi"]["path"].as_str(), Some(path), "{line}");
        }
    }
}
