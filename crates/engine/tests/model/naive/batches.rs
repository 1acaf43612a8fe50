//! Batches: each keeps what became of every member, and is recounted whenever somebody asks.

use workmill_proto::{Bid, SetName, SteadyTime, Timestamp};
use workmill_store::{BatchState, CallbackKind, CallbackState};

use super::{COMMITTED_SECS, Job, Mutant, Naive, UNCOMMITTED_SECS};

/// What the latest execution of a member came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    Unexecuted,
    Failed,
    /// It succeeded, or is no more.
    Done,
}

#[derive(Clone, Debug)]
pub struct Callback {
    pub state: CallbackState,
    pub job: Job,
    /// When it is for, if the client said so.
    pub at: Option<Timestamp>,
    pub expires_in_secs: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Batch {
    pub bid: Bid,
    pub gone: bool,
    pub description: String,
    pub created_at: Timestamp,
    pub changed_at: SteadyTime,
    pub look_at: SteadyTime,
    pub committed: bool,
    pub complete: Callback,
    pub success: Callback,
    pub completed: bool,
    pub succeeded: bool,
    pub members: Vec<Member>,
    pub parents: Vec<usize>,
}

impl Naive {
    /// The state of a batch, recounted.
    pub fn batch_state(&self, index: usize) -> BatchState {
        let batch = &self.batches[index];
        let count = |wanted: Member| batch.members.iter().filter(|m| **m == wanted).count() as u64;
        let children = |is_done: fn(&Batch) -> bool| {
            let waits = |child: &&Batch| {
                let held = self.mutant == Mutant::ExpiredBatchHoldsItsParent;
                child.parents.contains(&index) && (!child.gone || held) && !is_done(child)
            };
            self.batches.iter().filter(waits).count() as u64
        };
        BatchState {
            check: batch.bid.check,
            total: batch.members.len() as u64,
            pending: count(Member::Unexecuted),
            failed: count(Member::Failed),
            committed: batch.committed,
            complete: batch.complete.state,
            success: batch.success.state,
            completed: batch.completed,
            succeeded: batch.succeeded,
            children_incomplete: children(|child| child.completed),
            children_unsuccessful: children(|child| child.succeeded),
            changed_at: batch.changed_at,
        }
    }

    pub fn first_parent(&self, index: usize) -> Option<Bid> {
        let parents = self.batches[index]
            .parents
            .iter()
            .map(|parent| &self.batches[*parent]);
        let mut alive = parents.filter(|parent| !parent.gone);
        alive.next().map(|parent| parent.bid)
    }

    pub fn make_batch(
        &mut self,
        bid: Bid,
        description: String,
        complete: Callback,
        success: Callback,
        parent: Option<usize>,
    ) {
        let index = self.batches.len();
        self.batches.push(Batch {
            bid,
            gone: false,
            description,
            created_at: self.wall(),
            changed_at: self.now,
            look_at: self.now.plus_secs(UNCOMMITTED_SECS),
            committed: false,
            complete,
            success,
            completed: false,
            succeeded: false,
            members: Vec::new(),
            parents: Vec::new(),
        });
        if let Some(parent) = parent {
            self.adopt(parent, index);
        }
    }

    pub fn commit_batch(&mut self, index: usize) {
        self.touch(index).committed = true;
        self.advance(index);
    }

    /// Makes a batch wait for another; tells whether it may.
    pub fn adopt(&mut self, parent: usize, child: usize) -> bool {
        if self.waits_for(child, parent) {
            return false;
        }
        let parents = &mut self.batches[child].parents;
        let has_one = !parents.is_empty() && self.mutant == Mutant::OnlyTheFirstParentWaits;
        if !parents.contains(&parent) && !has_one {
            parents.push(parent);
            self.touch(parent);
        }
        true
    }

    /// Whether a batch is another one, or waits for it.
    fn waits_for(&self, batch: usize, other: usize) -> bool {
        let other_batch = &self.batches[other];
        let mut parents = other_batch.parents.iter().filter(|_| !other_batch.gone);
        batch == other || parents.any(|parent| self.waits_for(batch, *parent))
    }

    pub fn join(&mut self, job: &mut Job, index: usize) {
        let again = self.mutant == Mutant::CallbackFiredAgain;
        let batch = self.touch(index);
        job.member = Some((index, batch.members.len()));
        batch.members.push(Member::Unexecuted);
        if again && batch.complete.state == CallbackState::Done {
            batch.completed = false;
            batch.complete.state = CallbackState::Waiting;
        }
    }

    /// A member succeeded, or is no more.
    pub fn leave(&mut self, job: &Job) {
        if let Some((index, nth)) = job.member.filter(|(index, _)| !self.batches[*index].gone) {
            let stays = self.mutant == Mutant::RetriedStaysFailed;
            let member = &mut self.touch(index).members[nth];
            if *member != Member::Failed || !stays {
                *member = Member::Done;
            }
            self.advance(index);
        }
    }

