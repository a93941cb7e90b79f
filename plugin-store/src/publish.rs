//! Publishing: files of plugins into a folder with a signed index.
//!
//! The files enter the folder before the index that names them. Files of releases are never replaced: what a
//! version is, its first publication decides.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use flyte_client::atomic_file::{self, PartialFile};
use jiff::{SignedDuration, Timestamp};
use plugin_host::{preflight::Findings, signature::signature_path};
use semver::Version;

use crate::{
    error::StoreError,
    index::{INDEX, Index, IndexedPlugin, PUBLIC_KEY, PlatformFile, Release},
    repository::verify_index,
    sign::SigningKey,
    store,
};

/// A repository that is being changed.
#[derive(Debug)]
pub struct Publication {
    folder: PathBuf,
    index: Index,
}

/// How a release is published.
#[derive(Clone, Debug)]
pub struct ReleaseOptions {
    /// The channel.
    pub channel: String,
    /// The oldest flyte-host that it works with.
    pub minimum_host: Option<Version>,
}

/// A file that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The plugin.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The platform.
    pub target: String,
    /// The path in the repository.
    pub path: String,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// Whether it was there before.
    pub is_unchanged: bool,
}

impl Publication {
    /// Opens a repository, or begins a new one with a name.
    ///
    /// # Errors
    ///
    /// If there is an index that the key did not sign, or one of another name; if the name of a new
    /// repository, which by default is that of the folder, is not one.
    pub fn open(folder: &Path, name: Option<&str>, key: &SigningKey) -> Result<Self, StoreError> {
        let place = folder.display().to_string();
        let path = folder.join(INDEX);
        let index = match fs::read(&path) {
            Ok(text) => {
                let signature = signature_path(&path);
                let signature =
                    fs::read_to_string(&signature).map_err(StoreError::file("read", signature))?;
                verify_index(&text, &signature, key.public(), &place)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Absolute, for a folder such as `.`.
                let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
                let default = folder.file_name().map(|name| name.to_string_lossy().into_owned());
                Index::new(name.map(str::to_owned).or(default).unwrap_or_default())
            }
            Err(error) => return Err(StoreError::file("read", path)(error)),
        };
        if let Some(name) = name.filter(|name| *name != index.repository) {
            let reason = format!("its name is `{}`, not `{name}`", index.repository);
            return Err(StoreError::Index { repository: place, reason });
        }
        index.check().map_err(|reason| StoreError::Index { repository: place, reason })?;
        Ok(Self { folder: folder.to_owned(), index })
    }

    /// The index.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Adds a file that passed the pre-flight of its platform, with its signature.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unpublishable`] if the version is not one of semantic versioning, if the plugin needs
    /// files beside it, or if another file of the version was published.
    pub fn add(
        &mut self,
        file: &Path,
        findings: &Findings,
        options: &ReleaseOptions,
        key: &SigningKey,
    ) -> Result<Published, StoreError> {
        let passport = &findings.passport;
        let refuse = |reason: String, hint: &str| StoreError::Unpublishable {
            file: file.to_owned(),
            reason,
            hint: Some(hint.to_owned()),
        };
        let version: Version = passport.version().parse().map_err(|_| {
            let reason = format!("`{}` is not a semantic version", passport.version());
            refuse(reason, "set a version such as `1.2.0` in the plugin's `Cargo.toml`")
        })?;
        if findings.depends_on_location {
            let reason = "it looks for files beside itself".to_owned();
            return Err(refuse(reason, "link its libraries statically"));
        }
        let (name, target) = (passport.name().to_owned(), passport.target().to_owned());
        let sha256 = store::sha256(file).map_err(StoreError::file("read", file))?;
        let size = file.metadata().map_err(StoreError::file("read", file))?.len();
        let known = self.index.plugin(&name).and_then(|plugin| {
            let release = plugin.releases.iter().find(|release| release.version == version)?;
            release.files.iter().find(|file| file.target == target)
        });
        if let Some(known) = known {
            if known.sha256 == sha256 {
                let path = known.path.clone();
                return Ok(Published { name, version, target, path, sha256, is_unchanged: true });
            }
            let reason = format!("{name} {version} for {target} was published with other content");
            return Err(refuse(reason, "raise the version in the plugin's `Cargo.toml`, and build it again"));
        }
        let path = format!("{name}/{version}/{target}/{}", library_name(&name, &target));
        let entry = PlatformFile {
            target: target.clone(),
            glibc: findings.glibc.map(|(major, minor)| format!("{major}.{minor}")),
            path: path.clone(),
            sha256: sha256.clone(),
            size,
        };
        self.enter(findings, version.clone(), entry, options);
        // In front of the copy: the name and the target become a part of its path.
        self.index.check().map_err(|reason| refuse(reason, "rename the plugin"))?;
        self.copy(file, &path, &sha256, key, &format!("{name} {version} {target}"))?;
        Ok(Published { name, version, target, path, sha256, is_unchanged: false })
    }

