//! Jobs, as they are shown: those that match a query or are in a place (`list.rs`), and the one with an id (`show.rs`) and what happened to it (`timeline.rs`). What
//! can be done to them (`verb.rs`), to one of them (`act.rs`, `edit.rs`), and how new ones come (`push.rs`, `again.rs`).

mod act;
mod again;
mod edit;
mod list;
mod payload;
mod payload_change;
mod push;
mod show;
mod timeline;
mod verb;
mod view;

pub use act::{Concerned, act};
pub use again::{AgainRequest, push_again};
pub(crate) use edit::digest;
pub use edit::{EditRequest, edit};
pub use list::{JobList, list, list_of};
pub(crate) use payload::Payload;
pub use payload_change::PayloadChange;
pub(in crate::service) use push::new_jid;
pub use push::{PUSH_JOBS_MAX, Pushed, PushedMany, Refusal, push, push_many};
pub use show::show;
pub use timeline::{FailedAttempt, Timeline, TimelineEvent, TimelineStep};
pub use verb::JobVerb;
pub use view::{Held, JobView};
