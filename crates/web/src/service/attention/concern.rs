//! What there is to say.

use std::sync::Arc;
use std::time::Duration;

use workmill_proto::Timestamp;

/// How bad it is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Work stands still, or soon will.
    Critical,
    /// Work suffers.
    Warning,
    /// Somebody should know.
    Notice,
}

/// Something that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Concern {
    /// The disk does not answer.
    DiskStalled { stalled_for: Duration },
    /// The disk is nearly full.
    DiskNearlyFull {
        free_bytes: u64,
        bytes: u64,
        /// What of it the trash takes, if that is much: it can be emptied.
        trash_bytes: Option<u64>,
    },
    /// Jobs wait, and nobody fetches them.
    QueueUnfetched {
        queue: Box<str>,
        size: u64,
        oldest: Duration,
        last: Option<Arc<str>>,
    },
    /// Jobs wait, and all workers of their queue are to fetch no more.
    QueueQuiet {
        queue: Box<str>,
        size: u64,
        workers: u64,
    },
    /// A worker holds jobs and is silent, or not connected.
    WorkerSilent {
        wid: Box<str>,
        jobs: u64,
        /// None if it is not connected.
        silent_for: Option<Duration>,
    },
    /// More jobs come into a queue than are handed out.
    QueueGrows {
        queue: Box<str>,
        size: u64,
        by: u64,
        within: Duration,
    },
    /// The next job of a queue has waited far longer than its jobs usually do.
    QueueSlow {
        queue: Box<str>,
        size: u64,
        oldest: Duration,
        /// What 95 of 100 did not exceed in the last day.
        usually: Duration,
    },
    /// Jobs have died since somebody last looked at the dead ones.
    DeadUnseen { jobs: u64, since: Timestamp },
    /// A throttle has been full at every look.
    ThrottleFull {
        queue: Box<str>,
        taken: u64,
        limit: u64,
        size: u64,
    },
    /// Jobs of a type fail, and did not as a rule.
    JobtypeFails {
        jobtype: Box<str>,
        failed: u64,
        /// Executions that ended.
        of: u64,
        within: Duration,
        /// How many of a hundred failed in the day before; none if there were too few to tell.
        usual_percent: Option<u64>,
    },
    /// Jobs wait in a queue that somebody has paused.
    QueuePaused {
        queue: Box<str>,
        size: u64,
        oldest: Duration,
    },
    /// A tick of a cron entry has not fired.
    CronLate { entry: Box<str>, due: Timestamp },
    /// A cron entry has no tick any more.
    CronNever { entry: Box<str> },
    /// The last run of a cron entry has failed, or its job was refused.
    CronFailed {
        entry: Box<str>,
        at: Timestamp,
        is_refused: bool,
    },
    /// The last run of a cron entry takes far longer than those before it.
    CronLong {
        entry: Box<str>,
        jid: Box<str>,
        takes: Duration,
        /// How long the longest of the others took.
        usually: Duration,
    },
    /// A careful retry has stopped by itself.
    CarefulStopped {
        /// Which jobs it was for, in the words of the audit log.
        target: Box<str>,
        reason: Box<str>,
        operation: u64,
    },
    /// The wall clock was set.
    ClockJumped { at: Timestamp, by_secs: i64 },
    /// What is acknowledged may be lost when the power fails.
    NotDurable { within: Duration },
    /// The certificate of the server ends soon, or has ended.
    CertificateEnds { at: Timestamp },
}

impl Concern {
    /// All keys there are.
    pub(crate) const KEYS: [&'static str; 19] = [
        "disk_stalled",
        "disk_nearly_full",
        "queue_unfetched",
        "queue_quiet",
        "worker_silent",
        "queue_grows",
        "queue_slow",
        "throttle_full",
        "jobtype_fails",
        "queue_paused",
        "cron_late",
        "cron_never",
        "cron_failed",
        "cron_long",
        "careful_stopped",
        "dead_unseen",
        "clock_jumped",
        "not_durable",
        "certificate_ends",
    ];

