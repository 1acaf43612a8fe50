//! Opening the store, and starting transactions on it.

use super::disk::MemoryDisk;
use super::rows::{MemoryRows, MemoryTx};
use super::snapshot::{MemoryReader, MemoryReads};
use crate::reading::Reader;
use crate::writer::{Poison, Writer, WriterTx};
use crate::{Store, StoreError, Syncer};

/// A store in memory. It is empty with each new [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryStore {
    writer: Writer,
    poison: Poison,
    disk: MemoryDisk,
}

impl MemoryStore {
    /// Opens what is on a disk.
    pub fn open(disk: &MemoryDisk) -> Self {
        let poison = Poison::default();
        let Ok(writer) = Writer::load(&disk.lock().tables, poison.clone());
        Self {
            writer,
            poison,
            disk: disk.clone(),
        }
    }

    /// Ends the store as a loss of power does: what was not synced is not found on the disk again.
    pub fn lose_power(self) {
        self.disk.lose_power();
    }

    /// Ends the store as the end of its process does: nothing more is synced, and nothing is lost.
    pub fn vanish(self) {
        // The error is for whoever would go on.
        drop(self.poison.set("the process is no more".into()));
    }
}

impl Store for MemoryStore {
    type Tx<'a> = MemoryTx<'a>;
    type Reader = MemoryReader;
    type Syncer = MemorySyncer;

    fn begin(&mut self) -> Result<MemoryTx<'_>, StoreError> {
        self.poison.check()?;
        if self.writer.suspicion.is_raised() {
            // Rows in memory are in order.
            self.writer.suspicion.settle(false);
        }
        let rows = MemoryRows::new(&self.disk, &self.poison);
        Ok(WriterTx::new(&mut self.writer, rows))
    }

    fn syncer(&self) -> MemorySyncer {
        MemorySyncer {
            disk: self.disk.clone(),
            poison: self.poison.clone(),
        }
    }

    fn wants_sync(&self) -> bool {
        self.disk.lock().tables.is_behind
    }

    fn reader(&self) -> MemoryReader {
        Reader::new(MemoryReads {
            disk: self.disk.clone(),
            poison: self.poison.clone(),
        })
    }

    fn close(self) -> Result<(), StoreError> {
        self.syncer().sync()
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        // Of a poisoned store nothing is known anyway.
        self.syncer().sync().ok();
    }
}

/// Syncs a [`MemoryStore`].
#[derive(Clone, Debug)]
pub struct MemorySyncer {
    disk: MemoryDisk,
    poison: Poison,
}

impl Syncer for MemorySyncer {
    fn sync(&mut self) -> Result<(), StoreError> {
        self.poison.check()?;
        self.disk.lock().tables.sync();
        Ok(())
    }
}
