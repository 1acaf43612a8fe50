//! FAIL: a failed job is tried again later, or is dead, or is dropped, as its `retry` says.

use rand::rngs::SmallRng;
use workmill_proto::{Failure, Job, SetName, Timestamp};
use workmill_store::{
    Attempt, Attempts, CorruptRecord, JobRecord, Reservation, SetTime, StoreError, Tx,
};

use super::attempts::attempts_after;
use super::backoff;
use super::corrupt::quarantine;
use super::held::{Held, ReservationsByJid};
use super::life::{Ended, Ending};
use super::report::Report;
use crate::group::Group;
use crate::op::{Fail, Op, Request};
use crate::step::{Cause, What};

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

/// Where failed jobs go.
#[derive(Default)]
struct Placed {
    retries: Vec<(SetTime, JobRecord)>,
    dead: Vec<JobRecord>,
}

impl<T: Tx> Group<'_, T> {
    /// A run of FAILs from workers.
    pub(crate) fn fail(&mut self, run: &[Request]) -> Result<(), StoreError> {
        let fails: Vec<(&Request, &Fail)> = run
            .iter()
            .filter_map(|request| match &request.op {
                Op::Fail(fail) => Some((request, fail.as_ref())),
                _ => None,
            })
            .collect();
        let jids = fails.iter().map(|(_, fail)| &*fail.report.jid).collect();
        let mut by_jid = ReservationsByJid::read(self.tx, jids)?;
        let (mut asking, mut reports) = (Vec::new(), Vec::new());
        let mut reservations = Vec::new();
        for (request, Fail { report, wid }) in fails {
            match by_jid.take(self.tx, &report.jid, wid)? {
                Some(held) => {
                    asking.push(request);
                    reports.push(Report::of(report));
                    reservations.push(held.clone());
                }
                None => self
                    .answers
                    .refuse(request.ticket, format!("Job not found {}", report.jid)),
            }
        }
        let held = Held::read(self.tx, &mut self.budget, reservations)?;
        self.answers.give_first(&asking, held.len());
        self.fail_held(held.into_iter().zip(reports).collect(), Cause::Client)
    }

    /// Ends reservations as failures and moves their jobs to where they belong now.
    pub(super) fn fail_held(
        &mut self,
        failed: Vec<(Held, Report<'_>)>,
        cause: Cause,
    ) -> Result<(), StoreError> {
        let endings: Vec<Ending> = failed
            .iter()
            .map(|(held, _)| Ending::of(&mut self.memory.history, &held.reservation, held.record()))
            .collect();
        self.end_executions(&endings, Ended::Badly)?;
        self.prefetch(failed.iter().filter_map(|(held, _)| held.record()))?;
        let mut placed = Placed::default();
        for (Held { reservation, job }, report) in failed {
            match job {
                Some(Ok(record)) => {
                    self.place_failed(record, (&reservation, cause), &report, &mut placed)?;
                }
                Some(Err(corrupt)) => {
                    quarantine(self.tx, self.now.wall, None, &corrupt, &mut placed.dead)?;
                }
                None => {}
            }
        }
        if !placed.retries.is_empty() {
            self.put_into(SetName::Retries, placed.retries)?;
        }
        self.bury(placed.dead)
    }

    fn place_failed(
        &mut self,
        mut record: JobRecord,
        (reservation, cause): (&Reservation, Cause),
        report: &Report<'_>,
        placed: &mut Placed,
    ) -> Result<(), StoreError> {
        let job = match Job::parse_stored(&record.body) {
            Ok(job) => job,
            Err(error) => {
                self.fail_step(What::Died, cause, &mut record, Some(reservation))?;
                let queue = record.queue;
                let corrupt = CorruptRecord {
                    bytes: record.body,
                    reason: error.text,
                };
                return quarantine(
                    self.tx,
                    self.now.wall,
                    Some(&queue),
                    &corrupt,
                    &mut placed.dead,
                );
            }
        };
        let disposition = Disposition::of(job.retry, record.failure_count);
        let what = match disposition {
            Disposition::Retried => What::Failed,
            Disposition::Dead => What::Died,
            Disposition::Dropped => What::Dropped,
        };
        self.fail_step(what, cause, &mut record, Some(reservation))?;
        let delay_secs = match disposition {
            Disposition::Dropped => return Ok(()),
            Disposition::Dead => None,
            Disposition::Retried => {
                let delay_secs = retry_delay_secs(&job, record.failure_count, &mut self.rng);
                Some(delay_secs)
            }
        };
        let failure = self.note_failure(&record.jobtype, report, &reservation.wid)?;
        record.attempts = self.attempts_after(&record, &job, reservation, report, delay_secs);
        let next_at = delay_secs.map(|secs| self.now.wall.plus_secs(secs));
        let mut failed = failed_record(record, job, report, self.now.wall, next_at);
        failed.failure = Some(failure);
        match delay_secs {
            None => placed.dead.push(failed),
            Some(secs) => {
                let at = SetTime::retries(self.now.steady.plus_secs(secs));
                placed.retries.push((at, failed));
            }
        }
        Ok(())
    }

    /// The attempts at a job, with this one, which has gone wrong and is tried again after so many seconds, if at all.
    pub(super) fn attempts_after(
        &self,
        record: &JobRecord,
        job: &Job,
        reservation: &Reservation,
        report: &Report<'_>,
        delay_secs: Option<i64>,
    ) -> Attempts {
        let latest = Attempt {
            ended_at: self.now.wall,
            took: self.now.steady.since(reservation.reserved_at),
            wid: reservation.wid.clone(),
            retry_after_secs: delay_secs.and_then(|secs| u32::try_from(secs).ok()),
            error: None,
        };
        attempts_after(record, job, report, latest, self.rules.attempts_max)
    }
}

/// The record with this failure written into its payload, of no group yet. What the client put there is not trusted: the server's own
/// count is what counts.
pub(super) fn failed_record(
    record: JobRecord,
    mut job: Job,
    report: &Report<'_>,
    now: Timestamp,
    next_at: Option<Timestamp>,
) -> JobRecord {
    let retry_count = i64::from(record.failure_count);
    let first_failed_at = match job.failure() {
        Some(failure) if record.failure_count > 0 => failure.failed_at,
        _ => now.to_string(),
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
        failure: None,
        body: rendered.body,
        enqueued_at_index: rendered.enqueued_at_index,
        ..record
    }
}

fn retry_delay_secs(job: &Job, failures_before: u32, rng: &mut SmallRng) -> i64 {
    match job.back_off() {
        Ok(Some(back_off)) => backoff::delay_secs(&back_off, failures_before),
        Ok(None) | Err(_) => backoff::faktory_delay_secs(failures_before, rng),
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
