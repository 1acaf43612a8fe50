//! When what was committed is durable.
//!
//! The log of the database is one: a transaction that waits for its own place in it to be flushed, here and on synchronous standbys,
//! waits for all that was committed before. It has to write something for that. It is not cancelled and has no time-out: what
//! would come of it is unknown.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::link::Link;
use super::live::COMMITS;
use super::request::Request;
use super::sql::in_schema;
use super::target::Target;
use crate::writer::Poison;
use crate::{StoreError, Syncer};

/// A transaction that waits for the log: it writes a message into it that nobody reads, and no row. If the commit of this number is
/// not there, nor a later one, the database has lost it meanwhile, which a pooler may hide: a division by zero.
fn sync_text(schema: &str, committed: i64) -> String {
    let text = format!(
        "BEGIN; SET LOCAL synchronous_commit = on;
        SELECT 1 / (SELECT count(*) FROM @live WHERE id = {COMMITS} AND version >= {committed});
        SELECT pg_logical_emit_message(true, 'workmill', ''); COMMIT"
    );
    in_schema(&text, schema)
}

/// How far commits and syncs are, by the numbers of commits.
#[derive(Debug)]
pub(super) struct Progress {
    committed: AtomicI64,
    synced: AtomicI64,
}

impl Progress {
    /// That of a store whose last commit has this number.
    pub(super) fn new(committed: i64) -> Self {
        Self {
            committed: AtomicI64::new(committed),
            synced: AtomicI64::new(committed),
        }
    }

    pub(super) fn note_commit(&self, number: i64) {
        self.committed.store(number, Ordering::Release);
    }

    /// Whether something was committed that is not synced.
    pub(super) fn is_behind(&self) -> bool {
        self.synced.load(Ordering::Acquire) < self.committed.load(Ordering::Acquire)
    }
}

/// Makes commits of a [`PostgresStore`](super::PostgresStore) durable.
#[derive(Clone, Debug)]
pub struct PostgresSyncer {
    schema: Arc<str>,
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
            schema: target.schema().into(),
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
        let text = sync_text(&self.schema, committed);
        let done = link.ask_one(Request::Simple(&text));
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
