//! Opening the database, and starting transactions on it.

use std::sync::Arc;

use super::lease::Epoch;
use super::link::Link;
use super::live::{COMMITS, Live};
use super::load::{Loader, read_live};
use super::readers::{PostgresReader, PostgresReads};
use super::rows::PostgresTx;
use super::schema;
use super::sql::Statements;
use super::sync::{PostgresSyncer, Progress};
use super::target::Target;
use super::windows::Windows;
use crate::reading::Reader;
use crate::writer::{Poison, Writer};
use crate::{Store, StoreError, Syncer as _};

/// The store of the server that leads.
#[derive(Debug)]
pub struct PostgresStore {
    pub(super) writer: Writer,
    pub(super) poison: Poison,
    pub(super) link: Link,
    pub(super) statements: Arc<Statements>,
    pub(super) epoch: Epoch,
    /// Whether each transaction looks for the last commit, as a pooler would hide that the database has lost it.
    pub(super) follows: bool,
    pub(super) live: Live,
    pub(super) windows: Windows,
    pub(super) progress: Arc<Progress>,
    syncer: PostgresSyncer,
    reads: PostgresReads,
}

impl PostgresStore {
    /// Opens the store for whoever has this epoch. The tables must be there: [`migrate`](super::migrate) makes them.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the database cannot be reached, or its tables are not those of this version;
    /// [`StoreError::Deposed`] if the epoch is over.
    pub fn open(target: &Target, epoch: Epoch) -> Result<Self, StoreError> {
        let mut link = target.connect()?;
        schema::check(&mut link, target)?;
        let statements = Arc::new(Statements::of_schema(target.schema()));
        let poison = Poison::default();
        let live = read_live(&mut link, &statements, epoch)?;
        let gone = || StoreError::Open("the row that tells the last commit is gone".into());
        let progress = Arc::new(Progress::new(live.version(COMMITS).ok_or_else(gone)?));
        let writer = Writer::load(&Loader::new(&mut link, &statements, &live), poison.clone())?;
        let syncer = PostgresSyncer::connect(target, &progress, &poison)?;
        let reads = PostgresReads::new(target, &statements, &poison);
        Ok(Self {
            writer,
            poison,
            link,
            statements,
            epoch,
            follows: target.has_pooler(),
            live,
            windows: Windows::default(),
            progress,
            syncer,
            reads,
        })
    }

    /// How often its transactions have sent something and waited for the answer so far.
    pub fn round_trips(&self) -> u64 {
        self.link.round_trips()
    }
}

impl Store for PostgresStore {
    type Tx<'a> = PostgresTx<'a>;
    type Reader = PostgresReader;
    type Syncer = PostgresSyncer;

    fn begin(&mut self) -> Result<PostgresTx<'_>, StoreError> {
        self.poison.check()?;
        if self.writer.suspicion.is_raised() {
            // There is nothing that this store could put in order.
            self.writer.suspicion.settle(false);
        }
        Ok(self.transaction())
    }

    fn syncer(&self) -> PostgresSyncer {
        self.syncer.clone()
    }

    fn wants_sync(&self) -> bool {
        self.progress.is_behind()
    }

    fn reader(&self) -> PostgresReader {
        Reader::new(self.reads.clone())
    }

    fn close(self) -> Result<(), StoreError> {
        self.syncer().sync()
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.reads.close();
        // Of a poisoned store nothing is known anyway.
        self.syncer().sync().ok();
    }
}