    pub fn fail_member(&mut self, job: &Job) {
        if let Some((index, nth)) = job.member.filter(|(index, _)| !self.batches[*index].gone)
            && self.batches[index].members[nth] != Member::Failed
        {
            self.touch(index).members[nth] = Member::Failed;
            self.advance(index);
        }
    }

    /// A callback was acknowledged, or nobody can do so any more.
    pub fn callback_over(&mut self, job: &Job) {
        if let Some((index, kind)) = job.callback.filter(|(index, _)| !self.batches[*index].gone) {
            self.touch(index);
            self.callback(index, kind).state = CallbackState::Done;
            self.advance(index);
        }
    }

    fn callback(&mut self, index: usize, kind: CallbackKind) -> &mut Callback {
        let batch = &mut self.batches[index];
        match kind {
            CallbackKind::Complete => &mut batch.complete,
            CallbackKind::Success => &mut batch.success,
        }
    }

    pub(super) fn touch(&mut self, index: usize) -> &mut Batch {
        let batch = &mut self.batches[index];
        batch.changed_at = self.now;
        batch
    }

    /// Does what a batch is due for, and then, for what is due to its parents by that. Which of several parents comes
    /// first is the engine's choice.
    fn advance(&mut self, index: usize) {
        if self.batches[index].gone {
            return;
        }
        let mut told = Vec::new();
        while let Some(kind) = self.due(index) {
            match self.callback(index, kind).state {
                CallbackState::Waiting => self.fire(index, kind),
                CallbackState::Queued => break,
                CallbackState::Absent | CallbackState::Done => {
                    let batch = self.touch(index);
                    match kind {
                        CallbackKind::Complete => batch.completed = true,
                        CallbackKind::Success => batch.succeeded = true,
                    }
                    told.extend(self.tell_parents(index));
                }
            }
        }
        told.into_iter()
            .rev()
            .for_each(|parent| self.advance(parent));
    }

    /// Which of its goals a batch may go for now: its callback is to be queued, or it is reached.
    fn due(&self, index: usize) -> Option<CallbackKind> {
        let batch = &self.batches[index];
        let state = self.batch_state(index);
        let may_fire = batch.committed || self.mutant == Mutant::CallbackBeforeCommit;
        let waits_for_children = self.mutant != Mutant::ChildNotWaitedFor;
        let is_over = |callback: &Callback| callback.state == CallbackState::Done;
        let executed = may_fire
            && state.pending == 0
            && (state.children_incomplete == 0 || !waits_for_children);
        let succeeded = may_fire
            && state.pending + state.failed == 0
            && (state.children_unsuccessful == 0 || !waits_for_children);
        let early = self.mutant == Mutant::SuccessBeforeComplete
            && batch.complete.state == CallbackState::Queued;
        if !batch.completed && !early {
            return (executed || is_over(&batch.complete)).then_some(CallbackKind::Complete);
        }
        let wanted = !batch.succeeded && (succeeded || is_over(&batch.success));
        wanted.then_some(CallbackKind::Success)
    }

    fn tell_parents(&mut self, index: usize) -> Vec<usize> {
        let mut parents = self.batches[index].parents.clone();
        parents.retain(|parent| !self.batches[*parent].gone);
        for &parent in &parents {
            self.touch(parent);
        }
        parents
    }

    fn fire(&mut self, index: usize, kind: CallbackKind) {
        self.touch(index);
        self.callback(index, kind).state = CallbackState::Queued;
        let callback = self.callback(index, kind).clone();
        let mut job = callback.job;
        job.callback = Some((index, kind));
        let start = callback.at.map_or(self.wall(), |at| at.max(self.wall()));
        job.expires_at = callback.expires_in_secs.map(|secs| start.plus_secs(secs));
        self.track(&job, workmill_store::TrackState::Enqueued);
        match callback.at {
            Some(at) if at > self.wall() => self.insert(SetName::Scheduled, at.as_micros(), job),
            _ => self.enqueue(job),
        }
    }

    /// Forgets batches to which nothing has happened for too long.
    pub fn expire_batches(&mut self) {
        loop {
            let alive = self
                .batches
                .iter()
                .enumerate()
                .filter(|(_, batch)| !batch.gone);
            let due = alive.filter(|(_, batch)| batch.look_at <= self.now);
            let mut due: Vec<_> = due.map(|(index, batch)| (batch.look_at, index)).collect();
            due.sort_unstable();
            if due.is_empty() {
                return;
            }
            for (_, index) in due {
                self.look_at_batch(index);
            }
        }
    }

    fn look_at_batch(&mut self, index: usize) {
        let batch = &mut self.batches[index];
        let secs = if batch.committed {
            COMMITTED_SECS
        } else {
            UNCOMMITTED_SECS
        };
        batch.look_at = batch.changed_at.plus_secs(secs);
        if batch.look_at > self.now {
            return;
        }
        batch.gone = true;
        if !(batch.completed && batch.succeeded) {
            let parents = self.tell_parents(index);
            parents
                .into_iter()
                .rev()
                .for_each(|parent| self.advance(parent));
        }
    }
}
