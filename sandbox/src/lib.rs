//! An embedded Flyte: FlyteAdmin's API over SQLite, with tasks as local processes.
//!
//! ```text
//! client ──► server (gRPC, signed URLs) ──┐
//!                                         ├──► Sandbox ──► service ──► store (SQLite), blobs
//! client in this process ─────────────────┘       │ wakes                  ▲
//!                                                 ▼                        │ one transaction each step
//!                                               engine ────────────────────┘
//!                                                 │ starts and kills
//!                                                 ▼
//!                                               runner ──► processes of tasks
//! ```
//!
//! A [`Sandbox`] is a [`Transport`](flyte_client::transport::Transport): flyte-host calls it in its own
//! process, other clients through a [`server`](server::Server). The modules in the order of a request:
//!
//! | module | what it does |
//! |---|---|
//! | `server` | serves a sandbox: `guard` checks requests, `grpc` frames calls, `files` serves signed URLs |
//! | `service` | FlyteAdmin's methods, a file for each kind of entity |
//! | `sandbox` | what they share: the store, the blobs, and the engine to wake |
//! | `identity`, `service_error` | the texts of identifiers and errors |
//! | `compile` | FlytePropeller's workflow compiler: types, order, errors |
//! | `list` | filters, sort keys and pages of lists |
//! | `store`, `blobs`, `objects` | the database, a file for each table; uploads and outputs; buckets |
//! | `engine` | runs executions: a state machine whose steps are transactions |
//! | `scheduler`, `clock` | starts executions by the schedules of launch plans |
//! | `cache` | cached results of tasks |
//! | `runner` | one attempt of a task as a process, by the contract of Flyte's copilot |
//! | `folder`, `lease` | the sandbox's folder: private, with one engine and one server at a time |
//! | `remove` | deletes a sandbox |
//!
//! What it promises:
//!
//! - To flytekit it behaves like FlyteAdmin, down to the texts of errors. It runs neither
//!   images nor notifications. What it cannot run is registered, and fails when it runs.
//! - Many processes may open the same sandbox. An entity or a step of an execution is stored as a whole or
//!   not at all.
//! - An execution survives the end of any process: the next engine continues it. No process of a task
//!   outlives its attempt on Linux; elsewhere on Unix this holds for the process group.
//! - Only processes of the user and of root are served without a token.

mod blobs;
mod cache;
mod clock;
mod compile;
pub mod engine;
mod folder;
mod identity;
mod lease;
mod list;
mod objects;
mod open_error;
mod remove;
mod runner;
mod running_server;
mod sandbox;
mod scheduler;
pub mod server;
mod service;
mod service_error;
mod store;

pub use self::{
    blobs::local_file,
    clock::{Clock, ClockHand},
    engine::EngineStart,
    folder::prepare_folder,
    open_error::OpenError,
    remove::{RemoveError, remove},
    sandbox::{Sandbox, SandboxOptions},
    store::Store,
};
