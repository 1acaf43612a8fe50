//! What an edit of a job asks of the engine.

use workmill_proto::Job;

use super::push::record;
use crate::job_edit::JobEdit;

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
}
