//! The rows of a transaction, and how it begins and ends in the database.
//!
//! What a transaction changes is written when it must be: before a read of the same table, which sees it then, and with the
//! COMMIT. Everything that is sent at a time is one round trip: the BEGIN and the look at the epoch go with the first of them.

mod batch;
mod entries;
mod jobs;
mod kept;
mod live;
mod reservations;

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

pub(super) use self::entries::place_in;

use self::batch::Batch;
use self::entries::EntryChanges;
use self::jobs::JobChanges;
use self::kept::KeptChanges;
use self::reservations::ReservationChanges;
use super::failure::Failure;
use super::link::Link;
use super::live::{COMMITS, Live, LiveChanges};
use super::request::{Answer, Refused, Request, Value};
use super::sql::{Sql, Statements};
use super::store::PostgresStore;
use super::sync::Progress;
use super::windows::Windows;
use crate::StoreError;
use crate::writer::{Poison, Rows, WriterTx};

/// So many bytes of records are kept back for the COMMIT; more are written at once.
const KEPT_BACK_BYTES_MAX: usize = 4 << 20;

/// A transaction of a [`PostgresStore`]. The database's own begins with the first thing that is sent, so one that finds all it
/// looks for in memory costs nothing.
pub type PostgresTx<'a> = WriterTx<'a, PostgresRows<'a>>;

/// The rows of a database, for one transaction.
#[derive(Debug)]
pub struct PostgresRows<'a> {
    link: &'a mut Link,
    statements: &'a Statements,
    poison: &'a Poison,
    progress: &'a Progress,
    epoch: i64,
    follows: bool,
    live: &'a mut Live,
    windows: &'a mut Windows,
    live_changes: LiveChanges,
    jobs: JobChanges,
    reservations: ReservationChanges,
    entries: EntryChanges,
    kept: KeptChanges,
    /// Whether the writer has begun to change something.
    begun: bool,
    /// Whether the transaction of the database is open.
    open: bool,
    /// Whether it was seen that this server still leads.
    looked: bool,
}

impl PostgresStore {
    /// Starts a transaction.
    pub(super) fn transaction(&mut self) -> PostgresTx<'_> {
        let rows = PostgresRows {
            link: &mut self.link,
            statements: &self.statements,
            poison: &self.poison,
            progress: &self.progress,
            epoch: self.epoch.0,
            follows: self.follows,
            live: &mut self.live,
            windows: &mut self.windows,
            live_changes: LiveChanges::default(),
            jobs: JobChanges::default(),
            reservations: ReservationChanges::default(),
            entries: EntryChanges::default(),
            kept: KeptChanges::default(),
            begun: false,
            open: false,
            looked: false,
        };
        WriterTx::new(&mut self.writer, rows)
    }
}

impl Rows for PostgresRows<'_> {
    // The database sees to that itself.
    const MAY_BE_OUT_OF_ORDER: bool = false;

    fn begin(&mut self) -> Result<(), StoreError> {
        self.begun = true;
        Ok(())
    }

    fn confirm(&mut self) -> Result<(), StoreError> {
        // What was begun looks with the first thing that it sends, at its commit at the latest.
        match self.begun || self.looked {
            true => Ok(()),
            false => self.send(Vec::new()).map(drop),
        }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let mut changes = std::mem::take(&mut self.live_changes);
        let mut batch = self.take_batch(Tables::ALL);
        if !self.open && batch.is_empty() && changes.is_empty() {
            return Ok(());
        }
        changes.put(COMMITS, Vec::new());
        batch.live = self.live.writes(&changes);
        let mut requests = batch.requests(self.statements);
        requests.push(Request::Simple(self.statements.text(Sql::Commit)));
        self.send(requests)?;
        self.open = false;
        self.live.keep(changes);
        self.progress.note_commit(self.last_commit());
        Ok(())
    }

    fn rollback(&mut self) {
        // They follow what the transaction did, and there is no way back.
        self.windows.clear();
        if !self.open || self.poison.check().is_err() {
            return;
        }
        self.open = false;
        let rollback = Request::Simple(self.statements.text(Sql::Rollback));
        if let Err(failure) = self.link.ask_one(rollback) {
            self.poison.set(format!("rollback failed: {failure}"));
        }
    }
}

