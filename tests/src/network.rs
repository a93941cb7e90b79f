//! What may happen between the program and a server, at a real socket: to calls ([`CallProxy`]), and to bytes
//! ([`WireProxy`]).
//!
//! Both count calls, connections and bytes, so that a fault comes at the same moment each time.

mod call_proxy;
mod wire_proxy;

use std::{future::Future, net::SocketAddr, pin::Pin, sync::mpsc, thread};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

pub use self::{
    call_proxy::{CallProxy, Fate, Loss},
    wire_proxy::{Wire, WireProxy},
};

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A listener on a thread of its own, which ends with this value.
struct Listening {
    address: SocketAddr,
    _end: oneshot::Sender<()>,
}

impl Listening {
    /// Does something with each connection; they are numbered from 1.
    fn start(work: impl Fn(TcpStream, usize) -> Work + Send + 'static) -> Self {
        let (end, ended) = oneshot::channel();
        let (said, heard) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
                let listener = listener.expect("a port of the system's");
                said.send(listener.local_addr().expect("its address")).expect("a test that waits for it");
                let accept = async {
                    for number in 1.. {
                        let Ok((stream, _)) = listener.accept().await else { break };
                        let _ = stream.set_nodelay(true);
                        tokio::spawn(work(stream, number));
                    }
                };
                tokio::select! {
                    _ = ended => {}
                    () = accept => {}
                }
            });
        });
        let address = heard.recv().expect("a proxy that listens");
        Self { address, _end: end }
    }
}
