//! `sandbox start`: serves the sandbox until somebody ends it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use clap::Args;
use sandbox::{
    EngineStart, Sandbox,
    server::{self, Running, Server},
};
use serde_json::json;

use super::background;
use crate::cli::{
    exit::Exit,
    output::{self, Format},
    report::Failure,
};

/// Serve the sandbox to other clients
///
/// It listens on this machine's own address only, and ends with Ctrl-C or `flyte-host sandbox stop`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  flyte-host sandbox start\n  flyte-host sandbox start --port 0 --background"
)]
pub(super) struct StartArgs {
    /// Port to listen on; 0 for any that is free
    #[arg(long, default_value_t = server::PORT)]
    port: u16,

    /// Return as soon as it answers
    #[arg(long)]
    background: bool,
}

/// Runs `sandbox start`.
pub(super) fn run(args: &StartArgs, format: Format, root: &Path) -> Result<(), Failure> {
    if args.background {
        let running = background::start(root, args.port)?;
        return tell(format, running);
    }
    let options = sandbox::Options { root: root.to_owned(), engine: EngineStart::Within };
    let sandbox = Sandbox::open(&options).map_err(|error| Failure::from_error(Exit::Failed, &error))?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let options = server::Options { address, ..server::Options::default() };
    let server = Server::bind(Arc::new(sandbox), &options)
        .map_err(|error| Failure::from_error(Exit::Failed, &error).hint(error.hint()))?;
    let failed = |error: std::io::Error| Failure::new(Exit::Failed, "the server ended").caused_by(error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        // Whoever reads the address may end the server at once.
        let shutdown = shutdown().map_err(failed)?;
        tell(format, Running { pid: std::process::id(), address: server.address() })?;
        server.run(shutdown).await.map_err(failed)
    })
}

fn tell(format: Format, running: Running) -> Result<(), Failure> {
    let Running { pid, address } = running;
    match format {
        Format::Table => output::print(&format!(
            "the sandbox is served on `{address}` by process {pid}\n\
             other clients reach it with FLYTE_PLATFORM_URL={address} FLYTE_PLATFORM_INSECURE=true\n"
        )),
        Format::Name => output::print(&format!("{address}\n")),
        format => output::structured(format, &json!({ "endpoint": address, "pid": pid })),
    }
}

/// Is done when the user or the system wants the program to end.
#[cfg(unix)]
fn shutdown() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Is done when the user wants the program to end.
#[cfg(not(unix))]
fn shutdown() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a signal there is no end but that of the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
