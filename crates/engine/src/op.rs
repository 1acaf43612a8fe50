//! What the engine can be asked to do. Parsed and checked as far as no state is needed.

mod batch;
mod cron;
mod mutate;

use std::collections::BTreeSet;
use std::sync::Arc;

use workmill_proto::{
    FailReport, QueueCommand, RefusedJob, SteadyTime, Timestamp, TrackCommand, WireError,
};
use workmill_store::{JobKey, Operator};

pub use batch::{BatchOp, NewBatch};
pub use cron::{CronOp, CronPut, CronRun, CronSwitch};
pub use mutate::{ChangeExtent, Mutate, MutateProgress, OperationsOp, Source};

use crate::cron::CronTable;
use crate::makers::ClientId;
use crate::new_job::NewJob;

/// Names one request until it is answered. The caller chooses it and never uses it twice at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// An op and the ticket its answer will carry.
#[derive(Clone, Debug)]
pub struct Request {
    /// Names the request.
    pub ticket: Ticket,
    /// What to do.
    pub op: Op,
}

/// One server: the one that runs the engine, or another that hands over what its clients ask, whose number is between 1 and
/// 2^63 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub u64);

impl ServerId {
    /// The server that runs the engine.
    pub const LOCAL: Self = Self(0);
}

/// One thing to do. Cheap to clone: a group that fails is run again op by op.
#[derive(Clone, Debug)]
pub enum Op {
    /// PUSH.
    Push(Arc<NewJob>),
    /// PUSHB, or what is left of one.
    PushBulk(BulkPush),
    /// FETCH. Parked if there is nothing to fetch.
    Fetch(Fetch),
    /// ACK.
    Ack(Ack),
    /// FAIL.
    Fail(Arc<Fail>),
    /// REQUEUE.
    Requeue(Requeue),
    /// BATCH.
    Batch(Arc<BatchOp>),
    /// TRACK.
    Track(Arc<TrackOp>),
    /// MUTATE, or the same on the jobs of any place under a name, or what is left of one.
    Mutate(Mutate),
    /// How far operations are, and that one be cancelled.
    Operations(OperationsOp),
    /// QUEUE PAUSE, RESUME, REMOVE.
    Queue(Arc<QueueCommand>, ClientId),
    /// Something is done to a cron entry.
    Cron(Arc<CronOp>),
    /// FLUSH.
    Flush,
    /// The numbers of INFO.
    Info,
    /// These jobs could not be delivered: back to the front of their queues, no harm done.
    Nack(Vec<DeliveryTag>),
    /// The client of this parked FETCH is gone: forget it. Its ticket gets the answer [`crate::Outcome::Nothing`].
    Forget(Ticket),
    /// Answers every parked FETCH of this server's clients with nothing, and from now on every FETCH of theirs: it is
    /// stopping.
    Drain(ServerId),
    /// What a timer asks for.
    Tick(Duty),
    /// Something was done that the engine has no part in: is told of if an operator asks for it.
    Note(Arc<Note>),
    /// Another op, and the operator who asks for it.
    Act(Arc<Action>),
}

/// An op that an operator asks for. What it changes and its entry in the audit log are one transaction.
#[derive(Clone, Debug)]
pub struct Action {
    /// Who asks for it.
    pub by: Arc<Operator>,
    /// What for.
    pub op: Op,
}

/// Something that an operator did and the engine has no part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What was done, in a word.
    pub action: &'static str,
    /// To what, for people to read.
    pub target: String,
    /// To how many things.
    pub count: u64,
    /// When that was; none for now.
    pub began_at: Option<Timestamp>,
    /// The action that it takes back, if it does.
    pub undoes: Option<u64>,
}

/// One delivery of one job to one worker (the delivery tag of AMQP). Tells it from an earlier or later one of the same job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryTag {
    /// Which job.
    pub key: JobKey,
    /// When it was reserved.
    pub reserved_at: SteadyTime,
}

