//! Tracks: what is written down of jobs, for whoever asks.

use workmill_proto::{SteadyTime, TrackUpdate};
use workmill_store::{Clocks, JobRecord, StoreError, Track, TrackState, Tx};

use crate::limits::TRACK_SECS;
use crate::overlay::Overlay;

/// The tracks a group looks at.
#[derive(Debug, Default)]
pub(crate) struct Tracks(Overlay<Track>);

impl Tracks {
    /// Reads tracks of jobs at once that are about to be changed.
    pub(crate) fn load<T: Tx>(
        &mut self,
        tx: &mut T,
        jids: impl Iterator<Item = Box<str>>,
    ) -> Result<(), StoreError> {
        self.0.load(tx, jids)
    }

    /// What is written down of a job, unless its time is over.
    pub(crate) fn get<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        jid: &str,
    ) -> Result<Option<Track>, StoreError> {
        let track = self.0.get(tx, &jid.into())?;
        Ok(track.filter(|track| is_known(track, now)).cloned())
    }

    /// Writes down where a job is, if it is tracked.
    pub(crate) fn note<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        record: &JobRecord,
        state: TrackState,
    ) -> Result<(), StoreError> {
        self.note_until(tx, now, record, (state, None))
    }

    /// Writes down what became of a job that has ended, if it is tracked.
    pub(crate) fn note_end<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        record: &JobRecord,
        state: TrackState,
    ) -> Result<(), StoreError> {
        let forget_at = now.steady.plus_secs(TRACK_SECS);
        self.note_until(tx, now, record, (state, Some(forget_at)))
    }

    /// Writes down what a worker says of a job.
    pub(crate) fn update<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        update: &TrackUpdate,
    ) -> Result<(), StoreError> {
        let forget_at = now.steady.plus_secs(TRACK_SECS);
        self.change(tx, now, &update.jid, |track| {
            track.percent = update.percent.or(track.percent);
            track.desc = update.desc.clone().or(track.desc.take());
            // While the job lives there is no end.
            track.forget_at = track.forget_at.map(|_| forget_at);
        })
    }

    /// Forgets up to `limit` tracks whose time is over; tells how many.
    pub(crate) fn forget_ended<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.0.forget_due(tx, now, limit)
    }

    /// Forgets what is known, as it is flushed.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Writes what was changed.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T) -> Result<(), StoreError> {
        self.0.write(tx)
    }

    fn note_until<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        record: &JobRecord,
        (state, forget_at): (TrackState, Option<SteadyTime>),
    ) -> Result<(), StoreError> {
        if !is_tracked(record) {
            return Ok(());
        }
        self.change(tx, now, &record.jid, |track| {
            track.state = state;
            track.forget_at = forget_at;
        })
    }

    /// Changes what is written down of a job, or begins to write something down.
    fn change<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        jid: &str,
        change: impl FnOnce(&mut Track),
    ) -> Result<(), StoreError> {
        let jid: Box<str> = jid.into();
        let is_known = self
            .0
            .get(tx, &jid)?
            .is_some_and(|track| is_known(track, now.steady));
        if !is_known {
            let track = Track {
                state: TrackState::Unknown,
                percent: None,
                desc: None,
                updated_at: now.wall,
                forget_at: Some(now.steady),
            };
            self.0.put(jid.clone(), track);
        }
        self.0.change(tx, &jid, |track| {
            change(track);
            track.updated_at = now.wall;
        })
    }
}

fn is_tracked(record: &JobRecord) -> bool {
    let features = record.features.as_ref();
    features.is_some_and(|features| features.tracked)
}

fn is_known(track: &Track, now: SteadyTime) -> bool {
    track.forget_at.is_none_or(|at| at > now)
}
