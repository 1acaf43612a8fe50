//! What happened to jobs over time: of all, of one queue or of one type (`points.rs`), and of all types side by side
//! (`jobtypes.rs`).

mod jobtypes;
mod points;
mod range;

pub use jobtypes::{Jobtype, Times, TypesRange, jobtypes};
pub use points::{History, HistoryOf, HistoryPoint, history};
pub use range::HistoryRange;
