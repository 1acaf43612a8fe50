//! An operator pauses a cron entry, and lets it go on: for as long as the server is asked to, whatever is restarted.
//!
//! The ticks that pass meanwhile are skipped, also by an entry that catches up: it was told not to run.

use std::sync::Arc;

use workmill_proto::Timestamp;
use workmill_store::{CronTick, StoreError, Tx};

use super::cron_plan;
use crate::memory::Memory;
use crate::op::CronSwitch;

/// Pauses an entry or lets it go on; nothing if it does already. One that nobody knows is paused when it comes.
pub(crate) fn switch<T: Tx>(
    tx: &mut T,
    memory: &mut Memory,
    now: Timestamp,
    CronSwitch { name, paused }: &CronSwitch,
) -> Result<(), StoreError> {
    let table = Arc::clone(memory.timetable.table());
    let kept = cron_plan::ticks_done(tx, &table, &[name])?.pop().flatten();
    let entry = table.get(name).cloned();
    let paused_since = kept.and_then(|kept| kept.paused_since);
    if paused_since.is_some() == *paused {
        return Ok(());
    }
    // What is due at this very moment is not to run either.
    let at = kept.map_or(now, |kept| kept.at.max(now));
    if let Some(entry) = entry {
        let next = entry.schedule.next_after(at);
        memory.timetable.set_next(&Arc::from(&**name), next);
    }
    let tick = CronTick {
        at,
        paused_since: paused.then_some(now),
    };
    tx.put(&[(name.clone(), tick)])
}
