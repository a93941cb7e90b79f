//! Executions with real processes, observed through the services.

mod arrays;
mod branches;
mod build;
mod crash;
mod dynamics;
mod fixture;
mod gates;
mod speed;
mod tasks;
mod workflows;
