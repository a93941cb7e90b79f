//! What the program shows: results, errors with their exit codes, progress, the log.
//!
//! Everything here writes through [`output`], which escapes what a terminal would act on.

pub mod error;
pub mod exit_code;
pub mod logger;
pub mod output;
pub mod pair;
pub mod progress;
pub mod show;
pub mod stream;
