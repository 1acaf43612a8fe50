//! The rule of unique jobs: who may, and who must hold a lock.

use jiff::{SignedDuration, Timestamp};

use super::book::Book;
use super::job::{Entry, Status};

/// How far the end of a lock may be from where clients think it is.
const SLACK: SignedDuration = SignedDuration::from_millis(50);

impl Entry {
    /// Whether it may have held its lock at `from` or later. `pauses` tells how much of the time since a moment may not
    /// count.
    fn may_hold_lock(&self, from: Timestamp, pauses: impl Fn(Timestamp) -> SignedDuration) -> bool {
        let Some(unique) = &self.plan.unique else {
            return false;
        };
        let life = SignedDuration::from_secs(unique.secs + self.plan.delay_secs);
        let ends_by = self.pushed_by.map(|by| by + life + pauses(by) + SLACK);
        let is_past = ends_by.is_some_and(|ends_by| ends_by < from);
        let is_free = self.lock_free_since.is_some_and(|since| since < from);
        self.course.status != Status::Absent && !is_past && !is_free
    }

    /// Whether it has held its lock since `from` without a break, and does until `to`.
    fn must_hold_lock(&self, from: Timestamp, to: Timestamp) -> bool {
        let Some(unique) = &self.plan.unique else {
            return false;
        };
        let holds = match self.course.status {
            Status::Waiting | Status::Held | Status::FailSent | Status::RequeueSent => true,
            // Its lock stays until its time is over.
            Status::Failed => true,
            Status::PushSent | Status::Absent | Status::AckSent => false,
            Status::Done | Status::Expired => false,
        };
        let life = SignedDuration::from_secs(unique.secs);
        // One that is until the start may have been handed out to somebody by now.
        holds
            && !unique.until_start
            && !self.may_have_expired()
            && self.known_since.is_some_and(|since| since <= from)
            && self.sent_at + life > to + SLACK
    }
}

impl Book {
    /// A unique job is about to be pushed.
    pub(super) fn contend(&mut self, jid: &str, key: &str) {
        let rivals = self.rivals.entry(key.to_owned()).or_default();
        rivals.push(jid.to_owned());
    }

    /// A unique job was accepted: nobody else can have had the lock all the time.
    pub(super) fn took_lock(&mut self, jid: &str) {
        let sent_at = self.entry(jid).sent_at;
        let now = Timestamp::now();
        let holder = self.rival(jid, |rival| rival.must_hold_lock(sent_at, now));
        if let Some(holder) = holder {
            self.violate(format!("{jid} was accepted, though {holder} has the lock"));
        }
        self.checked.locks_taken += 1;
    }

    /// A unique job was refused: somebody else must have had the lock.
    pub(super) fn was_locked_out(&mut self, jid: &str) {
        let sent_at = self.entry(jid).sent_at;
        let pauses = |by| self.ticks.pauses_since(by);
        let holder = self.rival(jid, |rival| rival.may_hold_lock(sent_at, pauses));
        if holder.is_none() {
            self.violate(format!("{jid} was refused, though nobody has the lock"));
        }
        self.checked.duplicates_refused += 1;
    }

    fn rival(&self, jid: &str, wanted: impl Fn(&Entry) -> bool) -> Option<String> {
        let key = &self.jobs[jid].plan.unique.as_ref()?.key;
        let rivals = self.rivals.get(key)?.iter().filter(|rival| *rival != jid);
        let mut rivals = rivals.filter_map(|rival| self.jobs.get(rival));
        let holder = rivals.find(|rival| wanted(rival))?;
        Some(format!("{} ({:?})", holder.plan.jid, holder.course.status))
    }
}
