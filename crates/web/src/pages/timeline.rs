//! What happened to a job and what comes next, line by line. Attempts that went wrong in the same way, one behind the other, are
//! one line.

use std::time::Duration;

use super::Frame;
use super::job_rows::preview;
use crate::locale::Markup;
use crate::service::jobs::{FailedAttempt, Timeline, TimelineEvent, TimelineStep};

/// Something that happened.
pub(super) struct Line {
    pub(super) at: Markup,
    /// The color of its mark.
    pub(super) color: &'static str,
    pub(super) text: Markup,
    pub(super) note: Option<Markup>,
    /// What there is to see of the attempts that went wrong.
    pub(super) attempts: Vec<Markup>,
    /// Where it happened; empty if that stands elsewhere.
    pub(super) backtrace: String,
    pub(super) is_cut: bool,
}

/// The lines of a timeline.
pub(super) fn lines(frame: &Frame, timeline: &Timeline) -> Vec<Line> {
    let alike = timeline.steps.chunk_by(|later, earlier| {
        let errors = [later, earlier].map(|step| step.attempt.as_ref().map(error));
        earlier.event == TimelineEvent::Failed
            && later.event == TimelineEvent::Failed
            && errors[0] == errors[1]
    });
    alike
        .filter_map(|steps| {
            let step = steps.first()?;
            Some(match &step.attempt {
                Some(attempt) => failure(frame, step, attempt, steps),
                None => moved(frame, step),
            })
        })
        .collect()
}

fn error(attempt: &FailedAttempt) -> (&str, &str, &[String], bool) {
    let FailedAttempt {
        errtype,
        message,
        backtrace,
        is_latest_error,
        ..
    } = attempt;
    (errtype, message, backtrace, *is_latest_error)
}

/// A line about attempts that went wrong in the same way.
fn failure(
    frame: &Frame,
    step: &TimelineStep,
    attempt: &FailedAttempt,
    all: &[TimelineStep],
) -> Line {
    let t = frame.t;
    let mut text = Markup::default();
    let failed = frame.count(t.timeline_failed, &(all.len() as u64)).plain();
    text.text(match step.event {
        TimelineEvent::Died => t.timeline_died,
        _ => &failed,
    });
    text.raw(": <strong>")
        .isolated(&attempt.errtype)
        .raw("</strong> ");
    text.isolated(&preview(&attempt.message));
    let first = all.last().and_then(|step| step.attempt.as_ref());
    let note = match (all, first) {
        ([_, _, ..], Some(first)) => {
            let said = frame.say(t.timeline_first);
            said.markup("time", frame.moment(&first.began_at)).html()
        }
        _ => by(frame, wid_of(step), attempt.seconds),
    };
    Line {
        at: frame.moment(&step.at),
        color: "dead",
        text,
        note: Some(note),
        attempts: told(frame, all),
        backtrace: match attempt.is_latest_error {
            true => String::new(),
            false => attempt.backtrace.join("\n"),
        },
        is_cut: attempt.is_cut,
    }
}

/// Each of some attempts, by when it began.
fn told(frame: &Frame, steps: &[TimelineStep]) -> Vec<Markup> {
    let attempts = steps
        .iter()
        .filter_map(|step| Some((step, step.attempt.as_ref()?)));
    attempts
        .map(|(step, attempt)| {
            let mut html = Markup::default();
            html.raw(frame.exact(&attempt.began_at).as_str())
                .raw(" \u{b7} ");
            html.raw(by(frame, wid_of(step), attempt.seconds).as_str());
            html
        })
        .collect()
}

/// Who had the job; empty for a connection that named no worker.
fn wid_of(step: &TimelineStep) -> &str {
    step.worker.as_deref().unwrap_or_default()
}

/// Who had the job, and for how long.
fn by(frame: &Frame, wid: &str, took: Duration) -> Markup {
    let by = frame.say(frame.t.timeline_by);
    by.markup("worker", frame.worker_anchor(wid))
        .plain_part("time", frame.span(&took))
        .html()
}

/// A line about something else.
fn moved(frame: &Frame, step: &TimelineStep) -> Line {
    let t = frame.t;
    let (color, said) = match step.event {
        TimelineEvent::Created => ("", t.created),
        TimelineEvent::Enqueued => ("enqueued", t.when_enqueued),
        TimelineEvent::Started => ("working", t.when_started),
        TimelineEvent::Completed => ("working", t.succeeded),
        TimelineEvent::Failed => ("dead", t.failed),
        TimelineEvent::Died => ("dead", t.timeline_died),
        TimelineEvent::WorkerLost => ("retries", t.timeline_lost),
        TimelineEvent::Due => ("scheduled", t.when_due),
        TimelineEvent::Retry => ("retries", t.when_tried_again),
        TimelineEvent::ReservationEnds => ("", t.timeline_reservation_ends),
        TimelineEvent::Forgotten => ("", t.timeline_forgotten),
    };
    let mut text = Markup::default();
    text.text(said);
    let worker = step.worker.as_deref();
    let note = match (worker, step.seconds) {
        (Some(wid), Some(took)) => Some(by(frame, wid, took)),
        (worker, _) => worker.map(|wid| frame.worker_anchor(wid)),
    };
    Line {
        at: frame.moment(&step.at),
        color,
        text,
        note,
        attempts: Vec::new(),
        backtrace: String::new(),
        is_cut: false,
    }
}
