//! What happened to jobs over time: of all, of one queue or of one type (`points.rs`), and of all types side by side
//! (`jobtypes.rs`); what was done lately in each queue (`lately.rs`); which types fail more than they did (`failing.rs`).

mod failing;
mod jobtypes;
mod lately;
mod points;
mod range;
mod slots;
mod waits;

pub(crate) use failing::{FAILING_WITHIN, Failing, failing};
pub use jobtypes::{Jobtype, Times, TypesRange, jobtypes};
pub(crate) use lately::{LATELY, Recent};
pub use points::{History, HistoryOf, HistoryPoint, history};
pub use range::HistoryRange;
pub(crate) use waits::usual_waits;
