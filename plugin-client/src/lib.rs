//! Flyte's methods as typed functions, for plugins of flyte-host.
//!
//! [`plugin_abi::transport`] carries encoded messages; here they are Rust types, those that the host itself
//! uses. A crate beside `plugin-abi`, so that a plugin that needs no such thing stays small, and may be built
//! by older compilers. It opens no connection: what a plugin asks goes through the host, with the user's
//! sign-in, the host's retries and the transports of all plugins.
//!
//! # Example: a command that asks Flyte
//!
//! ```
//! use plugin_abi::{Command, Group, Host, Plugin, PluginError};
//! use plugin_client::{Client, proto::admin::ProjectListRequest};
//!
//! struct Acme;
//!
//! #[plugin_abi::export(name = "acme", in_process)]
//! impl Plugin for Acme {
//!     fn create(_host: Host) -> Result<Self, PluginError> {
//!         Ok(Acme)
//!     }
//!
//!     fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
//!         main.add(Command::new("teams").about("List the projects of this company").run(|invocation| {
//!             let flyte = Client::over(invocation.transport()?);
//!             let projects = flyte.wait(flyte.list_projects(&ProjectListRequest::default()))?;
//!             for project in projects.projects {
//!                 invocation.print(format_args!("{}\n", project.id))?;
//!             }
//!             Ok(())
//!         }));
//!         Ok(())
//!     }
//! }
//! ```
//!
//! # Example: a transport that is a server
//!
//! ```
//! use plugin_abi::transport::{Answer, Call, Status, Transport};
//! use plugin_client::{
//!     proto::{admin::{GetVersionRequest, GetVersionResponse, Version}, service::AdminService},
//!     server,
//! };
//!
//! struct InMemory;
//!
//! impl AdminService for InMemory {
//!     fn get_version(&self, _: GetVersionRequest) -> Result<GetVersionResponse, server::Status> {
//!         let version = Version { version: "in-memory".to_owned(), ..Version::default() };
//!         Ok(GetVersionResponse { control_plane_version: Some(version) })
//!     }
//! }
//!
//! impl Transport for InMemory {
//!     fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
//!         plugin_client::answer(&call, self.answer_admin_service(call.path, call.message))
//!     }
//! }
//! ```

mod convert;

use std::{future::Future, ops::Deref, sync::Arc};

use flyte_client::{
    client::{CallOptions, ClientError, Policy},
    transport::{self, Reply},
};
use plugin_abi::{
    PluginError,
    transport::{Answer, Call, Status, Transport, TransportHandle},
};

pub use convert::{from_plugin, to_plugin};
pub use flyte_client::proto;

/// What the server's side of a service speaks in; see [`answer`].
pub mod server {
    pub use flyte_client::transport::{Code, Status};
}

/// Flyte's methods: `create_task`, `list_executions`, `create_upload_location`…
///
/// They are those of [`flyte_client::Client`]; [`Client::wait`] runs them.
pub struct Client(flyte_client::Client);

impl Client {
    /// A client over [`Invocation::transport`](plugin_abi::Invocation::transport), or over what is behind a
    /// transport of your own.
    #[must_use]
    pub fn over(transport: TransportHandle) -> Self {
        // The host tries again where that helps.
        let options = CallOptions { retry: Policy::never(), ..CallOptions::default() };
        Self(flyte_client::Client::new(Arc::new(ClientTransport(transport)), options))
    }

    /// Waits for an answer.
    ///
    /// # Errors
    ///
    /// When the server says so, or could not be asked. Passed on, it ends a command with the host's exit
    /// code for it.
    pub fn wait<T>(&self, answer: impl Future<Output = Result<T, ClientError>>) -> Result<T, PluginError> {
        pollster::block_on(answer).map_err(|error| {
            let said = PluginError::from(to_plugin(error.status.clone()));
            let hinted = said.hints().iter().fold(PluginError::from(error), PluginError::hint);
            let passed_on = hinted.with_upstream(said.upstream());
            said.wanted_exit_code().into_iter().fold(passed_on, PluginError::exit_code)
        })
    }
}

impl Deref for Client {
    type Target = flyte_client::Client;

    fn deref(&self) -> &flyte_client::Client {
        &self.0
    }
}

/// Gives what a service answered back as a transport does; `None` is for a path that the service does not
/// have.
///
/// # Errors
///
/// What the service said; UNIMPLEMENTED where it has no such method.
pub fn answer(
    call: &Call<'_>,
    answered: Option<Result<Vec<u8>, transport::Status>>,
) -> Result<Answer, Status> {
    match answered {
        Some(Ok(message)) => Ok(Answer::new(message)),
        Some(Err(status)) => Err(to_plugin(status)),
        None => Err(Status::unimplemented(call.path)),
    }
}

/// The host's transport, as the client calls it. Its answers are ready when a call returns.
struct ClientTransport(TransportHandle);

impl transport::Transport for ClientTransport {
    fn call(&self, call: transport::Call) -> Reply<'_> {
        let mut converted = Call::new(&call.path, &call.message);
        converted.metadata = call.metadata;
        converted.timeout = call.timeout;
        let answer = self.0.call(converted);
        Box::pin(std::future::ready(match answer {
            Ok(Answer { metadata, message, .. }) => {
                Ok(transport::CallResponse { metadata, message: message.into() })
            }
            Err(status) => Err(from_plugin(status)),
        }))
    }
}
