//! What can happen in a step: some ops that form a group, or something that happens to the server.

use workmill_proto::MutationVerb;
use workmill_store::Place;

#[derive(Clone, Debug)]
pub enum Step {
    /// These ops in one group.
    Group(Vec<Act>),
    /// The same after so many microseconds, but the transaction fails and nothing of it happens.
    RolledBack(i64, Vec<Act>),
    Tick(Tick),
    /// This many microseconds pass.
    Pass(i64),
    /// The wall clock is set by so many seconds, forward or back.
    SetClock(i64),
    /// An operator sets other limits.
    Throttle(usize),
    /// Jobs that are done are kept for so many seconds from now on.
    KeepCompleted(i64),
    Restart,
}

#[derive(Clone, Debug)]
pub enum Tick {
    Promote,
    Expire,
    Purge,
    Recover { alive: Vec<&'static str> },
    Sweep,
}

#[derive(Clone, Debug)]
pub enum Act {
    Push(Push),
    PushBulk(Vec<Push>),
    Fetch {
        queues: Vec<&'static str>,
        from: Worker,
    },
    Ack {
        jid: String,
        wid: &'static str,
    },
    Fail {
        jid: String,
        wid: &'static str,
    },
    Requeue {
        jid: String,
        wid: &'static str,
    },
    /// Gives back the tag with this index, counted from the latest.
    Nack {
        back: usize,
    },
    /// Forgets the waiting FETCH with this index.
    Forget {
        index: usize,
    },
    Batch(BatchAct),
    Track(TrackAct),
    Mutate {
        verb: MutationVerb,
        place: Place,
        jids: Option<Vec<String>>,
        /// Whether it is an operation of an operator: then it can be undone.
        operates: bool,
    },
    /// Undoes the action that was so many before the last one.
    Undo {
        back: u64,
    },
    Pause(&'static str),
    Resume(&'static str),
    Remove(&'static str),
    Flush,
    Info,
}

/// Whoever fetches: a worker, or a connection that named none.
#[derive(Clone, Copy, Debug)]
pub struct Worker {
    pub wid: &'static str,
    pub connection: u64,
}

#[derive(Clone, Debug)]
pub struct Push {
    pub jid: String,
    pub queue: &'static str,
    pub at_secs: Option<i64>,
    pub retry: i64,
    pub delay_secs: i64,
    pub reserve_for_secs: i64,
    /// Together with the queue, what makes unique jobs alike.
    pub arg: i64,
    /// `unique_for`, and whether until its start.
    pub unique: Option<(i64, bool)>,
    pub expires: Option<Expires>,
    /// Which batch, counted from the latest.
    pub batch: Option<usize>,
    pub tracked: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Expires {
    In(i64),
    /// At this many seconds from now.
    At(i64),
}

/// Batches are counted from the latest; one with too high a count does not exist.
#[derive(Clone, Debug)]
pub enum BatchAct {
    New {
        parent: Option<usize>,
        complete: Option<Box<Push>>,
        success: Option<Box<Push>>,
    },
    Open(usize),
    Commit(usize),
    Status(usize),
    Child {
        parent: usize,
        child: usize,
    },
}

#[derive(Clone, Debug)]
pub enum TrackAct {
    Get(String),
    Set {
        jid: String,
        wid: &'static str,
        percent: Option<i64>,
        desc: Option<String>,
        reserve_until_secs: Option<i64>,
    },
}
