//! A session: the client of the Flyte that `get_remote` leads to.
//!
//! A command opens it when it needs it; until then there is no TLS and no database. The futures of the client
//! run on the runtime of the command (`crate::commands::run`).

mod server_token;
mod waiting;

use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

use auth::{AuthRetry, BearerAuth, Prompt, ProxyAuthorization, SignIn, SignInOptions, StaticToken};
use flyte_client::{
    client::{self, Client, ClientErrorKind, WaitObserver},
    config::{Connection, Endpoint},
    data::{FileUrls, Transfers, bucket::Buckets},
    grpc::{self, Grpc},
    net::{Network, Proxies, TrustError},
    transport::Transport,
};
use sandbox::{EngineStart, OpenError, Sandbox};

use self::{server_token::WithServerToken, waiting::Waiting};
use super::{
    configuration::{self, Configurations},
    connection::{self, Route},
    hint::CommandFlags,
    sign_in, transport,
};
use crate::context::Context;
use crate::{
    env, settings,
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};

/// A client, with the connection that it uses.
pub(crate) struct Session {
    /// As [`Context::ui`].
    pub(crate) ui: Ui,
    /// The connection, with the project and domain of the flags.
    pub(crate) connection: Connection,
    /// The endpoint, plugin or sandbox, as messages name it.
    pub(crate) target: String,
    /// See [`Route::has_address`].
    pub(crate) has_address: bool,
    /// Calls Flyte, and signs in if the server requires it.
    pub(crate) client: Client,
    /// The sign-in at the endpoint; `None` for the sandbox, and where a plugin's transport replaces the
    /// host's.
    pub(crate) sign_in: Option<Arc<SignIn>>,
    /// The static token, if one is configured.
    pub(crate) token: Option<StaticToken>,
    flags: CommandFlags,
    transfers: OnceCell<Transfers>,
    buckets: OnceCell<Buckets>,
    configurations: Configurations,
    config: Option<PathBuf>,
}

impl Session {
    /// The default project.
    #[must_use]
    pub(crate) fn project(&self) -> &str {
        &self.connection.default_project.value
    }

    /// The default domain.
    #[must_use]
    pub(crate) fn domain(&self) -> &str {
        &self.connection.default_domain.value
    }

    /// A command line of this program to paste, with the flags that chose the Flyte, project and domain of
    /// this session.
    #[must_use]
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        self.flags.command(arguments)
    }

    /// As [`Session::command`], for a command without project and domain.
    #[must_use]
    pub(crate) fn server_command(&self, arguments: &[&str]) -> String {
        self.flags.server_command(arguments)
    }

    /// Whether Flyte is the embedded sandbox, whose files are local.
    #[must_use]
    pub(crate) fn is_embedded_sandbox(&self) -> bool {
        self.connection.is_sandbox() && self.has_address
    }

    /// Whether Flyte is the embedded sandbox, and no server serves it: schedules start nothing.
    #[must_use]
    pub(crate) fn is_unserved_sandbox(&self) -> bool {
        let is_served = || sandbox_root().is_ok_and(|root| running_server(&root).is_some());
        self.is_embedded_sandbox() && !is_served()
    }

    /// Transfers files by signed URLs. Created at the first use.
    ///
    /// # Errors
    ///
    /// CA certificates that cannot be used.
    pub(crate) fn transfers(&self) -> Result<&Transfers, CommandError> {
        if let Some(transfers) = self.transfers.get() {
            return Ok(transfers);
        }
        let files = if self.is_embedded_sandbox() { FileUrls::Copy } else { FileUrls::Refuse };
        let network = network(&self.connection)?;
        let transfers = Transfers::new(&network, files).map_err(trust_failure)?;
        Ok(self.transfers.get_or_init(|| transfers))
    }

    /// Opens buckets with the user's own keys. Created at the first use.
    ///
    /// # Errors
    ///
    /// A configuration that cannot be read, or CA certificates that cannot be used.
    pub(crate) fn buckets(&self) -> Result<&Buckets, CommandError> {
        if let Some(buckets) = self.buckets.get() {
            return Ok(buckets);
        }
        let configuration = self.configurations.read(self.config.as_ref());
        let configuration = configuration.map_err(|error| {
            let hint = error.hint();
            CommandError::from_error(Exit::Failed, error).hint(hint)
        })?;
        let network = network(&self.connection)?;
        let sources = configuration::sources(self.config.clone());
        let buckets = Buckets::new(&network, &configuration.storage, &sources);
        let buckets = buckets.map_err(trust_failure)?;
        Ok(self.buckets.get_or_init(|| buckets))
    }
}

