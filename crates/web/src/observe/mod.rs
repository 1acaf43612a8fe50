//! What all queues are like now, and where they are heading: read once for all who ask within a second.

mod observed;
mod observer;
mod recurring;
mod remembered;
mod roster;
mod trend;

pub(crate) use observed::{Observed, QueueNow, SlotsNow};
pub use observer::Observer;
pub(crate) use recurring::{MadeEntry, Recurring};
pub(crate) use remembered::Remembered;
pub(crate) use roster::QueueWorkers;
pub(crate) use trend::Look;
