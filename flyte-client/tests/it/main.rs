//! Tests of the public interface, in one binary. Those in `*_flytekit` compare with the official package.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

mod cache;
mod cache_flytekit;
mod config;
mod config_flytekit;
mod data;
mod flyte2;
mod grpc_faults;
mod http;
mod judge;
mod literal;
mod literal_flytekit;
mod messages;
mod packages;
mod python;
mod random;
mod recorded;
mod retry;
mod task;
mod task_flytekit;
mod task_images_flytekit;
mod task_types;
mod versions;
mod workflow;
