//! What happened to a job and what comes next, as far as that is kept with it.

use std::cmp::Reverse;
use std::time::Duration;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use workmill_engine::query::JobState;
use workmill_proto::{Failure, Timestamp};
use workmill_store::{Attempt, AttemptError, JobRecord};

use super::payload::Payload;
use super::view::JobView;
use crate::service::moment::told;

/// What happened to a job and what comes next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Step by step, what comes next and the latest first.
    pub steps: Vec<TimelineStep>,
    /// How many failures there were before the first one among them.
    pub earlier_failures: u64,
}

/// Something that happened to a job, or comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TimelineStep {
    /// When.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What.
    pub event: TimelineEvent,
    /// The worker that had it; empty for a connection that named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub worker: Option<Box<str>>,
    /// How many seconds the execution took that ended well.
    #[serde(
        serialize_with = "in_seconds_if_any",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = f64, required = false)]
    pub seconds: Option<Duration>,
    /// The attempt that ended, if it went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = FailedAttempt, required = false)]
    pub attempt: Option<FailedAttempt>,
}

/// What can happen to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimelineEvent {
    /// It was made.
    Created,
    /// It was last put into its queue.
    Enqueued,
    /// A worker got it, and has it, or has done it.
    Started,
    /// It was done.
    Completed,
    /// An attempt at it went wrong, and it is tried again.
    Failed,
    /// An attempt at it went wrong for the last time.
    Died,
    /// It was taken back from a worker that was lost.
    WorkerLost,
    /// It goes into its queue.
    Due,
    /// It is tried again.
    Retry,
    /// It is taken back from its worker.
    ReservationEnds,
    /// It is dead, and is forgotten.
    Forgotten,
}

/// An attempt at a job that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FailedAttempt {
    /// When it began.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub began_at: Timestamp,
    /// How many seconds it took.
    #[serde(serialize_with = "in_seconds")]
    #[schema(value_type = f64)]
    pub seconds: Duration,
    /// The kind of error.
    pub errtype: String,
    /// The error's text.
    pub message: String,
    /// Where it happened, line by line.
    pub backtrace: Vec<String>,
    /// Whether there was more of that.
    pub is_cut: bool,
    /// Whether it is the latest error, which the job tells too.
    #[serde(skip)]
    pub is_latest_error: bool,
}

fn in_seconds_if_any<S: Serializer>(
    span: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match span {
        Some(span) => in_seconds(span, serializer),
        None => serializer.serialize_none(),
    }
}

fn in_seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}

impl TimelineEvent {
    /// Whether it is still to come.
    pub fn is_ahead(self) -> bool {
        matches!(
            self,
            Self::Due | Self::Retry | Self::ReservationEnds | Self::Forgotten
        )
    }
}

impl Timeline {
    /// That of a job; of one that cannot be read, what its place tells.
    pub(crate) fn of(view: &JobView) -> Self {
        let mut steps: Vec<TimelineStep> = Vec::new();
        let mut earlier_failures = 0;
        if let Ok(record) = &view.job {
            let payload = Payload::of(&view.job).unwrap_or_default();
            let failure = payload.failure.as_deref();
            let failure = failure.and_then(|failure| Failure::of_json(failure.get()));
            let run = view.run();
            let mut attempts = record.attempts.read().unwrap_or_default();
            attempts.drain(..usize::from(run.is_some()));
            steps.extend(run.iter().map(completed));
            earlier_failures =
                u64::from(record.failure_count).saturating_sub(attempts.len() as u64);
            steps.extend(failures(attempts, &failure.unwrap_or_default()));
            steps.extend(run.iter().map(begun));
            steps.extend(moves(view, record, &payload));
        }
        // What happened at the same moment stays as it is: the latest first.
        steps.sort_by_key(|step| Reverse(step.at));
        steps.splice(0..0, next(view));
        Self {
            steps,
            earlier_failures,
        }
    }
}

