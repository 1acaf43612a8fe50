//! Batches: what is known of them, which one waits for which, and how they are made, committed and forgotten.

use std::collections::BTreeSet;

use workmill_proto::{Bid, SteadyTime, WireError};
use workmill_store::{
    BatchCallback, BatchDetails, BatchDue, BatchParents, BatchState, CallbackKind, CallbackState,
    Clocks, Features, StoreError, Tx,
};

use crate::context::Rules;
use crate::limits::{
    BATCH_ANCESTORS_MAX, BATCH_LOOK_SECS_MAX, BATCH_PARENTS_MAX, BATCH_SLICE_BATCHES,
};
use crate::op::NewBatch;
use crate::outcome::BatchReport;
use crate::overlay::Overlay;

/// The batches a group looks at.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    pub(super) states: Overlay<BatchState>,
    pub(super) parents: Overlay<BatchParents>,
    dues: Overlay<BatchDue>,
    /// Batches that may go on, as something of them has changed.
    pub(super) changed: Vec<u64>,
    /// The one that is going on.
    pub(super) current: Option<u64>,
}

impl Batches {
    /// Reads batches at once that are about to be changed.
    pub(crate) fn load<T: Tx>(
        &mut self,
        tx: &mut T,
        ids: impl Iterator<Item = u64>,
    ) -> Result<(), StoreError> {
        self.states.load(tx, ids)
    }

    /// The state of a batch. None if there is none, or only another with the same number.
    pub(crate) fn state<T: Tx>(
        &mut self,
        tx: &mut T,
        bid: Bid,
    ) -> Result<Option<BatchState>, StoreError> {
        let state = self.states.get(tx, &bid.id)?;
        Ok(state.filter(|state| state.check == bid.check).copied())
    }

    /// What is known of a batch.
    pub(crate) fn report<T: Tx>(
        &mut self,
        tx: &mut T,
        bid: Bid,
    ) -> Result<Option<BatchReport>, StoreError> {
        let state = self.state(tx, bid)?;
        let details: Option<BatchDetails> = tx.get(&[bid.id])?.pop().flatten();
        let (Some(state), Some(details)) = (state, details) else {
            return Ok(None);
        };
        Ok(Some(BatchReport {
            bid,
            parent: self.first_parent(tx, bid.id)?,
            details,
            state,
        }))
    }

