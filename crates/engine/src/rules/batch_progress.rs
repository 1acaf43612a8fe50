//! How batches go on: members come and go, callbacks are queued when their time has come, parents are told, and what
//! nothing happens to any more is forgotten.

use workmill_proto::{Bid, Job, SetName, SteadyTime};
use workmill_store::{
    BatchState, CallbackKind, CallbackOf, CallbackState, Features, JobRecord, SetTime, StoreError,
    Tx,
};

use crate::ask::CALLBACK_READING;
use crate::group::Group;
use crate::limits::{BATCH_LOOK_SECS_MAX, BATCH_SLICE_BATCHES};
use crate::op::NewJob;

/// What a batch is due for, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A callback is to be queued.
    Queue(CallbackKind),
    /// Parents are to be told that it is complete.
    Complete,
    /// Parents are to be told that it has succeeded.
    Succeed,
}

impl Step {
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

impl<T: Tx> Group<'_, T> {
    /// A job was pushed.
    pub(super) fn join_batch(&mut self, features: &Features) -> Result<(), StoreError> {
        let Some(member) = features.batch else {
            return Ok(());
        };
        self.change_batch(member.bid.id, |state| {
            state.total += 1;
            state.pending += 1;
        })
    }

    /// A member succeeded, or is no more.
    pub(super) fn leave_batch(&mut self, features: &Features) -> Result<(), StoreError> {
        let Some(member) = features.batch else {
            return Ok(());
        };
        self.count_member(member.bid, |state| match member.failed {
            true => state.failed = state.failed.saturating_sub(1),
            false => state.pending = state.pending.saturating_sub(1),
        })
    }

    /// A member failed: once it has, it stays failed until it succeeds.
    pub(super) fn fail_in_batch(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        let Some(member) = record
            .features
            .as_mut()
            .and_then(|features| features.batch.as_mut())
        else {
            return Ok(());
        };
        if std::mem::replace(&mut member.failed, true) {
            return Ok(());
        }
        let bid = member.bid;
        self.count_member(bid, |state| {
            state.pending = state.pending.saturating_sub(1);
            state.failed += 1;
        })
    }

    /// A callback was acknowledged, or nobody can acknowledge it any more.
    pub(super) fn finish_callback(&mut self, features: &Features) -> Result<(), StoreError> {
        let Some(CallbackOf { bid, kind }) = features.callback else {
            return Ok(());
        };
        self.count_member(bid, |state| {
            *callback_state(state, kind) = CallbackState::Done;
        })
    }

    /// Changes a batch, if it is still there, and lets it go on.
    fn count_member(
        &mut self,
        bid: Bid,
        change: impl FnOnce(&mut BatchState),
    ) -> Result<(), StoreError> {
        if self.batch_state(bid)?.is_none() {
            return Ok(());
        }
        self.change_batch(bid.id, change)?;
        self.advance(bid.id)
    }

    pub(super) fn change_batch(
        &mut self,
        id: u64,
        change: impl FnOnce(&mut BatchState),
    ) -> Result<(), StoreError> {
        self.batches.change(self.tx, id, self.steady, change)
    }

    /// Does whatever a batch is due for, and then whatever its parents are due for because of that.
    pub(super) fn advance(&mut self, id: u64) -> Result<(), StoreError> {
        let mut unseen = vec![id];
        while let Some(id) = unseen.pop() {
            while let Some(state) = self.batches.get(self.tx, id)?
                && let Some(step) = Step::of(&state)
            {
                match step {
                    Step::Queue(kind) => self.queue_callback(
                        Bid {
                            id,
                            check: state.check,
                        },
                        kind,
                    )?,
                    Step::Complete => {
                        self.change_batch(id, |state| state.completed = true)?;
                        unseen.extend(
                            self.tell_parents(id, |parent| &mut parent.children_incomplete)?,
                        );
                    }
                    Step::Succeed => {
                        self.change_batch(id, |state| state.succeeded = true)?;
                        unseen.extend(
                            self.tell_parents(id, |parent| &mut parent.children_unsuccessful)?,
                        );
                    }
                }
            }
        }
        Ok(())
    }

    /// One child less to wait for. Returns the parents.
    fn tell_parents(
        &mut self,
        id: u64,
        count: impl Fn(&mut BatchState) -> &mut u64,
    ) -> Result<Vec<u64>, StoreError> {
        let parents = self.tx.batch_parents(id)?;
        for &parent in &parents {
            self.change_batch(parent, |state| {
                let count = count(state);
                *count = count.saturating_sub(1);
            })?;
        }
        Ok(parents)
    }

