//! What a BATCH command asks of the engine: bids read, callbacks checked.

use workmill_proto::{BatchCommand, Bid, CustomReading, Job, Timestamp, WireError};

use crate::new_job::NewJob;
use crate::op::{BatchOp, NewBatch, Op};

impl Op {
    /// The op of a BATCH command.
    ///
    /// Refuses a bid that no batch can have, and a callback that could not be pushed.
    pub fn batch(command: BatchCommand, now: Timestamp) -> Result<Self, WireError> {
        let op = match command {
            BatchCommand::New(new) => BatchOp::New(NewBatch {
                description: new.description,
                parent: new.parent_bid.as_deref().map(known_form).transpose()?,
                complete: new.complete.map(|job| callback(job, now)).transpose()?,
                success: new.success.map(|job| callback(job, now)).transpose()?,
            }),
            BatchCommand::Open(bid) => BatchOp::Open(known_form(&bid)?),
            BatchCommand::Commit(bid) => BatchOp::Commit(known_form(&bid)?),
            BatchCommand::Status(bid) => BatchOp::Status(known_form(&bid)?),
            BatchCommand::Child { parent, child } => BatchOp::Child {
                parent: known_form(&parent)?,
                child: known_form(&child)?,
            },
        };
        Ok(Self::Batch(op.into()))
    }
}

fn known_form(bid: &str) -> Result<Bid, WireError> {
    Bid::parse(bid).ok_or_else(|| WireError::no_such_batch(bid))
}

/// The payload of a callback. What would be wrong with it when it is queued is wrong with it now.
fn callback(job: Job, now: Timestamp) -> Result<Vec<u8>, WireError> {
    let payload = job.render().body;
    NewJob::new(job, now, CALLBACK_READING)?;
    Ok(payload)
}

/// What is read of a callback's `custom`. It has been accepted with its batch, so nothing may refuse it when its time
/// has come: it is neither unique nor a member of a batch.
pub(crate) const CALLBACK_READING: CustomReading = CustomReading::NONE;
