//! Jobs on their way into the engine, and out of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use workmill_engine::{DeliveryTag, FetchedJob, NewJob, WantedLock};
use workmill_proto::{Bid, SteadyTime, Timestamp};
use workmill_store::{Attempts, Features, JobKey, JobRecord, Membership};

/// A job to push. It has never been anywhere, so what a stored record tells of its past is not in it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JobForm {
    jid: Box<str>,
    queue: Box<str>,
    jobtype: Box<str>,
    reserve_for_secs: u32,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    enqueued_at_index: u32,
    /// The moment it is for, in microseconds, as all moments.
    at: Option<i64>,
    client: u64,
    expires_at: Option<i64>,
    batch: Option<BidForm>,
    tracked: bool,
    lock: Option<LockForm>,
}

/// The id of a batch, and what keeps it from being guessed.
pub(super) type BidForm = (u64, u64);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LockForm {
    key: [u8; 32],
    lasts: Duration,
    until_start: bool,
}

/// A job for a worker.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FetchedForm {
    tag: TagForm,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    enqueued_at_index: u32,
    enqueued_at: i64,
}

/// The key of a job, and when it was reserved.
pub(super) type TagForm = (i64, i64);

pub(super) fn bid_form(bid: Bid) -> BidForm {
    (bid.id, bid.check)
}

pub(super) fn bid((id, check): BidForm) -> Bid {
    Bid { id, check }
}

pub(super) fn tag_form(tag: DeliveryTag) -> TagForm {
    (tag.key.0, tag.reserved_at.as_micros())
}

pub(super) fn tag((key, reserved_at): TagForm) -> DeliveryTag {
    DeliveryTag {
        key: JobKey(key),
        reserved_at: SteadyTime::from_micros(reserved_at),
    }
}

impl From<&NewJob> for JobForm {
    fn from(job: &NewJob) -> Self {
        let record = &job.record;
        let features = record.features.as_deref();
        let expires_at = features.and_then(|features| features.expires_at);
        let batch = features.and_then(|features| features.batch);
        Self {
            jid: record.jid.clone(),
            queue: record.queue.clone(),
            jobtype: record.jobtype.clone(),
            reserve_for_secs: record.reserve_for_secs,
            body: record.body.clone(),
            enqueued_at_index: record.enqueued_at_index,
            at: job.at.map(Timestamp::as_micros),
            client: job.client,
            expires_at: expires_at.map(Timestamp::as_micros),
            batch: batch.map(|batch| bid_form(batch.bid)),
            tracked: features.is_some_and(|features| features.tracked),
            lock: job.lock.map(|lock| LockForm {
                key: lock.key,
                lasts: lock.lasts,
                until_start: lock.until_start,
            }),
        }
    }
}

impl From<JobForm> for NewJob {
    fn from(form: JobForm) -> Self {
        let features = Features {
            expires_at: form.expires_at.map(Timestamp::from_micros),
            lock: None,
            batch: form.batch.map(|batch| Membership {
                bid: bid(batch),
                failed: false,
            }),
            callback: None,
            cron: None,
            tracked: form.tracked,
        };
        Self {
            record: JobRecord {
                jid: form.jid,
                queue: form.queue,
                jobtype: form.jobtype,
                reserve_for_secs: form.reserve_for_secs,
                enqueued_at: None,
                failure_count: 0,
                recovered_at: Vec::new(),
                failure: None,
                attempts: Attempts::default(),
                features: (features != Features::default()).then(|| Box::new(features)),
                body: form.body,
                enqueued_at_index: form.enqueued_at_index,
            },
            at: form.at.map(Timestamp::from_micros),
            client: form.client,
            lock: form.lock.map(|lock| WantedLock {
                key: lock.key,
                lasts: lock.lasts,
                until_start: lock.until_start,
            }),
        }
    }
}

impl From<&FetchedJob> for FetchedForm {
    fn from(job: &FetchedJob) -> Self {
        Self {
            tag: tag_form(job.tag),
            body: job.body.clone(),
            enqueued_at_index: job.enqueued_at_index,
            enqueued_at: job.enqueued_at.as_micros(),
        }
    }
}

impl From<FetchedForm> for FetchedJob {
    fn from(form: FetchedForm) -> Self {
        Self {
            tag: tag(form.tag),
            body: form.body,
            enqueued_at_index: form.enqueued_at_index,
            enqueued_at: Timestamp::from_micros(form.enqueued_at),
        }
    }
}
