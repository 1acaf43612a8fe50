//! Careful retry: a few jobs first, watched until they end, then the rest at a rate; it stops by itself if too many fail again.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use workmill_proto::{SteadyTime, WireError};

use crate::limits::{CAREFUL_BURST_SECS, CAREFUL_WATCHED_MAX, CAREFUL_WINDOW_MIN};
use crate::op::Mutate;
use crate::step::{Cause, What};

const MICROS_PER_SEC: i64 = 1_000_000;

/// How carefully jobs are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Care {
    /// How many jobs are retried first, and watched until they end; also how many of the last ends are judged later.
    first: u32,
    /// How many jobs a second are retried afterwards.
    rate: u32,
    /// At most so many percent of the judged ends may be failures.
    failed_percent_max: u32,
    /// How long a retried job may take to end, in seconds, its wait in its queue included.
    within_secs: u32,
}

impl Care {
    /// `first` and `rate` are from 1 to 1,000, `failed_percent_max` is at most 100, `within_secs` from 10 to 86,400.
    ///
    /// # Errors
    /// One of them is not.
    pub fn new(
        first: u32,
        rate: u32,
        failed_percent_max: u32,
        within_secs: u32,
    ) -> Result<Self, WireError> {
        let fits = (1..=1_000).contains(&first)
            && (1..=1_000).contains(&rate)
            && failed_percent_max <= 100
            && (10..=86_400).contains(&within_secs);
        let care = Self {
            first,
            rate,
            failed_percent_max,
            within_secs,
        };
        fits.then_some(care).ok_or_else(|| {
            WireError::err(
                "first and rate are to be from 1 to 1000, stop_percent at most 100, within_secs from 10 to 86400",
            )
        })
    }

    /// What [`Care::new`] takes: `first`, `rate`, `failed_percent_max` and `within_secs`.
    pub fn parts(&self) -> [u32; 4] {
        [
            self.first,
            self.rate,
            self.failed_percent_max,
            self.within_secs,
        ]
    }

    /// What it means, for people to read.
    pub(crate) fn words(&self) -> String {
        let Self {
            first,
            rate,
            failed_percent_max,
            ..
        } = self;
        format!("first {first}, then {rate} a second, while at most {failed_percent_max} % fail")
    }
}

/// What became of the jobs that a careful retry has retried so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The ids of those that have not ended, and when each was retried, by the steady clock.
    waiting: BTreeMap<String, i64>,
    /// Whether the last ones that ended failed, the latest at the end.
    failed: VecDeque<bool>,
    /// How many were retried.
    retried: u64,
    /// Up to when the rate is used up, by the steady clock; none until the first ones have ended.
    used_until: Option<i64>,
}

impl Watch {
    /// A job was retried.
    pub(crate) fn begin(&mut self, jid: String, now: SteadyTime) {
        self.retried += 1;
        self.waiting.insert(jid, now.as_micros());
    }

    /// A job is not to be waited for any more; it ended well or badly, if it ran. Tells whether it was one of these.
    fn end(&mut self, jid: &str, failed: Option<bool>, care: &Care) -> bool {
        if self.waiting.remove(jid).is_none() {
            return false;
        }
        self.failed.extend(failed);
        let window = (care.first as usize).max(CAREFUL_WINDOW_MIN);
        while self.failed.len() > window {
            self.failed.pop_front();
        }
        true
    }

    /// Whether the first ones have ended, and the rest goes at its rate.
    pub(crate) fn is_rated(&self) -> bool {
        self.used_until.is_some()
    }

    /// Whether all that were retried have ended.
    pub(crate) fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Why it must go no further, if so. `has_more` says whether jobs are left to be looked at.
    pub(crate) fn objection(&self, care: &Care, now: SteadyTime, has_more: bool) -> Option<String> {
        let failed = self.failed.iter().filter(|failed| **failed).count();
        // The first ones are judged as what they are together, so that one early failure among them is not all of them.
        let judged = match self.used_until {
            None if has_more && self.retried < u64::from(care.first) => care.first as usize,
            None => self.failed.len() + self.waiting.len(),
            Some(_) => self.failed.len(),
        };
        if failed * 100 > judged * care.failed_percent_max as usize {
            let most = care.failed_percent_max;
            return Some(format!(
                "stopped by itself: {failed} of the last {judged} retried jobs failed again, more than {most} %"
            ));
        }
        let since = now.plus_secs(-i64::from(care.within_secs)).as_micros();
        let late = self.waiting.values().filter(|&&at| at < since).count();
        (late > 0).then(|| {
            let within = care.within_secs;
            format!("stopped by itself: {late} retried jobs have not ended within {within} s")
        })
    }

