//! Groups of failures: jobs that wait for another try, or are dead, and failed in the same way.
//!
//! A group counts the jobs of it that are in the two sets now. A job that is tried again leaves the counts and comes back if it
//! fails again; what the group knows of its first and latest failures stays meanwhile, until it has been without jobs for some
//! days. There are so many groups at most: one without jobs makes room for a new one, and if all have jobs, what is new goes to
//! the group of all others.

mod pattern;
mod seen;

use workmill_proto::{Job, SetName, SteadyTime};
use workmill_store::{Clocks, FailureGroup, FailureId, JobRecord, StoreError, Tx};

use crate::limits::{FAILURE_GROUP_SECS, FAILURE_GROUPS_MAX};
use crate::overlay::Overlay;
pub(crate) use seen::Seen;

/// The groups of failures that a commit looks at.
#[derive(Debug)]
pub(crate) struct Failures {
    groups: Overlay<FailureGroup>,
    /// How many there are; none if nobody has counted them.
    count: Option<usize>,
    /// Whether it was found that there is no room for a new group.
    are_full: bool,
}

impl Failures {
    /// There are so many groups, if that is known.
    pub(crate) fn new(count: Option<usize>) -> Self {
        Self {
            groups: Overlay::default(),
            count,
            are_full: false,
        }
    }

    /// How many groups there are, if anybody had to know.
    pub(crate) fn count(&self) -> Option<usize> {
        self.count
    }

    /// A job has failed. Tells the group of its failure, which does not count it yet.
    pub(crate) fn note<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        seen: &Seen<'_>,
    ) -> Result<FailureId, StoreError> {
        let id = self.id_of(tx, now, seen)?;
        self.groups
            .change(tx, &id, |group| seen.add_to(group, now.wall))?;
        Ok(id)
    }

    /// A job comes into a set: the group of its failure counts it. That of one that never failed, or whose group is forgotten, is
    /// found first.
    pub(crate) fn enter<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        set: SetName,
        record: &mut JobRecord,
    ) -> Result<(), StoreError> {
        if !has_failures(set) {
            return Ok(());
        }
        let known = match record.failure {
            Some(id) if self.groups.get(tx, &id)?.is_some() => Some(id),
            Some(_) | None => None,
        };
        let id = match known {
            Some(id) => id,
            None => {
                let failure = match record.failure_count {
                    0 => None,
                    _ => Job::parse_stored(&record.body)
                        .ok()
                        .and_then(|job| job.failure()),
                };
                let failure = failure.unwrap_or_default();
                let seen = Seen::of_stored(record, &failure, now.wall);
                self.note(tx, now, &seen)?
            }
        };
        record.failure = Some(id);
        self.groups.change(tx, &id, |group| {
            *count_mut(group, set) += 1;
            group.forget_at = None;
        })
    }

    /// A job whose failure is of this group has left a set.
    pub(crate) fn leave<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        set: SetName,
        failure: Option<FailureId>,
    ) -> Result<(), StoreError> {
        let Some(id) = failure.filter(|_| has_failures(set)) else {
            return Ok(());
        };
        self.groups.change(tx, &id, |group| {
            let count = count_mut(group, set);
            *count = count.saturating_sub(1);
            note_emptiness(group, now);
        })
    }

    /// All jobs have left a set.
    pub(crate) fn leave_all<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        set: SetName,
    ) -> Result<(), StoreError> {
        if !has_failures(set) {
            return Ok(());
        }
        self.groups.write(tx)?;
        let ids = tx.failure_ids()?;
        self.groups.load(tx, ids.iter().copied())?;
        for id in ids {
            if self
                .groups
                .get(tx, &id)?
                .is_none_or(|group| group.jobs_in(set) == 0)
            {
                continue;
            }
            self.groups.change(tx, &id, |group| {
                *count_mut(group, set) = 0;
                note_emptiness(group, now);
            })?;
        }
        Ok(())
    }

    /// Forgets up to `limit` groups that have been without jobs for long enough; tells how many.
    pub(crate) fn forget_empty<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let forgotten = self.groups.forget_due(tx, now.steady, limit)?;
        self.count = self.count.map(|count| count.saturating_sub(forgotten));
        Ok(forgotten)
    }

    /// Forgets what is known, as it is flushed.
    pub(crate) fn clear(&mut self) {
        self.groups.clear();
        self.count = Some(0);
        self.are_full = false;
    }

    /// Writes what was changed.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T) -> Result<(), StoreError> {
        self.groups.write(tx)
    }

    /// The group of a failure, which is made if need be; that of all others, if there is no room for it.
    fn id_of<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        seen: &Seen<'_>,
    ) -> Result<FailureId, StoreError> {
        let id = seen.id();
        if self.groups.get(tx, &id)?.is_some() {
            return Ok(id);
        }
        if self.make_room(tx)? {
            self.make(id, seen.new_group(now));
            return Ok(id);
        }
        if self.groups.get(tx, &FailureId::OTHERS)?.is_none() {
            let others = Seen::of_others(seen.at).new_group(now);
            self.make(FailureId::OTHERS, others);
        }
        Ok(FailureId::OTHERS)
    }

    fn make(&mut self, id: FailureId, group: FailureGroup) {
        self.groups.put(id, group);
        self.count = self.count.map(|count| count + 1);
    }

    /// Whether there may be one more group. One without jobs leaves for it, the one that would be forgotten first.
    fn make_room<T: Tx>(&mut self, tx: &mut T) -> Result<bool, StoreError> {
        if self.are_full {
            return Ok(false);
        }
        let count = match self.count {
            Some(count) => count,
            None => {
                self.groups.write(tx)?;
                tx.failure_ids()?.len()
            }
        };
        self.count = Some(count);
        if count < FAILURE_GROUPS_MAX {
            return Ok(true);
        }
        // What this group has given jobs or taken them from.
        self.groups.write(tx)?;
        let empty = tx.due::<FailureGroup>(SteadyTime::MAX, 1)?;
        match empty.first() {
            Some(id) => {
                self.groups.remove(*id);
                self.count = Some(count - 1);
            }
            None => self.are_full = true,
        }
        Ok(!self.are_full)
    }
}

/// Whether groups count the jobs of a set.
fn has_failures(set: SetName) -> bool {
    matches!(set, SetName::Retries | SetName::Dead)
}

fn count_mut(group: &mut FailureGroup, set: SetName) -> &mut u64 {
    match set {
        SetName::Dead => &mut group.dead,
        SetName::Retries | SetName::Scheduled | SetName::Completed => &mut group.retries,
    }
}

/// A group that has no jobs any more is kept for a time.
fn note_emptiness(group: &mut FailureGroup, now: Clocks) {
    if group.jobs() == 0 {
        group.forget_at = Some(now.steady.plus_secs(FAILURE_GROUP_SECS));
    }
}
