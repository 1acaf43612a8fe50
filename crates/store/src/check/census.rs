//! What features keep, next to the jobs that there are: each job is seen once.

use workmill_proto::SetName;

use super::batches::Batches;
use super::failures::Failures;
use super::findings::Findings;
use super::locks::Locks;
use super::tracks::Tracks;
use crate::reading::Snapshot;
use crate::{JobRecord, StoreError};

/// All of it.
#[derive(Debug)]
pub(super) struct Census {
    locks: Locks,
    batches: Batches,
    tracks: Tracks,
    failures: Failures,
}

impl Census {
    pub(super) fn read<S: Snapshot>(
        rows: &mut S,
        findings: &mut Findings,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            locks: Locks::read(rows, findings)?,
            batches: Batches::read(rows, findings)?,
            tracks: Tracks::read(rows, findings)?,
            failures: Failures::read(rows, findings)?,
        })
    }

    /// A job that is somewhere.
    pub(super) fn see(&mut self, job: &JobRecord, findings: &mut Findings) {
        let Some(features) = &job.features else {
            return;
        };
        if let Some(lock) = &features.lock {
            self.locks.see(&job.jid, lock, findings);
        }
        self.batches.see(features);
        if features.tracked {
            self.tracks.see(&job.jid);
        }
    }

    /// A job that is in a set.
    pub(super) fn see_entry(&mut self, set: SetName, job: &JobRecord, findings: &mut Findings) {
        self.failures.see(set, job, findings);
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        self.batches.check(findings);
        self.tracks.check(findings);
        self.failures.check(findings);
    }
}
