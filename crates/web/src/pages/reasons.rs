//! Why a job does not run or a queue does not get on, in the reader's language.

use workmill_proto::Timestamp;

use super::Frame;
use crate::locale::{Markup, Phrase};
use crate::service::why::Reason;

/// Each reason in words; `queue` is the one that it is about.
pub(crate) fn told(frame: &Frame, queue: &str, reasons: &[Reason]) -> Vec<Markup> {
    let reasons = reasons.iter();
    reasons
        .map(|reason| {
            let mut html = Markup::default();
            for (index, phrase) in of_job(frame, queue, reason).iter().enumerate() {
                html.raw(if index > 0 { " " } else { "" });
                html.raw_args(format_args!("{phrase}"));
            }
            html
        })
        .collect()
}

/// The sentences of a reason.
fn of_job<'a>(frame: &Frame, queue: &str, reason: &'a Reason) -> Vec<Phrase<'a>> {
    let t = frame.t;
    let timed = |text, at: &Timestamp| frame.say(text).markup("time", frame.moment(at));
    let about = |text| frame.say(text).markup("queue", frame.queue_anchor(queue));
    let times = |failures: &u64| frame.count(t.times, failures).plain();
    match reason {
        Reason::Working { wid, since, until } => vec![
            timed(t.job_works, since)
                .markup("worker", frame.worker_anchor(wid))
                .markup("until", frame.moment(until)),
        ],
        Reason::WorkerSilent { wid, silent_for } => {
            let said = frame.say(t.why_worker_silent).text("worker", wid);
            vec![said.plain_part("time", frame.span(silent_for))]
        }
        Reason::WorkerGone { wid, until } => {
            let said = frame.say(t.why_worker_gone).text("worker", wid);
            vec![said.markup("until", frame.moment(until))]
        }
        Reason::Progress { percent, text } => {
            let said = frame.say(t.why_progress);
            vec![said.markup("progress", progress(*percent, text.as_deref()))]
        }
        Reason::Scheduled { at } => {
            vec![about(t.job_is_scheduled).markup("time", frame.moment(at))]
        }
        Reason::Retry { failures, of, at } => vec![
            timed(t.why_retry, at)
                .plain_part("times", times(failures))
                .number("n", failures)
                .number("of", of),
        ],
        Reason::Due { at } => vec![timed(t.why_due, at)],
        Reason::Dead {
            failures,
            forgotten_at,
        } => {
            let text = match failures {
                0 => t.why_killed,
                _ => t.job_is_dead,
            };
            let said = frame.say(text).plain_part("times", times(failures));
            vec![said.markup("time", frame.exact(forgotten_at))]
        }
        Reason::Completed { wid, at, took } => vec![
            timed(t.job_is_completed, at)
                .markup("worker", frame.worker_anchor(wid))
                .plain_part("span", frame.span(took)),
        ],
        Reason::Unreadable { error } => vec![frame.say(t.unreadable_job).text("reason", error)],
        Reason::Expires { at } => vec![timed(t.why_expires, at)],
        Reason::HasLock { until } => vec![timed(t.why_has_lock, until)],
        Reason::LockOfAnother { jid, until } => {
            vec![timed(t.why_lock_of_another, until).markup("job", frame.job_anchor(jid))]
        }
        _ => of_queue(frame, queue, reason),
    }
}

