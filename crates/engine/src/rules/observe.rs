//! Notes what happens to jobs, if somebody wants to know: else nothing is read and nothing kept.

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
        let keys: Vec<JobKey> = heads.iter().map(|(key, _)| *key).collect();
        let reservations = self.tx.reservations_by_key(&keys)?;
        for ((_, head), reservation) in heads.iter().zip(reservations) {
            if let Ok(head) = head {
                let ran_for = self.steady.since(reservation.reserved_at);
                self.observe(head, EventKind::Succeeded { ran_for });
            }
        }
        Ok(())
    }

    /// An execution that began at `reserved_at` has failed.
    pub(crate) fn observe_failed(&mut self, job: &JobRecord, reserved_at: SteadyTime, dead: bool) {
        let ran_for = self.steady.since(reserved_at);
        self.observe(job, EventKind::Failed { ran_for, dead });
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
