//! The repositories of the settings, and their signed indices.

use std::{fs, path::Path};

use flyte_client::{
    config::Secret,
    data::{FileUrls, TransferError, Transfers},
    net::Network,
};
use jiff::Timestamp;
use plugin_host::{
    PublisherKey,
    signature::{MAX_SIGNATURE_SIZE, SIGNATURE_SUFFIX},
};
use plugin_store::{
    Index, LockFile, LockedRepository, RepositoryAddress, StoreError,
    index::{INDEX, MAX_FILE_SIZE, MAX_INDEX_SIZE, PUBLIC_KEY},
    repository::{check_freshness, verify_index},
};

use crate::{
    context::Context,
    flyte::{connection::configuration_failure, session},
    settings::{self, RepositorySetting},
    ui::{error::CommandError, exit_code::Exit},
};

/// A repository that the user or the administrator named.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    pub(super) address: RepositoryAddress,
    /// The name that its index must have; `None` if any.
    name: Option<String>,
    /// The key of the settings.
    key: Option<PublisherKey>,
    token: Option<Secret>,
}

/// An index whose signature was checked.
#[derive(Debug)]
pub(super) struct FetchedIndex {
    pub(super) repository: Repository,
    pub(super) index: Index,
    pub(super) key: PublisherKey,
    /// Whether no setting and no lock file had the key.
    pub(super) is_first_use: bool,
    /// What the lock file remembers of it.
    pub(super) locked: LockedRepository,
}

impl Repository {
    fn from_setting(setting: &RepositorySetting) -> Result<Self, CommandError> {
        let token = setting.token_file.as_deref().map(read_token).transpose()?;
        let (name, key) = (Some(setting.name.clone()), setting.key.clone());
        Ok(Self { address: RepositoryAddress::parse(&setting.url), name, key, token })
    }

    fn from_address(text: &str) -> Self {
        Self { address: RepositoryAddress::parse(text), name: None, key: None, token: None }
    }
}

fn read_token(path: &Path) -> Result<Secret, CommandError> {
    let path = match (path.strip_prefix("~"), settings::home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    };
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Secret::new(text.trim())),
        Err(error) => {
            Err(CommandError::new(Exit::Failed, format_args!("could not read `{}`", path.display()))
                .caused_by(error)
                .hint("set `token-file` of the repository to a file with its token".to_owned()))
        }
    }
}

/// The repositories of the settings, the administrator's in front; only `chosen` if it is set: the name or
/// the address of one.
///
/// # Errors
///
/// A name that the settings do not have; a file with a token that cannot be read.
pub(super) fn repositories(
    context: &Context<'_>,
    chosen: Option<&str>,
) -> Result<Vec<Repository>, CommandError> {
    let settings = context.settings;
    let known = || settings.administrator.repositories.iter().chain(&settings.repositories);
    let Some(chosen) = chosen else { return known().map(Repository::from_setting).collect() };
    let address = RepositoryAddress::parse(chosen);
    let is_chosen = |setting: &&RepositorySetting| {
        setting.name == chosen || RepositoryAddress::parse(&setting.url) == address
    };
    if let Some(setting) = known().find(is_chosen) {
        return Ok(vec![Repository::from_setting(setting)?]);
    }
    let is_name = !chosen.contains('/') && address.folder().is_none_or(|folder| !folder.is_dir());
    if is_name {
        let names: Vec<&str> = known().map(|setting| setting.name.as_str()).collect();
        let similar = flyte_text::closest(chosen, names.iter().copied());
        let hint = match similar {
            Some(name) => format!("did you mean `{name}`?"),
            None => "add a table `[[repositories]]` to `~/.flyte/host.toml`, or pass a URL".to_owned(),
        };
        return Err(CommandError::new(Exit::Failed, format_args!("unknown repository `{chosen}`")).hint(hint));
    }
    Ok(vec![Repository::from_address(chosen)])
}

/// Fetches files of repositories.
pub(super) struct Fetcher<'a> {
    context: &'a Context<'a>,
    network: Network,
}

