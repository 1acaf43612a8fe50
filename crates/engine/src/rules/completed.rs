//! Completed jobs, if they are kept to be looked at: bounded in number, size and time. Nothing waits for them, and nothing is done to
//! them but that they are forgotten.

use workmill_proto::SetName;
use workmill_store::{Attempt, Clocks, JobRecord, Place, Reservation, SetTime, StoreError, Tx};

use super::held::Held;
use super::life::{Ended, Ending};
use crate::group::Group;
use crate::limits::{COMPLETED_JOB_BYTES_MAX, SWEEP_SLICE_ROWS};
use crate::op::Request;
use crate::step::{Cause, What};

impl<T: Tx> Group<'_, T> {
    /// Ends executions well, as far as the group may still write, and keeps their jobs. Beyond the limit the oldest leave.
    pub(super) fn complete(
        &mut self,
        asking: &[&Request],
        reservations: Vec<Reservation>,
    ) -> Result<(), StoreError> {
        let held = Held::read(self.tx, &mut self.budget, reservations)?;
        self.answers.give_first(asking, held.len());
        let endings: Vec<Ending> = held
            .iter()
            .map(|held| Ending::of(&mut self.memory.history, &held.reservation, held.record()))
            .collect();
        self.end_executions(&endings, Ended::Well)?;
        self.prefetch(held.iter().filter_map(Held::record))?;
        let mut completed = Vec::with_capacity(held.len());
        for Held { reservation, job } in held {
            // Of one that cannot be read nobody knows what it was.
            let Some(Ok(record)) = job else { continue };
            let execution = Some((&reservation).into());
            self.step(What::Succeeded, Cause::Client, &record, execution)?;
            if record.bytes() <= COMPLETED_JOB_BYTES_MAX {
                let at = SetTime::completed(self.now.steady);
                completed.push((at, completed_record(record, &reservation, self.now)));
            }
        }
        self.tx.insert_entries(SetName::Completed, &completed)?;
        self.forget_excess()?;
        Ok(())
    }

    /// Forgets a slice of those that are past their time, or too many; tells how many.
    pub(super) fn purge_completed(&mut self) -> Result<usize, StoreError> {
        let until = match self.rules.completed_secs {
            // They are not kept any more.
            0 => SetTime::MAX,
            secs => SetTime::completed(self.now.steady.plus_secs(-secs)),
        };
        let too_old = self.forget_completed(until, SWEEP_SLICE_ROWS)?;
        Ok(too_old + self.forget_excess()?)
    }

    fn forget_excess(&mut self) -> Result<usize, StoreError> {
        let size = self.tx.size(&Place::Set(SetName::Completed))?;
        let excess = size.saturating_sub(self.rules.completed_jobs_max);
        match usize::try_from(excess).unwrap_or(usize::MAX) {
            0 => Ok(0),
            excess => self.forget_completed(SetTime::MAX, excess.min(SWEEP_SLICE_ROWS)),
        }
    }

    fn forget_completed(&mut self, until: SetTime, limit: usize) -> Result<usize, StoreError> {
        let forgotten = self.tx.take_entries(SetName::Completed, until, limit)?;
        Ok(forgotten.len())
    }
}

/// A job as it is kept when it is done: nothing counts it any more, and its last execution is one more attempt.
fn completed_record(record: JobRecord, held: &Reservation, now: Clocks) -> JobRecord {
    let run = Attempt {
        ended_at: now.wall,
        took: now.steady.since(held.reserved_at),
        wid: held.wid.clone(),
        retry_after_secs: None,
        error: None,
    };
    JobRecord {
        attempts: record.attempts.after(&run),
        recovered_at: Vec::new(),
        failure: None,
        features: None,
        ..record
    }
}