    /// Puts a callback into its queue, once.
    fn queue_callback(&mut self, bid: Bid, kind: CallbackKind) -> Result<(), StoreError> {
        let payload = self.tx.batch_callback(bid.id, kind)?;
        let parent = self.first_parent(bid.id)?;
        let made = self.make_callback(&payload.unwrap_or_default(), bid, kind, parent);
        let state = match &made {
            Ok(_) => CallbackState::Queued,
            // Nobody could ever acknowledge it.
            Err(_) => CallbackState::Done,
        };
        self.change_batch(bid.id, |batch| *callback_state(batch, kind) = state)?;
        match made {
            Ok(job) => self.place_callback(job),
            Err(error) => {
                let (bid, error) = (bid.to_string(), error.text);
                tracing::error!(
                    bid,
                    error,
                    "a batch's callback cannot be read: it is passed over"
                );
                Ok(())
            }
        }
    }

    fn place_callback(&mut self, job: NewJob) -> Result<(), StoreError> {
        self.pushed(&job.record)?;
        if let Some(at) = job.at.filter(|at| *at > self.wall) {
            let entry = (SetTime::scheduled(at), job.record);
            return self.tx.insert_entries(SetName::Scheduled, &[entry]);
        }
        self.enqueue_again(&[&job.record])?;
        // It may come from a FETCH that passes over jobs and has not begun to wait, but will.
        self.ready.insert(job.record.queue.into());
        Ok(())
    }

    fn make_callback(
        &mut self,
        payload: &[u8],
        bid: Bid,
        kind: CallbackKind,
        parent: Option<Bid>,
    ) -> Result<NewJob, workmill_proto::WireError> {
        let mut job = Job::parse_stored(payload)?;
        if job.jid.is_empty() {
            job.jid = self.new_jid();
        }
        let name = match kind {
            CallbackKind::Complete => "complete",
            CallbackKind::Success => "success",
        };
        let parent = parent.map(|parent| parent.to_string());
        job.set_callback_members(&bid.to_string(), name, parent.as_deref());
        let mut made = NewJob::new(job, self.wall, CALLBACK_READING)?;
        let features = made.record.features.get_or_insert_default();
        features.callback = Some(CallbackOf { bid, kind });
        Ok(made)
    }

    /// When a batch ends if nothing happens to it.
    pub(super) fn batch_ends_at(&self, state: &BatchState) -> SteadyTime {
        state.changed_at.plus_secs(match state.committed {
            true => self.rules.batch_committed_secs,
            false => self.rules.batch_uncommitted_secs,
        })
    }

    /// Forgets batches that nothing has happened to for too long. Tells whether there may be more.
    pub(super) fn expire_batches(&mut self) -> Result<bool, StoreError> {
        let due = self.tx.take_batches_due(self.steady, BATCH_SLICE_BATCHES)?;
        for &id in &due {
            let Some(state) = self.batches.get(self.tx, id)? else {
                continue;
            };
            let ends_at = self.batch_ends_at(&state);
            if ends_at > self.steady {
                let look_at = ends_at.min(self.steady.plus_secs(BATCH_LOOK_SECS_MAX));
                self.tx.note_batches_due(&[(id, look_at)])?;
            } else {
                self.expire_batch(id, &state)?;
            }
        }
        Ok(!due.is_empty())
    }

    /// Forgets a batch. Whoever waited for it waits no more.
    fn expire_batch(&mut self, id: u64, state: &BatchState) -> Result<(), StoreError> {
        let check = state.check;
        if !state.succeeded {
            let bid = Bid { id, check }.to_string();
            tracing::warn!(
                bid,
                "a batch has expired before it was done: it is forgotten"
            );
        }
        let mut parents = Vec::new();
        if !state.completed {
            parents = self.tell_parents(id, |parent| &mut parent.children_incomplete)?;
        }
        if !state.succeeded {
            parents = self.tell_parents(id, |parent| &mut parent.children_unsuccessful)?;
        }
        self.tx.remove_batches(&[id])?;
        self.batches.remove(id);
        parents
            .into_iter()
            .try_for_each(|parent| self.advance(parent))
    }

    /// Writes down the batches that were changed.
    pub(crate) fn write_batches(&mut self) -> Result<(), StoreError> {
        let changed = self.batches.take_changed();
        match changed.is_empty() {
            true => Ok(()),
            false => self.tx.update_batches(&changed),
        }
    }
}

fn callback_state(state: &mut BatchState, kind: CallbackKind) -> &mut CallbackState {
    match kind {
        CallbackKind::Complete => &mut state.complete,
        CallbackKind::Success => &mut state.success,
    }
}