impl<'a> Fetcher<'a> {
    /// With the certificates of Flyte's configuration, and the proxies of the environment. Opens no socket.
    ///
    /// `insecure_skip_verify` is about Flyte's servers: a configuration, which may be one of the working
    /// directory, must not turn off the checks of a server from which code comes.
    ///
    /// # Errors
    ///
    /// A configuration or certificates that cannot be used.
    pub(super) fn new(context: &'a Context<'a>) -> Result<Self, CommandError> {
        let configuration = context.configurations.read(context.global.config.as_ref());
        let configuration = configuration.map_err(configuration_failure)?;
        let mut connection = configuration.connection.clone();
        connection.insecure_skip_verify.value = false;
        Ok(Self { context, network: session::network(&connection)? })
    }

    /// Downloads a file of at most `limit` bytes, with a progress line of this name.
    pub(super) async fn file(
        &self,
        url: &str,
        token: Option<&Secret>,
        to: &Path,
        limit: u64,
        label: Option<(&str, u64)>,
    ) -> Result<(), CommandError> {
        let failure = |error: TransferError| fetch_failure(url, error);
        let transfers = Transfers::new(&self.network, FileUrls::Copy).map_err(session::trust_failure)?;
        let transfers = transfers.limit(limit).from_publisher(&host(url), token);
        match label {
            Some((label, length)) => {
                let line = self.context.ui.transfer(label, length);
                transfers.get(url, to, &|done| line.set(done)).await.map_err(failure)?;
            }
            None => drop(transfers.get(url, to, &|_| ()).await.map_err(failure)?),
        }
        Ok(())
    }

    /// Downloads a small file as text.
    async fn text(&self, url: &str, token: Option<&Secret>, limit: u64) -> Result<Vec<u8>, CommandError> {
        let folder = tempfile::tempdir().map_err(|error| CommandError::from_error(Exit::Failed, error))?;
        let path = folder.path().join("file");
        self.file(url, token, &path, limit, None).await?;
        let size = path.metadata().map_or(0, |metadata| metadata.len());
        if size > limit {
            let error = TransferError::TooLarge { limit };
            return Err(fetch_failure(url, error));
        }
        fs::read(&path).map_err(|error| CommandError::from_error(Exit::Failed, error))
    }

