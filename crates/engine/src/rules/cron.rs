//! Cron: entries that are due become jobs, as if a client pushed them.
//!
//! A run and the note that its tick is done are one transaction, so a tick fires once, whatever dies. Notes are
//! never older than what they are compared with: engine time does not run backwards.

use std::sync::Arc;

use workmill_proto::{Timestamp, WireError};
use workmill_store::{CronTick, StoreError, Tx};

use crate::cron::{CronEntry, CronTable, Due};
use crate::group::Group;
use crate::limits::{CRON_SLICE_JOBS, TOLD_MAX};
use crate::op::NewJob;

impl<T: Tx> Group<'_, T> {
    /// Pushes a slice of the jobs of the table that are due. Tells whether there may be more.
    pub(crate) fn fire_cron(&mut self, table: &Arc<CronTable>) -> Result<bool, StoreError> {
        if !self.memory.timetable.is_for(table) {
            self.memory.timetable.replace(table);
        }
        let unplanned = self.memory.timetable.take_unplanned(CRON_SLICE_JOBS);
        if !unplanned.is_empty() {
            self.plan_cron(table, &unplanned)?;
            return Ok(true);
        }
        let due = self.memory.timetable.due(self.now, CRON_SLICE_JOBS);
        if due.is_empty() {
            return Ok(false);
        }
        let names: Vec<&str> = due.iter().map(|due| &*due.name).collect();
        let done = self.ticks_done(table, &names)?;
        let mut ticks = Vec::with_capacity(due.len());
        let mut runs = Vec::with_capacity(due.len());
        for (due, done) in due.iter().zip(done) {
            let Some(entry) = table.get(&due.name) else {
                continue;
            };
            let settled = entry.schedule.settle(due.tick, self.now);
            self.memory.timetable.set_next(&due.name, settled.next);
            if done.is_none_or(|done| done < due.tick) {
                runs.push((due, entry));
                ticks.push(CronTick {
                    name: (*due.name).into(),
                    at: settled.done,
                });
            }
        }
        self.push_runs(&runs)?;
        self.tx.set_cron_ticks(&ticks)?;
        Ok(due.len() == CRON_SLICE_JOBS)
    }

    /// Up to when the ticks of entries are done. What was noted under an entry's former name counts until there is something
    /// under its own.
    fn ticks_done(
        &mut self,
        table: &CronTable,
        names: &[&str],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let mut done = self.tx.cron_ticks(names)?;
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
            let noted = self.tx.cron_ticks(&formers)?;
            places
                .into_iter()
                .zip(noted)
                .for_each(|(place, noted)| *place = noted);
        }
        Ok(done)
    }

    /// Pushes a job for each run. One that is refused, as a PUSH may be, has had its turn.
    fn push_runs(&mut self, runs: &[(&Due, &CronEntry)]) -> Result<(), StoreError> {
        let mut jobs: Vec<(&str, NewJob)> = Vec::with_capacity(runs.len());
        let mut refused: Vec<(&str, WireError)> = Vec::new();
        for (due, entry) in runs {
            let jid = self.new_jid();
            match entry.job(jid, self.now, self.rules.custom_reading) {
                Ok(job) => jobs.push((&due.name, job)),
                Err(error) => refused.push((&due.name, error)),
            }
        }
        let new: Vec<&NewJob> = jobs.iter().map(|(_, job)| job).collect();
        let refusals = self.take_in(&new)?;
        for ((name, job), refusal) in jobs.iter().zip(refusals) {
            match refusal {
                None => tracing::debug!(entry = name, jid = &*job.record.jid, "cron pushes a job"),
                Some(error) => refused.push((name, error)),
            }
        }
        warn_refused(&refused);
        Ok(())
    }

    /// Finds the next ticks of entries that are new or changed.
    fn plan_cron(&mut self, table: &CronTable, names: &[Arc<str>]) -> Result<(), StoreError> {
        let keys: Vec<&str> = names.iter().map(|name| &**name).collect();
        let done = self.ticks_done(table, &keys)?;
        let mut seen = Vec::new();
        for (name, done) in names.iter().zip(done) {
            let Some(entry) = table.get(name) else {
                continue;
            };
            // A downtime is what lies before the first table. An entry that comes later has missed nothing.
            let since = match done {
                Some(done) if entry.catch_up && self.memory.timetable.is_first() => done,
                done => self.now.max(done.unwrap_or_default()),
            };
            self.memory
                .timetable
                .set_next(name, entry.schedule.next_after(since));
            // So that a downtime before the next tick can be made up for too.
            if entry.catch_up && done != Some(since) {
                seen.push(CronTick {
                    name: (**name).into(),
                    at: since,
                });
            }
            self.warn_of_late_start(name, done);
        }
        self.tx.set_cron_ticks(&seen)
    }

    /// The clock may have been wrong when the entry fired last, or may be now.
    fn warn_of_late_start(&self, name: &str, done: Option<Timestamp>) {
        if let Some(done) = done.filter(|done| *done > self.now) {
            tracing::warn!(
                entry = name,
                "the clock is before {done}, when the cron entry fired last: it does not fire until then; if the clock is right, give the entry another name"
            );
        }
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
