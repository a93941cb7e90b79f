//! `sandbox start`: serves the sandbox until it is stopped.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use clap::Args;
use sandbox::{
    EngineStart, Sandbox,
    server::{self, RunningServer, Server},
};
use serde_json::json;

use super::background;
use crate::{
    flyte::session,
    ui::{
        error::CommandError,
        exit_code::Exit,
        output::{Format, Ui},
    },
};

/// Serve the sandbox to other clients
///
/// Serves your own programs and those of root, and rejects other users and web pages. Clients whose user is
/// unknown (with `--host`, and on other systems than Linux) have to send a token, which is printed together
/// with a configuration for flytekit. Stop it with Ctrl-C or `flyte-host sandbox stop`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  flyte-host sandbox start\n  flyte-host sandbox start --port 0 --background\n  flyte-host sandbox start --host 0.0.0.0 --allow-host build.example"
)]
pub(super) struct StartArgs {
    /// Port to listen on; 0 for any that is free
    #[arg(long, default_value_t = server::PORT)]
    port: u16,

    /// IP address to listen on; beyond loopback, clients need the token, and nothing is encrypted
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// Accept requests for this host name, such as a DNS name of this host; repeatable
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    allow_host: Vec<String>,

    /// Return once the server listens
    #[arg(long)]
    background: bool,
}

/// Parses a host name without port or scheme.
fn host_name(text: &str) -> Result<String, String> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    match !text.is_empty() && text.chars().all(is_letter) {
        true => Ok(text.to_owned()),
        false => Err("expected a host name without scheme and port".to_owned()),
    }
}

impl StartArgs {
    /// The arguments for a server in the background.
    fn to_arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--port={}", self.port), format!("--host={}", self.host)];
        arguments.extend(self.allow_host.iter().map(|name| format!("--allow-host={name}")));
        arguments
    }
}

/// Runs `sandbox start`.
pub(super) fn run(args: &StartArgs, ui: &Ui, root: &Path) -> Result<(), CommandError> {
    if args.background {
        let running = background::start(root, &args.to_arguments())?;
        let token = server::requires_token(running.address).then(|| server::token(root)).flatten();
        return print_address(args, ui, root, running, token.as_deref());
    }
    let options = sandbox::SandboxOptions { root: root.to_owned(), engine: EngineStart::InProcess };
    let sandbox = Sandbox::open(&options).map_err(session::sandbox_open_failure)?;
    let address = SocketAddr::from((args.host, args.port));
    let hosts = args.allow_host.clone();
    let options = server::ServerOptions { address, hosts, ..server::ServerOptions::default() };
    let server = Server::bind(Arc::new(sandbox), &options).map_err(|error| {
        let hint = error.hint();
        CommandError::from_error(Exit::Failed, error).hint(hint)
    })?;
    let failed =
        |error: std::io::Error| CommandError::new(Exit::Failed, "the server stopped").caused_by(error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        // Before the address is printed: its reader may stop the server at once.
        let shutdown = shutdown().map_err(failed)?;
        let running = RunningServer { pid: std::process::id(), address: server.address() };
        print_address(args, ui, root, running, server.required_token())?;
        server.run(shutdown).await.map_err(failed)
    })
}

/// Prints where the server listens, and the token if clients need it.
fn print_address(
    args: &StartArgs,
    ui: &Ui,
    root: &Path,
    running: RunningServer,
    token: Option<&str>,
) -> Result<(), CommandError> {
    let RunningServer { pid, address } = running;
    let file = server::token_file(root);
    let objects = server::object_store_variables(address, &args.allow_host, token.unwrap_or_default());
    match ui.format() {
        Format::Table => {
            let reachable = server::authority(address, &args.allow_host);
            ui.print(format_args!(
                "serving the sandbox on `{address}`, process {pid}\n\
                 other clients connect with FLYTE_PLATFORM_URL={reachable} FLYTE_PLATFORM_INSECURE=true\n\
                 and read files with {}\n",
                objects.map(|(name, value)| format!("{name}={value}")).join(" ")
            ))?;
            token.map_or(Ok(()), |token| ui.print(token_text(token, &file, &reachable)))
        }
        Format::Name => ui.print(format_args!("{address}\n")),
        Format::Json | Format::Yaml => {
            let [(_, endpoint), (_, access_key), (_, secret_key)] = objects;
            let store =
                json!({ "endpoint": endpoint, "accessKeyId": access_key, "secretAccessKey": secret_key });
            ui.structured(&json!({
                "endpoint": address, "pid": pid, "token": token, "tokenFile": file, "objectStore": store,
            }))
        }
    }
}

/// The token, and the configuration for flytekit: it runs `proxyCommand` when a call is rejected, and sends
/// its output as the header `proxy-authorization: Bearer …` (`flytekit/clients/auth_helper.py`).
fn token_text(token: &str, file: &Path, reachable: &str) -> String {
    let file = json!(file);
    format!(
        "clients must send the token {token}\n\
         flytekit and flytectl send it with this configuration:\n\n\
         admin:\n  endpoint: dns:///{reachable}\n  insecure: true\n  proxyCommand: [\"cat\", {file}]\n\n\
         on other hosts, store the token in a file of your own, mode 0600\n"
    )
}

/// Waits for SIGINT or SIGTERM.
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

/// Waits for Ctrl-C.
#[cfg(not(unix))]
fn shutdown() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Signals cannot be received: serve until the process is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
