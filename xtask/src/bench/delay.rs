//! A network with a delay: a proxy of bytes, each of which takes half of a round trip, however many are on
//! their way.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// Begins to listen, until the program ends; returns the address.
pub(super) fn start(server: &str, round_trip: Duration) -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?.to_string();
    let server = server.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().map_while(io::Result::ok) {
            // The measurement fails if there is no connection.
            let _ = carry(&client, &server, round_trip / 2);
        }
    });
    Ok(address)
}

fn carry(client: &TcpStream, server: &str, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    for (from, to) in [(client, &server), (&server, client)] {
        to.set_nodelay(true)?;
        let (sender, receiver) = channel::<(Instant, Vec<u8>)>();
        let (from, mut to) = (from.try_clone()?, to.try_clone()?);
        thread::spawn(move || read(from, &sender, delay));
        thread::spawn(move || {
            for (due, bytes) in receiver {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

/// Notes what comes, and when it is due on the other side.
fn read(mut from: TcpStream, to: &Sender<(Instant, Vec<u8>)>, delay: Duration) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if to.send((Instant::now() + delay, bytes[..length].to_vec())).is_err() {
            break;
        }
    }
}
