//! What there is to say.

use std::sync::Arc;
use std::time::Duration;

use workmill_proto::Timestamp;

/// Why something does not run, or what it is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Why {
    /// When that was so.
    pub(crate) at: Timestamp,
    /// The reasons that hold now.
    pub(crate) reasons: Vec<Reason>,
    /// Those that will hold it up in its queue, when its time has come.
    pub(crate) then: Vec<Reason>,
}

/// A reason, or a circumstance that explains one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A worker has the job.
    Working {
        /// Empty for a connection that named no worker.
        wid: Box<str>,
        since: Timestamp,
        /// When it is taken back.
        until: Timestamp,
    },
    /// The worker that has the job has sent no command for a while.
    WorkerSilent { wid: Box<str>, silent_for: Duration },
    /// The worker that has the job is not connected.
    WorkerGone { wid: Box<str>, until: Timestamp },
    /// How far the job is, as its worker says.
    Progress {
        percent: Option<i64>,
        text: Option<String>,
    },
    /// Its time has not come.
    Scheduled { at: Timestamp },
    /// It failed and is tried again.
    Retry {
        failures: u64,
        /// The most retries it gets.
        of: u64,
        at: Timestamp,
    },
    /// Its time has come: it is put into its queue.
    Due { at: Timestamp },
    /// Nobody runs it any more by himself.
    Dead {
        failures: u64,
        forgotten_at: Timestamp,
    },
    /// It was done.
    Completed {
        /// Empty for a connection that named no worker.
        wid: Box<str>,
        at: Timestamp,
        took: Duration,
    },
    /// What is stored of it cannot be read.
    Unreadable { error: String },
    /// The disk does not answer: nothing is handed out.
    Stalled { stalled_for: Duration },
    /// The server takes nothing in and hands nothing out.
    NotReady,
    /// Somebody has paused the queue.
    Paused,
    /// Who did that: a name, or an address where no name was given.
    PausedBy { by: Box<str>, at: Timestamp },
    /// The server has just started, and no worker has come back yet.
    WorkersReturning { uptime: Duration },
    /// No worker fetches from the queue.
    NoWorker {
        since: Timestamp,
        /// Who fetched from it last; none if nobody has since the server started.
        last: Option<Arc<str>>,
    },
    /// All workers of the queue are to fetch no more.
    WorkersQuiet { workers: u64 },
    /// As many jobs of the queue run as may.
    SlotsTaken {
        taken: u64,
        limit: u64,
        /// When the next slot is free at the latest.
        free_by: Option<Timestamp>,
    },
    /// Every worker has as many jobs of the queue as it may have.
    WorkerSlotsTaken {
        workers: u64,
        limit: u64,
        free_by: Option<Timestamp>,
    },
    /// Jobs of the queue are handed out at a limited rate.
    RateLimited {
        jobs: u64,
        per: Duration,
        /// How long it takes until the next job may be handed out, at most.
        next_within: Duration,
    },
    /// All workers of the queue have enough to do with others that they look into first.
    BehindQueues { queues: Vec<String> },
    /// No worker asks for a job just now.
    WorkersBusy { workers: u64, working: u64 },
    /// Nothing holds it up.
    HandedOutNext,
    /// The queue has no jobs.
    Empty,
    /// How many jobs are handed out before it, and when it is its turn.
    Position {
        /// At most so many.
        ahead: u64,
        /// If it goes on as in the last minutes.
        at: Option<Timestamp>,
    },
    /// How much waits in the queue.
    Backlog {
        size: u64,
        oldest: Duration,
        /// When it is empty, if it goes on as in the last minutes.
        empty_at: Option<Timestamp>,
    },
    /// It is not handed out after that.
    Expires { at: Timestamp },
    /// It has the lock of its kind: equal jobs are refused.
    HasLock { until: Timestamp },
    /// An equal job has the lock of its kind.
    LockOfAnother { jid: Box<str>, until: Timestamp },
}

/// What a reason speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// A text; it may be somebody else's.
    Text(String),
    /// A number.
    Count(i64),
    /// A moment.
    At(Timestamp),
    /// A time.
    For(Duration),
    /// Texts.
    Texts(Vec<String>),
}

