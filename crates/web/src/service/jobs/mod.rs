//! Jobs, as they are shown: those that match a query or are in a place (`list.rs`), and the one with an id (`show.rs`).

mod list;
mod payload;
mod show;
mod view;

pub use list::{JobList, list, list_of};
pub(crate) use payload::Payload;
pub use show::show;
pub use view::{Held, JobView};
