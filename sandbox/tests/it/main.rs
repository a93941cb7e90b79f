//! Tests of the public interface, in one binary.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

#[cfg(unix)]
mod engine;
mod registry;
#[cfg(unix)]
mod replay;
#[cfg(unix)]
mod scenarios;
mod server;
