//! What the engine makes of what is launched: real processes, seen through the services.

#[cfg(unix)]
mod bench;
#[cfg(unix)]
mod build;
#[cfg(unix)]
mod crash;
#[cfg(unix)]
mod speed;
#[cfg(unix)]
mod tasks;
#[cfg(unix)]
mod workflows;
