//! When something needs somebody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use workmill_engine::{CronTable, Rules};
use workmill_proto::Timestamp;
use workmill_store::PastRun;

use super::concern::Concern;
use super::runs::of_runs;
use crate::desk::{DiskSpace, Durability, ServerState, WorkerView};
use crate::observe::{Look, Observed, QueueNow};
use crate::service::history::{FAILING_WITHIN, Failing};

/// How long the next job of a queue may wait before it matters who fetches it.
const UNFETCHED_MIN: Duration = Duration::from_secs(30);

/// For so long after the start nobody is missed: workers have to come back first.
const RETURN_WITHIN: Duration = Duration::from_secs(60);

/// How long a worker may be silent that beats every 15 seconds, as all client libraries do.
const SILENT_MIN: Duration = Duration::from_secs(45);

/// What lasts so long lasts.
const LASTING_MIN: Duration = Duration::from_secs(60);

/// How many times longer than usual the next job of a queue has to have waited.
const SLOW_TIMES: u32 = 5;

/// How long before its end a certificate is told of.
const CERTIFICATE_NOTICE: Duration = Duration::from_secs(14 * 86_400);

/// A queue with fewer jobs is no backlog.
const BACKLOG_MIN: u64 = 100;

/// From how many bytes on it helps a full disk to empty the trash.
const TRASH_BYTES_MIN: u64 = 64 << 20;

/// How late a cron entry may be.
const CRON_LATE_MIN: Duration = Duration::from_secs(90);

/// Fewer failures of a type are no trend, nor is a smaller part of a hundred executions.
const FAILED_MIN: u64 = 10;
const FAILED_PERCENT_MIN: u64 = 20;

/// A disk with less free than both of these is nearly full: bytes, and parts in a hundred.
const DISK_FREE_BYTES_MIN: u64 = 5 << 30;
const DISK_FREE_PERCENT_MIN: u64 = 10;

/// What is known of the server.
pub(super) struct Scene<'a> {
    pub(super) observed: &'a Observed,
    /// Earlier looks, the earliest first.
    pub(super) earlier: &'a [Look],
    pub(super) workers: &'a [WorkerView],
    pub(super) rules: &'a Rules,
    pub(super) cron: &'a CronTable,
    /// Up to when the ticks of cron entries are done.
    pub(super) ticks: &'a BTreeMap<Box<str>, Timestamp>,
    /// Types of jobs that failed lately.
    pub(super) failing: &'a BTreeMap<Box<str>, Failing>,
    pub(super) state: ServerState,
    pub(super) uptime: Duration,
    /// Since when each cron entry is known as it is.
    pub(super) known_since: &'a BTreeMap<Arc<str>, Timestamp>,
    pub(super) durability: Durability,
    /// The careful retries that stopped by themselves lately.
    pub(super) stopped: &'a [Concern],
    /// How large what is in the trash is.
    pub(super) trash_bytes: u64,
    pub(super) disk: Option<DiskSpace>,
    /// How long jobs of queues usually wait, where that is known.
    pub(super) usual_waits: &'a BTreeMap<Box<str>, Duration>,
    /// The last runs of cron entries, the latest first.
    pub(super) runs: &'a BTreeMap<Arc<str>, Vec<PastRun>>,
    /// When the certificate ends; none without TLS.
    pub(super) certificate_ends_at: Option<Timestamp>,
}

