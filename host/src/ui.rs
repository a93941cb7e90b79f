//! Output: results, errors and exit codes, progress, the log.
//!
//! Text goes through [`output`], which escapes control characters.

pub mod error;
pub mod exit_code;
pub mod logger;
pub mod output;
pub mod pair;
pub mod progress;
pub mod show;
pub mod stream;