impl Reason {
    /// Its name, for programs and translations.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Working { .. } => "working",
            Self::WorkerSilent { .. } => "worker_silent",
            Self::WorkerGone { .. } => "worker_gone",
            Self::Progress { .. } => "progress",
            Self::Scheduled { .. } => "scheduled",
            Self::Retry { .. } => "retry",
            Self::Due { .. } => "due",
            Self::Dead { .. } => "dead",
            Self::Completed { .. } => "completed",
            Self::Unreadable { .. } => "unreadable",
            Self::Stalled { .. } => "stalled",
            Self::NotReady => "not_ready",
            Self::Paused => "paused",
            Self::PausedBy { .. } => "paused_by",
            Self::WorkersReturning { .. } => "workers_returning",
            Self::NoWorker { .. } => "no_worker",
            Self::WorkersQuiet { .. } => "workers_quiet",
            Self::SlotsTaken { .. } => "slots_taken",
            Self::WorkerSlotsTaken { .. } => "worker_slots_taken",
            Self::RateLimited { .. } => "rate_limited",
            Self::BehindQueues { .. } => "behind_queues",
            Self::WorkersBusy { .. } => "workers_busy",
            Self::HandedOutNext => "handed_out_next",
            Self::Empty => "empty",
            Self::Position { .. } => "position",
            Self::Backlog { .. } => "backlog",
            Self::Expires { .. } => "expires",
            Self::HasLock { .. } => "has_lock",
            Self::LockOfAnother { .. } => "lock_of_another",
        }
    }

    /// What it speaks of, by name. What is not known is left out.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, Parameter)> {
        use Parameter::{At, Count, For, Text};
        let given = match self {
            Self::Working { wid, since, until } => vec![
                ("wid", Some(text(wid))),
                ("since", Some(At(*since))),
                ("until", Some(At(*until))),
            ],
            Self::WorkerSilent { wid, silent_for } => vec![
                ("wid", Some(text(wid))),
                ("silent_for", Some(For(*silent_for))),
            ],
            Self::WorkerGone { wid, until } => {
                vec![("wid", Some(text(wid))), ("until", Some(At(*until)))]
            }
            Self::Progress { percent, text } => vec![
                ("percent", percent.map(Count)),
                ("text", text.clone().map(Text)),
            ],
            Self::Scheduled { at } | Self::Due { at } | Self::Expires { at } => {
                vec![("at", Some(At(*at)))]
            }
            Self::Retry { failures, of, at } => vec![
                ("failures", Some(count(*failures))),
                ("of", Some(count(*of))),
                ("at", Some(At(*at))),
            ],
            Self::Dead {
                failures,
                forgotten_at,
            } => vec![
                ("failures", Some(count(*failures))),
                ("forgotten_at", Some(At(*forgotten_at))),
            ],
            Self::Completed { wid, at, took } => vec![
                ("wid", Some(text(wid))),
                ("at", Some(At(*at))),
                ("took", Some(For(*took))),
            ],
            Self::Unreadable { error } => vec![("error", Some(text(error)))],
            Self::Position { ahead, at } => {
                vec![("ahead", Some(count(*ahead))), ("at", at.map(At))]
            }
            Self::HasLock { until } => vec![("until", Some(At(*until)))],
            Self::LockOfAnother { jid, until } => {
                vec![("jid", Some(text(jid))), ("until", Some(At(*until)))]
            }
            _ => self.parameters_of_queue(),
        };
        let known = given.into_iter();
        known
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    fn parameters_of_queue(&self) -> Vec<(&'static str, Option<Parameter>)> {
        use Parameter::{At, For, Texts};
        match self {
            Self::Stalled { stalled_for } => vec![("stalled_for", Some(For(*stalled_for)))],
            Self::PausedBy { by, at } => vec![("by", Some(text(by))), ("at", Some(At(*at)))],
            Self::WorkersReturning { uptime } => vec![("uptime", Some(For(*uptime)))],
            Self::NoWorker { since, last } => vec![
                ("since", Some(At(*since))),
                ("last", last.as_deref().map(text)),
            ],
            Self::WorkersQuiet { workers } => vec![("workers", Some(count(*workers)))],
            Self::SlotsTaken {
                taken,
                limit,
                free_by,
            } => vec![
                ("taken", Some(count(*taken))),
                ("limit", Some(count(*limit))),
                ("free_by", free_by.map(At)),
            ],
            Self::WorkerSlotsTaken {
                workers,
                limit,
                free_by,
            } => vec![
                ("workers", Some(count(*workers))),
                ("limit", Some(count(*limit))),
                ("free_by", free_by.map(At)),
            ],
            Self::RateLimited {
                jobs,
                per,
                next_within,
            } => vec![
                ("jobs", Some(count(*jobs))),
                ("per", Some(For(*per))),
                ("next_within", Some(For(*next_within))),
            ],
            Self::BehindQueues { queues } => vec![("queues", Some(Texts(queues.clone())))],
            Self::WorkersBusy { workers, working } => vec![
                ("workers", Some(count(*workers))),
                ("working", Some(count(*working))),
            ],
            Self::Backlog {
                size,
                oldest,
                empty_at,
            } => vec![
                ("size", Some(count(*size))),
                ("oldest", Some(For(*oldest))),
                ("empty_at", empty_at.map(At)),
            ],
            // The others are said of jobs, or have none.
            _ => Vec::new(),
        }
    }
}

fn count(count: u64) -> Parameter {
    Parameter::Count(i64::try_from(count).unwrap_or(i64::MAX))
}

fn text(text: &str) -> Parameter {
    Parameter::Text(text.to_owned())
}