    /// The text of a signature or a key; `None` if the server has none.
    pub(super) async fn optional_text(
        &self,
        url: &str,
        token: Option<&Secret>,
    ) -> Result<Option<String>, CommandError> {
        match self.text(url, token, MAX_SIGNATURE_SIZE).await {
            Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The index of a repository, if its signature is good and it is not older than the last one.
    ///
    /// # Errors
    ///
    /// As [`verify_index`] and [`check_freshness`]; a repository without a key by plain HTTP.
    pub(super) async fn index(
        &self,
        repository: &Repository,
        lock: &LockFile,
    ) -> Result<FetchedIndex, CommandError> {
        let place = repository.address.to_string();
        let locked = lock.repository(&place);
        let locked_key = locked.and_then(|locked| PublisherKey::parse(&locked.key).ok());
        let known = repository.key.clone().or_else(|| locked_key.clone());
        let is_first_use = known.is_none();
        let key = match known {
            Some(key) => key,
            None => self.first_key(repository, &place).await?,
        };
        let index = match self.signed_index(repository, &key, &place).await? {
            Ok(index) => index,
            // It may have been published between the two downloads.
            Err(_) => self.signed_index(repository, &key, &place).await?.map_err(store_failure)?,
        };
        if let Some(name) = repository.name.as_ref().filter(|name| **name != index.repository) {
            let reason = format!("its name is `{}`, and the settings call it `{name}`", index.repository);
            return Err(store_failure(StoreError::Index { repository: place, reason }));
        }
        // The settings name another key than before: the serial numbers begin anew.
        let last = locked.filter(|_| locked_key.as_ref() == Some(&key));
        check_freshness(&index, last, &place, Timestamp::now()).map_err(store_failure)?;
        let locked = LockedRepository {
            url: place,
            name: index.repository.clone(),
            key: key.text().to_owned(),
            serial: index.serial,
            time: index.time,
        };
        Ok(FetchedIndex { repository: repository.clone(), index, key, is_first_use, locked })
    }

    /// The key of a repository that is used for the first time.
    async fn first_key(&self, repository: &Repository, place: &str) -> Result<PublisherKey, CommandError> {
        if repository.address.is_plain_http() {
            return Err(CommandError::new(Exit::Failed, format_args!("no key for repository `{place}`"))
                .caused_by("a key that comes by plain HTTP cannot be trusted")
                .hint("set its `key` in a table `[[repositories]]` of `~/.flyte/host.toml`".to_owned()));
        }
        let url = repository.address.file(PUBLIC_KEY);
        let text = self.text(&url, repository.token.as_ref(), MAX_SIGNATURE_SIZE).await?;
        PublisherKey::parse(&String::from_utf8_lossy(&text)).map_err(|error| {
            CommandError::new(Exit::Failed, format_args!("cannot use `{url}`")).caused_by(error)
        })
    }

    async fn signed_index(
        &self,
        repository: &Repository,
        key: &PublisherKey,
        place: &str,
    ) -> Result<Result<Index, StoreError>, CommandError> {
        let url = repository.address.file(INDEX);
        let token = repository.token.as_ref();
        let text = self.text(&url, token, MAX_INDEX_SIZE).await?;
        let signature = self.text(&format!("{url}{SIGNATURE_SUFFIX}"), token, MAX_SIGNATURE_SIZE).await?;
        Ok(verify_index(&text, &String::from_utf8_lossy(&signature), key, place))
    }

    /// The indices of repositories.
    ///
    /// # Errors
    ///
    /// As [`Self::index`], for the first one.
    pub(super) async fn indices(
        &self,
        repositories: &[Repository],
        lock: &LockFile,
    ) -> Result<Vec<FetchedIndex>, CommandError> {
        let mut fetched = Vec::new();
        for repository in repositories {
            fetched.push(self.index(repository, lock).await?);
        }
        Ok(fetched)
    }

    /// Downloads a plugin's file of a repository, and its signature.
    pub(super) async fn plugin(
        &self,
        repository: &Repository,
        path: &str,
        label: (&str, u64),
        to: &Path,
    ) -> Result<Option<String>, CommandError> {
        let url = repository.address.file(path);
        let token = repository.token.as_ref();
        let limit = label.1.min(MAX_FILE_SIZE);
        self.file(&url, token, to, limit, Some(label)).await?;
        self.optional_text(&format!("{url}{SIGNATURE_SUFFIX}"), token).await
    }
}

/// `host:port` of a URL.
fn host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let has_port = authority.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
    match (has_port, scheme) {
        (true, _) => authority.to_owned(),
        (false, "http") => format!("{authority}:80"),
        (false, _) => format!("{authority}:443"),
    }
}

/// Whether a file is not there.
fn is_missing(error: &CommandError) -> bool {
    match error.find::<TransferError>() {
        Some(TransferError::Refused { code, .. }) => matches!(code, 403 | 404 | 410),
        Some(TransferError::Read { source, .. }) => source.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn fetch_failure(url: &str, error: TransferError) -> CommandError {
    let exit = match error {
        TransferError::Unanswered(_) => Exit::Unreachable,
        _ => Exit::Failed,
    };
    let hint = match &error {
        TransferError::Refused { code: 401 | 403, .. } => {
            Some("set `token-file` of the repository to a file with its token".to_owned())
        }
        error => error.hint(),
    };
    CommandError::new(exit, format_args!("could not download `{url}`")).caused_by(error).hint(hint)
}

/// The failure of a repository, the lock file or the store.
pub(super) fn store_failure(error: StoreError) -> CommandError {
    let (hint, details) = (error.hint(), error.details());
    CommandError::from_error(Exit::Failed, error).with_causes(details).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_token_goes_to_a_host_and_port() {
        assert_eq!(host("https://x.example/a:1/b"), "x.example:443");
        assert_eq!(host("https://x.example:8443?a"), "x.example:8443");
        assert_eq!(host("http://user@x.example/"), "x.example:80");
    }
}
