//! The tables of what is kept besides jobs and batches, and what all tables with generations have in common.

use rusqlite::types::Type;
use rusqlite::{Error, Row};
use workmill_proto::{SteadyTime, Timestamp};

use super::SqliteRows;
use super::failures::read_failure_id;
use crate::sqlite::sql::Sql;
use crate::writer::{KeptRows, KeyedRows, PassingRows};
use crate::{
    FailureId, HistoryKey, HistorySlot, Lock, LockKey, LockOwner, StoreError, Tombstone,
    TombstoneKey, Track, TrackState,
};

/// The states of a track, each at the place of the number it is stored as.
const TRACK_STATES: [TrackState; 6] = [
    TrackState::Unknown,
    TrackState::Enqueued,
    TrackState::Working,
    TrackState::Success,
    TrackState::Failed,
    TrackState::Dead,
];

/// For each table with generations how to find the oldest one of it, and how to delete some rows of one.
const BY_GENERATION: [(Sql, Sql); 11] = [
    (Sql::FlushedEndsRead, Sql::FlushedEndsDelete),
    (Sql::FlushedLocksRead, Sql::FlushedLocksDelete),
    (Sql::FlushedBatchesRead, Sql::FlushedBatchesDelete),
    (Sql::FlushedDetailsRead, Sql::FlushedDetailsDelete),
    (Sql::FlushedLinksRead, Sql::FlushedLinksDelete),
    (Sql::FlushedDuesRead, Sql::FlushedDuesDelete),
    (Sql::FlushedTracksRead, Sql::FlushedTracksDelete),
    (Sql::FlushedHistoryRead, Sql::FlushedHistoryDelete),
    (Sql::FlushedFailuresRead, Sql::FlushedFailuresDelete),
    (Sql::FlushedTrashRead, Sql::FlushedTrashDelete),
    (Sql::FlushedTrashedRead, Sql::FlushedTrashedDelete),
];

impl KeyedRows<Lock> for SqliteRows<'_> {
    fn get(&mut self, generation: i64, key: &LockKey) -> Result<Option<Lock>, StoreError> {
        self.statements
            .row(Sql::LockRead, (generation, key), read_lock)
    }

    fn put(&mut self, generation: i64, key: &LockKey, lock: &Lock) -> Result<(), StoreError> {
        let (owner, ends_at) = (&lock.owner, lock.ends_at.as_micros());
        let row = (generation, key, &*owner.jid, owner.pushing, ends_at);
        self.statements.execute(Sql::LockWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, generation: i64, key: &LockKey) -> Result<(), StoreError> {
        self.statements
            .execute(Sql::LockDelete, (generation, key))?;
        Ok(())
    }
}

impl PassingRows<Lock> for SqliteRows<'_> {
    fn due(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<LockKey>, StoreError> {
        let range = (generation, until.as_micros(), limit);
        self.statements.list(Sql::LocksDue, range, |row| row.get(0))
    }
}

impl KeyedRows<Track> for SqliteRows<'_> {
    fn get(&mut self, generation: i64, jid: &Box<str>) -> Result<Option<Track>, StoreError> {
        self.statements
            .row(Sql::TrackRead, (generation, &**jid), read_track)
    }

    fn put(&mut self, generation: i64, jid: &Box<str>, track: &Track) -> Result<(), StoreError> {
        let row = (
            generation,
            &**jid,
            track.state as i64,
            track.percent,
            track.desc.as_deref(),
            track.updated_at.as_micros(),
            track.forget_at.map(SteadyTime::as_micros),
        );
        self.statements.execute(Sql::TrackWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, generation: i64, jid: &Box<str>) -> Result<(), StoreError> {
        self.statements
            .execute(Sql::TrackDelete, (generation, &**jid))?;
        Ok(())
    }
}

impl PassingRows<Track> for SqliteRows<'_> {
    fn due(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<Box<str>>, StoreError> {
        let range = (generation, until.as_micros(), limit);
        self.statements
            .list(Sql::TracksDue, range, |row| row.get(0))
    }
}

impl KeyedRows<Tombstone> for SqliteRows<'_> {
    fn get(
        &mut self,
        generation: i64,
        (jid, wid): &TombstoneKey,
    ) -> Result<Option<Tombstone>, StoreError> {
        let key = (generation, &**jid, &**wid);
        self.statements.row(Sql::EndRead, key, read_end)
    }

    fn put(
        &mut self,
        generation: i64,
        (jid, wid): &TombstoneKey,
        end: &Tombstone,
    ) -> Result<(), StoreError> {
        let (action, number) = end.trashed.unzip();
        let row = (
            generation,
            &**jid,
            &**wid,
            end.at.as_micros(),
            action.map(u64::cast_signed),
            number.map(u64::cast_signed),
        );
        // One row, however often: a job that is fetched and requeued in a loop must not fill the disk.
        if self.statements.execute(Sql::EndRenew, row)? == 0 {
            self.statements.execute(Sql::EndInsert, row)?;
        }
        Ok(())
    }

    fn remove(&mut self, generation: i64, (jid, wid): &TombstoneKey) -> Result<(), StoreError> {
        let key = (generation, &**jid, &**wid);
        self.statements.execute(Sql::EndDelete, key)?;
        Ok(())
    }
}

