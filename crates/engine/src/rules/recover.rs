//! Recovery: jobs of workers that are gone go back to the front at once; a job that keeps losing its
//! workers is a poison pill and dies.

use std::collections::BTreeSet;

use workmill_proto::Job;
use workmill_store::{CorruptRecord, JobRecord, Release, Reservation, StoreError, Tx};

use super::report::Report;
use crate::group::Group;
use crate::limits::{
    RECOVERIES_MAX, RECOVERY_WINDOW_SECS, RESERVATION_SLICE_JOBS, WORKER_SILENT_SECS,
};

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
        // Whoever reserved a job was heard from then.
        let silent_since = self.steady.plus_secs(-WORKER_SILENT_SECS);
        let mut room = RESERVATION_SLICE_JOBS;
        for wid in self.tx.reserving_workers()? {
            if room == 0 {
                break;
            }
            if alive.contains(&wid) {
                continue;
            }
            let mut lost = self.tx.reservations_of_worker(&wid, room)?;
            lost.retain(|reservation| reservation.reserved_at <= silent_since);
            for reservation in &lost {
                if self.has_rewritten_enough() {
                    return Ok(true);
                }
                self.recover(reservation)?;
            }
            room -= lost.len();
        }
        Ok(room == 0)
    }

    fn recover(&mut self, reservation: &Reservation) -> Result<(), StoreError> {
        self.put_tombstone(reservation)?;
        let key = reservation.key;
        let mut record = match self.tx.working_jobs(&[key])?.pop() {
            Some((_, Ok(record))) => record,
            Some((_, Err(corrupt))) => {
                self.end_reservations(&[key])?;
                return self.bury_corrupt(None, &corrupt);
            }
            None => return self.end_reservations(&[key]),
        };
        self.note_rewritten(record.body.len());
        let window_start = self.steady.plus_secs(-RECOVERY_WINDOW_SECS);
        record.recovered_at.retain(|at| *at > window_start);
        record.recovered_at.push(self.steady);
        if record.recovered_at.len() < RECOVERIES_MAX {
            return self.release(Release {
                key,
                record: Some(record),
            });
        }
        self.end_reservations(&[key])?;
        self.count_execution(true);
        self.observe_failed(&record, Some(reservation.reserved_at), true);
        self.bury_poison(record)
    }

    fn bury_poison(&mut self, mut record: JobRecord) -> Result<(), StoreError> {
        self.died(&mut record)?;
        match Job::parse_stored(&record.body) {
            Ok(job) => {
                let dead = self.failed_record(record, job, &POISON, None);
                self.bury(JobRecord {
                    recovered_at: Vec::new(),
                    ..dead
                })
            }
            Err(error) => {
                let corrupt = CorruptRecord {
                    bytes: record.body,
                    reason: error.text,
                };
                self.bury_corrupt(Some(&record.queue), &corrupt)
            }
        }
    }
}
