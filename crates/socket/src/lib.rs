//! How many of the bytes that were written to a TCP connection have come to the other end.
//!
//! This crate exists so that `unsafe` is forbidden elsewhere: the system is asked through `ioctl`.

use std::io;
use std::os::fd::AsFd;

/// What the system keeps of the bytes that were written to a connection. The end of the stream counts as a byte, once
/// it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendQueue {
    /// How many bytes the other end has not acknowledged, in bytes.
    pub unacknowledged: u64,
    /// How many of them have not even left, in bytes.
    pub unsent: u64,
}

impl SendQueue {
    /// The send queue of a TCP connection. It can be asked for as long as the socket is open, also after the connection
    /// has broken: it is then as it was at that moment.
    ///
    /// # Errors
    /// If the socket is no TCP connection, or the system does not tell.
    pub fn of(socket: impl AsFd) -> io::Result<Self> {
        imp::send_queue(&socket)
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::ffi::c_int;
    use std::io;
    use std::os::fd::AsFd;

    use rustix::ioctl::{Getter, Opcode, ioctl};

    use super::SendQueue;

    /// The bytes that are not acknowledged (`linux/sockios.h`).
    const SIOCOUTQ: Opcode = 0x5411;

    /// The bytes that have not been sent (`linux/sockios.h`).
    const SIOCOUTQNSD: Opcode = 0x894B;

    pub(super) fn send_queue(socket: &impl AsFd) -> io::Result<SendQueue> {
        // In this order, so that what is sent in between does not make more unsent than unacknowledged bytes.
        let unsent = ask::<SIOCOUTQNSD>(socket)?;
        let unacknowledged = ask::<SIOCOUTQ>(socket)?;
        Ok(SendQueue {
            unacknowledged: unacknowledged.max(unsent),
            unsent,
        })
    }

    fn ask<const WHAT: Opcode>(socket: &impl AsFd) -> io::Result<u64> {
        // SAFETY: both opcodes write one int and do nothing else.
        let getter = unsafe { Getter::<WHAT, c_int>::new() };
        // SAFETY: the same; a file that is no such socket is an error.
        let bytes = unsafe { ioctl(socket, getter) }?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;
    use std::os::fd::AsFd;

    use super::SendQueue;

    pub(super) fn send_queue(_: &impl AsFd) -> io::Result<SendQueue> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use rustix::net::sockopt::set_socket_linger;

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (theirs, _) = listener.accept().unwrap();
        (ours, theirs)
    }

    /// Writes until the system takes no more; returns how much that is.
    fn fill(stream: &mut TcpStream) -> u64 {
        stream.set_nonblocking(true).unwrap();
        let mut written = 0;
        while let Ok(bytes) = stream.write(&[b'x'; 100_000]) {
            written += bytes as u64;
        }
        stream.set_nonblocking(false).unwrap();
        written
    }

    #[test]
    fn bytes_that_have_arrived_are_acknowledged() {
        let (mut ours, mut theirs) = pair();
        ours.write_all(b"hello").unwrap();
        theirs.read_exact(&mut [0; 5]).unwrap();
        // What comes back says what has come.
        theirs.write_all(b"!").unwrap();
        ours.read_exact(&mut [0; 1]).unwrap();
        let empty = SendQueue {
            unacknowledged: 0,
            unsent: 0,
        };
        assert_eq!(SendQueue::of(&ours).unwrap(), empty);
    }

    #[test]
    fn bytes_nobody_takes_in_are_unsent_also_after_a_reset() {
        let (mut ours, theirs) = pair();
        let written = fill(&mut ours);
        let before = SendQueue::of(&ours).unwrap();
        assert!(before.unsent > 0 && before.unacknowledged < written);
        set_socket_linger(&theirs, Some(Duration::ZERO)).unwrap();
        drop(theirs);
        ours.read_exact(&mut [0; 1]).unwrap_err();
        let after = SendQueue::of(&ours).unwrap();
        assert!(after.unsent > 0, "{before:?} {after:?}");
    }

    #[test]
    fn what_is_no_connection_is_an_error() {
        let file = std::fs::File::open("/dev/null").unwrap();
        SendQueue::of(&file).unwrap_err();
    }
}
