//! Tests of the public interface, in one binary.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod chain;
mod example;
mod passed_errors;
#[cfg(target_os = "linux")]
mod loading;
#[cfg(target_os = "linux")]
mod preflight;
