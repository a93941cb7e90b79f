//! A connection at work: the client of whichever Flyte `get_remote` leads to, and the runtime that drives it.
//!
//! Nothing of it exists before a command asks: no runtime, no TLS, no database.

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use remote::{
    client::{self, Client, Kind},
    config::{Connection, Endpoint, Secret, Setting},
    data::{FileUrls, Transfers},
    grpc::{self, Grpc},
    net::{Network, Proxies, TrustError},
    transport::Transport,
};
use sandbox::{EngineStart, OpenError, Sandbox};
use tokio::runtime::Runtime;

use super::{
    Context,
    connection::{self, Route},
    transport,
};
use crate::{
    cli::{exit::Exit, report::Failure},
    env, settings,
};

/// A client that is ready to be used.
pub struct Session {
    /// Where it leads, with the project and domain of the user's flags.
    pub connection: Connection,
    /// The same for people.
    pub place: String,
    /// Whether the connection's endpoint means anything; see [`Route::has_address`].
    pub has_address: bool,
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

    /// Whether Flyte is the embedded sandbox, whose files are on this machine.
    #[must_use]
    pub fn is_of_this_machine(&self) -> bool {
        self.connection.is_sandbox() && self.has_address
    }

    /// Carries files to and from the URLs that the server signs. Nothing is opened before the first file.
    ///
    /// # Errors
    ///
    /// When the certificates to trust cannot be used.
    pub fn transfers(&self) -> Result<Transfers, Failure> {
        let files = if self.is_of_this_machine() { FileUrls::Copy } else { FileUrls::Refuse };
        let network = network(&self.connection)?;
        Transfers::new(&network, files).map_err(|error| untrusted(&error))
    }
}

impl Context<'_> {
    /// Opens the connection that the user's flags, the plugins and the configuration lead to.
    ///
    /// # Errors
    ///
    /// When they lead to none.
    pub fn session(&self) -> Result<Session, Failure> {
        let route = connection::route(self.chain()?, self.global, self.configurations)?;
        let place = route.place();
        let Route { connection, layers, has_address } = route;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::from_error(Exit::Failed, &error))?;
        let transport = transport::join(&layers, || open(&connection))?;
        let client = Client::new(transport, options(&connection)?);
        Ok(Session { connection, place, has_address, client, runtime })
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

/// The host's own way to Flyte. Nothing is opened before the first call.
fn open(connection: &Connection) -> Result<Arc<dyn Transport>, Failure> {
    if !connection.is_sandbox() {
        return over_the_network(connection);
    }
    match running_server(&sandbox_root()?) {
        Some(server) => {
            let mut served = connection.clone();
            served.endpoint.value = server;
            over_the_network(&served)
        }
        None => Ok(Arc::new(open_sandbox()?)),
    }
}

fn over_the_network(connection: &Connection) -> Result<Arc<dyn Transport>, Failure> {
    let network = network(connection)?;
    let transport =
        Grpc::new(connection, &network, grpc::Options::default()).map_err(|error| untrusted(&error))?;
    Ok(Arc::new(transport))
}

/// Where a server of the sandbox listens, if one runs: then it is asked, and not the database behind its back.
fn running_server(root: &Path) -> Option<Endpoint> {
    sandbox::server::running(root)?.address.to_string().parse().ok()
}

fn open_sandbox() -> Result<Sandbox, Failure> {
    let program = std::env::current_exe().map_err(|error| {
        Failure::new(Exit::Internal, "this program's own file is not known").caused_by(error)
    })?;
    let engine =
        EngineStart::Spawn { program, args: ["--no-plugins", "sandbox", "engine"].map(Into::into).into() };
    Sandbox::open(&sandbox::Options { root: sandbox_root()?, engine }).map_err(|error| {
        let elsewhere = matches!(error, OpenError::Folder { .. })
            .then(|| format!("`{}` names another folder", env::SANDBOX_DIR));
        Failure::from_error(Exit::Failed, &error).hint(elsewhere)
    })
}

/// How long one call may take if the user does not say.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// What holds for every call.
fn options(connection: &Connection) -> Result<client::Options, Failure> {
    let header = |(name, value): &(String, Setting<Secret>)| {
        (name.to_ascii_lowercase(), value.value.reveal().to_owned())
    };
    let metadata = connection.headers.iter().map(header).collect();
    Ok(client::Options { metadata, timeout: timeout()?, ..client::Options::default() })
}

fn network(connection: &Connection) -> Result<Network, Failure> {
    Network::new(connection, Proxies::from_variables(env::text)).map_err(|error| untrusted(&error))
}

fn untrusted(error: &TrustError) -> Failure {
    Failure::from_error(Exit::Failed, error).hint(error.hint())
}

fn timeout() -> Result<Option<Duration>, Failure> {
    let Some(text) = env::text(env::TIMEOUT) else { return Ok(Some(CALL_TIMEOUT)) };
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let timeout = seconds.ok_or_else(|| {
        let message = format!("variable `{}` is `{text}`; a number of seconds is expected", env::TIMEOUT);
        Failure::new(Exit::Usage, message)
    })?;
    Ok((!timeout.is_zero()).then_some(timeout))
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        let exit = match error.kind() {
            Kind::NotSignedIn => Exit::NotSignedIn,
            Kind::Unreachable => Exit::Unreachable,
            Kind::Transport => Exit::PluginFailed,
            Kind::TooLarge => Exit::Failed,
            _ => Exit::Refused,
        };
        Self::from_error(exit, &error).hint(error.hint())
    }
}

#[cfg(test)]
mod tests {
    use remote::transport::{Code, Fault, FaultKind, Status};

    use super::*;

    fn exit(status: Status) -> u8 {
        let error = client::Error { method: "GetTask".into(), status, attempts: 1, elapsed: Duration::ZERO };
        Failure::from(error).exit.code()
    }

    #[test]
    fn faults_have_their_exit_codes() {
        let fault = |kind| exit(Status::fault(Code::Unavailable, Fault::new(kind, "gone")));
        let unreachable =
            [FaultKind::Broken, FaultKind::Connect, FaultKind::Deadline, FaultKind::Protocol, FaultKind::Tls];
        assert_eq!(unreachable.map(fault), [21; 5]);
        assert_eq!([FaultKind::TooLarge, FaultKind::Transport].map(fault), [1, 11]);
    }

    #[test]
    fn answers_have_their_exit_codes() {
        for number in 1..=16 {
            let code = Code::from_number(number);
            let expected = if code == Code::Unauthenticated { 20 } else { 22 };
            assert_eq!(exit(Status::new(code, "no")), expected, "{}", code.name());
        }
    }
}
