//! The rows of a transaction.

mod entries;
mod jobs;
mod kept;
mod live;

use super::disk::{MemoryDisk, UnknownCommit};
use super::tables::Tables;
use crate::StoreError;
use crate::writer::{Poison, Rows, WriterTx};

/// A transaction of a [`MemoryStore`](super::MemoryStore).
pub type MemoryTx<'a> = WriterTx<'a, MemoryRows<'a>>;

/// The rows of a disk, for one transaction.
#[derive(Debug)]
pub struct MemoryRows<'a> {
    disk: &'a MemoryDisk,
    poison: &'a Poison,
}

impl<'a> MemoryRows<'a> {
    pub(super) fn new(disk: &'a MemoryDisk, poison: &'a Poison) -> Self {
        Self { disk, poison }
    }

    fn with<T>(&self, run: impl FnOnce(&mut Tables) -> T) -> T {
        run(&mut self.disk.lock().tables)
    }
}

impl Rows for MemoryRows<'_> {
    const MAY_BE_OUT_OF_ORDER: bool = false;

    fn begin(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let mut contents = self.disk.lock();
        match contents.unknown.take() {
            None => {}
            Some(UnknownCommit::Kept) => {
                contents.tables.commit();
                return Err(self.poison.set("the outcome of a commit is hidden".into()));
            }
            Some(UnknownCommit::Lost) => {
                contents.tables.roll_back();
                return Err(self.poison.set("the outcome of a commit is hidden".into()));
            }
        }
        contents.tables.commit();
        Ok(())
    }

    fn rollback(&mut self) {
        self.with(Tables::roll_back);
    }
}

/// What a database would say of a second row under a key.
fn check_new(is_new: bool) -> Result<(), StoreError> {
    match is_new {
        true => Ok(()),
        false => Err(StoreError::Statement(
            "there is a row under that key already".into(),
        )),
    }
}
