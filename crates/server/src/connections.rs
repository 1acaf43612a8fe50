//! The connections that have said HELLO, and how many sockets are open in all.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use workmill_web::{Fetches, LeftQueue};

use crate::atomic_enum::{AtomicEnum, Listed};

mod left_queues;

use left_queues::LeftQueues;

/// Bytes of queues' names that are remembered of a connection's last FETCH: there can be many thousand connections.
const FETCH_BYTES_KEPT_MAX: usize = 4096;

/// The connections that have said HELLO, by number.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
    left_queues: Mutex<LeftQueues>,
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
    fetches: Mutex<Fetches>,
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
    /// None yet; the first one has this number.
    pub(crate) fn numbered_from(first: u64) -> Self {
        Self {
            numbers: AtomicU64::new(first),
            ..Self::default()
        }
    }

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
            fetches: Mutex::default(),
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

    /// The queues that connections which are closed by now fetched last.
    pub(crate) fn left_queues(&self) -> BTreeMap<Box<str>, LeftQueue> {
        self.left_queues.lock().list(Instant::now())
    }
}

impl Connection {
    /// What it is doing.
    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// What it fetched last.
    pub(crate) fn fetches(&self) -> Fetches {
        self.fetches.lock().clone()
    }
}

impl ConnectionGuard {
    /// The connection's number.
    pub(crate) fn id(&self) -> u64 {
        self.connection.id
    }

    /// Where it comes from.
    pub(crate) fn peer(&self) -> &SocketAddr {
        &self.connection.peer
    }

    /// The worker the connection belongs to; empty if none.
    pub(crate) fn wid(&self) -> &Arc<str> {
        &self.connection.wid
    }

    /// Says what the connection does now.
    pub(crate) fn set_phase(&self, phase: Phase) {
        self.connection.phase.set(phase);
    }

    /// Says which queues the connection fetches now.
    pub(crate) fn note_fetch(&self, queues: &Arc<[String]>) {
        let bytes: usize = queues.iter().map(String::len).sum();
        *self.connection.fetches.lock() = match bytes > FETCH_BYTES_KEPT_MAX {
            true => Fetches::TooMany,
            false => Fetches::Queues(Arc::clone(queues)),
        };
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.sockets.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        if let Fetches::Queues(queues) = &*self.connection.fetches.lock() {
            let mut left = self.connections.left_queues.lock();
            left.note(queues, &self.connection.wid, Instant::now());
        }
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

    #[test]
    fn what_a_connection_fetched_last_is_known_while_it_is_open_and_afterwards() {
        let connections = Arc::new(Connections::default());
        let peer = ([127, 0, 0, 1], 1).into();
        let guard = connections
            .enter(peer, "w1", CancellationToken::new(), 2)
            .unwrap();
        let fetches = || connections.list().first().unwrap().fetches();
        assert_eq!(fetches(), Fetches::Nothing);
        let queues: Arc<[String]> = Arc::new(["a".to_owned(), "b".to_owned()]);
        guard.note_fetch(&queues);
        assert_eq!(fetches(), Fetches::Queues(queues));
        assert!(connections.left_queues().is_empty());
        drop(guard);
        let left = connections.left_queues();
        assert_eq!(
            left.keys().map(|name| &**name).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(&*left["a"].wid, "w1");
    }

    #[test]
    fn a_fetch_with_more_names_than_are_remembered_counts_as_one_from_any_queue() {
        let connections = Arc::new(Connections::default());
        let peer = ([127, 0, 0, 1], 1).into();
        let guard = connections
            .enter(peer, "w1", CancellationToken::new(), 2)
            .unwrap();
        let queues: Arc<[String]> = (0..20).map(|n| format!("{n:0256}")).collect();
        guard.note_fetch(&queues);
        assert_eq!(
            connections.list().first().unwrap().fetches(),
            Fetches::TooMany
        );
    }
}
