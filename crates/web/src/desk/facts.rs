//! What is known of the server itself.

use std::time::Duration;

use workmill_proto::Timestamp;

/// Whether the server does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// The store is not open yet.
    Starting,
    /// It takes jobs and hands them out.
    Ready,
    /// The disk has not answered for so long; commands wait.
    Stalled(Duration),
    /// It takes no more connections.
    Stopping,
}

/// Who leads, of several servers on one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether this one does.
    pub leads: bool,
    /// Which leadership it is: each has a greater number than all before it; 0 if none was seen so far.
    pub epoch: u64,
    /// Where others reach the one that leads, `host:port`; none if nobody leads, as far as is known.
    pub leader: Option<String>,
}

/// What never changes while the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// What it calls itself to clients.
    pub description: &'static str,
    /// The version of Faktory whose protocol it speaks.
    pub faktory_version: &'static str,
    /// Its own version.
    pub version: &'static str,
    /// `development`, `staging` or `production`.
    pub environment: String,
    /// When it started.
    pub started_at: Timestamp,
    /// Its process id.
    pub pid: u32,
    /// Where the data lies.
    pub storage_dir: String,
    /// Where the command port listens: `tcp://ADDR` or `tcp+tls://ADDR`.
    pub listens_at: String,
    /// When an acknowledged change is on disk.
    pub durability: Durability,
}

/// When an acknowledged change is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before the answer.
    Always,
    /// At most so long after it.
    Interval(Duration),
}

/// The numbers of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerNumbers {
    /// For how long it runs.
    pub uptime: Duration,
    /// Open connections that have said HELLO.
    pub connections: u64,
    /// Commands since the start.
    pub commands: u64,
    /// Workers that are connected.
    pub workers: u64,
    /// Workers removed since the start because they sent no BEAT.
    pub workers_reaped: u64,
    /// Resident memory in bytes; 0 where the system does not tell.
    pub memory_bytes: u64,
    /// Transactions committed since the start, each for all commands that waited.
    pub commits: u64,
    /// Transactions rolled back since the start.
    pub rollbacks: u64,
    /// The duties of time.
    pub duties: Vec<DutyNumbers>,
}

/// What the server does by itself again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DutyNumbers {
    /// What operators know it by.
    pub name: &'static str,
    /// Runs since the start.
    pub runs: u64,
    /// The time they took altogether, waiting included.
    pub time: Duration,
}

/// A disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes that the server may still write.
    pub free_bytes: u64,
    /// Bytes in all.
    pub bytes: u64,
}
