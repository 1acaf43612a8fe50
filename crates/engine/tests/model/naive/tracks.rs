//! Tracking: what is known of a job, by its id.

use workmill_proto::SteadyTime;
use workmill_store::{Track, TrackState};

use super::{Job, Mutant, Naive};

/// How long after its job's end or its last update a track is kept, in seconds.
const KEPT_SECS: i64 = 30 * 60;

impl Naive {
    /// The job is somewhere else now.
    pub fn track(&mut self, job: &Job, state: TrackState) {
        self.write_track(job, state, None);
    }

    /// The job has come to its end.
    pub fn track_end(&mut self, job: &Job, state: TrackState) {
        self.write_track(job, state, Some(self.now.plus_secs(KEPT_SECS)));
    }

    fn write_track(&mut self, job: &Job, state: TrackState, forget_at: Option<SteadyTime>) {
        if !job.tracked && self.mutant != Mutant::EveryJobIsTracked {
            return;
        }
        let known = self.known_track(&job.jid);
        let known = known.filter(|_| self.mutant != Mutant::TrackLosesItsProgress);
        let track = Track {
            state,
            percent: known.as_ref().and_then(|track| track.percent),
            desc: known.and_then(|track| track.desc),
            updated_at: self.wall(),
            forget_at,
        };
        self.tracks.insert(job.jid.clone(), track);
    }

    /// What a worker says of a job; the job need not be tracked, nor exist.
    pub fn update_track(&mut self, jid: &str, percent: Option<i64>, desc: Option<&str>) {
        let known = self.known_track(jid);
        let lives = known
            .as_ref()
            .is_some_and(|track| track.forget_at.is_none());
        let lives = lives && self.mutant != Mutant::TrackEndsWithItsUpdate;
        let mut track = known.unwrap_or(Track {
            state: TrackState::Unknown,
            percent: None,
            desc: None,
            updated_at: self.wall(),
            forget_at: None,
        });
        track.percent = percent.or(track.percent);
        track.desc = desc.map(str::to_owned).or(track.desc);
        track.updated_at = self.wall();
        track.forget_at = (!lives).then(|| self.now.plus_secs(KEPT_SECS));
        self.tracks.insert(jid.to_owned(), track);
    }

    pub fn known_track(&self, jid: &str) -> Option<Track> {
        let track = self.tracks.get(jid)?;
        let is_known = track.forget_at.is_none_or(|at| at > self.now);
        is_known.then(|| track.clone())
    }
}
