//! A connection at work: the client of whichever Flyte `get_remote` leads to, and the runtime that drives it.
//!
//! Nothing of it exists before a command asks: no runtime, no TLS, no database.

use std::{future::Future, path::PathBuf, sync::Arc};

use remote::{
    client::{self, Client},
    config::Connection,
    transport::Transport,
};
use sandbox::{EngineStart, Sandbox};
use tokio::runtime::Runtime;

use super::{Context, connection};
use crate::{
    cli::{exit::Exit, report::Failure},
    env, settings,
};

/// A client that is ready to be used.
pub struct Session {
    /// Where it leads, with the project and domain of the user's flags.
    pub connection: Connection,
    /// Calls Flyte.
    pub client: Client,
    runtime: Runtime,
}

impl Session {
    /// Runs what a command has to do.
    pub fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// The project of whatever names none.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.connection.default_project.value
    }

    /// The domain of whatever names none.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.connection.default_domain.value
    }
}

impl Context<'_> {
    /// Opens the connection that the user's flags, the plugins and the configuration lead to.
    ///
    /// # Errors
    ///
    /// When they lead to none.
    pub fn session(&self) -> Result<Session, Failure> {
        let connection = connection::resolve(self.chain()?, self.global, self.configurations)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::from_error(Exit::Failed, &error))?;
        let transport: Arc<dyn Transport> = if connection.is_sandbox() {
            Arc::new(open_sandbox()?)
        } else {
            return Err(Failure::new(Exit::Failed, "only the embedded sandbox can be reached so far"));
        };
        let client = Client::new(transport, client::Options::default());
        Ok(Session { connection, client, runtime })
    }
}

/// The folder of the embedded sandbox.
///
/// # Errors
///
/// Without a home there is no place for it.
pub fn sandbox_root() -> Result<PathBuf, Failure> {
    let root = env::text(env::SANDBOX_DIR)
        .map(PathBuf::from)
        .or_else(|| settings::home().map(|home| home.join(".flyte").join("sandbox")));
    root.ok_or_else(|| {
        Failure::new(Exit::Failed, "there is no place for the sandbox, because the home is not known")
            .hint(format!("set `{}` to a folder", env::SANDBOX_DIR))
    })
}

fn open_sandbox() -> Result<Sandbox, Failure> {
    let program = std::env::current_exe().map_err(|error| {
        Failure::new(Exit::Internal, "this program's own file is not known").caused_by(error)
    })?;
    let engine = EngineStart::Spawn { program, args: ["sandbox", "engine"].map(Into::into).into() };
    Sandbox::open(&sandbox::Options { root: sandbox_root()?, engine })
        .map_err(|error| Failure::from_error(Exit::Failed, &error))
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        Self::from_error(Exit::Failed, &error)
    }
}