impl Scene<'_> {
    /// All that needs somebody, in no order.
    pub(super) fn concerns(&self) -> Vec<Concern> {
        let mut found = Vec::new();
        if let ServerState::Stalled(stalled_for) = self.state {
            found.push(Concern::DiskStalled { stalled_for });
        }
        if let Some(DiskSpace { free_bytes, bytes }) = self.disk
            && free_bytes < DISK_FREE_BYTES_MIN
            && free_bytes < bytes / 100 * DISK_FREE_PERCENT_MIN
        {
            found.push(Concern::DiskNearlyFull {
                free_bytes,
                bytes,
                trash_bytes: (self.trash_bytes >= TRASH_BYTES_MIN).then_some(self.trash_bytes),
            });
        }
        if let Durability::Interval(within) = self.durability {
            found.push(Concern::NotDurable { within });
        }
        for (name, queue) in &self.observed.queues {
            if queue.size > 0 {
                found.extend(self.queue(name, queue));
            }
        }
        found.extend(self.failing_types());
        found.extend(self.silent_workers());
        found.extend(self.late_entries());
        let runs = self.runs.iter();
        found.extend(runs.filter_map(|(entry, runs)| of_runs(entry, runs, self.observed.at)));
        let notice_from = self.observed.at.plus(CERTIFICATE_NOTICE);
        let ends_at = self.certificate_ends_at.filter(|at| *at <= notice_from);
        found.extend(ends_at.map(|at| Concern::CertificateEnds { at }));
        found.extend(self.stopped.iter().cloned());
        found
    }

    /// What counts most of a queue: who has no worker needs not be told that it grows.
    fn queue(&self, name: &str, queue: &QueueNow) -> Option<Concern> {
        let oldest = Duration::try_from_secs_f64(queue.latency_secs).unwrap_or_default();
        if queue.paused {
            return (oldest >= LASTING_MIN).then(|| Concern::QueuePaused {
                queue: name.into(),
                size: queue.size,
                oldest,
            });
        }
        let workers = self.observed.roster.of(name);
        if workers.running.is_empty() {
            if oldest < UNFETCHED_MIN || self.uptime < RETURN_WITHIN {
                return None;
            }
            let (queue, size) = (name.into(), queue.size);
            let left = self.observed.roster.left(name);
            return Some(match workers.quiet.len() {
                0 => Concern::QueueUnfetched {
                    queue,
                    size,
                    oldest,
                    last: left.map(|left| left.wid.clone()),
                },
                workers => Concern::QueueQuiet {
                    queue,
                    size,
                    workers: workers as u64,
                },
            });
        }
        self.full_throttle(name, queue)
            .or_else(|| self.growth(name, queue))
            .or_else(|| self.slowness(name, queue.size, oldest))
    }

    fn slowness(&self, name: &str, size: u64, oldest: Duration) -> Option<Concern> {
        let usually = *self.usual_waits.get(name)?;
        let is_slow = oldest >= LASTING_MIN && oldest >= usually.saturating_mul(SLOW_TIMES);
        is_slow.then(|| Concern::QueueSlow {
            queue: name.into(),
            size,
            oldest,
            usually,
        })
    }

    fn full_throttle(&self, name: &str, queue: &QueueNow) -> Option<Concern> {
        let limit = self.rules.throttles.get(name)?.concurrency?;
        let taken = |observed: &Observed| observed.slots.get(name).map_or(0, |slots| slots.taken);
        let waits = |observed: &Observed| {
            let queue = observed.queues.get(name);
            queue.is_some_and(|queue| queue.size > 0)
        };
        let is_full = |observed: &Observed| taken(observed) >= limit && waits(observed);
        let lasts = self.earlier.first()?.ago >= LASTING_MIN;
        let always = self.earlier.iter().all(|look| is_full(&look.observed));
        (lasts && always && is_full(self.observed)).then(|| Concern::ThrottleFull {
            queue: name.into(),
            taken: taken(self.observed),
            limit,
            size: queue.size,
        })
    }

    fn growth(&self, name: &str, queue: &QueueNow) -> Option<Concern> {
        let first = self.earlier.first()?;
        let before = first
            .observed
            .queues
            .get(name)
            .map_or(0, |queue| queue.size);
        let by = queue.size.saturating_sub(before);
        let waits_long = queue.latency_secs >= LASTING_MIN.as_secs_f64();
        let grows = first.ago >= LASTING_MIN && by > 0;
        (grows && waits_long && queue.size >= BACKLOG_MIN).then(|| Concern::QueueGrows {
            queue: name.into(),
            size: queue.size,
            by,
            within: first.ago,
        })
    }

    fn silent_workers(&self) -> Vec<Concern> {
        let held = self.observed.held.iter().filter(|(wid, _)| !wid.is_empty());
        held.filter_map(|(wid, jobs)| {
            let worker = self.workers.iter().find(|worker| *worker.wid == **wid);
            let silent_for = worker.map(|worker| worker.silent_for);
            let is_silent = match silent_for {
                Some(silent) => silent >= SILENT_MIN,
                None => self.uptime >= RETURN_WITHIN,
            };
            is_silent.then(|| Concern::WorkerSilent {
                wid: wid.clone(),
                jobs: *jobs,
                silent_for,
            })
        })
        .collect()
    }

    /// Types of which more jobs fail than did before.
    fn failing_types(&self) -> impl Iterator<Item = Concern> {
        self.failing.iter().filter_map(|(name, failing)| {
            let Failing { lately, usually } = *failing;
            let percent = lately.failed_percent()?;
            let known = usually.all() >= FAILED_MIN;
            let usual_percent = usually.failed_percent().filter(|_| known);
            let rises = percent >= usual_percent.unwrap_or(0).saturating_mul(2);
            let fails = lately.failed >= FAILED_MIN && percent >= FAILED_PERCENT_MIN && rises;
            fails.then(|| Concern::JobtypeFails {
                jobtype: name.clone(),
                failed: lately.failed,
                of: lately.all(),
                within: FAILING_WITHIN,
                usual_percent,
            })
        })
    }

    fn late_entries(&self) -> Vec<Concern> {
        let entries = self.cron.iter();
        entries
            .filter_map(|(name, entry)| {
                // An entry that is new, and what passed while no server ran, has missed nothing.
                let known_since = *self.known_since.get(name)?;
                let done = self.ticks.get(&**name).copied();
                let done = done.map_or(known_since, |done| done.max(known_since));
                let Some(due) = entry.schedule.next_after(done) else {
                    let entry = (&**name).into();
                    return Some(Concern::CronNever { entry });
                };
                let is_late = self.observed.at.since(due) >= CRON_LATE_MIN;
                is_late.then(|| Concern::CronLate {
                    entry: (&**name).into(),
                    due,
                })
            })
            .collect()
    }
}
