//! What holds up a queue.

use std::time::Duration;

use workmill_engine::Throttle;
use workmill_proto::Timestamp;

use super::Why;
use super::pauser::tell_pauser;
use super::reason::Reason;
use crate::desk::{Desk, ServerState};
use crate::observe::{Observed, Observer, QueueNow, QueueWorkers, SlotsNow};
use crate::service::{Problem, ProblemKind};

/// For so long after its start a server may wait for its workers: those that lost it try again that often.
const RETURN_WITHIN: Duration = Duration::from_secs(60);

/// Why a queue does not get on.
///
/// # Errors
/// There is no such queue; reading failed.
pub(crate) async fn why_queue(
    desk: &dyn Desk,
    observer: &Observer,
    queue: &str,
) -> Result<Why, Problem> {
    let observed = observer.now_with(desk, queue).await?;
    let Some(now) = observed.queues.get(queue) else {
        let detail = "there is no queue of this name: nobody has pushed to it, or it was removed";
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    let mut reasons = hold_ups(desk, &observed, queue);
    tell_pauser(desk, queue, &mut reasons).await?;
    match now.size {
        0 => {
            let busy = |reason: &Reason| matches!(reason, Reason::WorkersBusy { .. });
            reasons.retain(|reason| !busy(reason) && *reason != Reason::HandedOutNext);
            reasons.push(Reason::Empty);
        }
        size => {
            let empty_in = observer.empty_in(queue).await;
            reasons.push(Reason::Backlog {
                size,
                oldest: Duration::try_from_secs_f64(now.latency_secs).unwrap_or_default(),
                empty_at: empty_in.and_then(|secs| in_secs(observed.at, secs)),
            });
        }
    }
    Ok(Why {
        at: observed.at,
        reasons,
        then: Vec::new(),
    })
}

/// The moment so many seconds later; none if that is no number of seconds.
pub(super) fn in_secs(now: Timestamp, secs: f64) -> Option<Timestamp> {
    Some(now.plus(Duration::try_from_secs_f64(secs).ok()?))
}

/// What keeps the next job of a queue from being handed out: all of it, as one who mends one thing wants to know of the
/// next.
pub(super) fn hold_ups(desk: &dyn Desk, observed: &Observed, queue: &str) -> Vec<Reason> {
    let mut found = Vec::new();
    match desk.state() {
        ServerState::Ready => {}
        ServerState::Stalled(stalled_for) => found.push(Reason::Stalled { stalled_for }),
        ServerState::Starting | ServerState::Stopping => found.push(Reason::NotReady),
    }
    let now = observed.queues.get(queue).copied().unwrap_or_default();
    if now.paused {
        found.push(Reason::Paused);
    }
    let workers = observed.roster.of(queue);
    found.extend(lack_of_workers(desk, observed, queue, &workers));
    let rules = desk.rules();
    let throttle = rules.throttles.get(queue);
    if let Some(throttle) = throttle {
        let none = SlotsNow::default();
        let slots = observed.slots.get(queue).unwrap_or(&none);
        found.extend(full_throttle(throttle, slots, &workers));
    }
    if found.is_empty() {
        found.push(last_reason(observed, now, throttle, &workers));
    }
    found
}

fn lack_of_workers(
    desk: &dyn Desk,
    observed: &Observed,
    queue: &str,
    workers: &QueueWorkers,
) -> Option<Reason> {
    if !workers.running.is_empty() {
        return None;
    }
    if !workers.quiet.is_empty() {
        let workers = workers.quiet.len() as u64;
        return Some(Reason::WorkersQuiet { workers });
    }
    if let Some(left) = observed.roster.left(queue) {
        return Some(Reason::NoWorker {
            since: observed.at.minus(left.ago),
            last: Some(left.wid.clone()),
        });
    }
    let uptime = desk.numbers().uptime;
    if uptime < RETURN_WITHIN && !observed.roster.has_workers() {
        return Some(Reason::WorkersReturning { uptime });
    }
    Some(Reason::NoWorker {
        since: desk.facts().started_at,
        last: None,
    })
}

fn full_throttle(throttle: &Throttle, slots: &SlotsNow, workers: &QueueWorkers) -> Option<Reason> {
    let free_by = slots.free_by;
    if let Some(limit) = throttle.concurrency
        && slots.taken >= limit
    {
        return Some(Reason::SlotsTaken {
            taken: slots.taken,
            limit,
            free_by,
        });
    }
    let limit = throttle.worker?;
    let is_full = |wid: &str| {
        slots
            .by_worker
            .get(wid)
            .is_some_and(|&taken| taken >= limit)
    };
    // Those without a name count each by themselves, and are not told apart here.
    let all_full = workers.running.iter().all(|wid| is_full(wid));
    (all_full && !workers.running.is_empty()).then_some(Reason::WorkerSlotsTaken {
        workers: workers.running.len() as u64,
        limit,
        free_by,
    })
}

/// What it is if nothing is wrong.
fn last_reason(
    observed: &Observed,
    now: QueueNow,
    throttle: Option<&Throttle>,
    workers: &QueueWorkers,
) -> Reason {
    let rate = throttle.and_then(|throttle| throttle.rate);
    if let Some(rate) = rate
        && workers.waiting > 0
    {
        let (jobs, per) = rate.in_whole_jobs();
        let one = u32::try_from(jobs)
            .ok()
            .and_then(|jobs| per.checked_div(jobs));
        return Reason::RateLimited {
            jobs,
            per,
            next_within: one.unwrap_or(per),
        };
    }
    if workers.waiting > 0 {
        return Reason::HandedOutNext;
    }
    let queues: Vec<String> = workers
        .behind()
        .filter(|queue| {
            let first = observed.queues.get(*queue);
            first.is_some_and(|first| first.size > 0 && !first.paused)
        })
        .map(ToOwned::to_owned)
        .collect();
    match queues.is_empty() {
        false => Reason::BehindQueues { queues },
        true => Reason::WorkersBusy {
            workers: workers.running.len() as u64,
            working: now.working,
        },
    }
}