    /// How many jobs may be retried now.
    pub(crate) fn room(&mut self, care: &Care, now: SteadyTime) -> usize {
        let now = now.as_micros();
        let Some(used_until) = self.used_until else {
            if self.retried < u64::from(care.first) {
                return care.first as usize - usize::try_from(self.retried).unwrap_or(0);
            }
            if self.waiting.is_empty() {
                self.used_until = Some(now);
            }
            return 0;
        };
        // What was not used for a while is not made up for.
        let used_until = used_until.max(now - CAREFUL_BURST_SECS * MICROS_PER_SEC);
        let due = (now - used_until).max(0) * i64::from(care.rate) / MICROS_PER_SEC;
        let free = CAREFUL_WATCHED_MAX.saturating_sub(self.waiting.len());
        let room = usize::try_from(due).unwrap_or(0).min(free);
        self.used_until = Some(used_until);
        room
    }

    /// So many jobs were retried at the rate.
    pub(crate) fn use_up(&mut self, jobs: u64, care: &Care) {
        let micros = i64::try_from(jobs).unwrap_or(0) * MICROS_PER_SEC / i64::from(care.rate);
        self.used_until = self.used_until.map(|until| until + micros);
    }
}

/// A careful retry that is under way.
#[derive(Clone, Debug)]
pub(crate) struct CarefulRun {
    pub(crate) mutate: Mutate,
    pub(crate) care: Care,
    pub(crate) watch: Watch,
    /// Whether something ended that is not written down.
    pub(crate) is_changed: bool,
    /// Whether it has not found as many jobs yet as it may retry now.
    pub(crate) looks_on: bool,
}

/// The careful retries that are under way.
#[derive(Debug, Default)]
pub(crate) struct Careful {
    runs: Vec<CarefulRun>,
    /// The ids of jobs that are retried now; none if none are.
    retried: Option<Vec<String>>,
    /// As they were before the group, if it has changed them.
    before: Option<Vec<CarefulRun>>,
}

impl Careful {
    /// Whether it matters what becomes of this job.
    pub(crate) fn watches(&self, jid: &str) -> bool {
        let mut runs = self.runs.iter();
        runs.any(|run| run.watch.waiting.contains_key(jid))
    }

    /// Nothing is there any more that could end.
    pub(crate) fn flush(&mut self) {
        if self.is_watching() {
            self.keep();
            for run in &mut self.runs {
                run.watch.waiting.clear();
                run.is_changed = true;
            }
        }
    }

    /// Whether anything that happens to jobs matters.
    pub(crate) fn is_watching(&self) -> bool {
        !self.runs.is_empty() || self.retried.is_some()
    }

    /// Something happens to a job.
    pub(crate) fn note(&mut self, what: What, cause: Cause, jid: &str) {
        let failed = match what {
            What::Promoted => {
                if let Some(retried) = self.retried.as_mut() {
                    retried.push(jid.to_owned());
                }
                return;
            }
            What::Succeeded => Some(false),
            What::Failed | What::Dropped => Some(true),
            What::Died if cause != Cause::Operator => Some(true),
            What::Died | What::Deleted | What::Expired | What::Evicted => None,
            What::Pushed | What::Started | What::CameBack | What::Restored(_) => return,
        };
        if !self.watches(jid) {
            return;
        }
        self.keep();
        for run in &mut self.runs {
            run.is_changed |= run.watch.end(jid, failed, &run.care);
        }
    }

    /// From now on jobs that go to their queues are retried by the one that is at work.
    pub(crate) fn begin(&mut self) {
        self.retried = Some(Vec::new());
    }

    /// The jobs that were retried since.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        self.retried.take().unwrap_or_default()
    }

    pub(crate) fn add(&mut self, run: CarefulRun) {
        self.keep();
        self.runs.push(run);
    }

    /// Takes one out to work at it: the first one that was not taken since the last `add`s.
    pub(crate) fn take(&mut self, index: usize) -> Option<CarefulRun> {
        (index < self.runs.len()).then(|| {
            self.keep();
            self.runs.remove(index)
        })
    }

    pub(crate) fn put_back(&mut self, index: usize, run: CarefulRun) {
        self.runs.insert(index, run);
    }

    /// Those of which something ended that is not written down; they count as written down afterwards.
    pub(crate) fn take_changed(&mut self) -> Vec<CarefulRun> {
        let changed = self.runs.iter_mut().filter(|run| run.is_changed);
        changed
            .map(|run| {
                run.is_changed = false;
                run.clone()
            })
            .collect()
    }

    /// Keeps them as they are, before the first change in a group.
    fn keep(&mut self) {
        if self.before.is_none() {
            self.before = Some(self.runs.clone());
        }
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        self.before = None;
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        self.retried = None;
        if let Some(before) = self.before.take() {
            self.runs = before;
        }
    }
}
