//! A connection between the processes, on which calls nest: while one side waits for the result of a call, it
//! answers those of the other. Each end belongs to one thread at a time.

use std::{
    cell::Cell,
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    time::Duration,
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

/// The size in bytes of the number in front of a message.
const PREFIX: usize = size_of::<u32>();
/// The largest message in bytes.
const MAX_MESSAGE: usize = 1 << 30;
/// How many bytes are read at once.
const CHUNK: usize = 1 << 20;
/// How long the host waits until the child takes a part of a message.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Channel {
    stream: UnixStream,
    timeout: Cell<Option<Duration>>,
}

impl Channel {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self { stream, timeout: Cell::new(None) }
    }

    /// Makes a connection, of which the other end is for the other process.
    pub(super) fn pair() -> io::Result<(Self, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_write_timeout(Some(WRITE_TIMEOUT))?;
        Ok((Self::new(ours), theirs))
    }

    pub(super) fn send(&self, message: &[u8]) -> io::Result<()> {
        let size = u32::try_from(message.len()).map_err(|_| io::Error::other("the message is too large"))?;
        let size = size.to_le_bytes();
        let mut stream = &self.stream;
        let written = stream.write_vectored(&[IoSlice::new(&size), IoSlice::new(message)])?;
        if written < PREFIX {
            stream.write_all(&size[written..])?;
        }
        stream.write_all(&message[written.saturating_sub(PREFIX)..])
    }

    /// Waits for the next message, at most for `limit` until a part of it arrives; `TimedOut` after that.
    pub(super) fn receive(&self, limit: Option<Duration>) -> io::Result<Vec<u8>> {
        self.set_timeout(limit)?;
        let mut bytes = vec![0; 4096];
        let mut filled = 0;
        loop {
            filled += self.read_part(&mut bytes[filled..])?;
            let Some(size) = bytes[..filled].first_chunk() else { continue };
            let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
            if size > MAX_MESSAGE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too large"));
            }
            let end = PREFIX + size;
            if filled > end {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "two messages at once"));
            }
            if filled == end {
                bytes.truncate(end);
                bytes.drain(..PREFIX);
                return Ok(bytes);
            }
            // Memory grows with what arrives, and not with what was announced.
            if filled == bytes.len() {
                bytes.resize(end.min(filled + CHUNK), 0);
            }
        }
    }

    fn read_part(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (&self.stream).read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                result => return result,
            }
        }
    }

    fn set_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        // Zero would mean no limit.
        let limit = limit.map(|limit| limit.max(Duration::from_millis(1)));
        if self.timeout.replace(limit) != limit {
            self.stream.set_read_timeout(limit)?;
        }
        Ok(())
    }
}

/// The most descriptors that one message carries.
const MAX_DESCRIPTORS: usize = 3;

/// Sends descriptors over a connection, in one message.
pub(super) fn send_descriptors(over: &UnixStream, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("no space for a descriptor"));
    }
    sendmsg(over, &[IoSlice::new(b"c")], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for the descriptors of the next message; `None` when the other process has ended.
pub(super) fn receive_descriptors(over: &UnixStream) -> io::Result<Option<Vec<OwnedFd>>> {
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let flags = RecvFlags::CMSG_CLOEXEC;
        match recvmsg(over, &mut [IoSliceMut::new(&mut byte)], &mut control, flags) {
            Ok(received) if received.bytes == 0 => return Ok(None),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let descriptors = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        return Ok(Some(descriptors.flatten().collect()));
    }
}

/// Sends one end of a new connection over another connection.
pub(super) fn send_end(over: &UnixStream, end: &UnixStream) -> io::Result<()> {
    send_descriptors(over, &[end.as_fd()])
}

/// Waits for an end of a new connection; `None` when the other process has ended.
pub(super) fn receive_end(over: &UnixStream) -> io::Result<Option<UnixStream>> {
    while let Some(mut descriptors) = receive_descriptors(over)? {
        if let Some(end) = descriptors.pop() {
            return Ok(Some(UnixStream::from(end)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_any_size_arrive_whole() {
        for size in [0, 1, 4091, 4092, 4093, CHUNK + 4092, 3 * CHUNK + 7] {
            let (ours, theirs) = Channel::pair().unwrap();
            let message: Vec<u8> = (0..size).map(|index| u8::try_from(index % 251).unwrap()).collect();
            let sent = message.clone();
            let sender = std::thread::spawn(move || Channel::new(theirs).send(&sent).unwrap());
            assert!(ours.receive(None).unwrap() == message, "{size}");
            sender.join().unwrap();
        }
    }

    #[test]
    fn an_announced_size_reserves_no_memory() {
        let (ours, mut theirs) = Channel::pair().unwrap();
        theirs.write_all(&u32::MAX.to_le_bytes()).unwrap();
        assert_eq!(ours.receive(None).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn waiting_ends_at_the_limit_and_with_the_other_end() {
        let (ours, theirs) = Channel::pair().unwrap();
        assert_eq!(ours.receive(Some(Duration::ZERO)).unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(theirs);
        assert_eq!(ours.receive(None).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn an_end_of_a_connection_can_be_sent() {
        let (left, right) = UnixStream::pair().unwrap();
        let (ours, theirs) = Channel::pair().unwrap();
        send_end(&left, &theirs).unwrap();
        Channel::new(receive_end(&right).unwrap().unwrap()).send(b"hello").unwrap();
        assert_eq!(ours.receive(None).unwrap(), b"hello");
        drop(left);
        assert!(receive_end(&right).unwrap().is_none());
    }
}
