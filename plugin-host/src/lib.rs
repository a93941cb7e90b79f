//! From a name to a plugin's vtable, and from there to an answer.
//!
//! Data flows one way, one module a step:
//!
//! | step | module | what it gives |
//! |---|---|---|
//! | which plugins, which files | [`select`] | a path |
//! | what can be known without running it | [`preflight`] | a [`Passport`](preflight::Passport), the bytes |
//! | the system's loader | `library` | the exported header |
//! | do both sides mean the same | `handshake` | the root module |
//! | make it | [`load`] | a [`Link`] |
//! | stack them | [`chain`] | a [`Chain`], which answers the hooks |
//!
//! Nothing here knows of Flyte's servers, of tokens, or of a command line; the built-in default that
//! ends every chain gets its `get_remote` from whoever makes the chain.
//!
//! # Trust
//!
//! A plugin is code that runs as you. What is checked here finds accidents, not malice.
//!
//! # Example: another program that loads Flyte plugins
//!
//! ```no_run
//! use plugin_host::{Builtin, Chain, Directories, Loader, Selection, Source};
//! use plugin_abi::Remote;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let directories = Directories::new(None, std::env::home_dir().as_deref());
//! let loader = Loader::new("my-program", directories);
//! let selection = Selection::parse("acme", Source::Program)?;
//! let links = loader.load_all(&selection)?;
//! let chain = Chain::new(links, Builtin::new(|_request| Ok(Remote::new("localhost:30080"))));
//! println!("{:?}", chain.get_default_image()?);
//! # Ok(())
//! # }
//! ```

pub mod builtin;
pub mod chain;
pub mod error;
#[cfg(next_protocol)]
mod growth;
mod handshake;
mod library;
pub mod link;
pub mod load;
pub mod policy;
pub mod preflight;
pub mod remote;
pub mod select;
mod services;
pub mod transport;
mod validate;

pub use self::remote::Resolved;
pub use builtin::Builtin;
pub use chain::Chain;
pub use error::{Fault, LoadError, SelectError};
pub use link::{Identity, Link};
pub use load::{Candidate, LoadTimes, Loader};
pub use policy::Policy;
pub use select::{Directories, Selection, Source};
pub use transport::Layers;
