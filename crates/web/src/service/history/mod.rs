//! What happened to jobs over time: of all, of one queue or of one type (`points.rs`), and of all types side by side
//! (`jobtypes.rs`); what was done lately in each queue (`lately.rs`).

mod jobtypes;
mod lately;
mod points;
mod range;
mod slots;

pub use jobtypes::{Jobtype, Times, TypesRange, jobtypes};
pub(crate) use lately::{LATELY, Recent};
pub use points::{History, HistoryOf, HistoryPoint, history};
pub use range::HistoryRange;
