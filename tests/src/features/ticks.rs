//! Jobs of cron entries that are due every second: at most one for each.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::book::Book;
use super::plan::{TICK, TOCK};
use crate::instant::parse_instant;

#[derive(Debug, Default)]
pub(super) struct Ticks {
    jids: BTreeSet<String>,
    /// The seconds that each type of job came in.
    seconds: BTreeSet<(String, i64)>,
    died_at: Timestamp,
    downtimes: Vec<Downtime>,
}

/// From when the server was dead for certain until it was about to be started.
#[derive(Clone, Copy, Debug)]
struct Downtime {
    from: Timestamp,
    to: Timestamp,
}

impl Downtime {
    /// Whether a moment lies in it, or after it but before the next second begins.
    fn reaches(self, at: Timestamp) -> bool {
        self.from < at && at.as_second() <= self.to.as_second()
    }
}

/// How much time a killed server may have lost count of, besides that in which it was not there.
const UNCOUNTED: SignedDuration = SignedDuration::from_secs(11);

impl Ticks {
    /// How much of the time since a moment may not count for what lasts a while.
    pub(super) fn pauses_since(&self, moment: Timestamp) -> SignedDuration {
        let pauses = self.downtimes.iter().filter(|pause| pause.to > moment);
        pauses.fold(SignedDuration::ZERO, |sum, pause| {
            sum + pause.to.duration_since(pause.from) + UNCOUNTED
        })
    }

    pub(super) fn server_died(&mut self) {
        self.died_at = Timestamp::now();
    }

    pub(super) fn server_starts(&mut self) {
        self.downtimes.push(Downtime {
            from: self.died_at,
            to: Timestamp::now(),
        });
    }
}

impl Book {
    /// Whether a job comes from a cron entry.
    pub(super) fn is_tick(job: &Value) -> bool {
        job["jobtype"] == TICK || job["jobtype"] == TOCK
    }

    /// The job of a cron entry was fetched.
    pub(super) fn ticked(&mut self, job: &Value) {
        let jid = job["jid"].as_str().expect("a job has a jid");
        let kind = job["jobtype"].as_str().expect("a job has a type");
        // Several ticks that are late come as one, so no second has two jobs, however late they are.
        let at = parse_instant(&job["created_at"]);
        let is_new = self.ticks.jids.insert(jid.to_owned());
        let is_first = self.ticks.seconds.insert((kind.to_owned(), at.as_second()));
        if !is_new {
            self.violate(format!("{jid} of {kind} was fetched twice"));
        } else if !is_first {
            self.violate(format!("{kind} came twice in the second of {at}"));
        }
        let downtimes = self.ticks.downtimes.iter();
        let downtime = downtimes.copied().find(|downtime| downtime.reaches(at));
        match downtime {
            Some(downtime) if at < downtime.to => {
                self.violate(format!("{kind} came at {at}, in {downtime:?}"));
            }
            Some(downtime) if kind == TICK => {
                self.violate(format!(
                    "{kind} came at {at}: it made up for a tick in {downtime:?}"
                ));
            }
            Some(_) => self.checked.ticks_caught_up += 1,
            None => {}
        }
        self.checked.ticks += 1;
    }
}
