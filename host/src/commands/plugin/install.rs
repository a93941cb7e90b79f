//! `plugin install`: plugins from a file, a URL or a repository.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use plugin_host::{
    FileSignature, PublisherKey,
    signature::{SIGNATURE_SUFFIX, signature_path},
};
use plugin_store::{
    LockFile, LockedRelease,
    choose::{Unfit, Wanted},
    index::{MAX_FILE_SIZE, PUBLIC_KEY, STABLE},
    lock::LockedPlatform,
    store::sha256,
};
use semver::Version;
use serde_json::{Value, json};

use super::{
    enable,
    installer::{Arrived, Expected, Installer, host},
    repositories::{FetchedIndex, Fetcher, repositories},
};
use crate::{
    context::Context,
    ui::{
        error::CommandError,
        exit_code::Exit,
        output::{Format, Ui},
    },
};

/// Install plugins from a repository, a file or a URL
#[derive(Args, Debug)]
pub(super) struct InstallArgs {
    /// Names with or without a version, files, or URLs
    #[arg(required_unless_present = "locked", value_name = "NAME[@VERSION]|FILE|URL")]
    plugins: Vec<String>,
    /// Name, URL or folder of the repository [default: all repositories of the settings]
    #[arg(long, value_name = "REPOSITORY")]
    repository: Option<String>,
    /// Channel of the releases, besides the stable ones
    #[arg(long, conflicts_with = "locked")]
    channel: Option<String>,
    /// Public key of the publisher of files and URLs
    #[arg(long, value_name = "KEY", conflicts_with = "locked")]
    key: Option<String>,
    /// SHA-256 that the file has to have
    #[arg(long, value_name = "HASH", conflicts_with = "locked")]
    sha256: Option<String>,
    /// Install exactly the files that the lock file names
    #[arg(long)]
    locked: bool,
    /// Enable the plugins as well
    #[arg(long)]
    enable: bool,
}

/// What was installed.
pub(super) struct Installed {
    pub(super) name: String,
    pub(super) version: Version,
    /// The version before.
    pub(super) previous: Option<Version>,
    source: String,
    signer: Option<PublisherKey>,
    is_first_use: bool,
    pub(super) is_unchanged: bool,
}

/// Runs `plugin install`.
pub(super) async fn run(args: &InstallArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let key = args.key.as_deref().map(key_option).transpose()?;
    let expected = args.sha256.as_deref().map(hash_option).transpose()?;
    if args.plugins.len() > 1 && expected.is_some() {
        return Err(CommandError::new(Exit::Usage, "`--sha256` is for one plugin")
            .hint("install each plugin with a command of its own".to_owned()));
    }
    let fetcher = Fetcher::new(context)?;
    let mut installer = Installer::new(context)?;
    let mut done = Vec::new();
    if args.locked {
        let names = locked_names(&args.plugins, &installer.lock)?;
        if names.is_empty() {
            context.ui.note(format_args!("no plugins in `{}`\n", installer.store.lock_file().display()));
        }
        for name in names {
            done.push(install_locked(&mut installer, &fetcher, &name).await?);
        }
    } else {
        let mut indices: Option<Vec<FetchedIndex>> = None;
        for plugin in &args.plugins {
            done.push(match Source::parse(plugin) {
                Source::File(path) => {
                    let options = FileOptions { key: key.as_ref(), sha256: expected.as_deref() };
                    install_file(&mut installer, &path, &options)?
                }
                Source::Url(url) => {
                    let options = FileOptions { key: key.as_ref(), sha256: expected.as_deref() };
                    install_url(&mut installer, &fetcher, &url, &options).await?
                }
                Source::Name(text) => {
                    if indices.is_none() {
                        let chosen = repositories(context, args.repository.as_deref())?;
                        if chosen.is_empty() {
                            return Err(no_repositories(&text));
                        }
                        indices = Some(fetcher.indices(&chosen, &installer.lock).await?);
                    }
                    let (name, version) = name_and_version(&text)?;
                    let wanted = Wanted { version, channel: args.channel.clone() };
                    let fetched = find(&name, indices.iter().flatten(), &installer.lock)?;
                    let options = FileOptions { key: key.as_ref(), sha256: expected.as_deref() };
                    install_release(&mut installer, &fetcher, fetched, &name, &wanted, &options).await?
                }
            });
        }
    }
    let names: Vec<String> = done.iter().map(|installed| installed.name.clone()).collect();
    let disabled: Vec<String> = names.iter().filter(|name| !installer.is_enabled(name)).cloned().collect();
    report(context.ui, &done)?;
    drop(installer);
    if args.enable {
        return enable::enable_named(&names, context);
    }
    if !disabled.is_empty() && context.ui.format() == Format::Table {
        context
            .ui
            .note(format_args!("hint: run `flyte-host plugin enable {}` to use it\n", disabled.join(" ")));
    }
    Ok(())
}

