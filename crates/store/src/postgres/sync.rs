//! When what was committed is durable.
//!
//! The log of the database is one: a transaction that waits for its own place in it to be flushed, here and on synchronous standbys,
//! waits for all that was committed before. It has to write something for that. It is not cancelled and has no time-out: what
//! would come of it is unknown.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::link::Link;
use super::request::Request;
use super::target::Target;
use crate::writer::Poison;
use crate::{StoreError, Syncer};

/// A transaction that waits for the log: it writes a message into it that nobody reads, and no row.
const SYNC: &str = "BEGIN; SET LOCAL synchronous_commit = on; SELECT pg_logical_emit_message(true, 'workmill', ''); COMMIT";

/// How far commits and syncs are.
#[derive(Debug, Default)]
pub(super) struct Progress {
    committed: AtomicU64,
    synced: AtomicU64,
}

impl Progress {
    pub(super) fn note_commit(&self) {
        self.committed.fetch_add(1, Ordering::Release);
    }

    /// Whether something was committed that is not synced.
    pub(super) fn is_behind(&self) -> bool {
        self.synced.load(Ordering::Acquire) < self.committed.load(Ordering::Acquire)
    }
}

/// Makes commits of a [`PostgresStore`](super::PostgresStore) durable.
#[derive(Clone, Debug)]
pub struct PostgresSyncer {
    link: Arc<Mutex<Link>>,
    progress: Arc<Progress>,
    poison: Poison,
}

impl PostgresSyncer {
    pub(super) fn connect(
        target: &Target,
        progress: &Arc<Progress>,
        poison: &Poison,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            link: Arc::new(Mutex::new(target.connect()?)),
            progress: Arc::clone(progress),
            poison: poison.clone(),
        })
    }
}

impl Syncer for PostgresSyncer {
    fn sync(&mut self) -> Result<(), StoreError> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        self.poison.check()?;
        let committed = self.progress.committed.load(Ordering::Acquire);
        if self.progress.synced.load(Ordering::Acquire) >= committed {
            return Ok(());
        }
        // What was told at connecting is about something else.
        link.take_warnings();
        let done = link.ask_one(Request::Simple(SYNC));
        done.map_err(|failure| {
            self.poison
                .set(format!("commits could not be made durable: {failure}"))
        })?;
        // A commit that was let go without its standbys is no failure, only told of.
        if let Some(warning) = link.take_warnings().into_iter().next() {
            return Err(self
                .poison
                .set(format!("commits may not be durable: {warning}")));
        }
        self.progress.synced.fetch_max(committed, Ordering::AcqRel);
        Ok(())
    }
}
