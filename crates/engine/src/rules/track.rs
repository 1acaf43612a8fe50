//! TRACK: what is known of a job, for whoever asks; and a longer reservation for its worker.

use workmill_proto::{SteadyTime, TrackCommand, TrackUpdate};
use workmill_store::{Features, JobRecord, StoreError, Track, TrackState, Tx};

use super::reservation::Holdings;
use crate::group::Group;
use crate::limits::{RESERVE_AHEAD_MAX, TRACK_SECS};
use crate::op::{Ticket, TrackOp};
use crate::outcome::{Outcome, TrackReport};

impl<T: Tx> Group<'_, T> {
    /// TRACK GET and SET.
    pub(crate) fn track(&mut self, ticket: Ticket, op: &TrackOp) -> Result<(), StoreError> {
        let outcome = match &op.command {
            TrackCommand::Get(jid) => Outcome::Track(Box::new(TrackReport {
                jid: jid.clone(),
                track: self.known_track(jid)?,
            })),
            TrackCommand::Set(update) => {
                self.extend_reservation(update, &op.wid)?;
                self.update_track(update)?;
                Outcome::Ok
            }
        };
        self.answer(ticket, outcome);
        Ok(())
    }

    /// Moves the end of the reservation that the worker means, never back and no further than may be. If there is none,
    /// nothing is moved, as in Faktory: clients send `reserve_until` with every update.
    fn extend_reservation(&mut self, update: &TrackUpdate, wid: &str) -> Result<(), StoreError> {
        let Some(until) = update.reserve_until else {
            return Ok(());
        };
        // A worker means an instant, and keeps its job for as long as that is away.
        let ahead_micros = until.as_micros() - self.wall.as_micros();
        let until = self.steady.as_micros().saturating_add(ahead_micros);
        let until = SteadyTime::from_micros(until).min(self.steady.plus(RESERVE_AHEAD_MAX));
        let jid = update.jid.as_str();
        let mut holdings = Holdings::read(self.tx, vec![jid])?;
        match holdings.take(self.tx, jid, wid)? {
            Some(held) if until > held.expires_at => self.tx.extend(&[(held.key, until)]),
            _ => Ok(()),
        }
    }

    fn update_track(&mut self, update: &TrackUpdate) -> Result<(), StoreError> {
        let forget_at = self.steady.plus_secs(TRACK_SECS);
        self.change_track(&update.jid, |track| {
            track.percent = update.percent.or(track.percent);
            track.desc = update.desc.clone().or(track.desc.take());
            // While the job lives there is no end.
            track.forget_at = track.forget_at.map(|_| forget_at);
        })
    }

    /// Writes down where a tracked job is.
    pub(super) fn note(
        &mut self,
        record: &JobRecord,
        features: &Features,
        state: TrackState,
    ) -> Result<(), StoreError> {
        self.write_state(record, features, state, None)
    }

    /// Writes down what became of a tracked job that has ended.
    pub(super) fn note_end(
        &mut self,
        record: &JobRecord,
        features: &Features,
        state: TrackState,
    ) -> Result<(), StoreError> {
        let forget_at = self.steady.plus_secs(TRACK_SECS);
        self.write_state(record, features, state, Some(forget_at))
    }

    fn write_state(
        &mut self,
        record: &JobRecord,
        features: &Features,
        state: TrackState,
        forget_at: Option<SteadyTime>,
    ) -> Result<(), StoreError> {
        if !features.tracked {
            return Ok(());
        }
        self.change_track(&record.jid, |track| {
            track.state = state;
            track.forget_at = forget_at;
        })
    }

    /// Changes what is written down of a job, or begins to write something down.
    fn change_track(
        &mut self,
        jid: &str,
        change: impl FnOnce(&mut Track),
    ) -> Result<(), StoreError> {
        let mut track = self.known_track(jid)?.unwrap_or(Track {
            state: TrackState::Unknown,
            percent: None,
            desc: None,
            updated_at: self.wall,
            forget_at: Some(self.steady),
        });
        change(&mut track);
        track.updated_at = self.wall;
        self.tx.write_tracks(&[(jid, &track)])
    }

    /// What is written down of a job, unless its time is over.
    fn known_track(&mut self, jid: &str) -> Result<Option<Track>, StoreError> {
        let track = self.tx.tracks(&[jid])?.pop().flatten();
        Ok(track.filter(|track| track.forget_at.is_none_or(|at| at > self.steady)))
    }
}
