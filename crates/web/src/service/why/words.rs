//! Reasons in English.

use std::time::Duration;

use workmill_proto::Timestamp;

use super::reason::Reason;
use super::span::in_words;

impl Reason {
    /// It in words, for somebody who reads them at this moment.
    pub(crate) fn words(&self, now: Timestamp) -> String {
        let when = |at: &Timestamp| moment(*at, now);
        match self {
            Self::Working { wid, since, until } => format!(
                "{} has it since {} and may keep it until {}.",
                worker(wid),
                when(since),
                when(until)
            ),
            Self::WorkerSilent { wid, silent_for } => {
                let silence = in_words(*silent_for);
                format!("{} has sent nothing for {silence}.", worker(wid))
            }
            Self::WorkerGone { wid, until } => format!(
                "{} is not connected: unless it comes back, the job counts as failed at {}.",
                worker(wid),
                when(until)
            ),
            Self::Progress { percent, text } => progress(*percent, text.as_deref()),
            Self::Scheduled { at } => format!("It is scheduled for {}.", when(at)),
            Self::Retry { failures, of, at } => format!(
                "It failed {} and waits for retry {failures} of {of} at {}.",
                times(*failures),
                when(at)
            ),
            Self::Due { at } => format!(
                "It was due at {} and is put into its queue within a second or two.",
                when(at)
            ),
            Self::Dead {
                failures,
                forgotten_at,
            } => {
                let how = match failures {
                    0 => String::from("It was killed and never failed"),
                    _ => format!("It failed {}", times(*failures)),
                };
                format!(
                    "{how}: it is dead and runs only if somebody retries it. It is forgotten at {}.",
                    when(forgotten_at)
                )
            }
            Self::Completed { wid, at, took } => format!(
                "{} did it at {} and took {}.",
                worker(wid),
                when(at),
                in_words(*took)
            ),
            Self::Unreadable { error } => format!("What is stored of it cannot be read: {error}."),
            _ => self.words_of_place(now),
        }
    }

    /// What is said of a job's place and of what it is bound to.
    fn words_of_place(&self, now: Timestamp) -> String {
        let when = |at: &Timestamp| moment(*at, now);
        match self {
            Self::Expires { at } => {
                format!(
                    "If no worker has it by {}, it is dropped as expired.",
                    when(at)
                )
            }
            Self::HasLock { until } => format!(
                "It is unique: equal jobs are refused as long as it has the lock, until {} at the latest.",
                when(until)
            ),
            Self::LockOfAnother { jid, until } => format!(
                "It is unique, and the equal job {jid} has the lock, until {} at the latest.",
                when(until)
            ),
            Self::Position { ahead, at } => {
                let before = match ahead {
                    0 => String::from("It is next in its queue"),
                    _ => format!("At most {} are before it", jobs(*ahead)),
                };
                match at {
                    Some(at) => {
                        format!(
                            "{before}; at the present rate it is its turn at about {}.",
                            when(at)
                        )
                    }
                    None => format!("{before}."),
                }
            }
            _ => self.words_of_queue(now),
        }
    }

    /// What is said of queues.
    fn words_of_queue(&self, now: Timestamp) -> String {
        match self {
            Self::Stalled { stalled_for } => format!(
                "The disk has not answered for {}: nothing is handed out.",
                in_words(*stalled_for)
            ),
            Self::NotReady => {
                String::from("The server is starting or stopping: nothing is handed out.")
            }
            Self::Paused => String::from("The queue is paused."),
            Self::PausedBy { by, at } => format!("{by} paused it at {}.", moment(*at, now)),
            Self::WorkersReturning { uptime } => format!(
                "The server started {} ago, and no worker has come back yet.",
                in_words(*uptime)
            ),
            Self::NoWorker { since, last } => {
                let whose = match last.as_deref() {
                    None => " (since the server started)".to_owned(),
                    Some("") => String::new(),
                    Some(wid) => format!("; the last was {wid}"),
                };
                format!(
                    "No worker fetches from the queue since {}{whose}.",
                    moment(*since, now)
                )
            }
            Self::WorkersQuiet { workers } => match workers {
                1 => String::from("The one worker of the queue is quiet: it fetches no more."),
                _ => format!("All {workers} workers of the queue are quiet: they fetch no more."),
            },
            _ => self.words_of_load(now),
        }
    }

