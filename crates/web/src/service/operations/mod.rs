//! Operations: changes of many jobs that go on by themselves. What is asked for (`request.rs`), starting one and seeing how far
//! it is (`run.rs`), and what is shown of it (`view.rs`).

mod careful;
mod request;
mod run;
mod view;

pub use careful::CarefulRetry;
pub use request::OperationRequest;
pub use run::{DryRun, cancel, dry_run, empty_trash, list, show, start, undo};
pub use view::Operation;
pub(crate) use view::{read_id, told_id};
