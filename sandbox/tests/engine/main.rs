//! Executions with real processes, observed through the services.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

#[cfg(unix)]
mod build;
#[cfg(unix)]
mod crash;
#[cfg(unix)]
mod fixture;
#[cfg(unix)]
mod gates;
#[cfg(unix)]
mod speed;
#[cfg(unix)]
mod tasks;
#[cfg(unix)]
mod workflows;
