//! Output: results, errors and exit codes, progress, the log.
//!
//! Text goes through `output`, which escapes control characters.

pub(crate) mod error;
pub mod exit_code;
pub(crate) mod logger;
pub(crate) mod output;
pub(crate) mod pair;
pub(crate) mod progress;
pub(crate) mod show;
pub(crate) mod stdout;
pub(crate) mod stream;
