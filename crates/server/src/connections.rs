//! The connections that have said HELLO, and how many sockets are open in all.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::atomic_enum::{AtomicEnum, Listed};

/// The connections that have said HELLO, by number.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
    numbers: AtomicU64,
    sockets: AtomicUsize,
}

/// A socket that counts as open until this is dropped.
#[derive(Debug)]
pub(crate) struct OpenSocket(Arc<Connections>);

/// One connection as others see it.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its number, never used twice.
    pub(crate) id: u64,
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// The worker it belongs to; empty if none.
    pub(crate) wid: Arc<str>,
    /// Since when it is open.
    pub(crate) since: Instant,
    phase: AtomicEnum<Phase>,
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It waits for the client's next command.
    #[default]
    Idle,
    /// A command is being run.
    Running,
    /// A FETCH of it waits for a job.
    Fetching,
    /// A reply is being sent.
    Sending,
}

impl Listed for Phase {
    const ALL: &'static [Self] = &[Self::Idle, Self::Running, Self::Fetching, Self::Sending];
}

impl Phase {
    /// Its name, for people.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Fetching => "fetching",
            Self::Sending => "sending",
        }
    }
}

/// The server has as many connections as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many connections: {connections_max}")]
pub(crate) struct TooManyConnections {
    /// How many it may have.
    pub(crate) connections_max: usize,
}

/// Keeps a connection's place; gives it up when dropped.
#[derive(Debug)]
pub(crate) struct ConnectionGuard {
    connection: Arc<Connection>,
    /// Closes the connection.
    pub(crate) close: CancellationToken,
    connections: Arc<Connections>,
}

impl Connections {
    /// Takes a place for a connection, if there is one.
    pub(crate) fn enter(
        self: &Arc<Self>,
        peer: SocketAddr,
        wid: &str,
        close: CancellationToken,
        connections_max: usize,
    ) -> Result<ConnectionGuard, TooManyConnections> {
        let mut open = self.open.lock();
        if open.len() >= connections_max {
            return Err(TooManyConnections { connections_max });
        }
        let connection = Arc::new(Connection {
            id: self.numbers.fetch_add(1, Ordering::Relaxed),
            peer,
            wid: wid.into(),
            since: Instant::now(),
            phase: AtomicEnum::default(),
        });
        open.insert(connection.id, Arc::clone(&connection));
        Ok(ConnectionGuard {
            connection,
            close,
            connections: Arc::clone(self),
        })
    }

    /// Counts a socket, whether its client has said HELLO or not.
    pub(crate) fn note_socket(self: &Arc<Self>) -> OpenSocket {
        self.sockets.fetch_add(1, Ordering::Relaxed);
        OpenSocket(Arc::clone(self))
    }

    /// How many sockets are open.
    pub(crate) fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open.lock().len()
    }

    /// All of them, the oldest first.
    pub(crate) fn list(&self) -> Vec<Arc<Connection>> {
        self.open.lock().values().map(Arc::clone).collect()
    }
}

impl Connection {
    /// What it is doing.
    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }
}

impl ConnectionGuard {
    /// The connection's number.
    pub(crate) fn id(&self) -> u64 {
        self.connection.id
    }

    /// The worker the connection belongs to; empty if none.
    pub(crate) fn wid(&self) -> &Arc<str> {
        &self.connection.wid
    }

    /// Says what the connection does now.
    pub(crate) fn set_phase(&self, phase: Phase) {
        self.connection.phase.set(phase);
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.sockets.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.connections.open.lock().remove(&self.connection.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_free_again_afterwards() {
        let connections = Arc::new(Connections::default());
        let enter =
            || connections.enter(([127, 0, 0, 1], 1).into(), "", CancellationToken::new(), 2);
        let first = enter().unwrap();
        let _second = enter().unwrap();
        let refusal = enter().unwrap_err();
        assert_eq!(refusal.to_string(), "too many connections: 2");
        drop(first);
        let third = enter().unwrap();
        assert_eq!(third.id(), 2);
        assert_eq!(connections.len(), 2);
    }
}