/// What is said of a queue, or of a job's place in it.
fn of_queue<'a>(frame: &Frame, queue: &str, reason: &'a Reason) -> Vec<Phrase<'a>> {
    let t = frame.t;
    let about = |text| frame.say(text).markup("queue", frame.queue_anchor(queue));
    let timed = |text, at: &Timestamp| frame.say(text).markup("time", frame.moment(at));
    let and_then = |first, text, at: &Option<Timestamp>| {
        let then = at.as_ref().map(|at| timed(text, at));
        std::iter::once(first).chain(then).collect()
    };
    match reason {
        Reason::Stalled { stalled_for } => {
            let said = frame.say(t.concern_disk_stalled);
            vec![said.plain_part("time", frame.span(stalled_for))]
        }
        Reason::NotReady => vec![frame.say(t.why_not_ready)],
        Reason::Paused => vec![about(t.why_paused)],
        Reason::PausedBy { by, at } => vec![timed(t.why_paused_by, at).text("who", by)],
        Reason::WorkersReturning { .. } => vec![frame.say(t.why_workers_returning)],
        Reason::NoWorker { last: None, .. } => vec![about(t.why_never_fetched)],
        Reason::NoWorker {
            since,
            last: Some(wid),
        } => vec![
            about(t.why_no_worker)
                .markup("worker", frame.worker_anchor(wid))
                .markup("time", frame.moment(since)),
        ],
        Reason::WorkersQuiet { .. } => vec![about(t.why_workers_quiet)],
        Reason::SlotsTaken { .. }
        | Reason::WorkerSlotsTaken { .. }
        | Reason::RateLimited { .. } => of_throttle(frame, queue, reason),
        Reason::BehindQueues { queues } => {
            vec![
                frame
                    .say(t.why_behind)
                    .markup("queues", all_of(frame, queues)),
            ]
        }
        Reason::WorkersBusy { workers, .. } => {
            let said = frame.count(t.why_busy, workers);
            vec![said.markup("queue", frame.queue_anchor(queue))]
        }
        Reason::HandedOutNext => vec![about(t.why_handed_out)],
        Reason::Empty => vec![frame.say(t.queue_is_empty)],
        Reason::Position { ahead: 0, at } => and_then(frame.say(t.why_next), t.why_turn, at),
        Reason::Position { ahead, at } => and_then(frame.count(t.why_ahead, ahead), t.why_turn, at),
        Reason::Backlog {
            size,
            oldest,
            empty_at,
        } => {
            let waiting = frame.count(t.jobs_wait, size).plain();
            let said = frame.say(t.why_backlog).plain_part("jobs", waiting);
            let said = said.plain_part("time", frame.span(oldest));
            and_then(said, t.why_empty_at, empty_at)
        }
        // The others are about a job.
        _ => Vec::new(),
    }
}

/// What is said of the throttle of a queue.
fn of_throttle<'a>(frame: &Frame, queue: &str, reason: &'a Reason) -> Vec<Phrase<'a>> {
    let t = frame.t;
    let about = |text| frame.say(text).markup("queue", frame.queue_anchor(queue));
    let and_next = |first, free_by: &Option<Timestamp>| {
        let next = frame.say(t.why_slot_free);
        let next = free_by.map(|at| next.markup("time", frame.moment(&at)));
        std::iter::once(first).chain(next).collect()
    };
    match reason {
        Reason::SlotsTaken {
            taken,
            limit,
            free_by,
        } => {
            let said = about(t.why_slots_taken).number("taken", taken);
            and_next(said.number("limit", limit), free_by)
        }
        Reason::WorkerSlotsTaken { limit, free_by, .. } => {
            let said = about(t.why_worker_slots).number("limit", limit);
            and_next(said, free_by)
        }
        Reason::RateLimited {
            jobs,
            per,
            next_within,
        } => {
            let said = about(t.why_rate_limited).plain_part("time", frame.span(per));
            let next = frame.say(t.why_next_within);
            vec![
                said.plain_part("jobs", frame.count(t.job_count, jobs).plain()),
                next.plain_part("time", frame.span(next_within)),
            ]
        }
        // The others are about no throttle.
        _ => Vec::new(),
    }
}

/// Links to queues, one behind another.
fn all_of(frame: &Frame, queues: &[String]) -> Markup {
    let mut html = Markup::default();
    for (index, queue) in queues.iter().enumerate() {
        html.raw(if index > 0 { ", " } else { "" });
        html.raw(frame.queue_anchor(queue).as_str());
    }
    html
}

/// `40 %: waits for the gateway`.
fn progress(percent: Option<i64>, text: Option<&str>) -> Markup {
    let mut html = Markup::default();
    if let Some(percent) = percent {
        html.raw_args(format_args!("{percent}\u{a0}%"));
    }
    if percent.is_some() && text.is_some() {
        html.raw(": ");
    }
    html.isolated(text.unwrap_or_default());
    html
}
