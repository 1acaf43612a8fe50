//! The backend for several servers, or for a database that is somebody's business already: PostgreSQL, or what speaks its
//! protocol.
//!
//! One writer has all rows that nearly every transaction changes in memory ([live]), and writes what a transaction
//! changed in one go, with its COMMIT. So what a transaction costs is its round trips, and there are few ([rows]).
//!
//! - A [`PostgresLease`] gives the right to write, and a number with it, the *epoch*. Each transaction that writes begins by a
//!   look at the epoch, which it locks: whoever takes the lease over waits for it, and of one that comes too late nothing
//!   happens ([`StoreError::Deposed`](crate::StoreError::Deposed)). That holds whatever clocks say.
//! - A COMMIT waits for no disk (`synchronous_commit = off`). What makes commits durable is a transaction that does wait, on
//!   another connection: the log of the database is one, so its flush, and that of synchronous standbys, covers them.
//! - A connection is driven by the thread that waits for it ([link]); there is no runtime.
//! - Nothing depends on the state of a session: no advisory lock, no LISTEN, no SET that outlives a transaction, so that a pooler
//!   of transactions may be in between. Statements are prepared unless it is ([`Target::through_pooler`]).
//! - No row is changed over and over: the dead versions of one row are all looked at to find it, as long as anybody holds an old
//!   transaction open. What changes with each transaction is a new row each time ([live]).

mod encryption;
mod failure;
mod kept;
mod lease;
mod link;
mod live;
mod load;
mod pages;
mod parameters;
mod password;
mod readers;
mod request;
mod rows;
mod schema;
mod snapshot;
mod sql;
mod store;
mod sync;
mod target;
mod windows;
mod wire;

pub use lease::{Claim, Epoch, PostgresLease};
pub use readers::{PostgresReader, PostgresReads};
pub use rows::{PostgresRows, PostgresTx};
pub use schema::{check_tables, migrate};
pub use snapshot::PostgresSnapshot;
pub use store::PostgresStore;
pub use sync::PostgresSyncer;
pub use target::Target;
