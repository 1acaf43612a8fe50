//! The upper storey of every store: what the one writer keeps in memory, and what the primitives of [`Tx`](crate::Tx) do.
//!
//! There is one writer, so what it keeps in memory is true: the rows of queues and of reservations, never jobs that wait.
//! Both change with a transaction and go back with it (`cache`). Under it is a backend that reads and writes rows
//! ([`Rows`]); a store is a [`Writer`] over one. Nothing here knows a database.

mod cache;
mod counters;
mod entries;
mod held;
mod kept;
mod load;
mod mirror;
mod order;
mod place;
mod places;
mod poison;
mod primitives;
mod queues;
mod rows;
mod slots;
mod sweep;
mod swept_jobs;
mod tallies;
mod tx;
mod waiting;

pub(crate) use cache::Cache;
pub use entries::Removal;
pub use load::Loading;
pub(crate) use load::Writer;
#[cfg(test)]
pub(crate) use mirror::Held;
pub(crate) use mirror::Mirror;
pub(crate) use order::place_of;
pub use place::QueueId;
pub(crate) use place::{QUEUE_ID_MAX, key_at, keys_of, position_of, queue_of};
pub(crate) use poison::Poison;
pub use queues::{QueueRow, QueueState};
pub use rows::{
    EntryPlace, EntryRows, JOBS_AT_ONCE, JobRows, KeptRows, KeyedRows, LiveRows, PassingRows, Rows,
};
#[cfg(feature = "memory")]
pub(crate) use tallies::sum;
pub use tallies::{SetTally, Tallies};
pub use tx::WriterTx;