/// What a user names.
enum Source {
    File(PathBuf),
    Name(String),
    Url(String),
}

impl Source {
    fn parse(text: &str) -> Self {
        if text.starts_with("https://") || text.starts_with("http://") {
            return Self::Url(text.to_owned());
        }
        let path = Path::new(text.strip_prefix("file://").unwrap_or(text));
        let is_path = text.contains(std::path::is_separator)
            || path.extension().is_some_and(|ending| ending == std::env::consts::DLL_EXTENSION);
        match is_path {
            true => Self::File(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
            false => Self::Name(text.to_owned()),
        }
    }
}

fn key_option(text: &str) -> Result<PublisherKey, CommandError> {
    let from_file = fs::read_to_string(text).ok();
    PublisherKey::parse(from_file.as_deref().unwrap_or(text)).map_err(|error| {
        CommandError::new(Exit::Usage, format_args!("invalid value `{text}` for `--key`"))
            .caused_by(error)
            .hint("use the key of the publisher, or the file with it".to_owned())
    })
}

fn hash_option(text: &str) -> Result<String, CommandError> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(CommandError::new(Exit::Usage, format_args!("invalid value `{text}` for `--sha256`"))
        .caused_by("a SHA-256 has 64 hex digits"))
}

fn name_and_version(text: &str) -> Result<(String, Option<Version>), CommandError> {
    let Some((name, version)) = text.split_once('@') else { return Ok((text.to_owned(), None)) };
    let version = version.parse().map_err(|error| {
        CommandError::new(Exit::Usage, format_args!("invalid version `{version}`"))
            .caused_by(format!("{error}"))
            .hint(format!("use a version such as `{name}@1.2.0`"))
    })?;
    Ok((name.to_owned(), Some(version)))
}

fn no_repositories(name: &str) -> CommandError {
    CommandError::new(
        Exit::Failed,
        format_args!("could not install `{name}`: no repositories are configured"),
    )
    .hint("add a table `[[repositories]]` to `~/.flyte/host.toml`, or pass `--repository URL`".to_owned())
    .hint(format!("pass a path such as `./lib{name}.so` to install a file"))
}

/// The index that has a plugin. A name in several repositories is refused, unless the installed plugin is
/// from one of them: a repository must not take over the names of another.
fn find<'f>(
    name: &str,
    indices: impl Iterator<Item = &'f FetchedIndex> + Clone,
    lock: &LockFile,
) -> Result<&'f FetchedIndex, CommandError> {
    let mut having: Vec<&FetchedIndex> =
        indices.clone().filter(|fetched| fetched.index.plugin(name).is_some()).collect();
    if let Some(locked) = lock.plugins.get(name)
        && let Some(own) = having.iter().position(|fetched| fetched.locked.url == locked.current.source)
    {
        return Ok(having.swap_remove(own));
    }
    match having[..] {
        [fetched] => Ok(fetched),
        [] => {
            let names = indices.clone().flat_map(|fetched| &fetched.index.plugins).map(|it| it.name.as_str());
            let hint = match flyte_text::closest(name, names) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => "run `flyte-host plugin search` to see which plugins there are".to_owned(),
            };
            let searched: Vec<String> = indices.map(|fetched| format!("`{}`", fetched.locked.url)).collect();
            Err(CommandError::new(Exit::Failed, format_args!("plugin `{name}` not found"))
                .caused_by(format!("not in {}", searched.join(", ")))
                .hint(hint))
        }
        _ => {
            let places: Vec<String> =
                having.iter().map(|fetched| format!("`{}`", fetched.locked.url)).collect();
            Err(CommandError::new(Exit::Failed, format_args!("plugin `{name}` is in several repositories"))
                .caused_by(places.join(", "))
                .hint("pass `--repository` with one of them".to_owned()))
        }
    }
}

