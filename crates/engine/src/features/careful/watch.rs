//! What became of the jobs that a careful retry has retried.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use workmill_proto::SteadyTime;

use super::care::Care;
use crate::limits::{CAREFUL_BURST_SECS, CAREFUL_WATCHED_MAX, CAREFUL_WINDOW_MIN};

const MICROS_PER_SEC: i64 = 1_000_000;

/// What became of the jobs that a careful retry has retried so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The ids of those that have not ended, and when each was retried, by the steady clock.
    pub(super) waiting: BTreeMap<String, i64>,
    /// Whether the last ones that ended failed, the latest at the end.
    failed: VecDeque<bool>,
    /// How many were retried.
    retried: u64,
    /// Up to when the rate is used up, by the steady clock; none until the first ones have ended.
    used_until: Option<i64>,
}

impl Watch {
    /// A job was retried.
    pub(super) fn begin(&mut self, jid: String, now: SteadyTime) {
        self.retried += 1;
        self.waiting.insert(jid, now.as_micros());
    }

    /// A job is not to be waited for any more; it ended well or badly, if it ran. Tells whether it was one of these.
    pub(super) fn end(&mut self, jid: &str, failed: Option<bool>, care: &Care) -> bool {
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
    pub(super) fn is_rated(&self) -> bool {
        self.used_until.is_some()
    }

    /// Whether all that were retried have ended.
    pub(super) fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Why it must go no further, if so. `has_more` says whether jobs are left to be looked at.
    pub(super) fn objection(&self, care: &Care, now: SteadyTime, has_more: bool) -> Option<String> {
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
    pub(super) fn room(&mut self, care: &Care, now: SteadyTime) -> usize {
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
    pub(super) fn use_up(&mut self, jobs: u64, care: &Care) {
        let micros = i64::try_from(jobs).unwrap_or(0) * MICROS_PER_SEC / i64::from(care.rate);
        self.used_until = self.used_until.map(|until| until + micros);
    }
}
