//! Why a job does not run, wherever it is.

use std::time::Duration;

use workmill_proto::{Job, SetName, Timestamp};
use workmill_store::reading::Bounds;
use workmill_store::{Clocks, JobKey, JobLock, JobRecord, JobRef, Place};

use super::Why;
use super::pauser::tell_pauser;
use super::queue::{hold_ups, in_secs};
use super::reason::Reason;
use crate::desk::Desk;
use crate::observe::{Observed, Observer};
use crate::service::Problem;
use crate::service::jobs::{Held, JobView, show};

/// How long a worker may be silent that beats every 15 seconds, as all client libraries do.
const SILENT_MIN: Duration = Duration::from_secs(45);

/// Why the job with this id does not run, or what it is doing.
///
/// # Errors
/// Those of [`show`].
pub(crate) async fn why_job(
    desk: &dyn Desk,
    observer: &Observer,
    jid: &str,
    key: Option<&str>,
) -> Result<(JobView, Why), Problem> {
    let view = show(desk, jid, key).await?;
    let observed = observer.now(desk).await?;
    let now = desk.now();
    let mut why = Why {
        at: now,
        reasons: Vec::new(),
        then: Vec::new(),
    };
    match &view.job {
        Err(corrupt) => why.reasons.push(Reason::Unreadable {
            error: corrupt.reason.clone(),
        }),
        Ok(record) => match (&view.place, &view.held) {
            (Place::Working, held) => {
                if let Some(held) = held {
                    why.reasons.extend(at_worker(desk, &observed, held));
                }
                why.reasons.extend(progress(desk, record).await?);
            }
            (Place::Set(set), _) => {
                why.reasons.extend(in_set(*set, &view, record, why.at));
                if matches!(set, SetName::Scheduled | SetName::Retries) {
                    why.then = hold_ups(desk, &observed, &record.queue);
                    why.then.retain(|reason| *reason != Reason::HandedOutNext);
                }
            }
            (Place::Queue(queue), _) => {
                why.reasons = hold_ups(desk, &observed, queue);
                why.reasons
                    .push(position(desk, observer, &view, record).await?);
            }
        },
    }
    if let Ok(record) = &view.job
        && view.place != Place::Set(SetName::Completed)
    {
        tell_pauser(desk, &record.queue, &mut why.reasons).await?;
        tell_pauser(desk, &record.queue, &mut why.then).await?;
        why.reasons.extend(of_features(desk, &view, record).await?);
    }
    Ok((view, why))
}

fn at_worker(desk: &dyn Desk, observed: &Observed, held: &Held) -> Vec<Reason> {
    let (wid, until) = (held.wid.clone(), held.until);
    let mut reasons = vec![Reason::Working {
        wid: wid.clone(),
        since: held.since,
        until,
    }];
    if wid.is_empty() {
        return reasons;
    }
    if !observed.roster.is_connected(&wid) {
        reasons.push(Reason::WorkerGone { wid, until });
        return reasons;
    }
    let workers = desk.workers();
    let worker = workers.iter().find(|worker| *worker.wid == *wid);
    if let Some(silent_for) = worker.map(|worker| worker.silent_for)
        && silent_for >= SILENT_MIN
    {
        reasons.push(Reason::WorkerSilent { wid, silent_for });
    }
    reasons
}

async fn progress(desk: &dyn Desk, record: &JobRecord) -> Result<Option<Reason>, Problem> {
    let jid = record.jid.clone();
    let track = desk.read(move |reading| reading.track(&jid)).await?;
    Ok(track.and_then(|track| {
        let says = track.percent.is_some() || track.desc.is_some();
        says.then_some(Reason::Progress {
            percent: track.percent,
            text: track.desc,
        })
    }))
}

fn in_set(set: SetName, view: &JobView, record: &JobRecord, now: Timestamp) -> Option<Reason> {
    let at = view.at.unwrap_or(now);
    let failures = u64::from(record.failure_count);
    Some(match set {
        SetName::Dead => Reason::Dead {
            failures,
            forgotten_at: at,
        },
        SetName::Completed => {
            let run = view.run()?;
            Reason::Completed {
                wid: run.wid,
                at: run.ended_at,
                took: run.took,
            }
        }
        _ if at <= now => Reason::Due { at },
        SetName::Scheduled => Reason::Scheduled { at },
        SetName::Retries => {
            let retry = Job::parse_stored(&record.body).map_or(0, |job| job.retry);
            Reason::Retry {
                failures,
                of: u64::try_from(retry).unwrap_or(0).max(failures),
                at,
            }
        }
    })
}

/// How many are before a job in its queue. Keys in a queue go up by one from job to job: that tells how many there were.
async fn position(
    desk: &dyn Desk,
    observer: &Observer,
    view: &JobView,
    record: &JobRecord,
) -> Result<Reason, Problem> {
    let place = view.place.clone();
    let read = move |reading: &dyn workmill_store::Reading| {
        let first = reading.jobs(&place, None, Bounds::of_rows(1))?;
        Ok((first, reading.totals()?))
    };
    let (first, totals) = desk.read(read).await?;
    let waiting = totals
        .queues
        .get(&*record.queue)
        .map_or(0, |queue| queue.size);
    let first = first.items.first().map(|found| found.key);
    let ahead = match (first, view.key) {
        (Some(JobRef::Job(JobKey(first))), JobRef::Job(JobKey(key))) => key.saturating_sub(first),
        _ => 0,
    };
    let ahead = u64::try_from(ahead).unwrap_or(0);
    let reached_in = match record.enqueued_at {
        Some(at) => observer.reached_in(&record.queue, at).await,
        None => None,
    };
    Ok(Reason::Position {
        ahead: ahead.min(waiting.saturating_sub(1)),
        at: reached_in.and_then(|secs| in_secs(desk.now(), secs)),
    })
}

/// What it is bound to.
async fn of_features(
    desk: &dyn Desk,
    view: &JobView,
    record: &JobRecord,
) -> Result<Vec<Reason>, Problem> {
    let Some(features) = &record.features else {
        return Ok(Vec::new());
    };
    let mut reasons = Vec::new();
    if let Some(at) = features.expires_at
        && view.place != Place::Working
    {
        reasons.push(Reason::Expires { at });
    }
    if let Some(lock) = features.lock {
        reasons.extend(of_lock(desk, record, lock).await?);
    }
    Ok(reasons)
}

async fn of_lock(
    desk: &dyn Desk,
    record: &JobRecord,
    job_lock: JobLock,
) -> Result<Option<Reason>, Problem> {
    let (lock, kept) = desk
        .read(move |reading| Ok((reading.lock(job_lock.key)?, reading.clocks()?)))
        .await?;
    let clocks = Clocks::of_kept(kept, desk.now());
    let lock = lock.filter(|lock| lock.ends_at > clocks.steady);
    Ok(lock.map(|lock| {
        let until = clocks.on_wall(lock.ends_at);
        let owner = lock.owner;
        match *owner.jid == *record.jid && owner.pushing == job_lock.pushing {
            true => Reason::HasLock { until },
            false => Reason::LockOfAnother {
                jid: owner.jid,
                until,
            },
        }
    }))
}
