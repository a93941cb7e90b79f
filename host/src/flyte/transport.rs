//! Joins the transports of plugins with those of `flyte-client`.
//!
//! A plugin's transport blocks its caller, those of `flyte-client` are futures. A `Worker` is a thread with a
//! runtime: it drives the host's transport for the plugins' threads, and has the threads on which plugins are
//! called. It never blocks, so a plugin that calls the host while the host calls it does not deadlock.

use std::{
    future,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use flyte_client::{
    Client,
    transport::{Call, CallResponse, Code, Reply, Status, Transport, TransportError, TransportErrorKind},
};
use plugin_abi::{
    PluginError,
    transport::{self as plugin, Transport as _, TransportHandle},
};
use tokio::runtime::{self, Runtime};

use crate::{
    app::process_exit::keep_until_exit,
    ui::{error::CommandError, exit_code::Exit},
};
use plugin_host::{self as plugins, Layers};

/// How many calls of plugins' transports run at once; more wait.
const CALLS_AT_ONCE: usize = 32;

/// How long after the timeout a plugin may take to return its own error.
const GRACE: Duration = Duration::from_millis(500);

/// Wraps or replaces the host's transport by those of plugins.
///
/// # Errors
///
/// Those of the host's transport, or a plugin that failed to create its own.
pub(crate) fn join(
    layers: &Layers,
    host: impl FnOnce() -> Result<Arc<dyn Transport>, CommandError>,
) -> Result<Arc<dyn Transport>, CommandError> {
    if layers.is_empty() {
        return host();
    }
    let worker = Worker::start()?;
    let host = match layers.replacement() {
        Some(_) => None,
        None => {
            let transport = host()?;
            let carry: CallFn = Box::new(move |call| {
                let transport = Arc::clone(&transport);
                Box::pin(async move { transport.call(call).await })
            });
            Some(TransportHandle::new(BlockingTransport { worker: worker.clone(), carry }))
        }
    };
    match layers.open(host)? {
        Some(outermost) => {
            keep_until_exit(&outermost);
            let owners: Vec<String> = layers.owners().map(|owner| format!("`{}`", owner.name)).collect();
            let owners = format!("plugin {}", owners.join(", plugin "));
            Ok(Arc::new(PluginTransport { worker, outermost, owners }))
        }
        None => Err(CommandError::new(Exit::Internal, "internal error: plugins left no transport")),
    }
}

/// A transport for commands of plugins that calls through a client.
///
/// # Errors
///
/// A thread that cannot be started.
pub(crate) fn lend(client: Client) -> Result<TransportHandle, CommandError> {
    let carry: CallFn = Box::new(move |call| {
        let client = client.clone();
        Box::pin(async move { client.call(call).await.map_err(|error| error.status) })
    });
    Ok(TransportHandle::new(BlockingTransport { worker: Worker::start()?, carry }))
}

/// A thread that drives futures for blocking threads. It never ends, nor do those on which plugins are
/// called, so destructors of the plugins' thread-locals do not run.
#[derive(Clone)]
struct Worker(runtime::Handle);

impl Worker {
    fn start() -> Result<Self, CommandError> {
        let unable = |error: std::io::Error| {
            CommandError::new(Exit::Failed, "could not start the thread for the plugins' transports")
                .caused_by(error)
        };
        let (sender, handle) = mpsc::sync_channel(1);
        // The runtime never leaves its thread: the caller may be a future, and must not drop a runtime.
        let drive = move || match runtime() {
            Ok(runtime) => {
                // An error means that the caller is gone.
                let _ = sender.send(Ok(runtime.handle().clone()));
                runtime.block_on(future::pending::<()>());
            }
            Err(error) => {
                let _ = sender.send(Err(error));
            }
        };
        thread::Builder::new().name("flyte-transport".to_owned()).spawn(drive).map_err(unable)?;
        let handle = handle.recv().map_err(std::io::Error::other).flatten().map_err(unable)?;
        Ok(Self(handle))
    }
}

fn runtime() -> std::io::Result<Runtime> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(CALLS_AT_ONCE)
        .thread_keep_alive(Duration::from_secs(u32::MAX.into()))
        .thread_name("plugin-transport")
        .build()
}

type CallFn = Box<dyn Fn(Call) -> Reply<'static> + Send + Sync>;

/// A transport of the host for blocking callers: threads of plugins, or blocking threads of a [`Worker`].
struct BlockingTransport {
    worker: Worker,
    carry: CallFn,
}

impl plugin::Transport for BlockingTransport {
    fn call(&self, call: plugin::Call<'_>) -> Result<plugin::Answer, plugin::Status> {
        let call = Call {
            path: call.path.to_owned().into(),
            metadata: call.metadata,
            message: call.message.to_vec().into(),
            timeout: call.timeout,
        };
        let reply = (self.carry)(call);
        let (sender, receiver) = mpsc::sync_channel(1);
        self.worker.0.spawn(async move {
            // An error means that the caller is gone.
            let _ = sender.send(reply.await);
        });
        match receiver.recv() {
            Ok(Ok(CallResponse { metadata, message })) => {
                let mut answer = plugin::Answer::new(message);
                answer.metadata = metadata;
                Ok(answer)
            }
            Ok(Err(status)) => Err(plugins::transport::attributed(plugin_client::to_plugin(status))),
            Err(_) => Err(PluginError::new("the host's transport stopped during the call").into()),
        }
    }
}

/// The transports of plugins, for the host's futures.
struct PluginTransport {
    worker: Worker,
    outermost: TransportHandle,
    /// The plugins, for messages.
    owners: String,
}

impl Transport for PluginTransport {
    fn call(&self, call: Call) -> Reply<'_> {
        let transport = self.outermost.clone();
        let limit = call.timeout.map(|timeout| timeout + GRACE);
        let answer = self.worker.0.spawn_blocking(move || {
            let mut lowered = plugin::Call::new(&call.path, &call.message);
            lowered.metadata = call.metadata;
            lowered.timeout = call.timeout;
            transport.call(lowered)
        });
        Box::pin(async move {
            let answer = match limit {
                Some(limit) => tokio::time::timeout(limit, answer).await.map_err(|_| self.too_late(limit))?,
                None => answer.await,
            };
            match answer {
                Ok(Ok(plugin::Answer { metadata, message, .. })) => {
                    Ok(CallResponse { metadata, message: message.into() })
                }
                Ok(Err(status)) => Err(plugin_client::from_plugin(status)),
                Err(_) => Err(Status::fault(
                    Code::Internal,
                    TransportError::new(
                        TransportErrorKind::Transport,
                        "the plugin's transport stopped during the call",
                    ),
                )),
            }
        })
    }

    fn carrier(&self) -> Option<&str> {
        Some(&self.owners)
    }
}

impl PluginTransport {
    #[cold]
    fn too_late(&self, limit: Duration) -> Status {
        let waited = limit.saturating_sub(GRACE).as_secs_f64();
        let text = format!("no answer within {waited} s through the transport of {}", self.owners);
        let hint = "use `--no-plugins` to run without it".to_owned();
        Status::fault(
            Code::DeadlineExceeded,
            TransportError::new(TransportErrorKind::Deadline, text).hint(hint),
        )
    }
}
