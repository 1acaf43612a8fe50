//! The database that jobs are kept in, where that is not a file: who writes to it, and the store.
//!
//! Reading order: `contender` (one that may come to lead), `renewed` (the lease of one that does), `alone` (a server that shares its
//! database with no other).

mod alone;
mod contender;
mod renewed;

pub(crate) use alone::open;
pub(crate) use contender::{Contender, Reign};
