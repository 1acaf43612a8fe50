//! The connection for reading, shared by all threads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::link::Link;
use super::request::Request;
use super::snapshot::PostgresSnapshot;
use super::sql::{Sql, Statements};
use super::target::Target;
use crate::StoreError;
use crate::reading::{Reader, Snapshots};
use crate::writer::Poison;

/// Reads a [`PostgresStore`](super::PostgresStore) from any thread, as long as it is open.
pub type PostgresReader = Reader<PostgresReads>;

/// What the store shows to readers: one at a time, as each read is short.
#[derive(Clone, Debug)]
pub struct PostgresReads(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    target: Target,
    statements: Arc<Statements>,
    poison: Poison,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Not connected yet, or not any more.
    Apart,
    Connected(Box<Link>),
    Closed,
}

impl PostgresReads {
    /// The way to read a database that another server writes to.
    pub fn of(target: &Target) -> PostgresReader {
        let statements = Arc::new(Statements::of_schema(target.schema()));
        Reader::new(Self::new(target, &statements, &Poison::default()))
    }

    pub(super) fn new(target: &Target, statements: &Arc<Statements>, poison: &Poison) -> Self {
        Self(Arc::new(Shared {
            target: target.clone(),
            statements: Arc::clone(statements),
            poison: poison.clone(),
            state: Mutex::new(State::Apart),
        }))
    }

    /// Waits for the read that goes on, and lets nobody read any more.
    pub(super) fn close(&self) {
        *self.0.lock() = State::Closed;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn link(&mut self, target: &Target) -> Result<&mut Link, StoreError> {
        if let Self::Apart = self {
            let link = target.connect();
            let link = link.map_err(|error| StoreError::Statement(error.to_string()))?;
            *self = Self::Connected(Box::new(link));
        }
        match self {
            Self::Connected(link) => Ok(link),
            Self::Apart | Self::Closed => Err(StoreError::Statement("the store is closed".into())),
        }
    }
}

impl Snapshots for PostgresReads {
    type Snapshot<'a> = PostgresSnapshot<'a>;

    fn read<T>(
        &self,
        read: impl FnOnce(&mut PostgresSnapshot<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let shared = &self.0;
        let mut state = shared.lock();
        shared.poison.check()?;
        let link = state.link(&shared.target)?;
        let mut snapshot = PostgresSnapshot::new(link, &shared.statements);
        let told = read(&mut snapshot);
        if !snapshot.is_sound() {
            // The next read connects again.
            *state = State::Apart;
            return told;
        }
        let begun = snapshot.is_begun();
        let commit = Request::Simple(shared.statements.text(Sql::Commit));
        if begun && link.ask_one(commit).is_err() {
            *state = State::Apart;
        }
        told
    }
}
