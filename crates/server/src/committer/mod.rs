//! The one task that owns the store and the engine, and the way to it.
//!
//! The [`Inbox`] is the [`Gate`](crate::gate::Gate) through which a [`Submission`] comes.
//! The committer takes everything that waits, runs it as one group and commits it. Then it syncs and
//! answers it, or lets the [acknowledger] do that while the next group gathers and is run: the busier the server, the
//! bigger the groups.
//!
//! Reading order: `submission` (what goes in), `inbox` (where it waits), `window` (how long), `group`
//! (what is taken together), `infos` and `order` (what is run later and first), `waiters` (who gets which answer), `servers` (other
//! servers' part), `reply` (what is to be sent), `run` (the loop),
//! `acknowledger` (sync and answers).
//!
//! Committing and syncing are apart: [`Tx::commit`](workmill_store::Tx::commit) makes a group visible to the next one,
//! [`Syncer::sync`](workmill_store::Syncer::sync) makes it durable, and only then the answers go out. At most three groups are
//! not synced at a time, so that no sync becomes long. A group that changed nothing may have seen what is not synced yet, so its
//! answers wait too. A failed sync poisons the store like a failed commit.
//!
//! Ops of one connection run in its order. What may take several groups (a FETCH that waits, a long PUSHB or MUTATE) holds back
//! that connection's later commands, and nobody else's.

mod acknowledger;
mod alarm;
mod failure;
mod group;
mod inbox;
mod infos;
mod order;
mod reply;
mod run;
mod servers;
mod submission;
mod waiters;
mod window;

pub(crate) use inbox::Inbox;
pub(crate) use run::{Committer, Ended, Host};
pub(crate) use submission::{Submission, ticket};
pub(crate) use waiters::Waiters;

#[cfg(test)]
mod tests;
