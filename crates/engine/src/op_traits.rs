//! What those who gather groups must know of each op: how much work it is, when it is best run, and what it must not be
//! overtaken by. One table, so that no op is forgotten.

use workmill_proto::{QueueCommand, QueueSelection, TrackCommand};

use crate::op::{BatchOp, BulkPush, Duty, Op};

/// The weight of an op that takes a whole slice: about as many jobs as the engine handles in one.
const SLICE_WEIGHT: usize = 1_000;

/// The weight of a duty whose slices are short, as each job of them is much work.
const SHORT_SLICE_WEIGHT: usize = SLICE_WEIGHT / 4;

/// The weight of an INFO: it copies the sizes of all queues, and its answer lists them.
const INFO_WEIGHT: usize = 50;

/// The weight of a BATCH command: it may look at a thousand batches.
const BATCH_WEIGHT: usize = 20;

/// How many queues a FETCH can look through in about the time that a job takes.
const NAMES_PER_JOB: usize = 8;

/// What an op costs and what it must not overtake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpTraits {
    /// How much work its next slice is, in jobs.
    pub weight: usize,
    /// When it is best run among others that were asked for at the same time. None if others must not pass it.
    pub rank: Option<Rank>,
    /// What the one who asks for it may ask for before the answer.
    pub barrier: Barrier,
}

/// The order in which a group best runs what different clients have asked for: kinds that can be run as one cost less if
/// they do not take turns. ACK comes first, as it frees locks and places, FETCH late, as it finds what was pushed, and
/// INFO last, so that one report serves all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// An ACK.
    Ack,
    /// A PUSH.
    Push,
    /// A FAIL.
    Fail,
    /// A FETCH.
    Fetch,
    /// An INFO.
    Info,
}

/// What one client may hand over before an op of its own is answered, so that nothing overtakes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// Anything: it is run after it.
    Open,
    /// Nothing: the op may be postponed to a later group, or its answer may be long.
    Answered,
    /// Nothing, and the op is handed over by itself: it may take many groups.
    Sliced,
    /// Nothing, and the op is handed over by itself: it may be parked until there is something for it.
    Parked,
}

/// Puts those together that are alike, of a group that has no order as none of it is answered; those of a kind in the order in
/// which they came. None changes its place with one that has no rank.
pub fn put_alike_together<T>(all: &mut [T], rank: impl Fn(&T) -> Option<Rank>) {
    let stretches = all.chunk_by_mut(|one, next| rank(one).is_some() && rank(next).is_some());
    for stretch in stretches {
        stretch.sort_by_cached_key(&rank);
    }
}

/// The rank of ops that one client has asked for at a time, in an order that stays; none if they are not of a kind.
pub fn rank_of_all(ops: &[Op]) -> Option<Rank> {
    let (first, others) = ops.split_first()?;
    let rank = first.traits().rank?;
    others
        .iter()
        .all(|op| op.traits().rank == Some(rank))
        .then_some(rank)
}

impl Op {
    /// How many bytes of payloads it brings.
    pub fn payload_bytes(&self) -> usize {
        match self {
            Self::Act(action) => action.op.payload_bytes(),
            Self::Push(job) => job.record.body.len(),
            Self::PushBulk(bulk) => {
                let jobs = bulk.jobs.iter().flatten();
                jobs.map(|job| job.record.body.len()).sum()
            }
            _ => 0,
        }
    }

    /// The table of all ops.
    pub fn traits(&self) -> OpTraits {
        let (weight, rank, barrier) = match self {
            Self::Act(action) => {
                return OpTraits {
                    rank: None,
                    ..action.op.traits()
                };
            }
            Self::Push(_) => (1, Some(Rank::Push), Barrier::Open),
            Self::PushBulk(bulk) => (bulk_weight(bulk), None, Barrier::Sliced),
            Self::Fetch(fetch) => {
                let weight = 1 + fetch.queues.len() / NAMES_PER_JOB;
                (weight, Some(Rank::Fetch), Barrier::Parked)
            }
            Self::Ack(_) => (1, Some(Rank::Ack), Barrier::Open),
            Self::Fail(_) => (1, Some(Rank::Fail), Barrier::Answered),
            Self::Requeue(_) => (1, None, Barrier::Answered),
            Self::Batch(batch) => (BATCH_WEIGHT, None, batch_barrier(batch)),
            Self::Track(track) => (1, None, track_barrier(&track.command)),
            Self::Operations(_) => (1, None, Barrier::Open),
            Self::Mutate(_) => (SLICE_WEIGHT, None, Barrier::Sliced),
            Self::Queue(command, _) => (queue_weight(command), None, Barrier::Open),
            Self::Info => (INFO_WEIGHT, Some(Rank::Info), Barrier::Answered),
            Self::Nack(tags) => (tags.len(), None, Barrier::Open),
            Self::Cron(_) | Self::Flush | Self::Forget(_) | Self::Drain(_) | Self::Note(_) => {
                (1, None, Barrier::Open)
            }
            Self::Tick(duty) => (duty_weight(duty), None, Barrier::Open),
        };
        OpTraits {
            weight,
            rank,
            barrier,
        }
    }

    /// Whether this and another op, one after the other, may be run as one: they take part in one bulk call.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Push(_), Self::Push(_))
                | (Self::Fetch(_), Self::Fetch(_))
                | (Self::Ack(_), Self::Ack(_))
                | (Self::Fail(_), Self::Fail(_))
                | (Self::Requeue(_), Self::Requeue(_))
                | (Self::Nack(_), Self::Nack(_))
                | (Self::Info, Self::Info)
        )
    }
}

fn bulk_weight(bulk: &BulkPush) -> usize {
    (bulk.jobs.len().saturating_sub(bulk.next_index)).min(SLICE_WEIGHT)
}

fn batch_barrier(op: &BatchOp) -> Barrier {
    match op {
        BatchOp::Status(_) => Barrier::Answered,
        BatchOp::New(_) | BatchOp::Open(_) | BatchOp::Commit(_) | BatchOp::Child { .. } => {
            Barrier::Open
        }
    }
}

fn track_barrier(command: &TrackCommand) -> Barrier {
    match command {
        TrackCommand::Get(_) => Barrier::Answered,
        TrackCommand::Set(_) => Barrier::Open,
    }
}

fn queue_weight(command: &QueueCommand) -> usize {
    let queues = match command {
        QueueCommand::Pause(queues)
        | QueueCommand::Resume(queues)
        | QueueCommand::Remove(queues) => match queues {
            QueueSelection::All => SLICE_WEIGHT,
            QueueSelection::Named(names) => names.len(),
        },
    };
    1 + queues
}

fn duty_weight(duty: &Duty) -> usize {
    match duty {
        Duty::Promote | Duty::RetryCarefully | Duty::Purge | Duty::Sweep => SLICE_WEIGHT,
        Duty::ExpireReservations | Duty::RecoverLost { .. } | Duty::FireCron(_) => {
            SHORT_SLICE_WEIGHT
        }
        Duty::KeepClocks => 1,
    }
}

#[cfg(test)]
mod tests;
