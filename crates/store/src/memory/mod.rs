//! A backend without a database, for tests: rows in memory, in the order of their keys.
//!
//! It keeps every promise of [`Store`](crate::Store), and can break those that a test wants broken: lose what was not
//! synced, as a loss of power does, and leave it unknown whether a commit has happened.

mod disk;
mod load;
mod rows;
mod snapshot;
mod store;
mod table;
mod tables;

pub use disk::{MemoryDisk, UnknownCommit};
pub use rows::{MemoryRows, MemoryTx};
pub use snapshot::{MemoryReader, MemoryReads, MemorySnapshot};
pub use store::{MemoryStore, MemorySyncer};