/// What the command line says of a file.
#[derive(Default)]
pub(super) struct FileOptions<'a> {
    key: Option<&'a PublisherKey>,
    sha256: Option<&'a str>,
}

impl FileOptions<'_> {
    fn check_sha256(&self, place: &str, found: &str) -> Result<(), CommandError> {
        match self.sha256.filter(|expected| *expected != found) {
            Some(expected) => {
                Err(CommandError::new(Exit::Failed, format_args!("`{place}` has another SHA-256"))
                    .caused_by(format!("its SHA-256 is `{found}`, expected `{expected}`")))
            }
            None => Ok(()),
        }
    }
}

/// Installs the release of a repository that fits.
pub(super) async fn install_release(
    installer: &mut Installer<'_>,
    fetcher: &Fetcher<'_>,
    fetched: &FetchedIndex,
    name: &str,
    wanted: &Wanted,
    options: &FileOptions<'_>,
) -> Result<Installed, CommandError> {
    let plugin = fetched.index.plugin(name).expect("the caller found the plugin in this index");
    let (release, file) = host().choose(plugin, wanted).map_err(|unfit| no_release(name, wanted, &unfit))?;
    installer.check_name(name)?;
    if let Some(key) = options.key.filter(|key| **key != fetched.key) {
        return Err(CommandError::new(Exit::Failed, format_args!("`{name}` is signed by another key"))
            .caused_by(format!("expected `{key}`, found `{}`", fetched.key)));
    }
    installer.check_signer(name, Some(&fetched.key))?;
    options.check_sha256(&file.path, &file.sha256)?;
    installer.lock.set_repository(fetched.locked.clone());
    let current = installer.lock.plugins.get(name).map(|plugin| plugin.current.clone());
    let previous = current.as_ref().map(|current| current.version.clone());
    let mut installed = Installed {
        name: name.to_owned(),
        version: release.version.clone(),
        previous,
        source: fetched.locked.url.clone(),
        signer: Some(fetched.key.clone()),
        is_first_use: fetched.is_first_use,
        is_unchanged: false,
    };
    if is_in_place(installer, name, &file.sha256) {
        installer.commit()?;
        installed.is_unchanged = true;
        return Ok(installed);
    }
    let incoming = installer.exclusive.incoming(&format!("{name}.download"));
    let label = format!("{name} {}", release.version);
    let signature = fetcher.plugin(&fetched.repository, &file.path, (&label, file.size), &incoming).await?;
    let place = fetched.repository.address.file(&file.path);
    let checked = installer.check(&Arrived {
        file: &incoming,
        signature,
        key: Some(&fetched.key),
        place: &place,
        expected: Some(Expected { name, version: &release.version, sha256: &file.sha256 }),
    })?;
    let files = release.files.iter().map(|file| {
        let platform =
            LockedPlatform { path: file.path.clone(), sha256: file.sha256.clone(), size: file.size };
        (file.target.clone(), platform)
    });
    let channel = Some(release.channel.clone()).filter(|channel| channel != STABLE);
    installer.install(&checked, &incoming, &fetched.locked.url, channel, files.collect())?;
    Ok(installed)
}

/// Whether a plugin is installed with this content, and its file still has it.
fn is_in_place(installer: &Installer<'_>, name: &str, expected: &str) -> bool {
    let current = installer.lock.plugins.get(name).map(|plugin| plugin.current.sha256.as_str());
    current == Some(expected)
        && sha256(&installer.store.content(name, expected)).is_ok_and(|found| found == expected)
}