/// The tables whose changes are kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tables {
    jobs: bool,
    reservations: bool,
    entries: bool,
    kept: bool,
}

impl Tables {
    const NONE: Self = Self {
        jobs: false,
        reservations: false,
        entries: false,
        kept: false,
    };
    const ALL: Self = Self {
        jobs: true,
        reservations: true,
        entries: true,
        kept: true,
    };
    const JOBS: Self = Self {
        jobs: true,
        ..Self::NONE
    };
    const RESERVATIONS: Self = Self {
        reservations: true,
        ..Self::NONE
    };
    const ENTRIES: Self = Self {
        entries: true,
        ..Self::NONE
    };
    const KEPT: Self = Self {
        kept: true,
        ..Self::NONE
    };
}

impl PostgresRows<'_> {
    /// Asks for something, after everything that was kept back for these tables.
    fn ask(
        &mut self,
        tables: Tables,
        sql: Sql,
        values: Vec<Value<'_>>,
    ) -> Result<Answer, StoreError> {
        let batch = self.take_batch(tables);
        let mut requests = batch.requests(self.statements);
        requests.push(Request::Statement(self.statements.text(sql), values));
        let answers = self.send(requests)?;
        Ok(answers.into_iter().next_back().unwrap_or_default())
    }

    /// The rows that something asks for.
    fn rows(
        &mut self,
        tables: Tables,
        sql: Sql,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.ask(tables, sql, values)?.rows)
    }

    /// Writes what was kept back, if it is much.
    fn write_if_much(&mut self) -> Result<(), StoreError> {
        if self.jobs.bytes() + self.entries.bytes() < KEPT_BACK_BYTES_MAX {
            return Ok(());
        }
        let batch = self.take_batch(Tables::ALL);
        let requests = batch.requests(self.statements);
        self.send(requests).map(drop)
    }

    fn take_batch<'b>(&mut self, tables: Tables) -> Batch<'b> {
        let mut batch = Batch::default();
        if tables.jobs {
            batch.jobs = std::mem::take(&mut self.jobs);
        }
        if tables.reservations {
            batch.reservations = std::mem::take(&mut self.reservations);
        }
        if tables.entries {
            batch.entries = std::mem::take(&mut self.entries);
        }
        if tables.kept {
            batch.kept = std::mem::take(&mut self.kept);
        }
        batch
    }

    /// Sends requests in the transaction, and begins it before if need be.
    fn send(&mut self, requests: Vec<Request<'_>>) -> Result<Vec<Answer>, StoreError> {
        self.poison.check()?;
        let mut sent = Vec::with_capacity(requests.len() + 2);
        let mut fence = None;
        if !self.open {
            let sql = if self.begun { Sql::Fence } else { Sql::Look };
            if self.begun {
                sent.push(Request::Simple(self.statements.text(Sql::Begin)));
            }
            fence = Some(sent.len());
            let epoch = vec![self.epoch.into()];
            sent.push(Request::Statement(self.statements.text(sql), epoch));
            if self.follows {
                let last = vec![COMMITS.into(), self.last_commit().into()];
                sent.push(Request::Statement(self.statements.text(Sql::Follow), last));
            }
            self.open = self.begun;
        }
        let before = sent.len();
        sent.extend(requests);
        let answers = self.link.ask(&sent);
        let mut answers = answers.map_err(|refused| self.error_of(refused, fence))?;
        self.looked = true;
        Ok(answers.split_off(before))
    }

    /// What it means that a request was refused.
    fn error_of(&self, refused: Refused, fence: Option<usize>) -> StoreError {
        match refused.failure {
            Failure::Lost(reason) => {
                let reason = format!("the connection to the database is lost: {reason}");
                self.poison.set(reason)
            }
            Failure::Statement(error)
                if fence == Some(refused.nth) && error.code() == &SqlState::DIVISION_BY_ZERO =>
            {
                StoreError::Deposed
            }
            Failure::Statement(error)
                if fence.map(|fence| fence + 1) == Some(refused.nth)
                    && error.code() == &SqlState::DIVISION_BY_ZERO =>
            {
                self.poison
                    .set("the database has lost the last commit".into())
            }
            Failure::Statement(error) => Failure::of_statement(&error),
        }
    }

    /// The number of the last commit.
    fn last_commit(&self) -> i64 {
        self.live.version(COMMITS).unwrap_or_default()
    }
}
