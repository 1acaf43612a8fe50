//! The one task that owns the store and the engine, and the way to it.
//!
//! A connection hands a [`Submission`](submission::Submission) to the [`Inbox`] and waits for its [`Answers`].
//! The committer takes everything that waits, runs it as one group and commits it. Then it syncs and
//! answers it, or lets the [acknowledger] do that while the next group gathers and is run: the busier the server, the
//! bigger the groups.
//!
//! Reading order: `submission` (what goes in and comes back), `inbox` (where it waits), `pace` (how long), `group`
//! (what is taken together), `infos` and `order` (what is run later and first), `waiters` (who gets which answer), `run` (the loop),
//! `acknowledger` (sync and answers).

mod acknowledger;
mod alarm;
mod delivery;
mod failure;
mod group;
mod inbox;
mod infos;
mod order;
mod pace;
mod run;
mod stats;
mod submission;
mod waiters;

pub(crate) use delivery::Delivery;
pub(crate) use inbox::{Inbox, InboxClosed};
pub(crate) use run::{Committer, Ended};
pub(crate) use stats::GroupStats;
pub(crate) use submission::{Answers, Pending, Unanswered};

#[cfg(test)]
mod tests;
