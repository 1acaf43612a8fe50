//! How batches go on: members come and go, callbacks fall due, parents are told.

use workmill_proto::{Bid, SteadyTime};
use workmill_store::{
    BatchCallback, BatchState, CallbackKind, CallbackOf, CallbackState, Features, Membership,
    StoreError, Tx,
};

use super::batches::{Batches, callback_state};

/// A callback that is to be queued.
#[derive(Debug)]
pub(crate) struct DueCallback {
    /// Whose, and which one.
    pub(crate) of: CallbackOf,
    /// The first of the batches that wait for its batch.
    pub(crate) parent: Option<Bid>,
    /// The job as it was given.
    pub(crate) payload: Vec<u8>,
}

/// What a batch is due for, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// A callback is to be queued.
    Queue(CallbackKind),
    /// Parents are to be told that it is complete.
    Complete,
    /// Parents are to be told that it has succeeded.
    Succeed,
}

impl Progress {
    /// The success callback comes only after the complete callback was acknowledged, as in Faktory; and a parent
    /// waits for its children's callbacks.
    fn of(state: &BatchState) -> Option<Self> {
        let executed = state.committed && state.pending == 0 && state.children_incomplete == 0;
        let succeeded = state.committed
            && state.pending == 0
            && state.failed == 0
            && state.children_unsuccessful == 0;
        if !state.completed {
            return match state.complete {
                CallbackState::Waiting if executed => Some(Self::Queue(CallbackKind::Complete)),
                CallbackState::Absent if executed => Some(Self::Complete),
                CallbackState::Done => Some(Self::Complete),
                _ => None,
            };
        }
        if !state.succeeded {
            return match state.success {
                CallbackState::Waiting if succeeded => Some(Self::Queue(CallbackKind::Success)),
                CallbackState::Absent if succeeded => Some(Self::Succeed),
                CallbackState::Done => Some(Self::Succeed),
                _ => None,
            };
        }
        None
    }
}

impl Batches {
    /// A job was pushed.
    pub(crate) fn join<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        features: &Features,
    ) -> Result<(), StoreError> {
        let Some(member) = features.batch else {
            return Ok(());
        };
        self.change(tx, now, member.bid.id, |state| {
            state.total += 1;
            state.pending += 1;
        })
    }

    /// A member succeeded, or is no more.
    pub(crate) fn leave<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        features: &Features,
    ) -> Result<(), StoreError> {
        let Some(member) = features.batch else {
            return Ok(());
        };
        self.count(tx, now, member.bid, |state| match member.failed {
            true => take_one(&mut state.failed, member.bid.id),
            false => take_one(&mut state.pending, member.bid.id),
        })
    }

    /// A member failed: once it has, it stays failed until it succeeds.
    pub(crate) fn fail<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        features: &Features,
    ) -> Result<(), StoreError> {
        let Some(member) = features.batch.filter(|member| !member.failed) else {
            return Ok(());
        };
        self.count(tx, now, member.bid, |state| {
            take_one(&mut state.pending, member.bid.id);
            state.failed += 1;
        })
    }

    /// A member comes back that was deleted: it counts again as it did, unless the batch has gone on without it. Tells whether
    /// it is a member again.
    pub(crate) fn rejoin<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        member: Membership,
    ) -> Result<bool, StoreError> {
        let state = self.state(tx, member.bid)?;
        let waits = |state: BatchState| match member.failed {
            true => waits_for_success(&state),
            false => waits_for_completion(&state),
        };
        if !state.is_some_and(waits) {
            return Ok(false);
        }
        self.change(tx, now, member.bid.id, |state| match member.failed {
            true => state.failed += 1,
            false => state.pending += 1,
        })?;
        Ok(true)
    }

    /// A member comes back that was killed before it had failed: it is still to run, unless the batch has gone on without it.
    /// Tells whether it is.
    pub(crate) fn recover<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        member: Membership,
    ) -> Result<bool, StoreError> {
        let state = self.state(tx, member.bid)?;
        if !state.is_some_and(|state| waits_for_completion(&state)) {
            return Ok(false);
        }
        self.change(tx, now, member.bid.id, |state| {
            take_one(&mut state.failed, member.bid.id);
            state.pending += 1;
        })?;
        Ok(true)
    }

    /// A callback was acknowledged, or nobody can acknowledge it any more.
    pub(crate) fn finish_callback<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        features: &Features,
    ) -> Result<(), StoreError> {
        match features.callback {
            Some(callback) => self.pass_callback(tx, now, callback),
            None => Ok(()),
        }
    }

    /// A callback counts as acknowledged.
    pub(crate) fn pass_callback<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        CallbackOf { bid, kind }: CallbackOf,
    ) -> Result<(), StoreError> {
        self.count(tx, now, bid, |state| {
            *callback_state(state, kind) = CallbackState::Done;
        })
    }

    /// Does whatever the batches that were changed are due for, and then whatever their parents are due for because of
    /// that, until there is a callback to be queued. It counts as queued from now on.
    pub(crate) fn next_callback<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
    ) -> Result<Option<DueCallback>, StoreError> {
        while let Some(id) = self.current.take().or_else(|| self.changed.pop()) {
            let Some(state) = self.states.get(tx, &id)?.copied() else {
                continue;
            };
            let Some(progress) = Progress::of(&state) else {
                continue;
            };
            self.current = Some(id);
            match progress {
                Progress::Queue(kind) => {
                    self.change(tx, now, id, |state| {
                        *callback_state(state, kind) = CallbackState::Queued;
                    })?;
                    let check = state.check;
                    let bid = Bid { id, check };
                    return self.callback(tx, CallbackOf { bid, kind }).map(Some);
                }
                Progress::Complete => {
                    self.change(tx, now, id, |state| state.completed = true)?;
                    self.tell_parents(tx, now, id, |parent| &mut parent.children_incomplete)?;
                }
                Progress::Succeed => {
                    self.change(tx, now, id, |state| state.succeeded = true)?;
                    self.tell_parents(tx, now, id, |parent| &mut parent.children_unsuccessful)?;
                }
            }
        }
        Ok(None)
    }

    /// One child less to wait for: the parents may go on.
    pub(super) fn tell_parents<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        id: u64,
        count: impl Fn(&mut BatchState) -> &mut u64,
    ) -> Result<(), StoreError> {
        for parent in self.parents_of(tx, id)? {
            self.change(tx, now, parent, |state| take_one(count(state), parent))?;
            self.changed.push(parent);
        }
        Ok(())
    }

    /// Changes a batch, if it is still there, and lets it go on.
    fn count<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        bid: Bid,
        change: impl FnOnce(&mut BatchState),
    ) -> Result<(), StoreError> {
        if self.state(tx, bid)?.is_some() {
            self.change(tx, now, bid.id, change)?;
            self.changed.push(bid.id);
        }
        Ok(())
    }

    fn callback<T: Tx>(&mut self, tx: &mut T, of: CallbackOf) -> Result<DueCallback, StoreError> {
        let callback: Option<BatchCallback> = tx.get(&[(of.bid.id, of.kind)])?.pop().flatten();
        Ok(DueCallback {
            of,
            parent: self.first_parent(tx, of.bid.id)?,
            payload: callback.map(|callback| callback.0).unwrap_or_default(),
        })
    }
}

