//! Pre-flight: every kind of file that is not a plugin for this machine, and what is said about it.
//!
//! The libraries are compiled here, by the C compiler, and then broken on purpose. The messages are compared
//! whole: they are what the user gets to see.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

#[path = "preflight/contract.rs"]
mod contract;
#[path = "preflight/files.rs"]
mod files;
#[path = "preflight/fixture.rs"]
mod fixture;
#[path = "preflight/formats.rs"]
mod formats;
#[path = "preflight/linking.rs"]
mod linking;
#[path = "preflight/mutation.rs"]
mod mutation;
#[path = "preflight/passports.rs"]
mod passports;
