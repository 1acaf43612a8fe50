//! Concerns in English.

use workmill_proto::Timestamp;

use super::concern::Concern;
use crate::service::why::{in_words, jobs, moment, waiting};

/// Bytes of a gibibyte.
const GIB: f64 = (1_u64 << 30) as f64;

impl Concern {
    /// It in words, for somebody who reads them at this moment.
    pub(crate) fn words(&self, now: Timestamp) -> String {
        match self {
            Self::DiskStalled { stalled_for } => {
                format!("The disk has not answered for {}.", in_words(*stalled_for))
            }
            Self::DiskNearlyFull { .. } => self.words_of_disk(),
            Self::CarefulStopped { target, reason, .. } => {
                format!("A careful retry has stopped by itself ({target}): {reason}.")
            }
            Self::QueueUnfetched {
                queue,
                size,
                oldest,
                last,
            } => {
                let last = match last.as_deref() {
                    None | Some("") => String::new(),
                    Some(wid) => format!(" It was last fetched from by {wid}."),
                };
                format!(
                    "No worker fetches from {queue}. {}, the oldest for {}.{last}",
                    waiting(*size),
                    in_words(*oldest)
                )
            }
            Self::QueueQuiet {
                queue,
                size,
                workers,
            } => format!(
                "The workers of {queue} are quiet, all {workers} of them. {}.",
                waiting(*size)
            ),
            Self::CronFailed { .. } | Self::CronLong { .. } => self.words_of_runs(now),
            Self::WorkerSilent { .. }
            | Self::QueueSlow { .. }
            | Self::QueueGrows { .. }
            | Self::QueuePaused { .. }
            | Self::ThrottleFull { .. } => self.words_of_load(),
            Self::JobtypeFails { .. } => self.words_of_failures(),
            Self::CronNever { entry } => {
                format!("The cron entry {entry} never fires: its schedule has no time ahead.")
            }
            Self::CronLate { entry, due } => {
                format!(
                    "The cron entry {entry} has not fired that was due at {}.",
                    moment(*due, now)
                )
            }
            Self::DeadUnseen { .. }
            | Self::ClockJumped { .. }
            | Self::NotDurable { .. }
            | Self::CertificateEnds { .. } => self.words_of_server(now),
        }
    }

    /// What is said of everything, and not of a queue, a worker or a type.
    fn words_of_server(&self, now: Timestamp) -> String {
        match self {
            Self::DeadUnseen { jobs: died, since } => format!(
                "{} died since somebody last looked at the dead jobs at {}.",
                jobs(*died),
                moment(*since, now)
            ),
            Self::ClockJumped { at, by_secs } => {
                let direction = match by_secs {
                    ..0 => "back",
                    _ => "ahead",
                };
                let secs = std::time::Duration::from_secs(by_secs.unsigned_abs());
                format!(
                    "The clock of the server was set {direction} by {} at {}.",
                    in_words(secs),
                    moment(*at, now)
                )
            }
            Self::NotDurable { within } => format!(
                "What was acknowledged in the last {} ms may be lost when the power fails: durability is \"interval\".",
                within.as_millis()
            ),
            Self::CertificateEnds { at } => format!(
                "The certificate of the server ends at {}: clients that check it refuse to connect then.",
                moment(*at, now)
            ),
            _ => String::new(),
        }
    }

    fn words_of_runs(&self, now: Timestamp) -> String {
        match self {
            Self::CronFailed {
                entry,
                at,
                is_refused: true,
            } => format!(
                "The job of the cron entry {entry} was refused at {}: the log says why.",
                moment(*at, now)
            ),
            Self::CronFailed { entry, at, .. } => format!(
                "The last run of the cron entry {entry} has failed at {}.",
                moment(*at, now)
            ),
            Self::CronLong {
                entry,
                takes,
                usually,
                ..
            } => format!(
                "The last run of the cron entry {entry} has been going on for {}. Those before it took {} at most.",
                in_words(*takes),
                in_words(*usually)
            ),
            _ => String::new(),
        }
    }

    fn words_of_disk(&self) -> String {
        let Self::DiskNearlyFull {
            free_bytes,
            bytes,
            trash_bytes,
        } = self
        else {
            return String::new();
        };
        let gib = |bytes: u64| bytes as f64 / GIB;
        let trash = trash_bytes
            .map(|bytes| format!(" The trash holds {:.1} GiB: it can be emptied.", gib(bytes)));
        format!(
            "The disk of the data is nearly full: {:.1} of {:.1} GiB are free.{}",
            gib(*free_bytes),
            gib(*bytes),
            trash.unwrap_or_default()
        )
    }

    fn words_of_failures(&self) -> String {
        let Self::JobtypeFails {
            jobtype,
            failed,
            of,
            within,
            usual_percent,
        } = self
        else {
            return String::new();
        };
        let usual = usual_percent.map(|percent| format!(" Before, {percent} % of them did."));
        format!(
            "{failed} of {of} executions of {jobtype} failed in the last {}.{}",
            in_words(*within),
            usual.unwrap_or_default()
        )
    }

    /// What is said where jobs hang or wait, though somebody is there for them.
    fn words_of_load(&self) -> String {
        match self {
            Self::WorkerSilent {
                wid,
                jobs: held,
                silent_for,
            } => {
                let held = jobs(*held);
                match silent_for {
                    Some(silent) => {
                        format!(
                            "Worker {wid} has {held} and has sent nothing for {}.",
                            in_words(*silent)
                        )
                    }
                    None => format!("Worker {wid} has {held} and is not connected."),
                }
            }
            Self::QueueGrows {
                queue,
                size,
                by,
                within,
            } => format!(
                "{queue} will not be empty in sight: {}, {by} more than {} ago.",
                waiting(*size),
                in_words(*within)
            ),
            Self::QueueSlow {
                queue,
                size,
                oldest,
                usually,
            } => format!(
                "Jobs of {queue} wait far longer than usual: {}, the oldest for {}. As a rule 95 of 100 wait {} at most.",
                waiting(*size),
                in_words(*oldest),
                in_words(*usually)
            ),
            Self::QueuePaused {
                queue,
                size,
                oldest,
            } => format!(
                "{queue} is paused. {}, the oldest for {}.",
                waiting(*size),
                in_words(*oldest)
            ),
            Self::ThrottleFull {
                queue,
                taken,
                limit,
                size,
            } => format!(
                "The throttle of {queue} is always full: {taken} of {limit} slots are taken, and {}.",
                waiting(*size)
            ),
            _ => String::new(),
        }
    }
}
