//! TRACK: what is known of a job, for whoever asks; and a longer reservation for its worker.

use workmill_proto::{TrackCommand, TrackUpdate, WireError};
use workmill_store::{JobRecord, StoreError, Ties, Track, TrackState, Tx};

use super::reservation::Holdings;
use crate::group::Group;
use crate::limits::{RESERVE_AHEAD_SECS_MAX, TRACK_SECS};
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
            TrackCommand::Set(update) => match self.extend_reservation(update, &op.wid)? {
                Some(refusal) => Outcome::Refused(refusal),
                None => {
                    self.update_track(update)?;
                    Outcome::Ok
                }
            },
        };
        self.answer(ticket, outcome);
        Ok(())
    }

    /// Moves the end of the reservation that the worker means, never back and no further than may be. Tells why not, if
    /// there is none.
    fn extend_reservation(
        &mut self,
        update: &TrackUpdate,
        wid: &str,
    ) -> Result<Option<WireError>, StoreError> {
        let Some(until) = update.reserve_until else {
            return Ok(None);
        };
        let until = until.min(self.now.plus_secs(RESERVE_AHEAD_SECS_MAX));
        let jid = update.jid.as_str();
        let mut holdings = Holdings::read(self.tx, &[jid])?;
        match holdings.take(self.tx, jid, wid)? {
            None => Ok(Some(WireError::err(format!(
                "there is no reservation for job {jid}: reserve_until cannot be kept"
            )))),
            Some(held) => {
                if until > held.expires_at {
                    self.tx.extend(&[(held.key, until)])?;
                }
                Ok(None)
            }
        }
    }

    fn update_track(&mut self, update: &TrackUpdate) -> Result<(), StoreError> {
        let known = self.known_track(&update.jid)?;
        let forget_at = match &known {
            Some(track) if track.forget_at.is_none() => None,
            _ => Some(self.now.plus_secs(TRACK_SECS)),
        };
        let (state, percent, desc) = match known {
            Some(track) => (track.state, track.percent, track.desc),
            None => (TrackState::Unknown, None, None),
        };
        let track = Track {
            state,
            percent: update.percent.or(percent),
            desc: update.desc.clone().or(desc),
            updated_at: self.now,
            forget_at,
        };
        self.tx.write_tracks(&[(&update.jid, &track)])
    }

    /// Writes down where a tracked job is.
    pub(super) fn note(
        &mut self,
        record: &JobRecord,
        ties: &Ties,
        state: TrackState,
    ) -> Result<(), StoreError> {
        match ties.tracked {
            true => self.write_state(&record.jid, state, false),
            false => Ok(()),
        }
    }

    /// Writes down what became of a tracked job that has ended.
    pub(super) fn note_end(
        &mut self,
        record: &JobRecord,
        ties: &Ties,
        state: TrackState,
    ) -> Result<(), StoreError> {
        match ties.tracked {
            true => self.write_state(&record.jid, state, true),
            false => Ok(()),
        }
    }

    fn write_state(&mut self, jid: &str, state: TrackState, ended: bool) -> Result<(), StoreError> {
        let known = self.known_track(jid)?;
        let (percent, desc) = known.map_or((None, None), |track| (track.percent, track.desc));
        let track = Track {
            state,
            percent,
            desc,
            updated_at: self.now,
            forget_at: ended.then(|| self.now.plus_secs(TRACK_SECS)),
        };
        self.tx.write_tracks(&[(jid, &track)])
    }

    /// What is written down of a job, unless its time is over.
    fn known_track(&mut self, jid: &str) -> Result<Option<Track>, StoreError> {
        let track = self.tx.tracks(&[jid])?.pop().flatten();
        Ok(track.filter(|track| track.forget_at.is_none_or(|at| at > self.now)))
    }
}
