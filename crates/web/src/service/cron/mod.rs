//! Recurring jobs: those of the configuration, and those that are made beside them.

mod act;
mod list;
mod past;
mod request;
mod save;
mod view;

pub use act::{run_now, switch};
pub(crate) use list::to_edit;
pub use list::{list, show};
pub use past::{CronRun, CronRunState};
pub use request::CronRequest;

pub use save::{Saving, delete, preview, save};
pub use view::{CronEntry, CronSource};
