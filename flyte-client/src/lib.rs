//! A client of Flyte 1: its messages, its configuration, its values, and calls to its servers.
//!
//! The crate knows nothing of plugins or of a terminal: what a user sees is text in errors and hints. A
//! command goes through its modules in this order:
//!
//! 1. [`config`] reads the configuration as flytekit does; each value keeps its origin, for hints.
//! 2. [`register`] reads documents and packages, fills in defaults and versions, and sends entities in
//!    dependency order. [`literal`] reads, checks and writes values, [`schedule`] launch-plan schedules;
//!    [`documents`], [`plain_text`] and [`folder`] are the only readers of users' files.
//! 3. [`Client`] has one method for each call of Flyte's services. It decides which calls to repeat, over any
//!    [`Transport`]: `grpc` (the network, with `net` below it), a plugin's, or a sandbox in this process.
//! 4. `data` uploads and downloads files, over signed URLs or with the user's own keys.
//! 5. [`list`] fetches pages and writes filters, [`watch`] follows an execution, [`graph`] draws a workflow.
//!
//! [`proto`] has Flyte's messages as Rust types; [`atomic_file`] writes files whole or not at all.
//!
//! # Features
//!
//! `grpc` (default): `grpc`, `net` and `data`, with TLS and HTTP. A plugin goes without it, since the host
//! has the network.
//!
//! # Example: read a file's entities
//!
//! ```
//! use flyte_client::register::{self, Identity};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("hello.yaml");
//! std::fs::write(&file, "{name: hello, image: alpine, command: [echo, hello]}")?;
//!
//! let identity = Identity { version: Some("v1".to_owned()), ..Identity::default() };
//! let items = register::read(&[file], &identity)?;
//! assert_eq!(items[0].entity.id().map(|id| id.name.as_str()), Some("hello"));
//! # Ok(())
//! # }
//! ```
//!
//! # Example: list tasks
//!
//! ```no_run
//! # #[cfg(feature = "grpc")]
//! # async fn list(client: flyte_client::Client) -> Result<(), flyte_client::client::ClientError> {
//! use flyte_client::proto::admin::ResourceListRequest;
//!
//! let request = ResourceListRequest { limit: 100, ..ResourceListRequest::default() };
//! for task in client.list_tasks(&request).await?.tasks {
//!     println!("{}", task.id.unwrap_or_default().name);
//! }
//! # Ok(())
//! # }
//! ```

pub mod atomic_file;
pub mod client;
pub mod config;
#[cfg(feature = "grpc")]
pub mod data;
pub mod documents;
pub mod execution_name;
pub mod folder;
pub mod graph;
#[cfg(feature = "grpc")]
pub mod grpc;
pub mod list;
pub mod literal;
#[cfg(feature = "grpc")]
pub mod net;
pub mod plain_text;
pub mod proto;
pub mod register;
mod retry;
pub mod schedule;
pub mod transport;
pub mod watch;

pub use self::{
    client::Client,
    transport::{Code, Status, Transport},
};