fn no_release(name: &str, wanted: &Wanted, unfit: &[(Version, Unfit)]) -> CommandError {
    let what = match &wanted.version {
        Some(version) => format!("`{name}` {version}"),
        None => format!("`{name}`"),
    };
    if unfit.is_empty() {
        return CommandError::new(Exit::Failed, format_args!("{what} not found in its repository"))
            .hint(format!("run `flyte-host plugin search {name}` to see the versions"));
    }
    let hint = unfit.iter().find_map(|(_, reason)| match reason {
        Unfit::Channel(channel) => Some(format!("pass `--channel {channel}`")),
        Unfit::Host(_) => Some("update flyte-host".to_owned()),
        Unfit::Yanked => Some(format!("pass a version such as `{name}@1.2.0` to install a withdrawn one")),
        _ => None,
    });
    let causes = unfit.iter().map(|(version, reason)| format!("{version}: {reason}"));
    CommandError::new(Exit::Failed, format_args!("no release of {what} fits this machine"))
        .with_causes(causes)
        .hint(hint)
}

/// Installs a file of this machine.
fn install_file(
    installer: &mut Installer<'_>,
    path: &Path,
    options: &FileOptions<'_>,
) -> Result<Installed, CommandError> {
    let place = path.display().to_string();
    // A missing file, a folder or a web page is named by its own path.
    let candidate = installer.context.loader.check_file(path)?;
    let name = candidate.passport.name().to_owned();
    drop(candidate);
    let incoming = installer.exclusive.incoming(&format!("{name}.copy"));
    fs::copy(path, &incoming).map_err(|error| {
        CommandError::new(Exit::Failed, format_args!("could not copy `{place}`")).caused_by(error)
    })?;
    let beside = |path: PathBuf| fs::read_to_string(path).ok();
    let signature = beside(signature_path(path));
    let public = path.parent().and_then(|folder| beside(folder.join(PUBLIC_KEY)));
    let found = FoundSignature { signature, public };
    install_single(installer, &name, &incoming, &place, found, options)
}

/// Installs a file of a server.
async fn install_url(
    installer: &mut Installer<'_>,
    fetcher: &Fetcher<'_>,
    url: &str,
    options: &FileOptions<'_>,
) -> Result<Installed, CommandError> {
    let incoming = installer.exclusive.incoming("download");
    fetcher.file(url, None, &incoming, MAX_FILE_SIZE, Some((url, 0))).await?;
    let signature = fetcher.optional_text(&format!("{url}{SIGNATURE_SUFFIX}"), None).await?;
    let folder = url.rsplit_once('/').map_or(url, |(folder, _)| folder);
    // A key that comes by plain HTTP cannot be trusted.
    let is_plain_http = url.starts_with("http://");
    let public = match signature.is_some() && options.key.is_none() && !is_plain_http {
        true => fetcher.optional_text(&format!("{folder}/{PUBLIC_KEY}"), None).await?,
        false => None,
    };
    if signature.is_none() && options.sha256.is_none() && is_plain_http {
        return Err(CommandError::new(Exit::Failed, format_args!("could not install `{url}`"))
            .caused_by("a file without a signature that comes by plain HTTP cannot be trusted")
            .hint("use HTTPS, or pass `--sha256`".to_owned()));
    }
    let candidate = installer.context.loader.check_file(&incoming);
    let name = candidate
        .map_err(|error| CommandError::from(error).context(format_args!("could not install `{url}`")))?;
    let name = name.passport.name().to_owned();
    install_single(installer, &name, &incoming, url, FoundSignature { signature, public }, options)
}

/// What is beside a file.
struct FoundSignature {
    signature: Option<String>,
    /// The public key's file, for those who have no key yet.
    public: Option<String>,
}

fn install_single(
    installer: &mut Installer<'_>,
    name: &str,
    incoming: &Path,
    place: &str,
    found: FoundSignature,
    options: &FileOptions<'_>,
) -> Result<Installed, CommandError> {
    installer.check_name(name)?;
    let hash = sha256(incoming).map_err(|error| CommandError::from_error(Exit::Failed, error))?;
    options.check_sha256(place, &hash)?;
    let (key, is_first_use) = signer(installer, name, place, &found, options)?;
    installer.check_signer(name, key.as_ref())?;
    let arrived =
        Arrived { file: incoming, signature: found.signature, key: key.as_ref(), place, expected: None };
    let checked = installer.check(&arrived)?;
    let previous = installer.lock.plugins.get(name).map(|plugin| plugin.current.version.clone());
    let is_unchanged = is_in_place(installer, name, &hash);
    installer.install(&checked, incoming, place, None, BTreeMap::new())?;
    Ok(Installed {
        name: checked.name,
        version: checked.version,
        previous,
        source: place.to_owned(),
        signer: key,
        is_first_use,
        is_unchanged,
    })
}

