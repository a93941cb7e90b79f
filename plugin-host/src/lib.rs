//! Loads compiled Flyte plugins into any Rust program.
//!
//! A plugin is a dynamic library written against [`plugin_abi`]. This crate finds it by name or path,
//! checks the file before any of its code runs, loads it, compares both sides' interfaces, and calls its
//! hooks. It knows neither Flyte's servers nor tokens nor a command line, and brings no runtime, network or
//! database.
//!
//! Data flows one way, one module a step:
//!
//! | step | module | result |
//! |---|---|---|
//! | which plugins, which files | [`select`] | a path |
//! | checks without running its code | [`preflight`] | a [`Passport`](preflight::Passport), warnings |
//! | dlopen | `library` | the exported header |
//! | comparison of the interfaces | `handshake` | the root module |
//! | creation, here or in a process of its own | [`load`], [`isolated`] | a [`Link`] |
//! | stacking | [`chain`] | a [`Chain`], which answers the hooks |
//!
//! The last link of every chain is the [`Builtin`] default, whose `get_remote` the program provides.
//!
//! # Trust
//!
//! A plugin is native code that runs with your rights. The checks find accidents (a wrong file, another
//! CPU, an older protocol, a missing library), not malice. A plugin in a process of its own has fewer
//! rights: [`isolated`].
//!
//! # Example
//!
//! A program that loads a plugin and calls two of its hooks. Run it with
//! `cargo run -p plugin-host --example load PLUGIN`:
//!
//! ```no_run
#![doc = include_str!("../examples/load.rs")]
//! ```

#![deny(missing_docs)]

pub mod access;
pub mod admission;
pub mod builtin;
pub mod calls;
pub mod chain;
pub mod edits;
pub mod error;
#[cfg(next_protocol)]
mod growth;
mod handle_table;
mod handshake;
mod hook_errors;
pub mod identity;
#[cfg(target_os = "linux")]
pub mod isolated;
mod library;
pub mod link;
pub mod load;
mod loaded_file;
pub mod pin;
pub mod policy;
pub mod preflight;
pub mod remote;
pub mod select;
mod services;
pub mod signature;
pub mod transport;
mod validate;

pub use self::remote::ResolvedRemote;
pub use admission::{Admission, AdmissionError, AdmissionRules, InstalledFiles, InstalledPlugins};
pub use builtin::{Builtin, BuiltinAnswers};
pub use chain::Chain;
pub use error::{HookError, IsolatedError, LoadError, SelectError};
pub use handle_table::HandleTable;
pub use hook_errors::HookErrors;
pub use identity::Identity;
pub use link::{Link, LoadTimes};
pub use load::{Candidate, LoadStep, Loader};
pub use loaded_file::FileStamp;
pub use pin::Pin;
pub use policy::Policy;
pub use select::{Directories, Selection, Source};
pub use services::logging_plugin;
pub use signature::{FileSignature, PublisherKey};
pub use transport::Layers;
