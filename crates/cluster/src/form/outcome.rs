//! What came of ops.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use workmill_engine::{InfoReport, Outcome, TrackReport};
use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::{Counts, QueueTotals, Totals, Track, TrackState};

use super::batch::ReportForm;
use super::error::{ErrorForm, error, error_form, refusals, refusals_form};
use super::job::{BidForm, FetchedForm, bid, bid_form};
use super::op::Unsendable;

/// What came of an op.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum OutcomeForm {
    Ok,
    Job(FetchedForm),
    Nothing,
    Refusals(Vec<(String, ErrorForm)>),
    Bid(BidForm),
    Batch(ReportForm),
    Track {
        jid: String,
        track: Option<TrackForm>,
    },
    Info(TotalsForm),
    Changed {
        jobs: u64,
        action: Option<u64>,
    },
    Refused(ErrorForm),
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TrackForm {
    state: StateForm,
    percent: Option<i64>,
    desc: Option<String>,
    updated_at: i64,
    forget_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum StateForm {
    Unknown,
    Enqueued,
    Working,
    Success,
    Failed,
    Dead,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TotalsForm {
    /// The name of a queue, its size, and whether it is paused.
    queues: Vec<(String, u64, bool)>,
    scheduled: u64,
    retries: u64,
    dead: u64,
    completed: u64,
    working: u64,
    processed: u64,
    failures: u64,
    expired: u64,
}

impl TryFrom<&Outcome> for OutcomeForm {
    type Error = Unsendable;

    fn try_from(outcome: &Outcome) -> Result<Self, Unsendable> {
        Ok(match outcome {
            Outcome::Ok => Self::Ok,
            Outcome::Job(job) => Self::Job(FetchedForm::from(&**job)),
            Outcome::Nothing => Self::Nothing,
            Outcome::Refusals(refused) => Self::Refusals(refusals_form(refused)),
            Outcome::Bid(bid) => Self::Bid(bid_form(*bid)),
            Outcome::Batch(report) => Self::Batch(ReportForm::from(&**report)),
            Outcome::Track(report) => Self::Track {
                jid: report.jid.clone(),
                track: report.track.as_ref().map(TrackForm::from),
            },
            Outcome::Info(report) => Self::Info(TotalsForm::from(&report.totals)),
            Outcome::Changed { jobs, action } => Self::Changed {
                jobs: *jobs,
                action: *action,
            },
            Outcome::Refused(error) => Self::Refused(error_form(error)),
            Outcome::Operations(_) => return Err(Unsendable),
        })
    }
}

impl From<OutcomeForm> for Outcome {
    fn from(form: OutcomeForm) -> Self {
        match form {
            OutcomeForm::Ok => Self::Ok,
            OutcomeForm::Job(job) => Self::Job(Box::new(job.into())),
            OutcomeForm::Nothing => Self::Nothing,
            OutcomeForm::Refusals(refused) => Self::Refusals(refusals(refused)),
            OutcomeForm::Bid(id) => Self::Bid(bid(id)),
            OutcomeForm::Batch(report) => Self::Batch(Box::new(report.into())),
            OutcomeForm::Track { jid, track } => Self::Track(Box::new(TrackReport {
                jid,
                track: track.map(Track::from),
            })),
            OutcomeForm::Info(totals) => Self::Info(Arc::new(InfoReport {
                totals: totals.into(),
                reply: OnceLock::new(),
            })),
            OutcomeForm::Changed { jobs, action } => Self::Changed { jobs, action },
            OutcomeForm::Refused(refusal) => Self::Refused(error(refusal)),
        }
    }
}

impl From<&Track> for TrackForm {
    fn from(track: &Track) -> Self {
        Self {
            state: match track.state {
                TrackState::Unknown => StateForm::Unknown,
                TrackState::Enqueued => StateForm::Enqueued,
                TrackState::Working => StateForm::Working,
                TrackState::Success => StateForm::Success,
                TrackState::Failed => StateForm::Failed,
                TrackState::Dead => StateForm::Dead,
            },
            percent: track.percent,
            desc: track.desc.clone(),
            updated_at: track.updated_at.as_micros(),
            forget_at: track.forget_at.map(SteadyTime::as_micros),
        }
    }
}

impl From<TrackForm> for Track {
    fn from(form: TrackForm) -> Self {
        Self {
            state: match form.state {
                StateForm::Unknown => TrackState::Unknown,
                StateForm::Enqueued => TrackState::Enqueued,
                StateForm::Working => TrackState::Working,
                StateForm::Success => TrackState::Success,
                StateForm::Failed => TrackState::Failed,
                StateForm::Dead => TrackState::Dead,
            },
            percent: form.percent,
            desc: form.desc,
            updated_at: Timestamp::from_micros(form.updated_at),
            forget_at: form.forget_at.map(SteadyTime::from_micros),
        }
    }
}

impl From<&Totals> for TotalsForm {
    fn from(totals: &Totals) -> Self {
        let queues = totals.queues.iter();
        let queues = queues.map(|(name, queue)| (name.clone(), queue.size, queue.paused));
        Self {
            queues: queues.collect(),
            scheduled: totals.scheduled,
            retries: totals.retries,
            dead: totals.dead,
            completed: totals.completed,
            working: totals.working,
            processed: totals.counts.processed,
            failures: totals.counts.failures,
            expired: totals.counts.expired,
        }
    }
}

impl From<TotalsForm> for Totals {
    fn from(form: TotalsForm) -> Self {
        let queues = form.queues.into_iter();
        let queues = queues.map(|(name, size, paused)| (name, QueueTotals { size, paused }));
        Self {
            queues: queues.collect(),
            scheduled: form.scheduled,
            retries: form.retries,
            dead: form.dead,
            completed: form.completed,
            working: form.working,
            counts: Counts {
                processed: form.processed,
                failures: form.failures,
                expired: form.expired,
            },
        }
    }
}
