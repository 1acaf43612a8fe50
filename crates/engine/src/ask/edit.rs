//! What an edit of a job asks of the engine: another payload, instead of the one that somebody has seen.

use workmill_proto::Job;
use workmill_store::JobRecord;

use super::push::record;

/// Another payload for a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEdit {
    /// The body that the job has to have still.
    seen: Vec<u8>,
    /// The job as it is to be. What is not in its payload stays as it is.
    record: JobRecord,
    enqueue: bool,
}

impl JobEdit {
    /// Gives a job this payload if its stored body is still the one that was `seen`, and the payload has its id. With
    /// `enqueue` it is put into its queue now; without, one in a set stays there until its time, and one in a queue goes to the
    /// tail.
    ///
    /// What `custom` asks for counts when a job is pushed, and not here.
    pub fn new(seen: Vec<u8>, job: Job, enqueue: bool) -> Self {
        Self {
            seen,
            record: record(job, None),
            enqueue,
        }
    }

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
            jobtype,
            reserve_for_secs,
            body,
            enqueued_at_index,
            ..record
        })
    }
}
