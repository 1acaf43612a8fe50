//! What became of the jobs that a careful retry has retried.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use workmill_proto::SteadyTime;
use workmill_store::{StoreError, Tx, WatchedJob, WatchedKey};

use super::care::Care;
use crate::limits::{
    CAREFUL_BURST_SECS, CAREFUL_WATCHED_MAX, CAREFUL_WINDOW_MIN, WATCHED_ROWS_MAX,
};

const MICROS_PER_SEC: i64 = 1_000_000;

/// What became of the jobs that a careful retry has retried so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Those that have not ended, by their ids. Each is kept as a row of its own.
    #[serde(skip)]
    waiting: BTreeMap<Box<str>, WatchedJob>,
    /// The ids of those whose rows are not as they are to be.
    #[serde(skip)]
    unwritten: BTreeSet<Box<str>>,
    /// Whether the last ones that ended failed, the latest at the end.
    failed: VecDeque<bool>,
    /// How many were retried.
    retried: u64,
    /// Up to when the rate is used up, by the steady clock; none until the first ones have ended.
    used_until: Option<i64>,
}

impl Watch {
    /// Reads the jobs that have not ended, for an action that the last server has left.
    pub(crate) fn load<T: Tx>(&mut self, tx: &mut T, action: u64) -> Result<(), StoreError> {
        let mut keys = tx.due::<WatchedJob>(SteadyTime::MAX, WATCHED_ROWS_MAX)?;
        keys.retain(|(of, _)| *of == action);
        let jobs = tx.get::<WatchedJob>(&keys)?;
        let jobs = keys.into_iter().zip(jobs);
        self.waiting = jobs
            .filter_map(|((_, jid), job)| Some((jid, job?)))
            .collect();
        Ok(())
    }

    /// Writes the rows of those jobs that are not as they were written.
    pub(super) fn write<T: Tx>(&mut self, tx: &mut T, action: u64) -> Result<(), StoreError> {
        let (mut put, mut removed) = (Vec::new(), Vec::new());
        for jid in std::mem::take(&mut self.unwritten) {
            match self.waiting.get(&jid).cloned() {
                Some(job) => put.push(((action, jid), job)),
                None => removed.push((action, jid)),
            }
        }
        if !put.is_empty() {
            tx.put(&put)?;
        }
        if !removed.is_empty() {
            tx.remove::<WatchedJob>(&removed)?;
        }
        Ok(())
    }

    /// Nobody waits for the jobs any more: removes their rows.
    pub(super) fn forget<T: Tx>(&mut self, tx: &mut T, action: u64) -> Result<(), StoreError> {
        self.clear();
        self.write(tx, action)
    }

    /// What there is to be written down besides the jobs.
    pub(super) fn summary(&self) -> Self {
        Self {
            waiting: BTreeMap::new(),
            unwritten: BTreeSet::new(),
            failed: self.failed.clone(),
            ..*self
        }
    }

    /// Whether it waits for this job.
    pub(super) fn waits_for(&self, jid: &str) -> bool {
        self.waiting.contains_key(jid)
    }

    /// The jobs that it waits for in these queues, or with the workers that have taken them from there.
    pub(super) fn waiting_in(&self, queues: &BTreeSet<&str>) -> impl Iterator<Item = &str> {
        let waiting = self.waiting.iter();
        let in_them = waiting.filter(|(_, job)| queues.contains(&*job.queue));
        in_them.map(|(jid, _)| &**jid)
    }

    /// A job was retried.
    pub(super) fn begin(&mut self, jid: Box<str>, queue: Box<str>, now: SteadyTime) {
        self.retried += 1;
        self.unwritten.insert(jid.clone());
        let since = now;
        self.waiting.insert(jid, WatchedJob { since, queue });
    }

    /// A job is in this queue now. Tells whether it was one of these, and in another one.
    pub(super) fn move_to(&mut self, jid: &str, queue: &str) -> bool {
        let Some(job) = self.waiting.get_mut(jid) else {
            return false;
        };
        if *job.queue == *queue {
            return false;
        }
        job.queue = queue.into();
        self.unwritten.insert(jid.into());
        true
    }

    /// A job is not to be waited for any more; it ended well or badly, if it ran. Tells whether it was one of these.
    pub(super) fn end(&mut self, jid: &str, failed: Option<bool>, care: &Care) -> bool {
        let Some((jid, _)) = self.waiting.remove_entry(jid) else {
            return false;
        };
        self.unwritten.insert(jid);
        self.failed.extend(failed);
        let window = (care.first as usize).max(CAREFUL_WINDOW_MIN);
        while self.failed.len() > window {
            self.failed.pop_front();
        }
        true
    }

    /// No job is to be waited for any more.
    pub(super) fn clear(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.unwritten.extend(waiting.into_keys());
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
        let since = now.plus_secs(-i64::from(care.within_secs));
        let waiting = self.waiting.values();
        let late = waiting.filter(|job| job.since < since).count();
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

/// Forgets jobs that nobody waits for: of actions that no server goes on with, by what `is_kept` says of them.
pub(crate) fn forget_unwatched<T: Tx>(
    tx: &mut T,
    mut is_kept: impl FnMut(&mut T, u64) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let keys = tx.due::<WatchedJob>(SteadyTime::MAX, WATCHED_ROWS_MAX)?;
    let (mut known, mut left) = (BTreeMap::new(), Vec::<WatchedKey>::new());
    for key in keys {
        let kept = match known.get(&key.0) {
            Some(kept) => *kept,
            None => is_kept(tx, key.0)?,
        };
        known.insert(key.0, kept);
        if !kept {
            left.push(key);
        }
    }
    match left.is_empty() {
        true => Ok(()),
        false => tx.remove::<WatchedJob>(&left),
    }
}
