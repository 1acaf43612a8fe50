//! FAIL: a failed job is tried again later, or is dead, or is dropped, as its `retry` says.

use workmill_proto::{Failure, Job, SetName, SteadyTime, Timestamp};
use workmill_store::{CorruptRecord, JobKey, JobRecord, SetTime, StoreError, Tx};

use super::backoff;
use super::report::Report;
use super::reservation::Holdings;
use crate::group::Group;
use crate::op::{Fail, Ticket};
use crate::outcome::Outcome;

/// Where a failed job goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disposition {
    Retried,
    Dead,
    Dropped,
}

impl Disposition {
    /// `retry` N means N + 1 executions, then death; 0 means one and no trace; below 0 one, then death.
    fn of(retry: i64, failures_before: u32) -> Self {
        match retry {
            0 => Self::Dropped,
            _ if i64::from(failures_before) < retry => Self::Retried,
            _ => Self::Dead,
        }
    }
}

impl<T: Tx> Group<'_, T> {
    /// FAIL from a worker.
    pub(crate) fn fail(&mut self, ticket: Ticket, fail: &Fail) -> Result<(), StoreError> {
        let jid = fail.report.jid.as_str();
        let mut holdings = Holdings::read(self.tx, &[jid])?;
        let Some(held) = holdings.take(self.tx, jid, &fail.wid)? else {
            self.refuse(ticket, format!("Job not found {jid}"));
            return Ok(());
        };
        let report = Report {
            errtype: &fail.report.errtype,
            message: &fail.report.message,
            backtrace: &fail.report.backtrace,
        };
        self.fail_reserved(held.key, &report)?;
        self.answer(ticket, Outcome::Ok);
        Ok(())
    }

    /// Ends the reservation under `key` as a failure and moves its job to where it belongs now.
    pub(crate) fn fail_reserved(
        &mut self,
        key: JobKey,
        report: &Report<'_>,
    ) -> Result<(), StoreError> {
        self.count_execution(true);
        let reserved_at = self.reserved_at(key)?;
        let job = self.tx.working_jobs(&[key])?.pop();
        self.end_reservations(&[key])?;
        match job {
            Some((_, Ok(record))) => {
                self.note_rewritten(record.body.len());
                self.place_failed(record, reserved_at, report)
            }
            Some((_, Err(corrupt))) => self.bury_corrupt(None, &corrupt),
            None => Ok(()),
        }
    }

    fn place_failed(
        &mut self,
        mut record: JobRecord,
        reserved_at: Option<SteadyTime>,
        report: &Report<'_>,
    ) -> Result<(), StoreError> {
        let job = match Job::parse_stored(&record.body) {
            Ok(job) => job,
            Err(error) => {
                self.observe_failed(&record, reserved_at, true);
                let reason = error.text;
                self.died(&mut record)?;
                return self.bury_corrupt(
                    Some(&record.queue),
                    &CorruptRecord {
                        bytes: record.body,
                        reason,
                    },
                );
            }
        };
        let disposition = Disposition::of(job.retry, record.failure_count);
        self.observe_failed(&record, reserved_at, disposition == Disposition::Dead);
        match disposition {
            Disposition::Dropped => self.failed_for_good(&mut record),
            Disposition::Dead => {
                self.died(&mut record)?;
                let dead = self.failed_record(record, job, report, None);
                self.bury(dead)
            }
            Disposition::Retried => {
                self.failed(&mut record)?;
                let delay_secs = self.retry_delay_secs(&job, record.failure_count);
                let next_at = self.wall.plus_secs(delay_secs);
                let failed = self.failed_record(record, job, report, Some(next_at));
                let at = SetTime::retries(self.steady.plus_secs(delay_secs));
                self.tx.insert_entries(SetName::Retries, &[(at, failed)])
            }
        }
    }

    /// The record with this failure written into its payload. What the client put there is not trusted:
    /// the server's own count is what counts.
    pub(crate) fn failed_record(
        &self,
        record: JobRecord,
        mut job: Job,
        report: &Report<'_>,
        next_at: Option<Timestamp>,
    ) -> JobRecord {
        let retry_count = i64::from(record.failure_count);
        let first_failed_at = match job.failure() {
            Some(failure) if record.failure_count > 0 => failure.failed_at,
            _ => self.wall.to_string(),
        };
        job.set_failure(&Failure {
            retry_count,
            remaining: job.retry.saturating_sub(retry_count),
            failed_at: first_failed_at,
            next_at: next_at.map(|at| at.to_string()),
            message: Some(report.message.to_owned()),
            errtype: Some(report.errtype.to_owned()),
            backtrace: report.backtrace.to_vec(),
        });
        let rendered = job.render();
        JobRecord {
            failure_count: record.failure_count.saturating_add(1),
            body: rendered.body,
            enqueued_at_index: rendered.enqueued_at_index,
            ..record
        }
    }

    fn retry_delay_secs(&mut self, job: &Job, failures_before: u32) -> i64 {
        match job.back_off() {
            Ok(Some(back_off)) => backoff::delay_secs(&back_off, failures_before),
            Ok(None) | Err(_) => backoff::faktory_delay_secs(failures_before, &mut self.rng),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_n_means_n_plus_one_executions() {
        assert_eq!(Disposition::of(2, 0), Disposition::Retried);
        assert_eq!(Disposition::of(2, 1), Disposition::Retried);
        assert_eq!(Disposition::of(2, 2), Disposition::Dead);
        assert_eq!(Disposition::of(0, 0), Disposition::Dropped);
        assert_eq!(Disposition::of(-1, 0), Disposition::Dead);
    }
}
