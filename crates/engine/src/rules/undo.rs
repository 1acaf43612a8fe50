//! Undoing an action: what it took away goes back to where it was, in slices. What has come back has left the trash in the same
//! transaction, so nothing comes back twice.
//!
//! A deleted job comes back out of the trash, at the tail of its queue, also if a worker had it, or into its set, at its time.
//! One that was killed comes back out of the dead set, if nothing has happened to it since; those that had to leave that set for it
//! come back, too. What cannot come back now stays in the trash: its lock is another job's, its queue cannot be made, or there is
//! no room in the dead set. One that its worker has done although it was taken away does not come back.

use std::collections::BTreeMap;

use workmill_proto::{SetName, SteadyTime};
use workmill_store::{
    CorruptRecord, EntryKey, Fate, Home, JobRecord, JobRef, Place, QueueStanding, SLICE_BYTES_MAX,
    StoreError, Trash, TrashedJob, Tx, Watermark,
};

use super::corrupt::quarantine;
use super::dead_run::DeadRun;
use super::life::Taken;
use crate::features::TrashBin;
use crate::group::Group;
use crate::limits::UNDO_SLICE_JOBS;
use crate::operations::Done;

/// A job that is to come back.
struct Returning {
    home: Home,
    record: JobRecord,
    taken: Taken,
    /// Where it is in the dead set, if it is.
    dead: Option<EntryKey>,
}

impl Returning {
    /// What is kept of it if it cannot come back now.
    fn kept(self) -> TrashedJob {
        let job = Ok(self.record);
        let fate = match (self.taken, self.dead) {
            (Taken::Killed { was_pending }, Some(dead)) => Fate::Killed { dead, was_pending },
            (Taken::Killed { was_pending } | Taken::Evicted { was_pending }, _) => {
                Fate::Evicted { job, was_pending }
            }
            (Taken::Deleted, _) => Fate::Deleted(job),
        };
        TrashedJob {
            home: self.home,
            fate,
        }
    }
}

/// The first jobs in the trash of an action, as they have left it.
struct Found {
    /// How many there were.
    looked_at: u64,
    returning: Vec<Returning>,
    /// Those that cannot be read.
    corrupt: Vec<CorruptRecord>,
}

impl Found {
    /// Takes the first jobs that an action took away out of its trash, those before `until`.
    fn take<T: Tx>(
        tx: &mut T,
        action: u64,
        trash: &mut Trash,
        until: u64,
    ) -> Result<Self, StoreError> {
        let (mut returning, mut corrupt) = (Vec::new(), Vec::new());
        let (mut keys, mut bytes) = (Vec::new(), 0);
        let mut run = DeadRun::default();
        let end = until.min(trash.first.saturating_add(UNDO_SLICE_JOBS));
        while trash.first < end && bytes < SLICE_BYTES_MAX {
            let key = (action, trash.first);
            trash.first += 1;
            let Some(job) = tx.get::<TrashedJob>(&[key])?.pop().flatten() else {
                trash.done = trash.done.saturating_sub(1);
                continue;
            };
            keys.push(key);
            trash.bytes = trash.bytes.saturating_sub(job.bytes());
            let (stored, taken, dead) = match job.fate {
                Fate::Deleted(stored) => (Some(stored), Taken::Deleted, None),
                Fate::Evicted { job, was_pending } => {
                    (Some(job), Taken::Evicted { was_pending }, None)
                }
                Fate::Killed { dead, was_pending } => {
                    let stored = run.find(tx, dead)?;
                    (stored, Taken::Killed { was_pending }, Some(dead))
                }
            };
            match (stored, dead) {
                (Some(Ok(record)), dead) => {
                    bytes += record.bytes();
                    returning.push(Returning {
                        home: job.home,
                        record,
                        taken,
                        dead,
                    });
                }
                (Some(Err(unreadable)), None) => corrupt.push(unreadable),
                // It has left the dead set, or cannot be read and stays there.
                (None | Some(Err(_)), _) => {}
            }
        }
        tx.remove::<TrashedJob>(&keys)?;
        Ok(Self {
            looked_at: keys.len() as u64,
            returning,
            corrupt,
        })
    }
}

