//! Configuration, as flytekit reads it.
//!
//! [`Configuration::load`] takes [`Sources`] (environment, home, current directory, the file of `-c`) and
//! answers with values that know where they came from. It opens at most two files: the configuration and the
//! file of a secret.
//!
//! The rules are flytekit's (1.16.31, `flytekit/configuration/`):
//!
//! 1. **One file**: the one of `-c`; else that of `FLYTECTL_CONFIG`; else `./flytekit.config`,
//!    `~/.flyte/config`, `~/.flyte/config.yaml`. A name that ends with `yaml` or `yml` is YAML, others INI.
//! 2. **Per key**: the variable `FLYTE_<SECTION>_<OPTION>`, else the file, else the default. Only booleans
//!    and what Python takes for true replace a default.
//! 3. **Secrets**: a variable named by `clientSecretEnvVar`, else the file of `clientSecretLocation`, else
//!    `client_secret`. The first two force client credentials.
//! 4. **Sandbox**: without a file and without `FLYTE_PLATFORM_URL`, nothing of the connection is read at all.
//!
//! Where flytekit fails in silence, we do not. Deliberate differences:
//!
//! - Errors where flytekit continues: a file of `-c` (INI) or `FLYTECTL_CONFIG` that does not exist; one that
//!   cannot be read or that is a directory; a key that stands twice in YAML; a variable that is not UTF-8;
//!   broken YAML (flytekit warns and uses the defaults); a `%` in an INI value that refers to nothing; a
//!   value of the wrong kind, such as a list as a client id or a number as the endpoint; an endpoint that
//!   cannot be one; an unknown `authType` (flytekit: on the first call).
//! - Numbers and dates where a text is expected keep their spelling: `clientId: 0123` is `0123`, not 83.
//! - `-c` also decides about the default project and domain. pyflyte takes these from the file that it finds
//!   without `-c`, because it looked before it read its command line.
//! - Warnings where flytekit says nothing: a word that counts as true by accident (`insecure: flase`), an
//!   unknown key of `admin`, a file without an endpoint, a variable that the sandbox ignores, a named secret
//!   variable that is not set. Keys that flytectl reads and flytekit does not are ignored without noise.
//! - Not read, since nothing here uses them: `[sdk]`, `[secrets]` (run time), `[gcp]`, `[azure]`,
//!   `[persistence]`, the organisation, and the cache switches of `[local]`.

mod auth;
mod connection;
mod endpoint;
mod entry;
mod error;
mod file;
mod images;
mod ini;
mod known;
mod origin;
mod reference;
mod sources;
mod storage;
mod yaml;

pub use self::auth::{AuthMode, UnknownAuthMode};
pub use self::connection::{Connection, Row, Shown};
pub use self::endpoint::{Endpoint, EndpointError, Scheme};
pub use self::error::ConfigError;
pub use self::images::{INTERNAL_IMAGE, Images};
pub use self::origin::{ConfigPath, Origin, Secret, Setting};
pub use self::reference::{KeyDoc, documented_keys};
pub use self::sources::Sources;
pub use self::storage::Storage;

use self::entry::Reader;
use self::file::ConfigFile;

/// Everything that the configuration says.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The file in use, and why it is; `None` if there is none.
    pub file: Option<Setting<ConfigPath>>,
    /// How to reach Flyte.
    pub connection: Connection,
    /// Images by name, and the default image of the environment.
    pub images: Images,
    /// Access to object stores.
    pub storage: Storage,
    /// Warnings; whole sentences without a full stop.
    pub warnings: Vec<String>,
}

impl Configuration {
    /// Reads the configuration.
    ///
    /// # Errors
    ///
    /// If the file in use is missing, unreadable or broken, or if a value cannot be what it should be.
    pub fn load(sources: &Sources) -> Result<Configuration, ConfigError> {
        let mut warnings = Vec::new();
        let location = sources.locate()?;
        let file = match &location {
            Some(location) => Some(ConfigFile::read(location.value.clone())?),
            None => None,
        };
        if let Some(file) = &file {
            known::warn_of_unknown_keys(file, &mut warnings);
        }
        let images = Images::read(sources, file.as_ref())?;
        let is_sandbox = file.is_none() && sources.variable("FLYTE_PLATFORM_URL")?.is_none();
        let mut reader = Reader { sources, file: file.as_ref(), warnings };
        let (connection, storage) = match is_sandbox {
            true => {
                let connection = Connection::for_sandbox(&mut reader)?;
                (connection, Storage::for_sandbox("sandbox"))
            }
            false => (Connection::read(&mut reader)?, Storage::read(&mut reader)?),
        };
        let Reader { warnings, .. } = reader;
        Ok(Configuration { file: location, connection, images, storage, warnings })
    }
}