    /// Its name, for programs and translations.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::DiskStalled { .. } => "disk_stalled",
            Self::DiskNearlyFull { .. } => "disk_nearly_full",
            Self::QueueUnfetched { .. } => "queue_unfetched",
            Self::QueueQuiet { .. } => "queue_quiet",
            Self::WorkerSilent { .. } => "worker_silent",
            Self::QueueGrows { .. } => "queue_grows",
            Self::QueueSlow { .. } => "queue_slow",
            Self::ThrottleFull { .. } => "throttle_full",
            Self::JobtypeFails { .. } => "jobtype_fails",
            Self::QueuePaused { .. } => "queue_paused",
            Self::CronLate { .. } => "cron_late",
            Self::CronNever { .. } => "cron_never",
            Self::CronFailed { .. } => "cron_failed",
            Self::CronLong { .. } => "cron_long",
            Self::CarefulStopped { .. } => "careful_stopped",
            Self::ClockJumped { .. } => "clock_jumped",
            Self::NotDurable { .. } => "not_durable",
            Self::DeadUnseen { .. } => "dead_unseen",
            Self::CertificateEnds { .. } => "certificate_ends",
        }
    }

    /// How bad it is.
    pub(crate) fn severity(&self) -> Severity {
        match self {
            Self::DiskStalled { .. }
            | Self::DiskNearlyFull { .. }
            | Self::QueueUnfetched { .. }
            | Self::QueueQuiet { .. } => Severity::Critical,
            Self::WorkerSilent { .. }
            | Self::QueueGrows { .. }
            | Self::QueueSlow { .. }
            | Self::ThrottleFull { .. }
            | Self::JobtypeFails { .. }
            | Self::CronLate { .. }
            | Self::CronNever { .. }
            | Self::CronFailed { .. }
            | Self::CronLong { .. }
            | Self::CertificateEnds { .. }
            | Self::CarefulStopped { .. } => Severity::Warning,
            Self::QueuePaused { .. }
            | Self::DeadUnseen { .. }
            | Self::ClockJumped { .. }
            | Self::NotDurable { .. } => Severity::Notice,
        }
    }

    /// Which of its kind it is: a queue, a worker, a type of jobs, an entry, an operation; empty if there can be one only.
    pub(crate) fn subject(&self) -> &str {
        match self {
            Self::QueueUnfetched { queue, .. }
            | Self::QueueQuiet { queue, .. }
            | Self::QueueGrows { queue, .. }
            | Self::QueueSlow { queue, .. }
            | Self::ThrottleFull { queue, .. }
            | Self::QueuePaused { queue, .. } => queue,
            Self::WorkerSilent { wid, .. } => wid,
            Self::JobtypeFails { jobtype, .. } => jobtype,
            Self::CronLate { entry, .. }
            | Self::CronNever { entry }
            | Self::CronFailed { entry, .. }
            | Self::CronLong { entry, .. } => entry,
            Self::CarefulStopped { target, .. } => target,
            Self::DiskStalled { .. }
            | Self::DiskNearlyFull { .. }
            | Self::DeadUnseen { .. }
            | Self::ClockJumped { .. }
            | Self::CertificateEnds { .. }
            | Self::NotDurable { .. } => "",
        }
    }

    /// How many jobs it concerns, as far as that is known.
    pub(crate) fn jobs(&self) -> u64 {
        match self {
            Self::QueueUnfetched { size, .. }
            | Self::QueueQuiet { size, .. }
            | Self::QueueGrows { size, .. }
            | Self::QueueSlow { size, .. }
            | Self::ThrottleFull { size, .. }
            | Self::QueuePaused { size, .. } => *size,
            Self::WorkerSilent { jobs, .. } | Self::DeadUnseen { jobs, .. } => *jobs,
            // A job that failed twice counts twice.
            Self::JobtypeFails { failed, .. } => *failed,
            _ => 0,
        }
    }

    /// The query for exactly the jobs that it concerns.
    pub(crate) fn query(&self) -> Option<String> {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        match self {
            Self::QueueUnfetched { queue, .. }
            | Self::QueueQuiet { queue, .. }
            | Self::QueueGrows { queue, .. }
            | Self::QueueSlow { queue, .. }
            | Self::ThrottleFull { queue, .. }
            | Self::QueuePaused { queue, .. } => {
                Some(format!("state:enqueued queue:\"{}\"", quoted(queue)))
            }
            Self::WorkerSilent { wid, .. } => {
                Some(format!("state:working worker:\"{}\"", quoted(wid)))
            }
            Self::JobtypeFails { jobtype, .. } => {
                let jobtype = quoted(jobtype);
                Some(format!("type:\"{jobtype}\" (state:retries OR state:dead)"))
            }
            Self::CronLong { jid, .. } => Some(format!("jid:\"{}\"", quoted(jid))),
            _ => None,
        }
    }

    /// The one thing to do about it.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::QueueUnfetched { .. } | Self::QueueQuiet { .. } => "start_workers",
            Self::QueueGrows { .. } | Self::QueueSlow { .. } => "add_workers",
            Self::ThrottleFull { .. } => "see_throttle",
            Self::QueuePaused { .. } => "resume_queue",
            Self::JobtypeFails { .. } => "see_failures",
            // Nobody else will report it done.
            Self::WorkerSilent {
                silent_for: None, ..
            } => "requeue_jobs",
            Self::WorkerSilent { .. } => "see_worker",
            Self::CronLate { .. } | Self::CronNever { .. } => "see_cron",
            Self::CronFailed { .. } => "run_cron",
            Self::CronLong { .. } => "see_job",
            Self::DeadUnseen { .. } => "see_dead",
            Self::CarefulStopped { .. } => "see_operation",
            Self::DiskNearlyFull {
                trash_bytes: Some(_),
                ..
            } => "empty_trash",
            Self::DiskStalled { .. }
            | Self::DiskNearlyFull { .. }
            | Self::ClockJumped { .. }
            | Self::CertificateEnds { .. }
            | Self::NotDurable { .. } => "see_server",
        }
    }
}