/// Whether a batch waits for members to be executed.
fn waits_for_completion(state: &BatchState) -> bool {
    let waits = matches!(
        state.complete,
        CallbackState::Absent | CallbackState::Waiting
    );
    waits && !state.completed
}

/// Whether a batch waits for members to succeed.
fn waits_for_success(state: &BatchState) -> bool {
    let waits = matches!(
        state.success,
        CallbackState::Absent | CallbackState::Waiting
    );
    waits && !state.succeeded
}

/// One less of what a batch counts. A number that is too small already stays at nothing: to stop for it would be to stop at
/// every start again, as it is in the database.
fn take_one(count: &mut u64, batch: u64) {
    match count.checked_sub(1) {
        Some(less) => *count = less,
        None => tracing::error!(
            batch,
            "a batch has counted fewer jobs or children than it has: its callbacks may come early; please report this"
        ),
    }
}

#[cfg(test)]
mod tests {
    use workmill_store::Store as _;
    use workmill_store::memory::{MemoryDisk, MemoryStore};

    use super::*;

    /// A number that a bug has left too small must neither wrap around nor stop the server.
    #[test]
    fn a_batch_never_counts_below_nothing() {
        let now = SteadyTime::from_micros(0);
        let mut store = MemoryStore::open(&MemoryDisk::default());
        let mut tx = store.begin().unwrap();
        let mut batches = Batches::default();
        let mut state = BatchState::new(7, now);
        state.committed = true;
        batches.states.put(1, state);
        let bid = Bid { id: 1, check: 7 };
        for failed in [false, true] {
            let features = Features {
                batch: Some(Membership { bid, failed }),
                ..Features::default()
            };
            batches.leave(&mut tx, now, &features).unwrap();
            assert!(batches.next_callback(&mut tx, now).unwrap().is_none());
        }
        let state = batches.state(&mut tx, bid).unwrap().unwrap();
        assert_eq!((state.pending, state.failed), (0, 0));
        assert!(state.succeeded);
    }
}
