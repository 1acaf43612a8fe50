//! Jobs, as they are shown: those that match a query (`list.rs`), and the one with an id (`show.rs`).

mod list;
mod show;
mod view;

pub use list::{JobList, LIMIT_DEFAULT, list};
pub use show::show;
pub use view::{Held, JobView};
