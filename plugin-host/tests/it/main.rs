//! Tests of the public interface, in one binary.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod chain;
mod example;
#[cfg(target_os = "linux")]
mod isolated;
#[cfg(target_os = "linux")]
mod loading;
mod passed_errors;
#[cfg(target_os = "linux")]
mod preflight;
