//! The native half of the Python package `flyte_host`: a chain of compiled plugins, for flytekit.
//!
//! Python calls `chain::Chain` for each hook. The end of the chain is the Python plugin that flytekit
//! would use without this package (`behind`). Code of plugins runs without the interpreter lock.

mod behind;
mod chain;
mod command;
mod edit;
mod error;
mod invocation;
mod logger;
mod open;
mod policy;
mod remote;
mod show;
mod transport;

/// The module `flyte_host._native`.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::{
        chain::Chain,
        edit::{Argument, Callback, Command, Edit, LazyDefault},
        open::{finish, open_chain},
        policy::Policy,
        remote::Answer,
        show::show_plugins,
        transport::Transport,
    };
}
