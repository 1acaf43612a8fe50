//! Taking jobs away: what an operator deletes or kills has left its place, and goes into the trash.

use workmill_proto::{SetName, SteadyTime};
use workmill_store::{
    EntryKey, Fate, Home, JobRecord, Place, StoreError, TrashKey, TrashedJob, Tx,
};

use super::dead::forgotten_at;
use crate::context::Rules;
use crate::group::Group;
use crate::step::{Cause, What};

impl<T: Tx> Group<'_, T> {
    /// Deletes jobs that have left their places. Tells under which key the first of them is in the trash, if they are.
    pub(super) fn delete(
        &mut self,
        jobs: Vec<(Home, JobRecord)>,
    ) -> Result<Option<TrashKey>, StoreError> {
        // To one that is done nothing happens any more.
        let waiting = jobs
            .iter()
            .filter(|(home, _)| home.set() != Some(SetName::Completed));
        for (_, record) in waiting {
            self.step(What::Deleted, Cause::Operator, record, None)?;
        }
        let jobs = jobs.into_iter().map(|(home, record)| TrashedJob {
            home,
            fate: Fate::Deleted(Ok(record)),
        });
        let ends_at = trash_ends_at(self.now.steady, self.rules);
        self.trash.put_away(self.tx, ends_at, jobs.collect())
    }

    /// Kills jobs that have left their places, and buries those that are dead already with them. Tells the same.
    pub(super) fn kill(
        &mut self,
        jobs: Vec<(Home, JobRecord)>,
        mut dead: Vec<JobRecord>,
    ) -> Result<Option<TrashKey>, StoreError> {
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
        let at = forgotten_at(self.now.steady, self.rules);
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
        let ends_at = trash_ends_at(self.now.steady, self.rules);
        let first = self.trash.put_away(self.tx, ends_at, jobs.collect())?;
        // Also some of them may leave the dead set again, if they are many.
        self.bury(dead)?;
        Ok(first)
    }
}

/// Until when what is taken away now can be put back.
pub(super) fn trash_ends_at(now: SteadyTime, rules: &Rules) -> SteadyTime {
    now.plus_secs(rules.trash_secs)
}

/// Whether a job is a member of a batch that is still to run.
fn is_pending(record: &JobRecord) -> bool {
    let member = record.features.as_ref().and_then(|features| features.batch);
    member.is_some_and(|member| !member.failed)
}