impl<T: Tx> Group<'_, T> {
    /// Puts back a slice of what an action took away, or forgets a slice of all that is in the trash. Tells whether there may be
    /// more.
    pub(super) fn change_trash(
        &mut self,
        action: Option<u64>,
        until: Watermark,
        again_until: &mut u64,
    ) -> Result<(Done, bool), StoreError> {
        let Some(action) = action else {
            let forgotten = self.trash.forget_until(self.tx, SteadyTime::MAX)?;
            let done = Done {
                looked_at: forgotten as u64,
                changed: forgotten as u64,
                unknown: 0,
            };
            return Ok((done, forgotten > 0));
        };
        let Some(mut trash) = self.trash.of(self.tx, action)? else {
            return Ok((Done::default(), false));
        };
        let until = until.0.cast_unsigned();
        let is_again = trash.first >= until;
        let end = if is_again { *again_until } else { until };
        let found = Found::take(self.tx, action, &mut trash, end)?;
        let mut dead = Vec::new();
        for corrupt in &found.corrupt {
            quarantine(self.tx, self.now.wall, None, corrupt, &mut dead)?;
        }
        let (returning, kept) = self.those_that_may(found.returning)?;
        let changed = returning.len() as u64;
        let mut looked_at = found.looked_at;
        let is_looked_at_again = !is_again && !kept.is_empty();
        if is_looked_at_again {
            // Once more, and counted then: those that were killed and come back only later leave room for them.
            looked_at -= kept.len() as u64;
        }
        TrashBin::append(self.tx, action, &mut trash, kept)?;
        if is_looked_at_again {
            *again_until = trash.end;
        }
        let is_more = trash.first < until.max(*again_until);
        self.trash.keep(action, trash);
        self.restore(returning, dead)?;
        let done = Done {
            looked_at,
            changed,
            unknown: looked_at - changed,
        };
        Ok((done, is_more))
    }

    /// Those that may come back now, and what is to be kept of the others.
    fn those_that_may(
        &mut self,
        jobs: Vec<Returning>,
    ) -> Result<(Vec<Returning>, Vec<TrashedJob>), StoreError> {
        self.prefetch(jobs.iter().map(|job| &job.record))?;
        let for_queue = |job: &Returning| job.home == Home::Queue;
        let queues = jobs.iter().filter(|job| for_queue(job));
        let queues: Vec<&str> = queues.map(|job| &*job.record.queue).collect();
        let mut standings = self.tx.queue_standings(&queues)?.into_iter();
        // What does not fit would be evicted at once, and for ever: it has the earliest time.
        let dead = self.tx.size(&Place::Set(SetName::Dead))?.cast_signed();
        let most = i64::try_from(self.rules.dead_jobs_max).unwrap_or(i64::MAX);
        let mut room = most.saturating_sub(dead);
        let (mut may, mut kept) = (Vec::with_capacity(jobs.len()), Vec::new());
        for job in jobs {
            let has_queue = !for_queue(&job)
                || standings
                    .next()
                    .is_some_and(|it| it != QueueStanding::Refused);
            let has_lock = job.dead.is_some()
                || self
                    .locks
                    .may_come_back(self.tx, self.now.steady, &job.record)?;
            let dies = job.home.set() == Some(SetName::Dead);
            let rest = room + i64::from(job.dead.is_some()) - i64::from(dies);
            if has_queue && has_lock && (rest >= 0 || !dies) {
                room = rest;
                may.push(job);
            } else {
                kept.push(job.kept());
            }
        }
        Ok((may, kept))
    }

    /// Puts jobs back to where they were, and buries what could not be read of the others.
    fn restore(&mut self, jobs: Vec<Returning>, dead: Vec<JobRecord>) -> Result<(), StoreError> {
        let killed = jobs.iter().filter_map(|job| {
            let key = JobRef::Entry(job.dead?);
            Some((key, job.record.failure))
        });
        self.take_out(&killed.collect::<Vec<_>>())?;
        self.bury(dead)?;
        let (mut queued, mut sets) = (Vec::new(), BTreeMap::<SetName, Vec<_>>::new());
        for job in jobs {
            let Returning {
                home,
                mut record,
                taken,
                ..
            } = job;
            // To one that is done nothing happens any more.
            if home.set() != Some(SetName::Completed) {
                self.come_back(&mut record, home.set(), taken)?;
            }
            match home {
                Home::Queue => queued.push(record),
                Home::Set(set, at) => sets.entry(set).or_default().push((at, record)),
            }
        }
        self.enqueue(&queued.iter().collect::<Vec<_>>())?;
        for (set, entries) in sets {
            match set {
                SetName::Dead => self.lay_down(entries)?,
                SetName::Scheduled | SetName::Retries | SetName::Completed => {
                    self.put_into(set, entries)?;
                }
            }
        }
        Ok(())
    }
}