    fn copy(
        &self,
        file: &Path,
        path: &str,
        sha256: &str,
        key: &SigningKey,
        comment: &str,
    ) -> Result<(), StoreError> {
        let target = self.folder.join(path);
        let copy = || {
            let mut partial = PartialFile::create(&target)?;
            io::copy(&mut File::open(file)?, partial.file())?;
            partial.file().sync_all()?;
            if store::sha256(partial.path())? != sha256 {
                return Err(io::Error::other("the file changed while it was published"));
            }
            let signature = key.sign(File::open(partial.path())?, comment)?;
            atomic_file::replace(&signature_path(&target), signature.as_bytes())?;
            partial.persist()
        };
        copy().map_err(StoreError::file("write", &target))
    }

    fn enter(&mut self, findings: &Findings, version: Version, file: PlatformFile, options: &ReleaseOptions) {
        let passport = &findings.passport;
        let plugins = &mut self.index.plugins;
        let index = plugins.iter().position(|plugin| plugin.name == passport.name()).unwrap_or_else(|| {
            let name = passport.name().to_owned();
            plugins.push(IndexedPlugin {
                name,
                description: None,
                homepage: None,
                license: None,
                releases: Vec::new(),
            });
            plugins.len() - 1
        });
        let plugin = &mut plugins[index];
        plugin.description = passport.description().map(str::to_owned);
        plugin.homepage = passport.homepage().map(str::to_owned);
        plugin.license = passport.license().map(str::to_owned);
        match plugin.releases.iter_mut().find(|release| release.version == version) {
            Some(release) => release.files.push(file),
            None => plugin.releases.push(Release {
                version,
                protocol: passport.protocol().to_string(),
                channel: options.channel.clone(),
                yanked: false,
                minimum_host: options.minimum_host.clone(),
                time: Timestamp::now(),
                files: vec![file],
            }),
        }
        plugin.releases.sort_by(|left, right| right.version.cmp(&left.version));
        plugins.sort_by(|left, right| left.name.cmp(&right.name));
    }

    /// Withdraws a version, or takes that back; returns whether there is such a version.
    pub fn set_yanked(&mut self, name: &str, version: &Version, yanked: bool) -> bool {
        let plugin = self.index.plugins.iter_mut().find(|plugin| plugin.name == name);
        let release =
            plugin.and_then(|plugin| plugin.releases.iter_mut().find(|release| release.version == *version));
        match release {
            Some(release) => {
                release.yanked = yanked;
                true
            }
            None => false,
        }
    }

    /// Writes and signs the index, with the next serial number.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn write(&mut self, key: &SigningKey, valid_for: Option<SignedDuration>) -> Result<(), StoreError> {
        self.index.serial += 1;
        self.index.time = Timestamp::now();
        self.index.expires = valid_for.and_then(|valid_for| self.index.time.checked_add(valid_for).ok());
        let text = self.index.to_text();
        let path = self.folder.join(INDEX);
        let write = || {
            let comment = format!("index of {} {}", self.index.repository, self.index.serial);
            let signature = key.sign(text.as_bytes(), &comment)?;
            atomic_file::replace(&self.folder.join(PUBLIC_KEY), key.public_file().as_bytes())?;
            let mut index = PartialFile::create(&path)?;
            index.file().write_all(text.as_bytes())?;
            index.file().sync_all()?;
            atomic_file::replace(&signature_path(&path), signature.as_bytes())?;
            index.persist()
        };
        write().map_err(StoreError::file("write", &path))
    }
}

/// The name of a plugin's file on its platform.
fn library_name(name: &str, target: &str) -> String {
    if target.contains("windows") {
        format!("{name}.dll")
    } else if target.contains("darwin") {
        format!("lib{name}.dylib")
    } else {
        format!("lib{name}.so")
    }
}
