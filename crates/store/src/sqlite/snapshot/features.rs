//! The tables of features.

use std::ops::ControlFlow;

use rusqlite::Row;
use workmill_proto::{SteadyTime, Timestamp};

use super::{SqliteSnapshot, readable};
use crate::reading::{BatchRow, FeatureReads, LinkRow, Readable, Unreadable};
use crate::sqlite::rows::{
    number, read_batch, read_definition, read_end, read_lock, read_track, read_ungrouped,
};
use crate::{
    BatchDetails, BatchState, CronDefinition, CronTick, FailureGroup, FailureId, HistoryKey,
    HistorySlot, Lock, LockKey, PastRuns, StoreError, Tombstone, TombstoneKey, Track, Ungrouped,
};

const TOMBSTONES: &str =
    "SELECT at, trash_action, trash_number, jid, wid FROM ends WHERE generation = ?1";
const LOCKS: &str = "SELECT owner, pushing, ends_at, key FROM locks
    WHERE generation = ?1 AND key > ?2 ORDER BY key";
const LOCK: &str = "SELECT owner, pushing, ends_at FROM locks WHERE generation = ?1 AND key = ?2";
const BATCHES: &str =
    "SELECT chk, total, pending, failed, committed, complete, success, completed, succeeded,
    children_incomplete, children_unsuccessful, changed_at, id FROM batches
    WHERE generation = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id";
const BATCH_ROWS: &str =
    "SELECT id, description, created_at, length(complete), length(success) FROM batch_details
    WHERE generation = ?1 AND id >= ?2 ORDER BY id";
const BATCH_LINKS: &str = "SELECT child, nth, parent FROM batch_links
    WHERE generation = ?1 AND child >= ?2 ORDER BY child, nth";
const BATCH_DUES: &str = "SELECT at, id FROM batch_dues WHERE generation = ?1 ORDER BY at, id";
const LAST_BATCH: &str = "SELECT value FROM meta WHERE name = 'last_batch'";
const TRACKS: &str = "SELECT state, percent, desc, updated_at, forget_at, jid FROM tracks
    WHERE generation = ?1 AND jid > ?2 ORDER BY jid";
const TRACK: &str = "SELECT state, percent, desc, updated_at, forget_at FROM tracks
    WHERE generation = ?1 AND jid = ?2";
const CRON_TICKS: &str =
    "SELECT name, at, paused_since FROM cron_ticks WHERE name > ?1 ORDER BY name";
const PAST_RUNS: &str = "SELECT record FROM past_runs WHERE name = ?1";
const CRON_DEFINITIONS: &str =
    "SELECT schedule, timezone, catch_up, job, changed_at, changed_by, name FROM cron_entries
    WHERE name > ?1 ORDER BY name";
const HISTORY_SLOT: &str =
    "SELECT lines FROM history WHERE generation = ?1 AND place = ?2 AND slot = ?3";
const HISTORY: &str = "SELECT lines, place, slot FROM history WHERE generation = ?1 ORDER BY place";

const FAILURES: &str =
    "SELECT id, record FROM failures WHERE generation = ?1 AND id >= ?2 ORDER BY id";
const FAILURE: &str = "SELECT record FROM failures WHERE generation = ?1 AND id = ?2";
const UNGROUPED: &str = "SELECT name, at, serial FROM ungrouped WHERE id = 0";

/// Numbers of batches are counted from 1; names of groups are no less than 0.
fn first_behind(after: Option<u64>) -> i64 {
    after.map_or(0, |after| after.cast_signed().saturating_add(1))
}

