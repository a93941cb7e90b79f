//! Runs flyte-host as a user would, each time in a home of its own, and shows what the user sees.
//!
//! [`TestEnvironment`] is that home: an empty environment, a plugins directory, plugins that Cargo built. A
//! run gives an [`Output`]; one snapshot of it shows standard output, standard error and the exit status.
//! What differs from machine to machine is replaced; see [`mod@redact`].

mod child;
mod difference;
mod environment;
mod library;
pub mod network;
mod output;
mod prepared;
pub mod recorded;
pub mod redact;
mod running;
mod server;
#[cfg(unix)]
pub mod sign_in;
mod static_server;

pub use child::{ChildProcess, Stream, output};
pub use difference::difference;
pub use environment::TestEnvironment;
pub use library::{patch, patch_first};
pub use output::{Output, Transcript, join};
pub use prepared::prepared;
pub use recorded::Recorded;
pub use running::Running;
pub use server::Server;
pub use static_server::{FileFate, FileRequest, StaticServer};

/// Compares a text with a snapshot, letter for letter.
///
/// `SNAPSHOTS=overwrite cargo test -p tests` writes what is really there into the source.
#[macro_export]
macro_rules! snapshot {
    ($actual:expr, $expected:expr $(,)?) => {{
        use ::snapbox::IntoData as _;
        ::snapbox::assert_data_eq!($actual.raw(), $expected.raw())
    }};
}
