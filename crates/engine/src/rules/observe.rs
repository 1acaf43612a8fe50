//! Notes what happens to jobs, if somebody wants to know: else nothing is read and nothing kept.

use std::time::Duration;

use workmill_proto::SteadyTime;
use workmill_store::{JobKey, JobRecord, StoreError, StoredJob, Tx};

use crate::event::{Event, EventKind};
use crate::group::Group;

impl<T: Tx> Group<'_, T> {
    /// A job was taken in.
    pub(crate) fn observe_pushed(&mut self, job: &JobRecord) {
        self.observe(job, EventKind::Pushed);
    }

    /// A job was handed out.
    pub(crate) fn observe_fetched(&mut self, job: &JobRecord) {
        self.observe(job, EventKind::Fetched);
    }

    /// A job was dropped because its time was over.
    pub(crate) fn observe_expired(&mut self, job: &JobRecord) {
        self.observe(job, EventKind::Expired);
    }

    /// These jobs are acknowledged and about to be forgotten. One that cannot be read is left out: nobody knows
    /// what it was.
    pub(crate) fn observe_acknowledged(
        &mut self,
        heads: &[(JobKey, StoredJob)],
    ) -> Result<(), StoreError> {
        if !self.rules.observed {
            return Ok(());
        }
        for (key, head) in heads {
            if let Ok(head) = head {
                let reserved_at = self.reserved_at(*key)?;
                let ran_for = self.time_since(reserved_at);
                self.observe(head, EventKind::Succeeded { ran_for });
            }
        }
        Ok(())
    }

    /// An execution that began at `reserved_at` has failed.
    pub(crate) fn observe_failed(
        &mut self,
        job: &JobRecord,
        reserved_at: Option<SteadyTime>,
        dead: bool,
    ) {
        let ran_for = self.time_since(reserved_at);
        self.observe(job, EventKind::Failed { ran_for, dead });
    }

    /// Since when the job under this key is reserved, for [`Self::observe_failed`]: nothing if nobody wants to know.
    pub(crate) fn reserved_at(&mut self, key: JobKey) -> Result<Option<SteadyTime>, StoreError> {
        if !self.rules.observed {
            return Ok(None);
        }
        let held = self.tx.reservations_by_key(&[key])?;
        Ok(held.first().map(|held| held.reserved_at))
    }

    fn time_since(&self, reserved_at: Option<SteadyTime>) -> Duration {
        reserved_at.map_or(Duration::ZERO, |at| self.steady.since(at))
    }

    fn observe(&mut self, job: &JobRecord, kind: EventKind) {
        if self.rules.observed {
            self.result.events.push(Event {
                kind,
                queue: job.queue.clone(),
                jobtype: job.jobtype.clone(),
            });
        }
    }
}
