//! Cron: entries that are due become jobs, as if a client pushed them.
//!
//! A run and the note that its tick is done are one transaction, so a tick fires once, whatever dies.

use std::sync::Arc;

use workmill_proto::WireError;
use workmill_store::{CronTick, StoreError, Tx};

use super::cron_plan;
use crate::cron::{CronEntry, CronTable, Due};
use crate::group::{Group, new_jid};
use crate::limits::{CRON_SLICE_JOBS, TOLD_MAX};
use crate::new_job::NewJob;
use crate::step::Cause;

impl<T: Tx> Group<'_, T> {
    /// Pushes a slice of the jobs that are due, of this configuration and of what was made. Tells whether there may be more.
    pub(crate) fn fire_cron(&mut self, configured: &Arc<CronTable>) -> Result<bool, StoreError> {
        if !self.memory.timetable.is_for(configured) {
            self.memory.timetable.replace(configured);
            let made = self.memory.timetable.made().keys();
            let shadowed = made.filter(|name| configured.get(name).is_some());
            shadowed.for_each(|name| self.memory.plan_report.shadowed.add(name));
        }
        let table = Arc::clone(self.memory.timetable.table());
        self.memory.timetable.look_at_clock(self.now.wall);
        let unplanned = self.memory.timetable.take_unplanned(CRON_SLICE_JOBS);
        if !unplanned.is_empty() {
            let wanted = (&*table, &*unplanned);
            cron_plan::plan(self.tx, self.memory, self.rules, self.now.wall, wanted)?;
            return Ok(true);
        }
        self.memory.plan_report.tell();
        let due = self.memory.timetable.due(self.now.wall, CRON_SLICE_JOBS);
        if due.is_empty() {
            return Ok(false);
        }
        self.fire(&table, &due)?;
        Ok(due.len() == CRON_SLICE_JOBS)
    }

    /// Pushes the jobs of entries that are due, and notes their ticks.
    pub(super) fn fire(&mut self, table: &CronTable, due: &[Due]) -> Result<(), StoreError> {
        let names: Vec<&str> = due.iter().map(|due| &*due.name).collect();
        let done = cron_plan::ticks_done(self.tx, table, &names)?;
        let mut ticks = Vec::with_capacity(due.len());
        let mut runs = Vec::with_capacity(due.len());
        for (due, done) in due.iter().zip(done) {
            let Some(entry) = table.get(&due.name) else {
                continue;
            };
            let settled = entry.schedule.settle(due.tick, self.now.wall);
            self.memory.timetable.set_next(&due.name, settled.next);
            if done.is_none_or(|done| done.at < due.tick) {
                let paused_since = done.and_then(|done| done.paused_since);
                // The ticks of a paused one pass, so that they are not made up for when it goes on.
                if paused_since.is_none() {
                    runs.push((due, entry));
                }
                let tick = CronTick {
                    at: settled.done,
                    paused_since,
                };
                ticks.push(((*due.name).into(), tick));
            }
        }
        self.push_runs(&runs)?;
        self.tx.put(&ticks)
    }

    /// Pushes a job for each run. One that is refused, as a PUSH may be, has had its turn.
    fn push_runs(&mut self, runs: &[(&Due, &CronEntry)]) -> Result<(), StoreError> {
        let mut jobs: Vec<(&str, NewJob)> = Vec::with_capacity(runs.len());
        let mut refused: Vec<(&str, WireError)> = Vec::new();
        for (due, entry) in runs {
            let jid = new_jid(&mut self.rng);
            match entry.job(jid, self.now.wall, self.rules.custom_reading) {
                Ok(job) => jobs.push((&due.name, job.of_cron(&due.name))),
                Err(error) => refused.push((&due.name, error)),
            }
        }
        let new: Vec<&NewJob> = jobs.iter().map(|(_, job)| job).collect();
        let refusals = self.admit(&new, Cause::Cron)?;
        for ((name, job), refusal) in jobs.iter().zip(refusals) {
            match refusal {
                None => {
                    let jid = &*job.record.jid;
                    tracing::debug!(entry = name, jid, "cron pushes a job");
                    self.cron_runs.begin(self.tx, self.now, name, Some(jid))?;
                }
                Some(error) => refused.push((name, error)),
            }
        }
        for (name, _) in &refused {
            self.cron_runs.begin(self.tx, self.now, name, None)?;
        }
        warn_refused(&refused);
        Ok(())
    }
}

fn warn_refused(refused: &[(&str, WireError)]) {
    for (entry, error) in refused.iter().take(TOLD_MAX) {
        tracing::warn!(entry, %error, "the job of a cron entry was refused");
    }
    let more = refused.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        tracing::warn!("the jobs of {more} more cron entries were refused");
    }
}
