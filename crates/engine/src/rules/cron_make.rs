//! Cron entries that are made, replaced and deleted while the server runs.
//!
//! The entry and its ticks are one transaction. What is due at that moment runs as it was before; the new schedule counts from
//! then on. A name that the configuration has belongs to it: an entry that was made under it before waits until it is free.

use std::sync::Arc;

use workmill_proto::{Timestamp, WireError};
use workmill_store::{CronDefinition, CronTick, StoreError, Tx};

use super::{cron_pause, cron_plan};
use crate::group::Group;
use crate::limits::{CRON_MADE_MAX, CRON_SET_BACK_MAX};
use crate::op::{CronOp, CronPut, CronRun};
use crate::outcome::Outcome;
use crate::step::Cause;

impl<T: Tx> Group<'_, T> {
    /// Does what is asked of cron entries.
    pub(crate) fn cron(&mut self, op: &CronOp) -> Result<Outcome, StoreError> {
        let refused = match op {
            CronOp::Switch(switch) => {
                cron_pause::switch(self.tx, self.memory, self.now.wall, switch)?;
                None
            }
            CronOp::Put(put) => self.put_entry(put)?,
            CronOp::Delete(name) => self.delete_entry(name)?,
            CronOp::Run(run) => self.run_entry(run)?,
        };
        Ok(refused.map_or(Outcome::Ok, Outcome::Refused))
    }

    /// Pushes the job of an entry that is wanted now.
    fn run_entry(&mut self, run: &CronRun) -> Result<Option<WireError>, StoreError> {
        let job = run.job.clone().of_cron(&run.name);
        let refusal = self.admit(&[&job], Cause::Cron)?.pop().flatten();
        let jid = refusal.is_none().then_some(&*job.record.jid);
        self.cron_runs.begin(self.tx, self.now, &run.name, jid)?;
        Ok(refusal)
    }

    fn put_entry(&mut self, put: &CronPut) -> Result<Option<WireError>, StoreError> {
        let timetable = &self.memory.timetable;
        let known = timetable.made().get(&put.name);
        if let Some(refusal) = refusal(put, known.is_some(), timetable.made().len()) {
            return Ok(Some(refusal));
        }
        let configured = timetable.configured();
        if configured.is_some_and(|table| table.get(&put.name).is_some()) {
            let text = "the configuration has a cron entry of this name: change it there, or choose another name";
            return Ok(Some(WireError::err(text)));
        }
        let is_new = known.is_none();
        let keeps_ticks = known
            .and_then(Option::as_ref)
            .is_some_and(|known| known.has_ticks_of(&put.entry));
        self.fire_if_due(&put.name)?;
        let key: Box<str> = (&*put.name).into();
        self.tx.put(&[(key, put.definition.clone())])?;
        let entry = Some(Arc::clone(&put.entry));
        self.memory.timetable.set_made(&put.name, entry);
        if !keeps_ticks {
            self.begin_ticks(put, is_new)?;
        }
        Ok(None)
    }

    /// The ticks of a new schedule count from now on. An entry that is new runs, also if one of its name was paused that is gone.
    fn begin_ticks(&mut self, put: &CronPut, is_new: bool) -> Result<(), StoreError> {
        let now = self.now.wall;
        let table = Arc::clone(self.memory.timetable.table());
        let kept = cron_plan::ticks_done(self.tx, &table, &[&put.name])?;
        let kept = kept.into_iter().next().flatten();
        let tick = CronTick {
            at: begins_at(kept, now),
            paused_since: kept.filter(|_| !is_new).and_then(|kept| kept.paused_since),
        };
        self.tx.put(&[((&*put.name).into(), tick)])?;
        // Before the first configuration, and while cron is off, nothing is planned.
        if table.get(&put.name).is_some() {
            let next = put.entry.schedule.next_after(tick.at);
            self.memory.timetable.plan(&put.name, next);
        }
        Ok(())
    }

    fn delete_entry(&mut self, name: &str) -> Result<Option<WireError>, StoreError> {
        let timetable = &self.memory.timetable;
        let Some((name, _)) = timetable.made().get_key_value(name) else {
            let text = "no cron entry of this name was made by the API";
            return Ok(Some(WireError::err(text)));
        };
        let name = Arc::clone(name);
        let configured = timetable.configured().filter(|table| !table.is_off());
        // What is kept of its ticks may be about another entry.
        let is_alone = configured.is_some_and(|table| {
            let mut entries = table.iter();
            table.get(&name).is_none()
                && entries.all(|(_, entry)| entry.former_name.as_deref() != Some(&*name))
        });
        if is_alone {
            self.fire_if_due(&name)?;
        }
        let key: Box<str> = (&*name).into();
        self.tx
            .remove::<CronDefinition>(std::slice::from_ref(&key))?;
        self.memory.timetable.set_made(&name, None);
        if is_alone {
            self.tx.remove::<CronTick>(&[key])?;
            self.cron_runs.forget(&name);
        }
        Ok(None)
    }

    /// Runs an entry that is due as it is, before it changes.
    fn fire_if_due(&mut self, name: &str) -> Result<(), StoreError> {
        let table = Arc::clone(self.memory.timetable.table());
        match self.memory.timetable.due_by_name(name, self.now.wall) {
            Some(due) => self.fire(&table, &[due]),
            None => Ok(()),
        }
    }
}

/// Why an entry cannot be made; `made` are there already.
fn refusal(put: &CronPut, is_known: bool, made: usize) -> Option<WireError> {
    if is_known && put.only_new {
        let text = "there is a cron entry of this name already: choose another name, or replace it";
        return Some(WireError::err(text));
    }
    (!is_known && made >= CRON_MADE_MAX).then(|| {
        WireError::err(format!(
            "there are {CRON_MADE_MAX} cron entries that were made by the API: delete one first"
        ))
    })
}

/// From when on the ticks of a new schedule count. None that has fired fires again, unless the clock was far ahead then.
fn begins_at(kept: Option<CronTick>, now: Timestamp) -> Timestamp {
    let kept = kept.map(|kept| kept.at);
    let kept = kept.filter(|at| at.since(now) <= CRON_SET_BACK_MAX);
    kept.map_or(now, |at| at.max(now))
}
