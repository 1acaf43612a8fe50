//! Queues: what they are like (`list.rs`, `view.rs`), and what can be done to them (`act.rs`).

mod act;
mod list;
mod view;

pub use act::{ALL_QUEUES, QueueAction, act};
pub use list::{ThrottledQueue, list, show, throttles};
pub use view::{Queue, QueueLimits};
