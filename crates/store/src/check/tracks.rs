//! Tracks: what is never forgotten by itself is of a job that is there.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::findings::{Findings, ProblemKind};
use crate::StoreError;
use crate::reading::Snapshot;

/// The tracks without an end of which no job was seen yet.
#[derive(Debug, Default)]
pub(super) struct Tracks(HashSet<Box<str>>);

impl Tracks {
    pub(super) fn read<S: Snapshot>(
        rows: &mut S,
        findings: &mut Findings,
    ) -> Result<Self, StoreError> {
        let generation = rows.tallies()?.generation;
        let (mut tracks, mut count) = (Self::default(), 0);
        rows.tracks(generation, None, |jid, track| {
            count += 1;
            match track {
                Ok(track) if track.forget_at.is_none() => drop(tracks.0.insert(jid)),
                Ok(_) => {}
                Err(error) => findings.add(ProblemKind::Row, || {
                    format!("the track of {jid:?}: {}", error.reason)
                }),
            }
            ControlFlow::Continue(())
        })?;
        findings.count("tracks", count);
        Ok(tracks)
    }

    pub(super) fn see(&mut self, jid: &str) {
        self.0.remove(jid);
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        for jid in &self.0 {
            findings.add(ProblemKind::Track, || format!("{jid:?}"));
        }
    }
}
