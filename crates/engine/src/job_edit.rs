//! An edit of a job: another payload, instead of the one that somebody has seen.

use workmill_store::JobRecord;

/// Another payload for a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEdit {
    /// The body that the job has to have still.
    pub(crate) seen: Vec<u8>,
    /// The job as it is to be. What is not in its payload stays as it is.
    pub(crate) record: JobRecord,
    pub(crate) enqueue: bool,
}

impl JobEdit {
    /// The queue that the job is to belong to.
    pub(crate) fn queue(&self) -> &str {
        &self.record.queue
    }

    /// Whether it is put into its queue now.
    pub(crate) fn enqueues(&self) -> bool {
        self.enqueue
    }

    /// The job as it is to be; none if it is not the one that was seen.
    pub(crate) fn applied(&self, record: JobRecord) -> Option<JobRecord> {
        let JobRecord {
            queue,
            jobtype,
            reserve_for_secs,
            body,
            enqueued_at_index,
            ..
        } = self.record.clone();
        (record.body == self.seen && record.jid == self.record.jid).then_some(JobRecord {
            queue,
            // Failures of another type belong to another group.
            failure: record.failure.filter(|_| record.jobtype == jobtype),
            jobtype,
            reserve_for_secs,
            body,
            enqueued_at_index,
            ..record
        })
    }
}
