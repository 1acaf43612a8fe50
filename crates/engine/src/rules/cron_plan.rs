//! When cron entries fire next, after a start, a reload, or when the wall clock was set back.
//!
//! A tick is a moment of the wall clock, and fires once. What was missed while no server ran fires if that was a moment
//! ago, or if the entry is to catch up; else the log says so.

use std::sync::Arc;

use workmill_proto::Timestamp;
use workmill_store::{CronTick, StoreError, Tx};

use crate::context::Rules;
use crate::cron::{CronEntry, CronTable, PlanReport};
use crate::limits::{CLOCK_STEP, CRON_SET_BACK_MAX};
use crate::memory::Memory;

/// The next tick of an entry, and what is to be noted as done.
struct Plan {
    next: Option<Timestamp>,
    note: Option<Timestamp>,
}

/// Finds the next ticks of entries that are new or changed, or of all.
pub(super) fn plan<T: Tx>(
    tx: &mut T,
    memory: &mut Memory,
    rules: &Rules,
    now: Timestamp,
    (table, names): (&CronTable, &[Arc<str>]),
) -> Result<(), StoreError> {
    let keys: Vec<&str> = names.iter().map(|name| &**name).collect();
    let done = ticks_done(tx, table, &keys)?;
    let mut notes = Vec::new();
    for (name, done) in names.iter().zip(done) {
        let Some(entry) = table.get(name) else {
            continue;
        };
        let mut planner = Planner {
            now,
            is_first: memory.timetable.is_first(),
            down_since: memory.down_since,
            missed_within_secs: rules.cron_missed_within_secs,
            report: &mut memory.plan_report,
        };
        let plan = planner.plan_entry(name, entry, done.map(|done| done.at));
        memory.timetable.set_next(name, plan.next);
        let paused_since = done.and_then(|done| done.paused_since);
        notes.extend(
            plan.note
                .map(|at| ((**name).into(), CronTick { at, paused_since })),
        );
    }
    tx.put(&notes)
}

/// What the plan of an entry depends on besides the entry.
struct Planner<'p> {
    now: Timestamp,
    is_first: bool,
    down_since: Option<Timestamp>,
    missed_within_secs: i64,
    report: &'p mut PlanReport,
}

impl Planner<'_> {
    fn plan_entry(&mut self, name: &Arc<str>, entry: &CronEntry, done: Option<Timestamp>) -> Plan {
        let now = self.now;
        if let Some(done) = done.filter(|done| *done > now) {
            return self.plan_after_set_back(name, entry, done);
        }
        // A downtime is what lies before the first table. An entry that comes later has missed nothing.
        let is_first = self.is_first;
        if entry.catch_up {
            let since = done.filter(|_| is_first).unwrap_or(now);
            return Plan {
                next: entry.schedule.next_after(since),
                // So that a downtime before the next tick can be made up for too.
                note: Some(since).filter(|_| done != Some(since)),
            };
        }
        let missed = match self.down_since {
            Some(down_since) if is_first => self.missed_tick(
                name,
                entry,
                done.map_or(down_since, |done| done.max(down_since)),
            ),
            _ => None,
        };
        Plan {
            next: missed.or_else(|| entry.schedule.next_after(now)),
            note: None,
        }
    }

    /// The tick after `since`, when the server stopped or the last one was done, that was missed a moment ago.
    fn missed_tick(
        &mut self,
        name: &Arc<str>,
        entry: &CronEntry,
        since: Timestamp,
    ) -> Option<Timestamp> {
        let now = self.now;
        let recent = now.plus_secs(-self.missed_within_secs);
        let first = entry
            .schedule
            .next_after(since)
            .filter(|tick| *tick <= now)?;
        if first > recent {
            return Some(first);
        }
        self.report.missed.add(name);
        // An interval starts over then.
        let is_interval = entry.schedule.is_interval();
        let last = (!is_interval).then(|| entry.schedule.next_after(recent))?;
        last.filter(|tick| *tick <= now)
    }

    /// Ticks up to `done`, which is later than now, have fired: the clock was set back since.
    fn plan_after_set_back(&mut self, name: &Arc<str>, entry: &CronEntry, done: Timestamp) -> Plan {
        let now = self.now;
        let ahead = done.since(now);
        let report = &mut *self.report;
        if !entry.schedule.is_interval() && ahead <= CRON_SET_BACK_MAX {
            if ahead > CLOCK_STEP {
                report.silent.add(name);
                report.ahead_secs_max = report.ahead_secs_max.max(ahead.as_secs());
            }
            return Plan {
                next: entry.schedule.next_after(done),
                note: None,
            };
        }
        if ahead > CLOCK_STEP {
            report.capped.add(name);
            report.ahead_secs_max = report.ahead_secs_max.max(ahead.as_secs());
        }
        Plan {
            next: entry.schedule.next_after(now),
            note: Some(now),
        }
    }
}

/// Up to when the ticks of entries are done, and whether they are paused. What was noted under an entry's former name counts until there is something
/// under its own.
pub(super) fn ticks_done<T: Tx>(
    tx: &mut T,
    table: &CronTable,
    names: &[&str],
) -> Result<Vec<Option<CronTick>>, StoreError> {
    let mut done = noted_ticks(tx, names)?;
    let mut places = Vec::new();
    let mut formers = Vec::new();
    for (name, done) in names.iter().zip(&mut done) {
        if done.is_none()
            && let Some(former) = table
                .get(name)
                .and_then(|entry| entry.former_name.as_deref())
        {
            places.push(done);
            formers.push(former);
        }
    }
    if !formers.is_empty() {
        let noted = noted_ticks(tx, &formers)?;
        places
            .into_iter()
            .zip(noted)
            .for_each(|(place, noted)| *place = noted);
    }
    Ok(done)
}

fn noted_ticks<T: Tx>(tx: &mut T, names: &[&str]) -> Result<Vec<Option<CronTick>>, StoreError> {
    let names: Vec<Box<str>> = names.iter().map(|&name| name.into()).collect();
    tx.get(&names)
}
