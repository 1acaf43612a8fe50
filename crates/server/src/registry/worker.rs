//! One worker: its state, which only moves forward, and its last sign of life.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::atomic_enum::{AtomicEnum, Listed};

/// What a worker is to do. Its order is the only way it can change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WorkerState {
    /// Work.
    #[default]
    Running,
    /// Finish what it holds and fetch no more.
    Quiet,
    /// End.
    Terminate,
}

impl Listed for WorkerState {
    const ALL: &'static [Self] = &[Self::Running, Self::Quiet, Self::Terminate];
}

impl WorkerState {
    /// The state of this name; none for any other text, which changes nothing (as Faktory).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut states = Self::ALL.iter().copied();
        states.find(|state| state.as_str() == text)
    }

    /// Its name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Quiet => "quiet",
            Self::Terminate => "terminate",
        }
    }

    /// What a BEAT is told of it; nothing while all is well.
    pub(crate) fn news(self) -> Option<&'static str> {
        match self {
            Self::Running => None,
            Self::Quiet => Some(r#"{"state":"quiet"}"#),
            Self::Terminate => Some(r#"{"state":"terminate"}"#),
        }
    }
}

/// A worker as its connections share it.
#[derive(Debug)]
pub(crate) struct Worker {
    wid: Arc<str>,
    number: u64,
    state: AtomicEnum<WorkerState>,
    /// The uptime of the server at which a command of it last came.
    last_seen_millis: AtomicU64,
}

impl Worker {
    pub(super) fn new(wid: Arc<str>, number: u64, now: Duration) -> Self {
        let worker = Self {
            wid,
            number,
            state: AtomicEnum::default(),
            last_seen_millis: AtomicU64::new(0),
        };
        worker.touch(now);
        worker
    }

    /// Its number: one more than that of its first connection, so that no other worker, and no connection of
    /// its own, is taken for it. Never 0.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Its id.
    pub(crate) fn wid(&self) -> &Arc<str> {
        &self.wid
    }

    /// The state it is in.
    pub(crate) fn state(&self) -> WorkerState {
        self.state.get()
    }

    /// Moves it on to a state; never back.
    pub(super) fn advance(&self, state: WorkerState) {
        self.state.advance(state);
    }

    /// Takes note of a command of it.
    pub(crate) fn touch(&self, now: Duration) {
        let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.last_seen_millis.fetch_max(millis, Ordering::Relaxed);
    }

    /// When a command of it last came.
    pub(crate) fn last_seen(&self) -> Duration {
        Duration::from_millis(self.last_seen_millis.load(Ordering::Relaxed))
    }
}
