//! What needs attention, in sentences of the reader's language.

use std::time::Duration;

use super::Frame;
use super::links::cron_runs_path;
use crate::locale::{Markup, Phrase};
use crate::service::attention::Concern;

/// What is said of a concern.
pub(super) fn sentence(frame: &Frame, concern: &Concern) -> Markup {
    let t = frame.t;
    let span = |span: &Duration| frame.span(span);
    match concern {
        Concern::DiskStalled { stalled_for } => frame
            .say(t.concern_disk_stalled)
            .plain_part("time", span(stalled_for))
            .html(),
        Concern::DiskNearlyFull { .. } => sentence_of_disk(frame, concern),
        Concern::CarefulStopped { target, reason, .. } => frame
            .say(t.concern_careful_stopped)
            .text("jobs", target)
            .text("reason", reason)
            .html(),
        Concern::WorkerSilent {
            wid,
            jobs,
            silent_for,
        } => {
            let text = match silent_for {
                Some(_) => t.concern_worker_silent,
                None => t.concern_worker_gone,
            };
            let said = frame.say(text).markup("worker", frame.worker_anchor(wid));
            let said = said.plain_part("jobs", frame.count(t.job_count, jobs).plain());
            let silent_for = silent_for.as_ref().map(span).unwrap_or_default();
            said.plain_part("time", silent_for).html()
        }
        Concern::CronLate { .. }
        | Concern::CronNever { .. }
        | Concern::CronFailed { .. }
        | Concern::CronLong { .. } => sentence_of_cron(frame, concern),
        Concern::DeadUnseen { jobs, since } => frame
            .count(t.concern_dead_unseen, jobs)
            .markup("time", frame.moment(since))
            .html(),
        Concern::CertificateEnds { at } => frame
            .say(t.concern_certificate_ends)
            .markup("time", frame.moment(at))
            .html(),
        Concern::JobtypeFails { .. } => sentence_of_failures(frame, concern),
        Concern::ClockJumped { at, by_secs } => {
            let text = match by_secs {
                ..0 => t.concern_clock_back,
                _ => t.concern_clock_ahead,
            };
            let by = Duration::from_secs(by_secs.unsigned_abs());
            let said = frame.say(text).plain_part("span", span(&by));
            said.markup("time", frame.moment(at)).html()
        }
        Concern::NotDurable { within } => frame
            .say(t.concern_not_durable)
            .plain_part("time", span(within))
            .html(),
        Concern::QueueUnfetched { .. }
        | Concern::QueueQuiet { .. }
        | Concern::QueueGrows { .. }
        | Concern::QueueSlow { .. }
        | Concern::QueuePaused { .. }
        | Concern::ThrottleFull { .. } => sentence_of_queue(frame, concern),
    }
}

fn sentence_of_disk(frame: &Frame, concern: &Concern) -> Markup {
    let Concern::DiskNearlyFull {
        free_bytes,
        bytes,
        trash_bytes,
    } = concern
    else {
        return Markup::default();
    };
    let mut html = frame
        .say(frame.t.concern_disk_nearly_full)
        .plain_part("free", frame.language.bytes(*free_bytes))
        .plain_part("all", frame.language.bytes(*bytes))
        .html();
    if let Some(bytes) = trash_bytes {
        let said = frame.say(frame.t.concern_trash_holds);
        let said = said.plain_part("size", frame.language.bytes(*bytes));
        html.raw_args(format_args!(" {}", said.html()));
    }
    html
}

fn sentence_of_cron(frame: &Frame, concern: &Concern) -> Markup {
    let t = frame.t;
    let span = |span: &Duration| frame.span(span);
    match concern {
        Concern::CronLate { entry, due } => frame
            .say(t.concern_cron_late)
            .text("entry", entry)
            .markup("time", frame.moment(due))
            .html(),
        Concern::CronNever { entry } => frame.say(t.concern_cron_never).text("entry", entry).html(),
        Concern::CronFailed {
            entry,
            at,
            is_refused,
        } => {
            let text = match is_refused {
                true => t.concern_cron_refused,
                false => t.concern_cron_failed,
            };
            let said = frame.say(text).markup("time", frame.moment(at));
            said.markup("entry", frame.anchor(&cron_runs_path(entry), entry))
                .html()
        }
        Concern::CronLong {
            entry,
            takes,
            usually,
            ..
        } => frame
            .say(t.concern_cron_long)
            .markup("entry", frame.anchor(&cron_runs_path(entry), entry))
            .plain_part("time", span(takes))
            .plain_part("usual", span(usually))
            .html(),
        // The others are about no recurring job.
        _ => Markup::default(),
    }
}

fn sentence_of_queue(frame: &Frame, concern: &Concern) -> Markup {
    let t = frame.t;
    let about = |text: &'static str| -> Phrase<'static> {
        let waiting = frame.count(t.jobs_wait, &concern.jobs()).plain();
        let queue = frame.queue_anchor(concern.subject());
        let said = frame.say(text).markup("queue", queue);
        said.plain_part("jobs", waiting)
    };
    match concern {
        Concern::QueueUnfetched { oldest, last, .. } => {
            let mut html = about(t.concern_queue_unfetched)
                .plain_part("time", frame.span(oldest))
                .html();
            if let Some(wid) = last.as_deref().filter(|wid| !wid.is_empty()) {
                let last = frame.say(t.concern_last_fetched).text("worker", wid);
                html.raw_args(format_args!(" {last}"));
            }
            html
        }
        Concern::QueuePaused { oldest, .. } => about(t.concern_queue_paused)
            .plain_part("time", frame.span(oldest))
            .html(),
        Concern::QueueQuiet { .. } => about(t.concern_queue_quiet).html(),
        Concern::QueueSlow {
            oldest, usually, ..
        } => about(t.concern_queue_slow)
            .plain_part("time", frame.span(oldest))
            .plain_part("usual", frame.span(usually))
            .html(),
        Concern::QueueGrows { by, within, .. } => about(t.concern_queue_grows)
            .number("by", by)
            .plain_part("time", frame.span(within))
            .html(),
        Concern::ThrottleFull { taken, limit, .. } => about(t.concern_throttle_full)
            .number("taken", taken)
            .number("limit", limit)
            .html(),
        // The others are about no queue.
        _ => Markup::default(),
    }
}

fn sentence_of_failures(frame: &Frame, concern: &Concern) -> Markup {
    let Concern::JobtypeFails {
        jobtype,
        failed,
        of,
        within,
        usual_percent,
    } = concern
    else {
        return Markup::default();
    };
    let said = frame.say(frame.t.concern_jobtype_fails);
    let said = said.markup("jobtype", frame.jobtype_anchor(jobtype));
    let said = said.number("failed", failed).number("all", of);
    let mut html = said.plain_part("time", frame.span(within)).html();
    if let Some(percent) = usual_percent {
        let usual = frame.say(frame.t.concern_usually_fails);
        let usual = usual.number("percent", percent);
        html.raw_args(format_args!(" {usual}"));
    }
    html
}
