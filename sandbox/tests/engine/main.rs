//! What the engine makes of what is launched: real processes, seen through the services.

mod bench;
mod build;
mod tasks;
