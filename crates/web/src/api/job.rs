//! A job as JSON.

use serde::Serialize;
use utoipa::ToSchema;
use workmill_store::{Attempt, Place};

use crate::service::jobs::{Held, JobView, Payload, Timeline, TimelineStep, digest};

/// A job. What cannot be read of it is left out, and `unreadable` says why.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Job {
    /// Which job: two jobs with the same id have different keys.
    key: String,
    /// Tells whether it has changed: who edits it says which one they have seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// `enqueued`, `working`, `scheduled`, `retries`, `dead` or `completed`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    jid: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    queue: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    jobtype: Option<Box<str>>,
    /// In a set, when it is due, is tried again, or is forgotten; or when it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enqueued_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<Worker>,
    /// The execution in which it was done, if it is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Run, required = false)]
    run: Option<Run>,
    #[serde(flatten)]
    payload: Payload,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
}

/// A job with what happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobWithTimeline {
    #[serde(flatten)]
    job: Job,
    /// What comes next, then what happened, the latest first, as far as it is kept.
    timeline: Vec<TimelineStep>,
    /// How many failures there were before the first one in it.
    earlier_failures: u64,
}

impl From<JobView> for JobWithTimeline {
    fn from(view: JobView) -> Self {
        let Timeline {
            steps,
            earlier_failures,
        } = Timeline::of(&view);
        Self {
            job: view.into(),
            timeline: steps,
            earlier_failures,
        }
    }
}

/// Who has a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Holder)]
struct Worker {
    #[schema(value_type = String)]
    wid: Box<str>,
    since: String,
    until: String,
}

/// An execution that ended well.
#[derive(Debug, Serialize, ToSchema)]
struct Run {
    /// The worker; empty for a connection that named none.
    #[schema(value_type = String)]
    wid: Box<str>,
    began_at: String,
    ended_at: String,
    /// How many seconds it took.
    seconds: f64,
}

impl From<Attempt> for Run {
    fn from(run: Attempt) -> Self {
        Self {
            began_at: run.began_at().to_string(),
            ended_at: run.ended_at.to_string(),
            seconds: run.took.as_secs_f64(),
            wid: run.wid,
        }
    }
}

impl From<JobView> for Job {
    fn from(view: JobView) -> Self {
        let shown = Self {
            key: view.key.to_string(),
            digest: digest(&view.job),
            state: view.state().as_str(),
            at: view.at.map(|at| at.to_string()),
            run: view.run().map(Run::from),
            worker: view.held.map(Worker::from),
            ..Self::default()
        };
        let payload = Payload::of(&view.job);
        let shown = Self {
            unreadable: payload.as_ref().err().cloned(),
            payload: payload.unwrap_or_default(),
            ..shown
        };
        match view.job {
            Ok(record) => Self {
                enqueued_at: record.enqueued_at.map(|at| at.to_string()),
                jid: Some(record.jid),
                queue: Some(record.queue),
                jobtype: Some(record.jobtype),
                ..shown
            },
            Err(_) => Self {
                queue: match view.place {
                    Place::Queue(name) => Some(name),
                    Place::Working | Place::Set(_) => None,
                },
                ..shown
            },
        }
    }
}

impl From<Held> for Worker {
    fn from(held: Held) -> Self {
        Self {
            wid: held.wid,
            since: held.since.to_string(),
            until: held.until.to_string(),
        }
    }
}
