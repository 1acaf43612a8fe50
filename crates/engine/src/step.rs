//! A step of a job's life, as a value: for whoever counts, writes down or shows what happens to jobs.

use workmill_proto::{SetName, SteadyTime};
use workmill_store::{Clocks, JobRecord, Reservation};

/// That something happened to a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'s> {
    /// What.
    pub(crate) what: What,
    /// Why, or at whose wish.
    pub(crate) cause: Cause,
    /// When.
    pub(crate) at: Clocks,
    /// To which job: its id, its queue, its type.
    pub(crate) record: &'s JobRecord,
    /// The execution that began or ended with it.
    pub(crate) execution: Option<Execution<'s>>,
}

impl Step<'_> {
    /// Tells it to whoever looks for what happens to jobs.
    pub(crate) fn trace(&self) {
        tracing::trace!(
            what = ?self.what,
            cause = ?self.cause,
            jid = &*self.record.jid,
            queue = &*self.record.queue,
            jobtype = &*self.record.jobtype,
            wid = self.execution.map(|execution| execution.wid),
            "a step of a job's life"
        );
    }
}

/// A worker's hold on a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Execution<'s> {
    /// The worker; empty for a connection that named none.
    pub(crate) wid: &'s str,
    /// Since when.
    pub(crate) since: SteadyTime,
}

impl<'s> From<&'s Reservation> for Execution<'s> {
    fn from(reservation: &'s Reservation) -> Self {
        Self {
            wid: &reservation.wid,
            since: reservation.reserved_at,
        }
    }
}

/// What can happen to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It was taken in, for now or for later.
    Pushed,
    /// It was handed out.
    Started,
    /// It was acknowledged, and is no more.
    Succeeded,
    /// It failed and will be tried again.
    Failed,
    /// It failed for the last time, or was killed: it is dead.
    Died,
    /// It failed and is no more, as it was not to be tried again.
    Dropped,
    /// It goes back to its queue as if it had not been handed out.
    CameBack,
    /// It came from a set into its queue.
    Promoted,
    /// It was no more to be handed out, as its time was over.
    Expired,
    /// It was deleted.
    Deleted,
    /// It was dead and is forgotten.
    Evicted,
    /// It came back that an operator had taken away: to a set, or to its queue.
    Restored(Option<SetName>),
}

/// Why something happens to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A client, the worker that has it for one, says so.
    Client,
    /// A tick of cron.
    Cron,
    /// Its batch: it is a callback.
    Batch,
    /// Its time has come, or is over.
    Time,
    /// It did not reach its worker.
    Undelivered,
    /// Its worker was lost.
    WorkerLost,
    /// An operator says so.
    Operator,
    /// There is no room for it.
    NoRoom,
}
