//! Bytes on their way: late, cut off, or lost.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::Listening;

/// What happens to a connection.
#[derive(Clone, Copy, Debug)]
pub enum Wire {
    /// It is broken off after so many bytes from the server.
    Cut(usize),
    /// Each byte takes half of this time in each direction.
    Delayed(Duration),
    /// It stands, but nothing comes any more after so many bytes from the server.
    Dead(usize),
    /// It is as it should be.
    Fine,
    /// It is accepted, and leads nowhere.
    Nowhere,
}

/// A proxy of bytes.
pub struct WireProxy(Listening);

impl WireProxy {
    /// Leads to a server; `wire` says what happens to the connection of a number, counted from 1.
    #[must_use]
    pub fn start(server: &str, wire: impl Fn(usize) -> Wire + Send + 'static) -> Self {
        let server = server.to_owned();
        Self(Listening::start(move |stream, number| {
            let (server, wire) = (server.clone(), wire(number));
            Box::pin(async move {
                // The end of a connection is what this is about.
                let _ = carry(stream, &server, wire).await;
            })
        }))
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.0.address.to_string()
    }
}

async fn carry(mut client: TcpStream, server: &str, wire: Wire) -> io::Result<()> {
    if matches!(wire, Wire::Nowhere) {
        // Until the client gives up.
        while client.read(&mut [0; 1024]).await? > 0 {}
        return Ok(());
    }
    let mut server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    match wire {
        Wire::Delayed(time) => {
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::try_join!(late(from_client, to_server, time / 2), late(from_server, to_client, time / 2))?;
        }
        Wire::Cut(bytes) => limited(client, server, bytes, false).await?,
        Wire::Dead(bytes) => limited(client, server, bytes, true).await?,
        Wire::Fine | Wire::Nowhere => {
            tokio::io::copy_bidirectional(&mut client, &mut server).await?;
        }
    }
    Ok(())
}

/// Carries bytes one way, each after a time, and however many are on their way.
async fn late(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, time: Duration) -> io::Result<()> {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async {
        loop {
            let mut bytes = vec![0; 64 * 1024];
            let length = from.read(&mut bytes).await?;
            bytes.truncate(length);
            if length == 0 || sender.send((Instant::now() + time, bytes)).is_err() {
                drop(sender);
                return io::Result::Ok(());
            }
        }
    };
    let write = async {
        while let Some((due, bytes)) = receiver.recv().await {
            sleep_until(due).await;
            to.write_all(&bytes).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(drop)
}

/// Carries so many bytes from the server; then the connection ends, or hangs until the client gives up.
async fn limited(client: TcpStream, server: TcpStream, mut left: usize, hangs: bool) -> io::Result<()> {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let up = async { tokio::io::copy(&mut from_client, &mut to_server).await.map(drop) };
    let down = async {
        let mut bytes = [0; 4096];
        while left > 0 {
            let length = from_server.read(&mut bytes).await?;
            if length == 0 {
                break;
            }
            let sent = length.min(left);
            to_client.write_all(&bytes[..sent]).await?;
            left -= sent;
        }
        if hangs { std::future::pending().await } else { io::Result::Ok(()) }
    };
    tokio::select! {
        result = up => result,
        result = down => result,
    }
}
