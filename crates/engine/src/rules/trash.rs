//! The trash: what operators delete and kill, and what is needed to put it back. It is kept for a time.

use workmill_proto::{SetName, SteadyTime};
use workmill_store::{
    EntryKey, Fate, Home, JobRecord, Place, StoreError, Trash, TrashKey, TrashedJob, Tx,
};

use crate::group::Group;
use crate::limits::SWEEP_SLICE_ROWS;
use crate::op::{Mutate, MutateProgress};
use crate::step::{Cause, What};

/// Of how many actions one group forgets what they took away.
const FORGOTTEN_ACTIONS: usize = 100;

impl<T: Tx> Group<'_, T> {
    /// The action under which a change puts away what it takes away; none if it takes nothing away, nobody would know of it, or
    /// nothing is to be kept.
    pub(super) fn trash_for(
        &mut self,
        mutate: &Mutate,
        progress: &MutateProgress,
    ) -> Result<Option<u64>, StoreError> {
        if self.rules.trash_secs == 0 || !mutate.change.takes_away() {
            return Ok(None);
        }
        match (&progress.noted, &mutate.by) {
            (Some(noted), _) => Ok(Some(noted.id)),
            (None, Some(_)) => self.tx.next_action().map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Deletes jobs that have left their places.
    pub(super) fn delete(
        &mut self,
        trash: Option<u64>,
        jobs: Vec<(Home, JobRecord)>,
    ) -> Result<(), StoreError> {
        for (_, record) in &jobs {
            self.step(What::Deleted, Cause::Operator, record, None)?;
        }
        let Some(action) = trash else {
            return Ok(());
        };
        let jobs = jobs.into_iter().map(|(home, record)| TrashedJob {
            home,
            fate: Fate::Deleted(Ok(record)),
        });
        self.put_away(action, jobs.collect())
    }

    /// Kills jobs that have left their places, and buries those that are dead already with them.
    pub(super) fn kill(
        &mut self,
        trash: Option<u64>,
        jobs: Vec<(Home, JobRecord)>,
        mut dead: Vec<JobRecord>,
    ) -> Result<(), StoreError> {
        let mut killed = Vec::with_capacity(jobs.len());
        for (home, mut record) in jobs {
            killed.push((home, is_pending(&record)));
            self.fail_step(What::Died, Cause::Operator, &mut record, None)?;
            dead.push(record);
        }
        // They come last of those that are buried now, and each that comes into a set gets the next serial.
        let watermark = self.tx.watermark(&Place::Set(SetName::Dead))?.0;
        let buried = i64::try_from(dead.len() - killed.len()).unwrap_or(i64::MAX);
        let serials = watermark.saturating_add(buried).saturating_add(1)..;
        let at = self.forgotten_at();
        self.bury(dead)?;
        let Some(action) = trash else {
            return Ok(());
        };
        let jobs = killed.into_iter().zip(serials);
        let jobs = jobs.map(|((home, was_pending), serial)| TrashedJob {
            home,
            fate: Fate::Killed {
                dead: EntryKey {
                    set: SetName::Dead,
                    at,
                    serial,
                },
                was_pending,
            },
        });
        self.put_away(action, jobs.collect())
    }

    /// Puts jobs into the trash. From now on what this action took away is kept for its time.
    fn put_away(&mut self, action: u64, jobs: Vec<TrashedJob>) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let ends_at = self.now.steady.plus_secs(self.rules.trash_secs);
        let known = self.trash_of(action)?;
        let mut trash = known.unwrap_or(Trash {
            first: 0,
            end: 0,
            bytes: 0,
            ends_at,
        });
        trash.ends_at = ends_at;
        self.append_to_trash(action, &mut trash, jobs)?;
        self.tx.put(&[(action, trash)])
    }

    /// Puts jobs behind all that an action took away.
    pub(super) fn append_to_trash(
        &mut self,
        action: u64,
        trash: &mut Trash,
        jobs: Vec<TrashedJob>,
    ) -> Result<(), StoreError> {
        let keys = (trash.end..).map(|number| (action, number));
        trash.end += jobs.len() as u64;
        trash.bytes += jobs.iter().map(TrashedJob::bytes).sum::<u64>();
        let jobs: Vec<(TrashKey, TrashedJob)> = keys.zip(jobs).collect();
        self.tx.put(&jobs)
    }

    /// What is left of what an action took away.
    pub(super) fn trash_of(&mut self, action: u64) -> Result<Option<Trash>, StoreError> {
        Ok(self.tx.get::<Trash>(&[action])?.pop().flatten())
    }

    /// Writes what is left of what an action took away.
    pub(super) fn write_trash(&mut self, action: u64, trash: Trash) -> Result<(), StoreError> {
        match trash.jobs() {
            0 => self.tx.remove::<Trash>(&[action]),
            _ => self.tx.put(&[(action, trash)]),
        }
    }

    /// Forgets a slice of what is kept up to this moment at the longest; tells how many jobs.
    pub(super) fn forget_trash(&mut self, until: SteadyTime) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        for action in self.tx.due::<Trash>(until, FORGOTTEN_ACTIONS)? {
            if forgotten >= SWEEP_SLICE_ROWS {
                break;
            }
            let Some(mut trash) = self.trash_of(action)? else {
                continue;
            };
            let rest = (SWEEP_SLICE_ROWS - forgotten) as u64;
            let jobs = trash.jobs().min(rest);
            let keys = (trash.first..trash.first + jobs).map(|number| (action, number));
            self.tx.remove::<TrashedJob>(&keys.collect::<Vec<_>>())?;
            // How large each of them is nobody knows without reading it.
            trash.bytes -= trash.bytes / trash.jobs().max(1) * jobs;
            trash.first += jobs;
            self.write_trash(action, trash)?;
            forgotten += usize::try_from(jobs).unwrap_or(usize::MAX);
        }
        Ok(forgotten)
    }
}

/// Whether a job is a member of a batch that is still to run.
fn is_pending(record: &JobRecord) -> bool {
    let member = record.features.as_ref().and_then(|features| features.batch);
    member.is_some_and(|member| !member.failed)
}