/// A duty of time. Each runs in slices; what is left comes back as unfinished.
#[derive(Clone, Debug)]
pub enum Duty {
    /// Moves scheduled and retrying jobs whose time has come into their queues. Wanted twice a second.
    Promote,
    /// Goes on with careful retries. Wanted twice a second.
    RetryCarefully,
    /// Ends reservations whose time is over, as failures. Wanted every second.
    ExpireReservations,
    /// Forgets dead jobs past their time and tombstones of reservations. Wanted every minute.
    Purge,
    /// Takes jobs back from workers that hold reservations and are not among `alive`.
    RecoverLost {
        /// The workers heard from within the last minute.
        alive: Arc<BTreeSet<String>>,
    },
    /// Pushes the recurring jobs that are due. Wanted every second. A table with other entries than the last time's
    /// takes the place of that one; compared quickly if it is the same one.
    FireCron(Arc<CronTable>),
    /// Deletes what was removed, cleared or flushed; puts jobs that an older server has left into groups of failures. Wanted every
    /// second.
    Sweep,
    /// Keeps how far the clocks are, what was counted over time, and how actions ended that nobody was left to write down.
    /// Wanted every ten seconds, and last of all: by so much a duration may seem longer, and of so long the statistics are
    /// lost, after the process was killed.
    KeepClocks,
}

/// A PUSHB on its way.
#[derive(Clone, Debug)]
pub struct BulkPush {
    /// All of its jobs: those that decoded, and what to answer for those that did not.
    pub jobs: Arc<[Result<NewJob, RefusedJob>]>,
    /// Those before this index are done.
    pub next_index: usize,
    /// What was refused of those that are done, by jid.
    pub refused: Vec<(String, WireError)>,
}

/// A FETCH.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The queues, in the order they are to be looked at. Never empty.
    pub queues: Arc<[String]>,
    /// The worker asking; empty for a connection that named none.
    pub wid: Arc<str>,
    /// The server it came to.
    pub server: ServerId,
    /// Tells connections that named no worker apart; 0 for all others.
    pub connection: u64,
}

/// An ACK.
#[derive(Clone, Debug)]
pub struct Ack {
    /// The job's id.
    pub jid: String,
    /// The worker acknowledging; empty for a connection that named none.
    pub wid: Arc<str>,
}

/// A FAIL.
#[derive(Clone, Debug)]
pub struct Fail {
    /// What the worker reports.
    pub report: FailReport,
    /// The worker reporting; empty for a connection that named none.
    pub wid: Arc<str>,
}

/// A REQUEUE.
#[derive(Clone, Debug)]
pub struct Requeue {
    /// The job's id.
    pub jid: String,
    /// The worker asking; empty for a connection that named none.
    pub wid: Arc<str>,
}

/// A TRACK command.
#[derive(Clone, Debug)]
pub struct TrackOp {
    /// What is asked.
    pub command: TrackCommand,
    /// The worker asking; empty for a connection that named none.
    pub wid: Arc<str>,
}

impl Op {
    /// Says which client asks for it: a queue that it makes is charged to that one. Until then it is the server itself.
    pub fn asked_by(mut self, asking: ClientId) -> Self {
        match &mut self {
            Self::Push(job) => Arc::make_mut(job).client = asking,
            Self::PushBulk(bulk) => {
                let jobs = Arc::get_mut(&mut bulk.jobs).into_iter().flatten();
                for job in jobs.flatten() {
                    job.client = asking;
                }
            }
            Self::Queue(_, client) => *client = asking,
            Self::Cron(op) => {
                if let CronOp::Run(run) = Arc::make_mut(op) {
                    run.job.client = asking;
                }
            }
            Self::Act(action) => {
                let action = Arc::make_mut(action);
                let op = std::mem::replace(&mut action.op, Self::Info);
                action.op = op.asked_by(asking);
            }
            _ => {}
        }
        self
    }
}
