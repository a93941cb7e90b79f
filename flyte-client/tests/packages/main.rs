//! Packages of `pyflyte package`: the official ones arrive whole, damaged and hostile ones are refused.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

mod documents;
mod hostile;
mod official;
#[path = "../messages/python.rs"]
mod python;
