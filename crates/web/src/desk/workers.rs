//! Workers and connections as an operator sees them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use workmill_engine::Note;

/// A worker process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerView {
    /// Its id.
    pub wid: Arc<str>,
    /// Where it runs, as it says.
    pub hostname: String,
    /// Its process id there, as it says.
    pub pid: i64,
    /// What it calls itself.
    pub labels: Vec<String>,
    /// Its resident memory in KiB, as its last BEAT said; 0 if it did not.
    pub rss_kb: i64,
    /// `running`, `quiet` or `terminate`.
    pub state: &'static str,
    /// Its open connections.
    pub connections: usize,
    /// For how long it is connected.
    pub connected_for: Duration,
    /// How long ago a command of it last came.
    pub silent_for: Duration,
}

/// Which workers are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerChoice {
    /// All of them.
    All,
    /// The one with this id.
    Wid(String),
    /// Those with this label.
    Label(String),
}

impl WorkerChoice {
    /// What the audit log says when so many of them were told something.
    pub fn note(&self, signal: WorkerSignal, told: usize) -> Note {
        Note {
            action: match signal {
                WorkerSignal::Quiet => "workers.quiet",
                WorkerSignal::Terminate => "workers.terminate",
            },
            target: match self {
                Self::All => String::from("all workers"),
                Self::Wid(wid) => format!("worker {wid}"),
                Self::Label(label) => format!("workers with the label {label}"),
            },
            count: told as u64,
            began_at: None,
            undoes: None,
        }
    }
}

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerSignal {
    /// To finish what it holds and to fetch no more.
    Quiet,
    /// To end.
    Terminate,
}

/// An open connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionView {
    /// The other end.
    pub peer: SocketAddr,
    /// The worker it belongs to; empty if none.
    pub wid: Arc<str>,
    /// For how long it is open.
    pub age: Duration,
    /// `idle`, `running`, `fetching` or `sending`.
    pub phase: &'static str,
    /// What it fetched last.
    pub fetches: Fetches,
}

/// Which queues a connection fetches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fetches {
    /// It has fetched nothing yet.
    #[default]
    Nothing,
    /// Its last FETCH was from these, in this order.
    Queues(Arc<[String]>),
    /// Its last FETCH was from more than are remembered: any may be among them.
    TooMany,
}

/// That a connection which is closed by now fetched from a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftQueue {
    /// The worker it belonged to; empty if none.
    pub wid: Arc<str>,
    /// How long ago it was closed.
    pub ago: Duration,
}