impl Context<'_> {
    /// Opens a session from flags, plugins and configuration.
    ///
    /// # Errors
    ///
    /// As [`connection::route`]; no endpoint; a sandbox or certificates that cannot be used.
    pub(crate) fn session(&self) -> Result<Session, CommandError> {
        let prompt = Arc::new(sign_in::Terminal::new(self.ui, Arc::clone(self.chain()?)));
        let route = self.route()?;
        self.check_sandbox(&route.connection)?;
        self.session_for_route(route, prompt, sign_in::options(self.settings)?)
    }

    /// The route from flags, plugins and configuration.
    ///
    /// # Errors
    ///
    /// As [`connection::route`].
    pub(crate) fn route(&self) -> Result<Route, CommandError> {
        connection::route(self.chain()?, self.global, self.configurations)
    }

    /// As [`Context::session`], for a route and a sign-in prompt.
    ///
    /// # Errors
    ///
    /// As [`Context::session`].
    pub(crate) fn session_for_route(
        &self,
        route: Route,
        prompt: Arc<dyn Prompt>,
        options: SignInOptions,
    ) -> Result<Session, CommandError> {
        let target = route.target();
        let Route { connection, layers, has_address } = route;
        let token = options.token.clone();
        let mut sign_in = None;
        let mut transport = transport::join(&layers, || {
            let channel = open_channel(&connection, prompt, options)?;
            sign_in = channel.sign_in;
            Ok(channel.transport)
        })?;
        if let Some(sign_in) = &sign_in {
            // Outside of the plugins' transports, whose timeouts must not include an interactive sign-in.
            transport = Arc::new(AuthRetry::new(transport, Arc::clone(sign_in)));
        }
        let client = Client::new(transport, client_options(self.ui, &connection, &target)?);
        let flags = CommandFlags::new(self.global, &connection);
        Ok(Session {
            ui: self.ui.clone(),
            connection,
            target,
            has_address,
            client,
            sign_in,
            token,
            flags,
            transfers: OnceCell::new(),
            buckets: OnceCell::new(),
            configurations: self.configurations.clone(),
            config: self.global.config.clone(),
        })
    }

    /// The endpoint and its sign-in, for commands without calls. The sign-in is `None` as
    /// [`Session::sign_in`] is.
    ///
    /// # Errors
    ///
    /// As [`Context::session`].
    pub(crate) fn sign_in(&self) -> Result<(String, Option<Arc<SignIn>>), CommandError> {
        let route = self.route()?;
        self.check_sandbox(&route.connection)?;
        if route.connection.is_sandbox() || route.layers.replacement().is_some() {
            return Ok((route.target(), None));
        }
        let prompt = Arc::new(sign_in::Terminal::non_interactive(self.ui, Arc::clone(self.chain()?)));
        let channel = with_sign_in(&route.connection, prompt, sign_in::options(self.settings)?)?;
        Ok((route.target(), channel.sign_in))
    }
}

/// The folder of the embedded sandbox.
///
/// # Errors
///
/// A home directory that does not exist: a command that only reads must not create it.
pub(crate) fn sandbox_root() -> Result<PathBuf, CommandError> {
    if let Some(folder) = env::text(env::SANDBOX_DIR) {
        return Ok(folder.into());
    }
    let reason = match settings::home() {
        None => "the home directory is not known".to_owned(),
        Some(home) if !home.is_absolute() => {
            format!("the home directory `{}` is not absolute", home.display())
        }
        Some(home) if !home.is_dir() => format!("the home directory `{}` does not exist", home.display()),
        Some(home) => return Ok(home.join(".flyte").join("sandbox")),
    };
    Err(CommandError::new(Exit::Failed, format!("could not choose a folder for the sandbox: {reason}"))
        .hint(format!("set `{}` to a folder", env::SANDBOX_DIR)))
}

/// The host's own transport, with its sign-in.
struct HostChannel {
    transport: Arc<dyn Transport>,
    sign_in: Option<Arc<SignIn>>,
}

/// The host's transport. It connects at the first call.
fn open_channel(
    connection: &Connection,
    prompt: Arc<dyn Prompt>,
    options: SignInOptions,
) -> Result<HostChannel, CommandError> {
    if !connection.is_sandbox() {
        return with_sign_in(connection, prompt, options);
    }
    let transport: Arc<dyn Transport> = match running_server(&sandbox_root()?) {
        Some(server) => {
            let mut served = connection.clone();
            served.endpoint.value = server;
            let grpc = grpc_transport(&served, &network(&served)?)?;
            Arc::new(WithServerToken::new(grpc, &sandbox_root()?))
        }
        None => Arc::new(open_sandbox()?),
    };
    Ok(HostChannel { transport, sign_in: None })
}

/// A transport that adds the token to calls once there is one.
fn with_sign_in(
    connection: &Connection,
    prompt: Arc<dyn Prompt>,
    options: SignInOptions,
) -> Result<HostChannel, CommandError> {
    let network = network(connection)?;
    let grpc = grpc_transport(connection, &network)?;
    let unsigned = ProxyAuthorization::new(Arc::new(grpc), connection.proxy_command.value.clone());
    let unsigned = Arc::new(unsigned);
    let sign_in = SignIn::new(connection.clone(), options, network, Arc::clone(&unsigned), prompt);
    let sign_in = Arc::new(sign_in);
    let transport = Arc::new(BearerAuth::new(unsigned, Arc::clone(&sign_in)));
    Ok(HostChannel { transport, sign_in: Some(sign_in) })
}

