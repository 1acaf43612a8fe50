//! Recovery: jobs of workers that are gone go back to the front at once; a job that keeps losing its
//! workers is a poison pill and dies.

use std::collections::BTreeSet;

use workmill_proto::{Job, SteadyTime};
use workmill_store::{
    CorruptRecord, JobRecord, Release, Reservation, ReservationsOf, StoreError, Tx,
};

use super::corrupt::quarantine;
use super::fail::failed_record;
use super::held::Held;
use super::life::{Ended, Ending};
use super::report::Report;
use super::requeue::TakenBack;
use crate::group::Group;
use crate::limits::{
    RECOVERIES_MAX, RECOVERY_WINDOW_SECS, RESERVATION_SLICE_JOBS, WORKER_SILENT_SECS,
};
use crate::step::{Cause, Execution, What};

const POISON: Report<'static> = Report {
    errtype: "WorkerLost",
    message: "three workers were lost with this job within 72 hours",
    backtrace: &[],
};

impl<T: Tx> Group<'_, T> {
    /// Takes a slice of jobs back from workers that are not among `alive`. Tells whether there may be more.
    pub(crate) fn recover_lost(&mut self, alive: &BTreeSet<String>) -> Result<bool, StoreError> {
        if !self.grace_over {
            return Ok(false);
        }
        let lost = lost_slice(self.tx, self.now.steady, alive)?;
        let found = lost.len();
        let held = Held::read(self.tx, &mut self.budget, lost)?;
        let is_slice = held.len() < found || found == RESERVATION_SLICE_JOBS;
        let TakenBack {
            sound,
            lost,
            mut dead,
        } = self.take_back(held)?;
        let (mut releases, mut poisoned) = (Vec::new(), Vec::new());
        for (reservation, mut record) in sound {
            let window_start = self.now.steady.plus_secs(-RECOVERY_WINDOW_SECS);
            record.recovered_at.retain(|at| *at > window_start);
            record.recovered_at.push(self.now.steady);
            if record.recovered_at.len() < RECOVERIES_MAX {
                let execution = Some(Execution::from(&reservation));
                self.step(What::CameBack, Cause::WorkerLost, &record, execution)?;
                releases.push(Release {
                    key: reservation.key,
                    record: Some(record),
                });
            } else {
                let cause = Cause::WorkerLost;
                self.fail_step(What::Died, cause, &mut record, Some(&reservation))?;
                let history = &mut self.memory.history;
                poisoned.push(Ending::of(history, &reservation, Some(&record)));
                self.add_poisoned(record, &reservation, &mut dead)?;
            }
        }
        self.put_back(&releases)?;
        self.end_executions(&poisoned, Ended::Badly)?;
        self.void_executions(&lost)?;
        self.bury(dead)?;
        Ok(is_slice)
    }

    /// Adds a job that has lost its workers too often to those that are about to be buried.
    fn add_poisoned(
        &mut self,
        mut record: JobRecord,
        reservation: &Reservation,
        dead: &mut Vec<JobRecord>,
    ) -> Result<(), StoreError> {
        match Job::parse_stored(&record.body) {
            Ok(job) => {
                record.attempts = self.attempts_after(&record, &job, reservation, &POISON, None);
                let failed = failed_record(record, job, &POISON, self.now.wall, None);
                dead.push(JobRecord {
                    recovered_at: Vec::new(),
                    ..failed
                });
                Ok(())
            }
            Err(error) => {
                let queue = record.queue;
                let corrupt = CorruptRecord {
                    bytes: record.body,
                    reason: error.text,
                };
                quarantine(self.tx, self.now.wall, Some(&queue), &corrupt, dead)
            }
        }
    }
}

/// Some of the reservations of workers that are not among `alive`.
fn lost_slice<T: Tx>(
    tx: &mut T,
    now: SteadyTime,
    alive: &BTreeSet<String>,
) -> Result<Vec<Reservation>, StoreError> {
    // Whoever reserved a job was heard from then.
    let silent_since = now.plus_secs(-WORKER_SILENT_SECS);
    let mut lost = Vec::new();
    for wid in tx.reserving_workers()? {
        let room = RESERVATION_SLICE_JOBS - lost.len();
        if room == 0 {
            break;
        }
        if alive.contains(&wid) {
            continue;
        }
        let held = tx.reservations(ReservationsOf::Worker(&wid, room))?;
        let is_silent = |held: &Reservation| held.reserved_at <= silent_since;
        lost.extend(held.into_iter().filter(is_silent));
    }
    Ok(lost)
}
