//! Callbacks of batches: jobs that the server pushes when their time has come.

use rand::rngs::SmallRng;
use workmill_proto::{Bid, Job, SetName, Timestamp, WireError};
use workmill_store::{CallbackKind, CallbackOf, SetTime, StoreError, Tx};

use crate::ask::CALLBACK_READING;
use crate::features::DueCallback;
use crate::group::{Group, new_jid};
use crate::new_job::NewJob;
use crate::step::{Cause, What};

impl<T: Tx> Group<'_, T> {
    /// Lets batches go on that were changed: their callbacks are put into their queues, once.
    pub(super) fn queue_callbacks(&mut self) -> Result<(), StoreError> {
        while let Some(callback) = self.batches.next_callback(self.tx, self.now.steady)? {
            let of = callback.of;
            match job_of(callback, self.now.wall, &mut self.rng) {
                Ok(job) => self.place_callback(job)?,
                Err(error) => {
                    let (bid, error) = (of.bid.to_string(), error.text);
                    tracing::error!(
                        bid,
                        error,
                        "a batch's callback cannot be read: it is passed over"
                    );
                    // Nobody could ever acknowledge it.
                    self.batches.pass_callback(self.tx, self.now.steady, of)?;
                }
            }
        }
        Ok(())
    }

    /// Forgets batches that nothing has happened to for too long. Tells whether there may be more.
    pub(super) fn expire_batches(&mut self) -> Result<bool, StoreError> {
        let due = self.batches.take_due(self.tx, self.now.steady)?;
        for &id in &due {
            self.batches
                .expire(self.tx, self.now.steady, self.rules, id)?;
            self.queue_callbacks()?;
        }
        Ok(!due.is_empty())
    }

    fn place_callback(&mut self, job: NewJob) -> Result<(), StoreError> {
        self.step(What::Pushed, Cause::Batch, &job.record, None)?;
        if let Some(at) = job.at.filter(|at| *at > self.now.wall) {
            let entry = (SetTime::scheduled(at), job.record);
            return self.tx.insert_entries(SetName::Scheduled, &[entry]);
        }
        self.enqueue_again(&[&job.record], Cause::Batch)?;
        // It may come from a FETCH that passes over jobs and has not begun to wait, but will.
        self.memory.parked.make_ready_for_late(&job.record.queue);
        Ok(())
    }
}

/// The job that a callback is.
fn job_of(due: DueCallback, now: Timestamp, rng: &mut SmallRng) -> Result<NewJob, WireError> {
    let mut job = Job::parse_stored(&due.payload)?;
    if job.jid.is_empty() {
        job.jid = new_jid(rng);
    }
    let CallbackOf { bid, kind } = due.of;
    let name = match kind {
        CallbackKind::Complete => "complete",
        CallbackKind::Success => "success",
    };
    let parent = due.parent.as_ref().map(Bid::to_string);
    job.set_callback_members(&bid.to_string(), name, parent.as_deref());
    let mut made = NewJob::new(job, now, CALLBACK_READING)?;
    let features = made.record.features.get_or_insert_default();
    features.callback = Some(due.of);
    Ok(made)
}