fn grpc_transport(connection: &Connection, network: &Network) -> Result<Grpc, CommandError> {
    Grpc::new(connection, network, grpc::GrpcOptions::default()).map_err(trust_failure)
}

/// The endpoint of a running sandbox server, which must be used instead of its database.
fn running_server(root: &Path) -> Option<Endpoint> {
    sandbox::server::running_server(root)?.reachable().to_string().parse().ok()
}

fn open_sandbox() -> Result<Sandbox, CommandError> {
    let program = std::env::current_exe().map_err(|error| {
        CommandError::new(Exit::Internal, "could not determine the path of this program").caused_by(error)
    })?;
    let engine =
        EngineStart::Spawn { program, args: ["--no-plugins", "sandbox", "engine"].map(Into::into).into() };
    Sandbox::open(&sandbox::SandboxOptions { root: sandbox_root()?, engine }).map_err(sandbox_open_failure)
}

/// The failure of a sandbox that cannot be opened.
#[must_use]
pub(crate) fn sandbox_open_failure(error: OpenError) -> CommandError {
    let is_folder =
        matches!(error, OpenError::Folder { .. } | OpenError::Foreign { .. } | OpenError::Shared { .. });
    let elsewhere = is_folder.then(|| format!("set `{}` to another folder", env::SANDBOX_DIR));
    CommandError::from_error(Exit::Failed, error).hint(elsewhere)
}

/// The timeout of a call without `FLYTE_TIMEOUT`.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

fn client_options(
    ui: &Ui,
    connection: &Connection,
    target: &str,
) -> Result<client::CallOptions, CommandError> {
    let metadata = connection.metadata();
    let waits: Arc<dyn WaitObserver> = Arc::new(Waiting::new(ui, target));
    Ok(client::CallOptions {
        metadata,
        timeout: timeout()?,
        waits: Some(waits),
        ..client::CallOptions::default()
    })
}

/// The network of a connection, with the proxies of the environment.
///
/// # Errors
///
/// CA certificates that cannot be used.
pub(crate) fn network(connection: &Connection) -> Result<Network, CommandError> {
    // Read once, so that the warning about an invalid variable is printed once.
    static PROXIES: LazyLock<Proxies> = LazyLock::new(|| Proxies::from_variables(env::text));
    Network::new(connection, PROXIES.clone()).map_err(trust_failure)
}

/// The failure of CA certificates that cannot be used.
pub(crate) fn trust_failure(error: TrustError) -> CommandError {
    let hint = error.hint();
    CommandError::from_error(Exit::Failed, error).hint(hint)
}

fn timeout() -> Result<Option<Duration>, CommandError> {
    let Some(text) = env::text(env::TIMEOUT) else { return Ok(Some(CALL_TIMEOUT)) };
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let timeout = seconds.ok_or_else(|| {
        let message = format!("variable `{}` is `{text}`; a number of seconds is expected", env::TIMEOUT);
        CommandError::new(Exit::Usage, message)
    })?;
    Ok((!timeout.is_zero()).then_some(timeout))
}

impl From<client::ClientError> for CommandError {
    fn from(error: client::ClientError) -> Self {
        let exit = match error.kind() {
            ClientErrorKind::NotSignedIn => Exit::NotSignedIn,
            ClientErrorKind::MayBeDone => Exit::MayBeDone,
            ClientErrorKind::Unreachable => Exit::Unreachable,
            ClientErrorKind::Transport => Exit::PluginFailed,
            ClientErrorKind::TooLarge => Exit::Failed,
            _ => Exit::Refused,
        };
        let hint = error.hint();
        Self::from_error(exit, error).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use flyte_client::transport::{Code, Status, TransportError, TransportErrorKind};

    use super::*;

    fn exit(status: Status) -> u8 {
        CommandError::from(client::ClientError::new("GetTask", status)).exit.code()
    }

    #[test]
    fn faults_have_their_exit_codes() {
        let fault = |kind| exit(Status::fault(Code::Unavailable, TransportError::new(kind, "gone")));
        let unreachable = [
            TransportErrorKind::Broken,
            TransportErrorKind::Connect,
            TransportErrorKind::Deadline,
            TransportErrorKind::Protocol,
            TransportErrorKind::Tls,
        ];
        assert_eq!(unreachable.map(fault), [21; 5]);
        assert_eq!([TransportErrorKind::TooLarge, TransportErrorKind::Transport].map(fault), [1, 11]);
    }

    #[test]
    fn answers_have_their_exit_codes() {
        for number in 1..=16 {
            let code = Code::from_number(number);
            let expected = match code {
                Code::Unauthenticated => 20,
                Code::DeadlineExceeded | Code::Unavailable => 21,
                _ => 22,
            };
            assert_eq!(exit(Status::new(code, "no")), expected, "{}", code.name());
        }
    }

    #[test]
    fn what_may_have_been_done_has_a_code_of_its_own() {
        let error = client::ClientError::new("CreateTask", Status::new(Code::Unavailable, "no"));
        assert_eq!(CommandError::from(client::ClientError { may_be_done: true, ..error }).exit.code(), 24);
    }
}
