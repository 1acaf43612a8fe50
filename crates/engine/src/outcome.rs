//! What the engine answers.

use std::mem;
use std::sync::{Arc, OnceLock};

use workmill_proto::{Bid, Timestamp, WireError};
use workmill_store::{BatchDetails, BatchState, JobRecord, Totals, Track};

use crate::event::Event;
use crate::op::{DeliveryTag, Request, Ticket};
use crate::operations::OperationReport;

/// What a group did. Send the answers only after the group's commit.
#[derive(Debug, Default)]
pub struct GroupResult {
    /// Answers to requests of this group and to FETCHes parked by earlier ones.
    pub answers: Vec<Answer>,
    /// Requests that need further slices: put them into the next group, before new requests.
    pub unfinished: Vec<Request>,
    /// What happened to jobs, in order; empty unless [`crate::Rules::observed`].
    pub events: Vec<Event>,
}

/// The answer to one request.
#[derive(Debug)]
pub struct Answer {
    /// Which request.
    pub ticket: Ticket,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Debug)]
pub enum Outcome {
    /// Done.
    Ok,
    /// A job, reserved for whoever fetched it.
    Job(Box<FetchedJob>),
    /// A FETCH that found nothing in time.
    Nothing,
    /// PUSHB: what was refused, by jid, in order.
    Refusals(Vec<(String, WireError)>),
    /// BATCH NEW, OPEN: the batch.
    Bid(Bid),
    /// BATCH STATUS.
    Batch(Box<BatchReport>),
    /// TRACK GET.
    Track(Box<TrackReport>),
    /// INFO: one report for all who asked at the same time.
    Info(Arc<InfoReport>),
    /// A change of jobs that were named one by one; or what an operator has noted.
    Changed {
        /// How many of them it has changed.
        jobs: u64,
        /// Its number in the audit log, if that tells of it.
        action: Option<u64>,
    },
    /// How far operations are.
    Operations(Vec<OperationReport>),
    /// Refused; nothing changed.
    Refused(WireError),
}

impl Outcome {
    pub(crate) fn of_operation(report: Result<&OperationReport, WireError>) -> Self {
        match report {
            Ok(report) => Self::Operations(vec![report.clone()]),
            Err(error) => Self::Refused(error),
        }
    }
}

/// Sizes and counters.
#[derive(Debug)]
pub struct InfoReport {
    /// As they were when it was asked for.
    pub totals: Totals,
    /// The reply that was made of them, kept here so that it is made once: with many queues that takes longer than to
    /// count.
    pub reply: OnceLock<Vec<u8>>,
}

/// What is known of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchReport {
    /// Which batch.
    pub bid: Bid,
    /// The first of those it is a child of.
    pub parent: Option<Bid>,
    /// What never changes of it.
    pub details: BatchDetails,
    /// How far it is.
    pub state: BatchState,
}

/// What is known of a tracked job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackReport {
    /// The job's id.
    pub jid: String,
    /// None if nothing is known.
    pub track: Option<Track>,
}

impl FetchedJob {
    /// What a worker gets of a job that is reserved under this tag; takes the payload out of its record.
    pub fn take(tag: DeliveryTag, record: &mut JobRecord, now: Timestamp) -> Self {
        Self {
            tag,
            body: mem::take(&mut record.body),
            enqueued_at_index: record.enqueued_at_index,
            enqueued_at: record.enqueued_at.unwrap_or(now),
        }
    }
}

/// A job on its way to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedJob {
    /// To give it back with, should it not arrive.
    pub tag: DeliveryTag,
    /// The payload without `enqueued_at`.
    pub body: Vec<u8>,
    /// Where `enqueued_at` belongs in it, in bytes.
    pub enqueued_at_index: u32,
    /// When it was put into its queue.
    pub enqueued_at: Timestamp,
}
