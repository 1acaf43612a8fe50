//! What is written down of tracked jobs.

use rusqlite::types::Type;
use rusqlite::{Error, OptionalExtension, Row};
use workmill_proto::{SteadyTime, Timestamp};

use super::sql::Sql;
use super::tx::SqliteTx;
use crate::{Track, TrackState};

/// The states, each at the place of the number it is stored as.
const STATES: [TrackState; 6] = [
    TrackState::Unknown,
    TrackState::Enqueued,
    TrackState::Working,
    TrackState::Success,
    TrackState::Failed,
    TrackState::Dead,
];

impl SqliteTx<'_> {
    pub(super) fn read_tracks(&mut self, jids: &[&str]) -> rusqlite::Result<Vec<Option<Track>>> {
        let generation = self.tallies.generation;
        let read = self.statements.get(Sql::TrackRead)?;
        let mut tracks = Vec::with_capacity(jids.len());
        for jid in jids {
            tracks.push(read.query_row((generation, jid), track).optional()?);
        }
        Ok(tracks)
    }

    pub(super) fn replace_tracks(&mut self, tracks: &[(&str, &Track)]) -> rusqlite::Result<()> {
        for (jid, track) in tracks {
            self.begin()?;
            self.statements.get(Sql::TrackWrite)?.execute((
                self.tallies.generation,
                jid,
                track.state as i64,
                track.percent,
                track.desc.as_deref(),
                track.updated_at.as_micros(),
                track.forget_at.map(SteadyTime::as_micros),
            ))?;
        }
        Ok(())
    }

    pub(super) fn delete_tracks(
        &mut self,
        until: SteadyTime,
        limit: usize,
    ) -> rusqlite::Result<usize> {
        self.forget((Sql::TracksReadUntil, Sql::TracksDeleteUntil), until, limit)
    }
}

fn track(row: &Row<'_>) -> rusqlite::Result<Track> {
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
