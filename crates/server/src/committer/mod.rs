//! The one thread that owns the store and the engine, and the way to it.
//!
//! A connection hands a [`Submission`](submission::Submission) to the [`Inbox`] and waits for its [`Answers`].
//! The committer takes everything that waits, runs it as one group, commits once, and only then answers. While
//! it syncs, the next group gathers: the busier the server, the bigger the groups.
//!
//! Reading order: `submission` (what goes in and comes back), `inbox` (where it waits), `group` (what is
//! taken together), `waiters` (who gets which answer), `thread` (the loop).

mod acknowledger;
mod delivery;
mod failure;
mod group;
mod inbox;
mod pace;
mod stats;
mod submission;
mod thread;
mod waiters;

pub(crate) use delivery::Delivery;
pub(crate) use inbox::{Inbox, InboxClosed};
pub(crate) use stats::GroupStats;
pub(crate) use submission::{Answers, Pending, Unanswered};
pub(crate) use thread::{Committer, Ended};

#[cfg(test)]
mod tests;
