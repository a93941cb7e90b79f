//! Tests of the public interface, in one binary.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

#[cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod access;
mod chain;
mod example;
#[cfg(target_os = "linux")]
mod isolated;
#[cfg(target_os = "linux")]
mod loading;
mod passed_errors;
#[cfg(target_os = "linux")]
mod preflight;
#[cfg(target_os = "linux")]
mod swapped;