impl TimelineStep {
    fn new(at: Timestamp, event: TimelineEvent) -> Self {
        Self {
            at,
            event,
            worker: None,
            seconds: None,
            attempt: None,
        }
    }
}

/// What comes next, if its time is known.
fn next(view: &JobView) -> Option<TimelineStep> {
    let (at, event) = match (view.state(), &view.held) {
        (JobState::Working, Some(held)) => (held.until, TimelineEvent::ReservationEnds),
        (JobState::Scheduled, _) => (view.at?, TimelineEvent::Due),
        (JobState::Retries, _) => (view.at?, TimelineEvent::Retry),
        (JobState::Dead, _) => (view.at?, TimelineEvent::Forgotten),
        (JobState::Working | JobState::Enqueued | JobState::Completed, _) => return None,
    };
    Some(TimelineStep::new(at, event))
}

/// That a job was done.
fn completed(run: &Attempt) -> TimelineStep {
    TimelineStep {
        worker: Some(run.wid.clone()),
        seconds: Some(run.took),
        ..TimelineStep::new(run.ended_at, TimelineEvent::Completed)
    }
}

/// That the execution began in which it was done.
fn begun(run: &Attempt) -> TimelineStep {
    TimelineStep {
        worker: Some(run.wid.clone()),
        ..TimelineStep::new(run.began_at(), TimelineEvent::Started)
    }
}

/// What happened besides failures.
fn moves(view: &JobView, record: &JobRecord, payload: &Payload) -> Vec<TimelineStep> {
    let started = view.held.as_ref().map(|held| TimelineStep {
        worker: Some(held.wid.clone()),
        ..TimelineStep::new(held.since, TimelineEvent::Started)
    });
    let lost = view.recovered_at.iter().rev();
    let lost = lost.map(|at| TimelineStep::new(*at, TimelineEvent::WorkerLost));
    let enqueued = record.enqueued_at;
    let enqueued = enqueued.map(|at| TimelineStep::new(at, TimelineEvent::Enqueued));
    let created = payload.created_at.as_deref();
    let created = created.and_then(|text| Timestamp::parse_rfc3339(text.get().trim_matches('"')));
    let created = created.map(|at| TimelineStep::new(at, TimelineEvent::Created));
    let steps = started.into_iter().chain(lost);
    steps.chain(enqueued).chain(created).collect()
}

/// The attempts that went wrong, each with its error, the latest first.
fn failures(attempts: Vec<Attempt>, latest: &Failure) -> Vec<TimelineStep> {
    let (mut steps, mut error): (Vec<TimelineStep>, Option<AttemptError>) = (Vec::new(), None);
    for attempt in attempts {
        error = attempt.error.clone().or(error);
        let event = match attempt.retry_after_secs {
            Some(_) => TimelineEvent::Failed,
            None => TimelineEvent::Died,
        };
        steps.push(TimelineStep {
            worker: Some(attempt.wid.clone()),
            attempt: Some(match &error {
                Some(error) => FailedAttempt::earlier(&attempt, error),
                None => FailedAttempt::latest(&attempt, latest),
            }),
            ..TimelineStep::new(attempt.ended_at, event)
        });
    }
    steps
}

impl FailedAttempt {
    fn latest(attempt: &Attempt, failure: &Failure) -> Self {
        Self {
            began_at: attempt.began_at(),
            seconds: attempt.took,
            errtype: failure.errtype.clone().unwrap_or_default(),
            message: failure.message.clone().unwrap_or_default(),
            backtrace: failure.backtrace.clone(),
            is_cut: false,
            is_latest_error: true,
        }
    }

    fn earlier(attempt: &Attempt, error: &AttemptError) -> Self {
        Self {
            began_at: attempt.began_at(),
            seconds: attempt.took,
            errtype: error.errtype.to_string(),
            message: error.message.to_string(),
            backtrace: error.backtrace.lines().map(str::to_owned).collect(),
            is_cut: error.is_cut,
            is_latest_error: false,
        }
    }
}