/// The columns of a tombstone in the order in which the statements read them.
pub(crate) fn read_end(row: &Row<'_>) -> rusqlite::Result<Tombstone> {
    let action: Option<i64> = row.get(1)?;
    let number: Option<i64> = row.get(2)?;
    let trashed = action.zip(number);
    Ok(Tombstone {
        at: SteadyTime::from_micros(row.get(0)?),
        trashed: trashed.map(|(action, number)| (action.cast_unsigned(), number.cast_unsigned())),
    })
}

impl PassingRows<Tombstone> for SqliteRows<'_> {
    fn due(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<TombstoneKey>, StoreError> {
        let range = (generation, until.as_micros(), limit);
        self.statements
            .list(Sql::EndsDue, range, |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl KeyedRows<HistorySlot> for SqliteRows<'_> {
    fn get(
        &mut self,
        generation: i64,
        key: &HistoryKey,
    ) -> Result<Option<HistorySlot>, StoreError> {
        let row = (generation, key.place(), key.slot);
        let lines: Option<Vec<u8>> = self
            .statements
            .row(Sql::HistoryRead, row, |row| row.get(0))?;
        Ok(lines.and_then(|lines| HistorySlot::decode_or_drop(*key, &lines)))
    }

    fn put(
        &mut self,
        generation: i64,
        key: &HistoryKey,
        slot: &HistorySlot,
    ) -> Result<(), StoreError> {
        let row = (generation, key.place(), key.slot, slot.encode(*key));
        self.statements.execute(Sql::HistoryWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, generation: i64, key: &HistoryKey) -> Result<(), StoreError> {
        let row = (generation, key.place(), key.slot);
        self.statements.execute(Sql::HistoryDelete, row)?;
        Ok(())
    }
}

impl KeptRows for SqliteRows<'_> {
    fn next_batch(&mut self) -> Result<u64, StoreError> {
        self.count_up(Sql::BatchCount)
    }

    fn next_action(&mut self) -> Result<u64, StoreError> {
        self.count_up(Sql::ActionCount)
    }

    fn failure_ids(&mut self, generation: i64) -> Result<Vec<FailureId>, StoreError> {
        self.statements
            .list(Sql::FailureIds, (generation,), read_failure_id)
    }

    fn has_flushed(&mut self, generation: i64) -> Result<bool, StoreError> {
        for (read, _) in BY_GENERATION {
            if self.statements.exists(read, (generation,))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn delete_flushed(&mut self, generation: i64, limit: usize) -> Result<usize, StoreError> {
        let mut deleted = 0;
        for (read, delete) in BY_GENERATION {
            while deleted < limit
                && let Some(oldest) = self
                    .statements
                    .row(read, (generation,), |row| row.get::<_, i64>(0))?
            {
                let rest = (oldest, limit - deleted);
                deleted += self.statements.execute(delete, rest)?;
            }
        }
        Ok(deleted)
    }
}

impl SqliteRows<'_> {
    fn count_up(&mut self, counter: Sql) -> Result<u64, StoreError> {
        let count = |row: &Row<'_>| row.get(0).map(i64::cast_unsigned);
        let counted = self.statements.row(counter, (), count)?;
        counted
            .ok_or_else(|| StoreError::Inconsistent("a number that is counted up is gone".into()))
    }
}

/// The columns of a lock in the order in which the statements read them.
pub(crate) fn read_lock(row: &Row<'_>) -> rusqlite::Result<Lock> {
    Ok(Lock {
        owner: LockOwner {
            jid: row.get(0)?,
            pushing: row.get(1)?,
        },
        ends_at: SteadyTime::from_micros(row.get(2)?),
    })
}

/// The columns of a track in the order in which the statements read them.
pub(crate) fn read_track(row: &Row<'_>) -> rusqlite::Result<Track> {
    let state: usize = row.get(0)?;
    let unknown = || {
        let reason = format!("unknown state {state} of a track");
        Error::FromSqlConversionFailure(0, Type::Integer, reason.into())
    };
    Ok(Track {
        state: TRACK_STATES.get(state).copied().ok_or_else(unknown)?,
        percent: row.get(1)?,
        desc: row.get(2)?,
        updated_at: Timestamp::from_micros(row.get(3)?),
        forget_at: row.get::<_, Option<i64>>(4)?.map(SteadyTime::from_micros),
    })
}
