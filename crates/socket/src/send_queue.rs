//! What is on its way, and how it is asked for.

use std::io;
use std::os::fd::AsFd;

use crate::system;

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
        system::send_queue(&socket)
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
