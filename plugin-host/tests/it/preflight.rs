//! Pre-flight: every kind of file that is not a plugin for this machine, and what is said about it.
//!
//! The libraries are compiled here, by the C compiler, and then broken on purpose. The messages are compared
//! whole: they are what the user gets to see.

#![expect(clippy::print_stderr, reason = "a skipped test says why")]

mod contract;
mod files;
mod fixture;
mod formats;
mod linking;
mod mutation;
mod passports;