/// The key of a signature: that of the command line, else a known one of its number, else the one beside it.
fn signer(
    installer: &Installer<'_>,
    name: &str,
    place: &str,
    found: &FoundSignature,
    options: &FileOptions<'_>,
) -> Result<(Option<PublisherKey>, bool), CommandError> {
    if let Some(key) = options.key {
        return Ok((Some(key.clone()), false));
    }
    let Some(text) = &found.signature else { return Ok((None, false)) };
    let signature = FileSignature::parse(text).map_err(|error| {
        CommandError::new(Exit::Failed, format_args!("invalid signature of `{place}`")).caused_by(error)
    })?;
    let settings = installer.context.settings;
    let locked = installer.lock.plugins.get(name).and_then(|plugin| plugin.current.signer.clone());
    let repositories = installer.lock.repositories.iter().map(|repository| repository.key.clone());
    let locked = locked.into_iter().chain(repositories).filter_map(|key| PublisherKey::parse(&key).ok());
    let configured = settings.administrator.repositories.iter().chain(&settings.repositories);
    let allowed = [&settings.administrator.trust, &settings.trust];
    let allowed = allowed.into_iter().flat_map(|trust| trust.allow_keys.iter().flatten().cloned());
    let mut known = locked.chain(configured.filter_map(|repository| repository.key.clone())).chain(allowed);
    if let Some(key) = known.find(|key| key.number() == signature.key_number()) {
        return Ok((Some(key), false));
    }
    match found.public.as_deref().map(PublisherKey::parse) {
        Some(Ok(key)) => Ok((Some(key), true)),
        _ => Err(CommandError::new(
            Exit::Failed,
            format_args!("`{place}` is signed by an unknown key `{}`", signature.key_number()),
        )
        .hint("pass the publisher's public key with `--key`".to_owned())),
    }
}

fn locked_names(names: &[String], lock: &LockFile) -> Result<Vec<String>, CommandError> {
    if names.is_empty() {
        return Ok(lock.plugins.keys().cloned().collect());
    }
    match names.iter().find(|name| !lock.plugins.contains_key(*name)) {
        Some(name) => Err(CommandError::new(Exit::Failed, format_args!("`{name}` is not in the lock file"))
            .hint(format!("run `flyte-host plugin install {name}` without `--locked`"))),
        None => Ok(names.to_vec()),
    }
}

/// Installs the file that the lock file names for this machine.
async fn install_locked(
    installer: &mut Installer<'_>,
    fetcher: &Fetcher<'_>,
    name: &str,
) -> Result<Installed, CommandError> {
    let release = installer.lock.plugins[name].current.clone();
    let host = host();
    let platform = release.files.iter().find(|(target, _)| host.fits(target)).map(|(_, file)| file.clone());
    let Some(platform) = platform else {
        let targets: Vec<&str> = release.files.keys().map(String::as_str).collect();
        return Err(CommandError::new(
            Exit::Failed,
            format_args!("the lock file has no file of `{name}` for this machine"),
        )
        .caused_by(format!("only for {}", targets.join(", "))));
    };
    installer.check_name(name)?;
    let key = release.signer.as_deref().and_then(|key| PublisherKey::parse(key).ok());
    let mut installed = Installed {
        name: name.to_owned(),
        version: release.version.clone(),
        previous: Some(release.version.clone()),
        source: release.source.clone(),
        signer: key.clone(),
        is_first_use: false,
        is_unchanged: true,
    };
    let is_there =
        sha256(&installer.store.content(name, &platform.sha256)).is_ok_and(|found| found == platform.sha256);
    if is_there && release.sha256 == platform.sha256 {
        installer.commit()?;
        return Ok(installed);
    }
    let incoming = installer.exclusive.incoming(&format!("{name}.download"));
    let (signature, place) = fetch_locked(installer, fetcher, &release, &platform, name, &incoming).await?;
    let checked = installer.check(&Arrived {
        file: &incoming,
        signature,
        key: key.as_ref(),
        place: &place,
        expected: Some(Expected { name, version: &release.version, sha256: &platform.sha256 }),
    })?;
    let previous = installer.lock.plugins[name].previous.clone();
    installer.install(&checked, &incoming, &release.source, release.channel, release.files)?;
    // The file of another machine is not a version before.
    if let Some(plugin) = installer.lock.plugins.get_mut(name) {
        plugin.previous = previous;
    }
    installer.commit()?;
    (installed.previous, installed.is_unchanged) = (None, false);
    Ok(installed)
}

