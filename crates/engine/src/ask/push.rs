//! What a PUSH or a PUSHB asks of the engine: payloads checked and made ready for the store.

use std::sync::Arc;

use workmill_proto::{CustomReading, Job, RefusedJob, Timestamp, WireError};
use workmill_store::{Attempts, Features, JobRecord};

use super::features;
use crate::limits::{RESERVE_FOR_SECS_DEFAULT, RESERVE_FOR_SECS_MIN};
use crate::new_job::{NewJob, WantedLock};
use crate::op::{BulkPush, Op};

impl Op {
    /// The op of a PUSH of this payload. `created_at` is filled in from `now` where the client gave none.
    ///
    /// `reading` says which features are on. Refuses a payload whose `custom` asks for what is not understood.
    pub fn push(job: Job, now: Timestamp, reading: CustomReading) -> Result<Self, WireError> {
        Ok(Self::Push(Arc::new(NewJob::new(job, now, reading)?)))
    }
}

impl NewJob {
    /// Makes a checked payload ready for the store. `created_at` is filled in from `now` where the client
    /// gave none. `reading` says which features are on. Refuses what `custom` asks for and is not understood.
    pub fn new(mut job: Job, now: Timestamp, reading: CustomReading) -> Result<Self, WireError> {
        let (features, lock) = check_custom(&mut job, now, reading)?;
        Ok(Self::of_good(job, features, lock, now))
    }

    fn of_good(
        mut job: Job,
        features: Option<Box<Features>>,
        lock: Option<WantedLock>,
        now: Timestamp,
    ) -> Self {
        job.set_created_at_default(now);
        Self {
            at: job.at,
            record: record(job, features),
            lock,
            client: 0,
        }
    }
}

impl BulkPush {
    /// Makes the jobs of a PUSHB ready for the store, as [`NewJob::new`] does.
    pub fn new(jobs: Vec<Result<Job, RefusedJob>>, now: Timestamp, reading: CustomReading) -> Self {
        let jobs = jobs.into_iter().map(|job| {
            let mut job = job?;
            match check_custom(&mut job, now, reading) {
                Ok((features, lock)) => Ok(NewJob::of_good(job, features, lock, now)),
                Err(error) => Err(RefusedJob {
                    jid: job.jid,
                    error,
                }),
            }
        });
        Self {
            jobs: jobs.collect(),
            next_index: 0,
            refused: Vec::new(),
        }
    }
}

/// Checks what a job's `custom` asks for; returns the features it is to have, and the lock it wants.
fn check_custom(
    job: &mut Job,
    now: Timestamp,
    reading: CustomReading,
) -> Result<(Option<Box<Features>>, Option<WantedLock>), WireError> {
    job.back_off()?;
    let custom = job.custom_rules(reading)?;
    features::of(job, custom, now)
}

/// A job that has never been in a queue, as it is stored.
pub(super) fn record(job: Job, features: Option<Box<Features>>) -> JobRecord {
    let rendered = job.render();
    JobRecord {
        reserve_for_secs: reserve_for_secs(&job),
        jid: job.jid.into_boxed_str(),
        queue: job.queue.into_boxed_str(),
        jobtype: job.jobtype.into_boxed_str(),
        enqueued_at: None,
        failure_count: 0,
        recovered_at: Vec::new(),
        failure: None,
        attempts: Attempts::default(),
        features,
        body: rendered.body,
        enqueued_at_index: rendered.enqueued_at_index,
    }
}

/// How long a worker may keep the job. As Faktory: absent or 0 is half an hour, less than a minute is one.
fn reserve_for_secs(job: &Job) -> u32 {
    match job.reserve_for_secs {
        None | Some(0) => RESERVE_FOR_SECS_DEFAULT,
        Some(secs) => u32::try_from(secs).unwrap_or(0).max(RESERVE_FOR_SECS_MIN),
    }
}
