//! Executions with real processes, observed through the services.

mod build;
mod crash;
mod fixture;
mod gates;
mod speed;
mod tasks;
mod workflows;