async fn fetch_locked(
    installer: &Installer<'_>,
    fetcher: &Fetcher<'_>,
    release: &LockedRelease,
    platform: &LockedPlatform,
    name: &str,
    incoming: &Path,
) -> Result<(Option<String>, String), CommandError> {
    if platform.path.is_empty() {
        let place = release.source.clone();
        let url = if place.contains("://") { place.clone() } else { format!("file://{place}") };
        fetcher.file(&url, None, incoming, MAX_FILE_SIZE, Some((name, platform.size))).await?;
        let signature = fetcher.optional_text(&format!("{url}{SIGNATURE_SUFFIX}"), None).await?;
        return Ok((signature, place));
    }
    let chosen = repositories(installer.context, Some(&release.source))?;
    let repository = chosen.first().expect("a chosen repository is returned");
    let label = format!("{name} {}", release.version);
    let signature = fetcher.plugin(repository, &platform.path, (&label, platform.size), incoming).await?;
    Ok((signature, repository.address.file(&platform.path)))
}

/// Prints what was installed.
pub(super) fn report(ui: &Ui, done: &[Installed]) -> Result<(), CommandError> {
    match ui.format() {
        Format::Table => {
            done.iter().for_each(|installed| ui.note(installed.line()));
            Ok(())
        }
        Format::Name => {
            ui.print(done.iter().map(|installed| format!("{}\n", installed.name)).collect::<String>())
        }
        Format::Json | Format::Yaml => {
            ui.structured(&Value::Array(done.iter().map(Installed::object).collect()))
        }
    }
}

impl Installed {
    fn line(&self) -> String {
        let Self { name, version, source, .. } = self;
        if self.is_unchanged {
            return format!("`{name}` {version} is unchanged\n");
        }
        let verb = match &self.previous {
            Some(previous) if previous < version => format!("updated `{name}` from {previous} to {version}"),
            Some(previous) if previous > version => {
                format!("downgraded `{name}` from {previous} to {version}")
            }
            _ => format!("installed `{name}` {version}"),
        };
        let signer = match &self.signer {
            Some(key) if self.is_first_use => {
                format!("signed by key {}, which is trusted from now on", key.number())
            }
            Some(key) => format!("signed by key {}", key.number()),
            None => "not signed".to_owned(),
        };
        format!("{verb} from `{source}`, {signer}\n")
    }

    fn object(&self) -> Value {
        json!({
            "name": self.name,
            "version": self.version.to_string(),
            "previousVersion": self.previous.as_ref().map(Version::to_string),
            "source": self.source,
            "signer": self.signer.as_ref().map(PublisherKey::text),
            "unchanged": self.is_unchanged,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_names_files_or_urls() {
        assert!(matches!(Source::parse("acme"), Source::Name(_)));
        assert!(matches!(Source::parse("acme@1.0.0"), Source::Name(_)));
        assert!(matches!(Source::parse("./acme"), Source::File(_)));
        assert!(
            matches!(Source::parse("file:///srv/libacme.so"), Source::File(path) if path == Path::new("/srv/libacme.so"))
        );
        assert!(matches!(Source::parse("https://x/libacme.so"), Source::Url(_)));
        assert_eq!(name_and_version("acme@1.2.0").unwrap().1, Some(Version::new(1, 2, 0)));
        assert!(name_and_version("acme@new").is_err());
    }
}
