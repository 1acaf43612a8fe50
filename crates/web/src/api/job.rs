//! A job as JSON.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use workmill_store::Place;

use crate::service::jobs::{Held, JobView};

/// A job. What cannot be read of it is left out, and `unreadable` says why.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Job {
    key: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jid: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobtype: Option<Box<str>>,
    /// In a set, when it is due, is tried again, or is forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enqueued_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<Worker>,
    #[serde(flatten)]
    payload: Payload,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
}

/// What the payload says that the server passes on as it is: integers of any size stay exact.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Payload {
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserve_for: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Box<RawValue>>,
}

/// Who has a job.
#[derive(Debug, Serialize)]
struct Worker {
    wid: Box<str>,
    since: String,
    until: String,
}

impl From<JobView> for Job {
    fn from(view: JobView) -> Self {
        let shown = Self {
            key: view.key.to_string(),
            state: view.state().as_str(),
            at: view.at.map(|at| at.to_string()),
            worker: view.held.map(Worker::from),
            ..Self::default()
        };
        match view.job {
            Ok(record) => {
                let payload = serde_json::from_slice(&record.body);
                Self {
                    unreadable: payload.as_ref().err().map(ToString::to_string),
                    payload: payload.unwrap_or_default(),
                    enqueued_at: record.enqueued_at.map(|at| at.to_string()),
                    jid: Some(record.jid),
                    queue: Some(record.queue),
                    jobtype: Some(record.jobtype),
                    ..shown
                }
            }
            Err(corrupt) => Self {
                unreadable: Some(corrupt.reason),
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