impl FeatureReads for SqliteSnapshot<'_> {
    fn tombstones(
        &mut self,
        generation: i64,
        mut each: impl FnMut(Readable<(TombstoneKey, Tombstone)>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(TOMBSTONES, (generation,), |row| {
            Ok(each(readable(read_tombstone(row))))
        })
    }

    fn locks(
        &mut self,
        generation: i64,
        after: Option<LockKey>,
        mut each: impl FnMut(Readable<(LockKey, Lock)>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let after = after.as_ref().map_or(&[][..], |key| key.as_slice());
        self.rows(LOCKS, (generation, after), |row| {
            Ok(each(readable(
                read_lock(row).and_then(|lock| Ok((row.get(3)?, lock))),
            )))
        })
    }

    fn lock(
        &mut self,
        generation: i64,
        key: LockKey,
    ) -> Result<Option<Readable<Lock>>, StoreError> {
        self.row(LOCK, (generation, key), |row| Ok(readable(read_lock(row))))
    }

    fn batches(
        &mut self,
        generation: i64,
        after: Option<u64>,
        mut each: impl FnMut(u64, Readable<BatchState>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let keys = (generation, first_behind(after), i64::MAX);
        self.rows(BATCHES, keys, |row| {
            Ok(each(number(row, 12)?, readable(read_batch(row))))
        })
    }

    fn batch(
        &mut self,
        generation: i64,
        id: u64,
    ) -> Result<Option<Readable<BatchState>>, StoreError> {
        let id = id.cast_signed();
        self.row(BATCHES, (generation, id, id), |row| {
            Ok(readable(read_batch(row)))
        })
    }

    fn batch_rows(
        &mut self,
        generation: i64,
        after: Option<u64>,
        mut each: impl FnMut(u64, Readable<BatchRow>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(BATCH_ROWS, (generation, first_behind(after)), |row| {
            Ok(each(number(row, 0)?, readable(read_batch_row(row))))
        })
    }

    fn batch_links(
        &mut self,
        generation: i64,
        after: Option<u64>,
        mut each: impl FnMut(LinkRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(BATCH_LINKS, (generation, first_behind(after)), |row| {
            Ok(each(LinkRow {
                child: number(row, 0)?,
                nth: number(row, 1)?,
                parent: number(row, 2)?,
            }))
        })
    }

    fn batch_dues(
        &mut self,
        generation: i64,
        mut each: impl FnMut(SteadyTime, u64) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(BATCH_DUES, (generation,), |row| {
            Ok(each(SteadyTime::from_micros(row.get(0)?), number(row, 1)?))
        })
    }

    fn last_batch(&mut self) -> Result<u64, StoreError> {
        let last = self.row(LAST_BATCH, (), |row| number(row, 0))?;
        last.ok_or_else(|| StoreError::Inconsistent("the number of the last batch is gone".into()))
    }

    fn track(&mut self, generation: i64, jid: &str) -> Result<Option<Readable<Track>>, StoreError> {
        self.row(TRACK, (generation, jid), |row| {
            Ok(readable(read_track(row)))
        })
    }

    fn tracks(
        &mut self,
        generation: i64,
        after: Option<&str>,
        mut each: impl FnMut(Box<str>, Readable<Track>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let after = after.unwrap_or_default();
        self.rows(TRACKS, (generation, after), |row| {
            Ok(each(row.get(5)?, readable(read_track(row))))
        })
    }

    fn failures(
        &mut self,
        generation: i64,
        after: Option<FailureId>,
        mut each: impl FnMut(FailureId, Readable<FailureGroup>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let first = first_behind(after.map(|after| after.0));
        self.rows(FAILURES, (generation, first), |row| {
            let id = FailureId(number(row, 0)?);
            Ok(each(id, read_failure(id, row.get_ref(1)?.as_blob()?)))
        })
    }

    fn failure(
        &mut self,
        generation: i64,
        id: FailureId,
    ) -> Result<Option<Readable<FailureGroup>>, StoreError> {
        self.row(FAILURE, (generation, id.0.cast_signed()), |row| {
            Ok(read_failure(id, row.get_ref(0)?.as_blob()?))
        })
    }

    fn ungrouped(&mut self) -> Result<Option<Ungrouped>, StoreError> {
        self.row(UNGROUPED, (), read_ungrouped)
    }

    fn cron_ticks(
        &mut self,
        after: Option<&str>,
        mut each: impl FnMut(Box<str>, CronTick) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(CRON_TICKS, (after.unwrap_or_default(),), |row| {
            let paused_since: Option<i64> = row.get(2)?;
            let tick = CronTick {
                at: Timestamp::from_micros(row.get(1)?),
                paused_since: paused_since.map(Timestamp::from_micros),
            };
            Ok(each(row.get(0)?, tick))
        })
    }

    fn past_runs(&mut self, name: &str) -> Result<Option<PastRuns>, StoreError> {
        let found = self.row(PAST_RUNS, (name,), |row| {
            Ok(PastRuns::decode(name, row.get_ref(0)?.as_blob()?))
        });
        Ok(found?.flatten())
    }

    fn cron_definitions(
        &mut self,
        after: Option<&str>,
        mut each: impl FnMut(Box<str>, Readable<CronDefinition>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(CRON_DEFINITIONS, (after.unwrap_or_default(),), |row| {
            Ok(each(row.get(6)?, readable(read_definition(row))))
        })
    }

    fn history_slot(
        &mut self,
        generation: i64,
        key: HistoryKey,
    ) -> Result<Option<Readable<HistorySlot>>, StoreError> {
        let place = key.place();
        self.row(HISTORY_SLOT, (generation, place, key.slot), |row| {
            let lines = row.get_ref(0)?.as_blob()?;
            Ok(read_history(lines, place, key.slot))
        })
    }

    fn history(
        &mut self,
        generation: i64,
        mut each: impl FnMut(i64, Readable<HistorySlot>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(HISTORY, (generation,), |row| {
            let (place, slot) = (row.get(1)?, row.get(2)?);
            let lines = row.get_ref(0)?.as_blob()?;
            Ok(each(place, read_history(lines, place, slot)))
        })
    }
}

fn read_failure(id: FailureId, bytes: &[u8]) -> Readable<FailureGroup> {
    FailureGroup::decode(id, bytes).ok_or_else(|| Unreadable {
        reason: "it is no group that belongs there".into(),
    })
}

fn read_history(bytes: &[u8], place: i64, slot: i64) -> Readable<HistorySlot> {
    let found = HistoryKey::at_place(place, slot).and_then(|key| HistorySlot::decode(key, bytes));
    found.ok_or_else(|| Unreadable {
        reason: "it is no slot that belongs there".into(),
    })
}

/// The columns of a tombstone, and then those of its key.
fn read_tombstone(row: &Row<'_>) -> rusqlite::Result<(TombstoneKey, Tombstone)> {
    Ok(((row.get(3)?, row.get(4)?), read_end(row)?))
}

fn read_batch_row(row: &Row<'_>) -> rusqlite::Result<BatchRow> {
    Ok(BatchRow {
        details: BatchDetails {
            description: row.get(1)?,
            created_at: Timestamp::from_micros(row.get(2)?),
        },
        complete_bytes: row.get(3)?,
        success_bytes: row.get(4)?,
    })
}

#[cfg(test)]
pub(super) const TEXTS: [&str; 18] = [
    TOMBSTONES,
    LOCKS,
    LOCK,
    BATCHES,
    BATCH_ROWS,
    BATCH_LINKS,
    BATCH_DUES,
    LAST_BATCH,
    TRACKS,
    TRACK,
    CRON_TICKS,
    PAST_RUNS,
    CRON_DEFINITIONS,
    HISTORY_SLOT,
    HISTORY,
    FAILURES,
    FAILURE,
    UNGROUPED,
];
