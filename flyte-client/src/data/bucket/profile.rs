//! The files of AWS's own tools: `~/.aws/credentials` and `~/.aws/config`.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use crate::{config::Sources, plain_text};

/// What the files say of one profile.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Profile(BTreeMap<String, String>);

impl Profile {
    /// Reads the profile that the variables choose; nothing if there is none.
    pub(super) fn read(sources: &Sources) -> Self {
        let name = sources.first_variable(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]).unwrap_or("default");
        let file = |variable_name: &str, name: &str| -> Option<String> {
            let named = sources.first_variable(&[variable_name]).map(PathBuf::from);
            let home = sources.home.as_ref().map(|home| home.join(".aws").join(name));
            read(&named.or(home)?)
        };
        let config = file("AWS_CONFIG_FILE", "config").unwrap_or_default();
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials").unwrap_or_default();
        let mut values = section(&config, |section| {
            section == name || section.strip_prefix("profile ").is_some_and(|found| found.trim() == name)
        });
        values.extend(section(&credentials, |section| section == name));
        Self(values)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The text of a file; of one that is there and cannot be read, a warning tells.
fn read(path: &Path) -> Option<String> {
    match plain_text::read(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            log::warn!("could not read `{}`: {error}", path.display());
            None
        }
    }
}

/// The values of the sections that are wanted.
fn section(text: &str, is_wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut wanted = false;
    for line in text.lines() {
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            wanted = is_wanted(name.trim());
        } else if let Some((name, value)) = line.split_once('=')
            && wanted
            && !is_nested
            && !line.starts_with(['#', ';'])
        {
            values.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_chosen_profile_counts() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        let write = |name: &str, text: &str| fs::write(home.path().join(".aws").join(name), text).unwrap();
        write("config", "[default]\nregion = a\n[profile p]\n# x = 1\nregion=b\ns3 =\n  region = nested\n");
        write(
            "credentials",
            "[default]\naws_access_key_id=D\n[p]\naws_access_key_id = P\nAWS_SECRET_ACCESS_KEY=s=1\n",
        );
        let sources = |env: &[(&str, &str)]| Sources {
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            home: Some(home.path().to_owned()),
            ..Sources::default()
        };
        let default = Profile::read(&sources(&[]));
        assert_eq!((default.get("region"), default.get("aws_access_key_id")), (Some("a"), Some("D")));
        let chosen = Profile::read(&sources(&[("AWS_PROFILE", "p")]));
        assert_eq!((chosen.get("region"), chosen.get("aws_access_key_id")), (Some("b"), Some("P")));
        assert_eq!(chosen.get("aws_secret_access_key"), Some("s=1"));
        assert_eq!(Profile::read(&sources(&[("AWS_PROFILE", "none")])), Profile::default());
    }
}