    fn words_of_rate(&self) -> String {
        match self {
            Self::RateLimited {
                jobs: count,
                per,
                next_within,
            } => format!(
                "The throttle of the queue hands out {} in {}, and its turn has not come; the next follows within {}.",
                jobs(*count),
                in_words(*per),
                in_words(*next_within)
            ),
            _ => String::new(),
        }
    }

    /// What is said of queues whose workers have enough to do.
    fn words_of_load(&self, now: Timestamp) -> String {
        let by = |free_by: &Option<Timestamp>| {
            free_by.map_or_else(String::new, |at| {
                format!("; the next is free at {} at the latest", moment(at, now))
            })
        };
        match self {
            Self::SlotsTaken {
                taken,
                limit,
                free_by,
            } => format!(
                "The throttle of the queue is full: {taken} of {limit} slots are taken{}.",
                by(free_by)
            ),
            Self::WorkerSlotsTaken {
                workers,
                limit,
                free_by,
            } => format!(
                "The throttle of the queue lets each worker have {}, and all {workers} have that{}.",
                jobs(*limit),
                by(free_by)
            ),
            Self::RateLimited { .. } => self.words_of_rate(),
            Self::BehindQueues { queues } => format!(
                "Its workers look into {} first, where jobs wait.",
                queues.join(", ")
            ),
            Self::WorkersBusy { workers, working } => {
                let running = match working {
                    0 => String::new(),
                    _ => format!("; {} of it run", jobs(*working)),
                };
                match workers {
                    1 => format!("The one worker of the queue is busy{running}."),
                    _ => format!("All {workers} workers of the queue are busy{running}."),
                }
            }
            Self::HandedOutNext => {
                String::from("Nothing holds it up: workers are asking for jobs.")
            }
            Self::Empty => String::from("No jobs wait in the queue."),
            Self::Backlog {
                size,
                oldest,
                empty_at,
            } => {
                let outlook = empty_at.map_or_else(String::new, |at| {
                    format!(
                        "; at the present rate it is empty at about {}",
                        moment(at, now)
                    )
                });
                let oldest = in_words(*oldest);
                format!(
                    "{} in it, the oldest for {oldest}{outlook}.",
                    waiting(*size)
                )
            }
            // The others are said of jobs.
            _ => String::new(),
        }
    }
}

fn worker(wid: &str) -> String {
    match wid {
        "" => String::from("A client without a worker id"),
        wid => format!("Worker {wid}"),
    }
}

fn times(count: u64) -> String {
    match count {
        1 => String::from("once"),
        2 => String::from("twice"),
        _ => format!("{count} times"),
    }
}

pub(crate) fn jobs(count: u64) -> String {
    match count {
        1 => String::from("1 job"),
        _ => format!("{count} jobs"),
    }
}

pub(crate) fn waiting(count: u64) -> String {
    match count {
        1 => String::from("1 job waits"),
        _ => format!("{count} jobs wait"),
    }
}

fn progress(percent: Option<i64>, text: Option<&str>) -> String {
    match (percent, text) {
        (Some(percent), Some(text)) => format!("{percent} % done: {text}"),
        (Some(percent), None) => format!("{percent} % done."),
        (None, text) => text.unwrap_or_default().to_owned(),
    }
}

/// A moment, and how far it is from now: `02:55:10 UTC (in 2 min 10 s)`. With its day, unless that is today.
pub(crate) fn moment(at: Timestamp, now: Timestamp) -> String {
    let seconds = Timestamp::from_micros(at.as_micros().div_euclid(1_000_000) * 1_000_000);
    let text = seconds.to_string();
    let (day, time) = text.split_once('T').unwrap_or(("", &text));
    let time = time.trim_end_matches('Z');
    let shown = match at.utc_day() == now.utc_day() {
        true => format!("{time} UTC"),
        false => format!("{day} {time} UTC"),
    };
    match (at.since(now), now.since(at)) {
        (ahead, _) if ahead > Duration::ZERO => format!("{shown} (in {})", in_words(ahead)),
        (_, ago) => format!("{shown} ({} ago)", in_words(ago)),
    }
}
