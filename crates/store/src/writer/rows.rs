//! What a backend does for the writer: it reads and writes rows by their keys, and knows no rule about them.
//!
//! To ensure correctness, rows of jobs and of entries are found and told in the order of their keys, and nothing is
//! written before [`Rows::begin`]. A transaction reads what it has written itself.

mod entries;
mod jobs;
mod kept;
mod live;

pub use entries::{EntryPlace, EntryRows};
pub use jobs::{JOBS_AT_ONCE, JobRows};
pub use kept::{KeptRows, KeyedRows, PassingRows};
pub use live::LiveRows;

use crate::StoreError;

/// The rows of one transaction.
pub trait Rows: JobRows + LiveRows + EntryRows + KeptRows {
    /// Whether a damaged key may hide rows from whoever looks for them by theirs, so that it is worth a look.
    const MAY_BE_OUT_OF_ORDER: bool;

    /// Begins a transaction of the database. Called once, before the first change.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Makes sure that nobody else writes, if that was not looked at in this transaction. Nothing, where nobody can.
    ///
    /// # Errors
    /// Somebody does; those of the database.
    fn confirm(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Commits what was begun.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] if it is unknown whether it is committed; with any other error nothing is.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Undoes what was begun and could not be committed. If that fails, it poisons the store.
    fn rollback(&mut self);
}
