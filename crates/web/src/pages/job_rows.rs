//! Jobs as rows of a table.

use workmill_engine::query::JobState;
use workmill_proto::{Failure, Timestamp};
use workmill_store::{Attempt, Place};

use super::links::{job_edit_path, job_path, queue_path, with_key};
use crate::locale::Texts;
use crate::service::jobs::{Held, JobView, Payload};

/// Characters of arguments and errors that a row shows. The rest is on the page of the job.
const PREVIEW_CHARS: usize = 140;

/// A job.
pub(super) struct JobRow {
    pub(super) state: JobState,
    /// Which job it is, also if another one has the same id.
    pub(super) key: String,
    /// Empty if it cannot be read.
    pub(super) jid: String,
    pub(super) jobtype: String,
    pub(super) queue: String,
    pub(super) args: String,
    /// In a set, when it is due, is tried again, or is forgotten; or when it was done.
    pub(super) at: Option<Timestamp>,
    pub(super) enqueued_at: Option<Timestamp>,
    pub(super) held: Option<Held>,
    /// The execution in which it was done.
    pub(super) run: Option<Attempt>,
    pub(super) error: Option<String>,
    /// Why it cannot be read.
    pub(super) unreadable: Option<String>,
}

impl JobRow {
    /// The path of its page, which is found at once, and is its own if another job has the same id.
    pub(super) fn path(&self) -> String {
        with_key(&job_path(&self.jid), &self.key)
    }

    /// The path of the page where it is edited.
    pub(super) fn edit_path(&self) -> String {
        with_key(&job_edit_path(&self.jid), &self.key)
    }

    pub(super) fn queue_path(&self) -> String {
        queue_path(&self.queue)
    }

    /// Its type, so that there is always something to see.
    pub(super) fn shown_type(&self) -> String {
        match self.jobtype.trim() {
            "" => String::from("\"\""),
            jobtype => preview(jobtype),
        }
    }

    /// How urgent its state is, as a class of a panel.
    pub(super) fn tone(&self) -> &'static str {
        match self.state {
            JobState::Dead => "",
            JobState::Retries => "mild",
            JobState::Enqueued | JobState::Working | JobState::Scheduled | JobState::Completed => {
                "calm"
            }
        }
    }

    pub(super) fn is_working(&self) -> bool {
        self.state == JobState::Working
    }

    pub(super) fn is_completed(&self) -> bool {
        self.state == JobState::Completed
    }

    pub(super) fn state_name(&self, t: &Texts) -> &'static str {
        state_name(self.state, t)
    }
}

impl From<JobView> for JobRow {
    fn from(view: JobView) -> Self {
        let (state, run) = (view.state(), view.run());
        let payload = Payload::of(&view.job);
        let unreadable = payload.as_ref().err().cloned();
        let payload = payload.unwrap_or_default();
        let args = payload.args.as_deref().map_or("", |args| args.get());
        let failure = payload.failure.as_deref().map(|failure| failure.get());
        let row = Self {
            key: view.key.to_string(),
            state,
            jid: String::new(),
            jobtype: String::new(),
            queue: match view.place {
                Place::Queue(name) => name.into(),
                Place::Working | Place::Set(_) => String::new(),
            },
            args: preview(args.trim_start_matches('[').trim_end_matches(']')),
            at: view.at,
            enqueued_at: None,
            held: view.held,
            run,
            error: failure
                .and_then(Failure::of_json)
                .map(|failure| error_line(&failure)),
            unreadable,
        };
        match view.job {
            Ok(record) => Self {
                jid: record.jid.into(),
                jobtype: record.jobtype.into(),
                queue: record.queue.into(),
                enqueued_at: record.enqueued_at,
                ..row
            },
            Err(_) => row,
        }
    }
}

/// What a state is called.
pub(super) fn state_name(state: JobState, t: &Texts) -> &'static str {
    match state {
        JobState::Enqueued => t.enqueued,
        JobState::Working => t.working_state,
        JobState::Scheduled => t.scheduled_state,
        JobState::Retries => t.retries_state,
        JobState::Dead => t.dead_state,
        JobState::Completed => t.completed_state,
    }
}

/// `TimeoutError: no answer`, on one line.
fn error_line(failure: &Failure) -> String {
    let kind = failure.errtype.as_deref().unwrap_or_default();
    let message = failure.message.as_deref().unwrap_or_default();
    match (kind, message) {
        ("", message) => preview(message),
        (kind, "") => preview(kind),
        (kind, message) => preview(&format!("{kind}: {message}")),
    }
}

/// The beginning of a text.
pub(super) fn preview(text: &str) -> String {
    let mut shown: String = text.chars().take(PREVIEW_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('\u{2026}');
    }
    shown
}
