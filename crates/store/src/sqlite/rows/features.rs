//! The tables of tombstones, locks, tracks and cron ticks, and what all tables with generations have in common.

use rusqlite::types::Type;
use rusqlite::{Error, Row};
use workmill_proto::{SteadyTime, Timestamp};

use super::SqliteRows;
use crate::sqlite::sql::Sql;
use crate::writer::{FeatureRows, Kept, Passing};
use crate::{CronTick, Lock, LockKey, LockOwner, StoreError, Tombstone, Track, TrackState};

/// The states, each at the place of the number it is stored as.
const STATES: [TrackState; 6] = [
    TrackState::Unknown,
    TrackState::Enqueued,
    TrackState::Working,
    TrackState::Success,
    TrackState::Failed,
    TrackState::Dead,
];

/// How to find the oldest generation of a table, and how to delete some rows of it.
fn by_generation(what: Kept) -> (Sql, Sql) {
    match what {
        Kept::Ends => (Sql::FlushedEndsRead, Sql::FlushedEndsDelete),
        Kept::Locks => (Sql::FlushedLocksRead, Sql::FlushedLocksDelete),
        Kept::Batches => (Sql::FlushedBatchesRead, Sql::FlushedBatchesDelete),
        Kept::BatchDetails => (Sql::FlushedDetailsRead, Sql::FlushedDetailsDelete),
        Kept::BatchLinks => (Sql::FlushedLinksRead, Sql::FlushedLinksDelete),
        Kept::BatchDues => (Sql::FlushedDuesRead, Sql::FlushedDuesDelete),
        Kept::Tracks => (Sql::FlushedTracksRead, Sql::FlushedTracksDelete),
    }
}

/// How to find rows of a table whose time is over, and how to delete some of them.
fn by_time(what: Passing) -> (Sql, Sql) {
    match what {
        Passing::Ends => (Sql::EndsReadUntil, Sql::EndsDeleteUntil),
        Passing::Locks => (Sql::LocksReadUntil, Sql::LocksDeleteUntil),
        Passing::Tracks => (Sql::TracksReadUntil, Sql::TracksDeleteUntil),
    }
}

impl FeatureRows for SqliteRows<'_> {
    fn write_end(&mut self, generation: i64, end: &Tombstone) -> Result<(), StoreError> {
        let row = (generation, end.at.as_micros(), &*end.jid, &*end.wid);
        // One row, however often: a job that is fetched and requeued in a loop must not fill the disk.
        if self.statements.execute(Sql::EndRenew, row)? == 0 {
            self.statements.execute(Sql::EndInsert, row)?;
        }
        Ok(())
    }

    fn has_end(&mut self, generation: i64, jid: &str, wid: &str) -> Result<bool, StoreError> {
        self.statements.exists(Sql::EndRead, (generation, jid, wid))
    }

    fn acquire_lock(
        &mut self,
        generation: i64,
        lock: &Lock,
        now: SteadyTime,
    ) -> Result<bool, StoreError> {
        let row = (
            generation,
            &lock.key,
            &*lock.owner.jid,
            lock.owner.pushing,
            lock.ends_at.as_micros(),
            now.as_micros(),
        );
        let changed = self.statements.execute(Sql::LockAcquire, row)?;
        Ok(changed > 0)
    }

    fn release_lock(
        &mut self,
        generation: i64,
        key: &LockKey,
        owner: &LockOwner,
    ) -> Result<(), StoreError> {
        let row = (generation, key, &*owner.jid, owner.pushing);
        self.statements.execute(Sql::LockRelease, row)?;
        Ok(())
    }

    fn lock(&mut self, generation: i64, key: &LockKey) -> Result<Option<Lock>, StoreError> {
        self.statements
            .row(Sql::LockRead, (generation, key), read_lock)
    }

    fn track(&mut self, generation: i64, jid: &str) -> Result<Option<Track>, StoreError> {
        self.statements
            .row(Sql::TrackRead, (generation, jid), read_track)
    }

    fn write_track(&mut self, generation: i64, jid: &str, track: &Track) -> Result<(), StoreError> {
        let row = (
            generation,
            jid,
            track.state as i64,
            track.percent,
            track.desc.as_deref(),
            track.updated_at.as_micros(),
            track.forget_at.map(SteadyTime::as_micros),
        );
        self.statements.execute(Sql::TrackWrite, row)?;
        Ok(())
    }

    fn cron_tick(&mut self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        self.statements.row(Sql::CronTickRead, (name,), |row| {
            row.get(0).map(Timestamp::from_micros)
        })
    }

    fn write_cron_tick(&mut self, tick: &CronTick) -> Result<(), StoreError> {
        let row = (&*tick.name, tick.at.as_micros());
        self.statements.execute(Sql::CronTickWrite, row)?;
        Ok(())
    }

    fn has_passed(
        &mut self,
        what: Passing,
        generation: i64,
        until: SteadyTime,
    ) -> Result<bool, StoreError> {
        let (read, _) = by_time(what);
        self.statements
            .exists(read, (generation, until.as_micros()))
    }

    fn delete_passed(
        &mut self,
        what: Passing,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let (_, delete) = by_time(what);
        self.statements
            .execute(delete, (generation, until.as_micros(), limit))
    }

    fn oldest_generation(&mut self, what: Kept, before: i64) -> Result<Option<i64>, StoreError> {
        let (read, _) = by_generation(what);
        self.statements.row(read, (before,), |row| row.get(0))
    }

    fn delete_of_generation(
        &mut self,
        what: Kept,
        generation: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let (_, delete) = by_generation(what);
        self.statements.execute(delete, (generation, limit))
    }
}

pub(crate) fn read_lock(row: &Row<'_>) -> rusqlite::Result<Lock> {
    Ok(Lock {
        key: row.get(0)?,
        owner: LockOwner {
            jid: row.get(1)?,
            pushing: row.get(2)?,
        },
        ends_at: SteadyTime::from_micros(row.get(3)?),
    })
}

pub(crate) fn read_track(row: &Row<'_>) -> rusqlite::Result<Track> {
    let state: usize = row.get(0)?;
    let unknown = || {
        let reason = format!("unknown state {state} of a track");
        Error::FromSqlConversionFailure(0, Type::Integer, reason.into())
    };
    Ok(Track {
        state: STATES.get(state).copied().ok_or_else(unknown)?,
        percent: row.get(1)?,
        desc: row.get(2)?,
        updated_at: Timestamp::from_micros(row.get(3)?),
        forget_at: row.get::<_, Option<i64>>(4)?.map(SteadyTime::from_micros),
    })
}