    /// Makes a batch, unless its parent is nested too deep: then it tells so. `check` is the random part of its id.
    pub(crate) fn make<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        rules: &Rules,
        new: &NewBatch,
        check: u64,
    ) -> Result<Result<Bid, WireError>, StoreError> {
        if let Some(parent) = new.parent
            && self.ancestors(tx, parent)?.is_none()
        {
            return Ok(Err(too_deep(parent)));
        }
        let id = tx.next_batch()?;
        let mut state = BatchState::new(check, now.steady);
        let details = BatchDetails {
            description: new.description.clone(),
            created_at: now.wall,
        };
        tx.put(&[(id, details)])?;
        for (kind, payload) in [
            (CallbackKind::Complete, &new.complete),
            (CallbackKind::Success, &new.success),
        ] {
            if let Some(payload) = payload {
                *callback_state(&mut state, kind) = CallbackState::Waiting;
                tx.put(&[((id, kind), BatchCallback(payload.clone()))])?;
            }
        }
        self.dues.put((ends_at(rules, &state), id), BatchDue);
        self.states.put(id, state);
        if let Some(parent) = new.parent {
            self.link(tx, now.steady, parent.id, id)?;
        }
        Ok(Ok(Bid { id, check }))
    }

    /// From now on its callbacks may be queued.
    pub(crate) fn commit<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        bid: Bid,
    ) -> Result<(), StoreError> {
        self.change(tx, now, bid.id, |state| state.committed = true)?;
        self.changed.push(bid.id);
        Ok(())
    }

    /// Makes one batch wait for another, unless it may not: then it is told why.
    pub(crate) fn adopt<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        parent: Bid,
        child: Bid,
    ) -> Result<Option<WireError>, StoreError> {
        let refusal = self.refuse_parent(tx, parent, child)?;
        if refusal.is_none() {
            self.link(tx, now, parent.id, child.id)?;
        }
        Ok(refusal)
    }

    /// Makes one batch wait for another. To say it twice is to say it once.
    fn link<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        parent: u64,
        child: u64,
    ) -> Result<(), StoreError> {
        let Some(state) = self.states.get(tx, &child)?.copied() else {
            return Ok(());
        };
        let mut parents = self.parents_of(tx, child)?;
        if parents.contains(&parent) {
            return Ok(());
        }
        parents.push(parent);
        self.parents.put(child, BatchParents(parents));
        self.change(tx, now, parent, |parent| {
            parent.children_incomplete += u64::from(!state.completed);
            parent.children_unsuccessful += u64::from(!state.succeeded);
        })
    }

    /// Why a batch may not become the parent of another, if it may not.
    fn refuse_parent<T: Tx>(
        &mut self,
        tx: &mut T,
        parent: Bid,
        child: Bid,
    ) -> Result<Option<WireError>, StoreError> {
        let parents = self.parents_of(tx, child.id)?;
        if !parents.contains(&parent.id) && parents.len() >= BATCH_PARENTS_MAX {
            return Ok(Some(WireError::err(format!(
                "batch {child} has {BATCH_PARENTS_MAX} parents already"
            ))));
        }
        Ok(match self.ancestors(tx, parent)? {
            None => Some(too_deep(parent)),
            Some(ancestors) if ancestors.contains(&child.id) => Some(WireError::err(format!(
                "batch {parent} is batch {child}, or batch {child} waits for it: they would wait for each other"
            ))),
            Some(_) => None,
        })
    }

    /// Why a job may not become a member of its batch, if it may not.
    pub(crate) fn refuse_member<T: Tx>(
        &mut self,
        tx: &mut T,
        features: &Features,
    ) -> Result<Option<WireError>, StoreError> {
        let Some(member) = features.batch else {
            return Ok(None);
        };
        let is_known = self.state(tx, member.bid)?.is_some();
        Ok((!is_known).then(|| WireError::no_such_batch(&member.bid.to_string())))
    }

    /// The first of the batches that wait for this one.
    pub(super) fn first_parent<T: Tx>(
        &mut self,
        tx: &mut T,
        id: u64,
    ) -> Result<Option<Bid>, StoreError> {
        for parent in self.parents_of(tx, id)? {
            if let Some(state) = self.states.get(tx, &parent)? {
                let check = state.check;
                return Ok(Some(Bid { id: parent, check }));
            }
        }
        Ok(None)
    }

    /// Takes a slice of those that are to be looked at now, as nothing may have happened to them for too long.
    pub(crate) fn take_due<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
    ) -> Result<Vec<u64>, StoreError> {
        self.dues.write(tx)?;
        let due = tx.due::<BatchDue>(now, BATCH_SLICE_BATCHES)?;
        let ids: Vec<u64> = due.iter().map(|&(_, id)| id).collect();
        self.load(tx, ids.iter().copied())?;
        due.into_iter().for_each(|key| self.dues.remove(key));
        Ok(ids)
    }

    /// Forgets a batch that nothing has happened to for too long: whoever waits for it waits no more. Else notes when to
    /// look at it again.
    pub(crate) fn expire<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        rules: &Rules,
        id: u64,
    ) -> Result<(), StoreError> {
        let Some(state) = self.states.get(tx, &id)?.copied() else {
            return Ok(());
        };
        let ends_at = ends_at(rules, &state);
        if ends_at > now {
            let look_at = ends_at.min(now.plus_secs(BATCH_LOOK_SECS_MAX));
            self.dues.put((look_at, id), BatchDue);
            return Ok(());
        }
        if !state.succeeded {
            let check = state.check;
            let bid = Bid { id, check }.to_string();
            tracing::warn!(
                bid,
                "a batch has expired before it was done: it is forgotten"
            );
        }
        if !state.completed {
            self.tell_parents(tx, now, id, |parent| &mut parent.children_incomplete)?;
        }
        if !state.succeeded {
            self.tell_parents(tx, now, id, |parent| &mut parent.children_unsuccessful)?;
        }
        self.states.remove(id);
        self.parents.remove(id);
        tx.remove::<BatchDetails>(&[id])
    }

    /// Forgets what is known, as it is flushed.
    pub(crate) fn clear(&mut self) {
        self.states.clear();
        self.parents.clear();
        self.dues.clear();
    }

    /// Writes what was changed.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T) -> Result<(), StoreError> {
        self.states.write(tx)?;
        self.parents.write(tx)?;
        self.dues.write(tx)
    }

    pub(super) fn change<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        id: u64,
        change: impl FnOnce(&mut BatchState),
    ) -> Result<(), StoreError> {
        self.states.change(tx, &id, |state| {
            change(state);
            state.changed_at = now;
        })
    }

    pub(super) fn parents_of<T: Tx>(
        &mut self,
        tx: &mut T,
        child: u64,
    ) -> Result<Vec<u64>, StoreError> {
        let parents = self.parents.get(tx, &child)?;
        Ok(parents.map_or_else(Vec::new, |parents| parents.0.clone()))
    }

    /// A batch and all that wait for it; none if these are too many.
    fn ancestors<T: Tx>(
        &mut self,
        tx: &mut T,
        bid: Bid,
    ) -> Result<Option<BTreeSet<u64>>, StoreError> {
        let mut ancestors = BTreeSet::from([bid.id]);
        let mut unseen = vec![bid.id];
        while let Some(id) = unseen.pop() {
            for above in self.parents_of(tx, id)? {
                if ancestors.insert(above) {
                    unseen.push(above);
                }
            }
            if ancestors.len() > BATCH_ANCESTORS_MAX {
                return Ok(None);
            }
        }
        Ok(Some(ancestors))
    }
}

/// When a batch ends if nothing happens to it.
fn ends_at(rules: &Rules, state: &BatchState) -> SteadyTime {
    state.changed_at.plus_secs(match state.committed {
        true => rules.batch_committed_secs,
        false => rules.batch_uncommitted_secs,
    })
}

pub(super) fn callback_state(state: &mut BatchState, kind: CallbackKind) -> &mut CallbackState {
    match kind {
        CallbackKind::Complete => &mut state.complete,
        CallbackKind::Success => &mut state.success,
    }
}

fn too_deep(parent: Bid) -> WireError {
    WireError::err(format!(
        "batch {parent} has {BATCH_ANCESTORS_MAX} batches above it: nest them less deeply"
    ))
}
