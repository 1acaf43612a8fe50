//! A change to many jobs, and what is asked of those under way.

use std::sync::Arc;

use workmill_store::{Clocks, JobRef, Operator, Place, Watermark};

use crate::actions::NotedAction;
use crate::change::Change;
use crate::features::Watch;
use crate::operations::OperationId;

/// A change to many jobs, on its way.
#[derive(Clone, Debug)]
pub struct Mutate {
    /// What was asked for.
    pub change: Arc<Change>,
    /// Under which name its progress can be asked for; none for a MUTATE of a client.
    pub operation: Option<OperationId>,
    /// The operator who asks for it: the audit log tells of it then.
    pub by: Option<Arc<Operator>>,
    /// How far it is; none before its first slice.
    pub progress: Option<Box<MutateProgress>>,
}

/// How far a change is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutateProgress {
    /// Where it looks, in this order.
    pub extents: Arc<[ChangeExtent]>,
    /// Those before this index are done.
    pub next_index: usize,
    /// Jobs of the next one have been looked at up to here.
    pub after: Option<JobRef>,
    /// How many jobs it has changed.
    pub changed: u64,
    /// Jobs in the trash before this number are looked at once more, as there was no room for them.
    pub again_until: u64,
    /// Of those in its trash, all before this number are known not to be in the dead set.
    pub left_dead: u64,
    /// When it started.
    pub began: Clocks,
    /// What the audit log says of it so far, if it tells of it.
    pub noted: Option<NotedAction>,
    /// What became of the jobs that it has retried, if it is careful.
    pub watch: Option<Box<Watch>>,
}

/// A part of what a change looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeExtent {
    /// Jobs of this source.
    pub source: Source,
    /// Only those that were there when it started.
    pub until: Watermark,
    /// Only this one of them; none means all.
    pub only: Option<JobRef>,
}

/// Where a change takes jobs from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A place.
    Place(Place),
    /// The trash: what the action of this number took away, or all there is.
    Trash(Option<u64>),
}

/// What is asked of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationsOp {
    /// How far all of them are that are remembered, the latest started last.
    List,
    /// Goes on with one that the server before this one left. Wanted as often at the start as many can run at a time.
    Resume,
    /// How far one is.
    Show(OperationId),
    /// That one stops. It has no effect on one that has ended.
    Cancel(OperationId),
}
