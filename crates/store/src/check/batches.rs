//! Batches: what they count, next to their members, callbacks and children.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use workmill_proto::Bid;

use super::findings::{Findings, ProblemKind};
use crate::reading::Snapshot;
use crate::{BatchState, CallbackKind, CallbackState, Features, StoreError};

#[derive(Debug, Default)]
pub(super) struct Batches(BTreeMap<u64, Counted>);

/// A batch, and what was found of it.
#[derive(Debug)]
struct Counted {
    state: BatchState,
    has_details: bool,
    /// Whether it is looked at again.
    is_due: bool,
    pending: u64,
    failed: u64,
    /// Callbacks that are jobs now.
    complete: bool,
    success: bool,
    children_incomplete: u64,
    children_unsuccessful: u64,
}

impl Batches {
    pub(super) fn read<S: Snapshot>(
        rows: &mut S,
        findings: &mut Findings,
    ) -> Result<Self, StoreError> {
        let mut batches = Self::default();
        let generation = rows.tallies()?.generation;
        let last = rows.last_batch()?;
        rows.batches(generation, None, |id, state| {
            match state {
                Ok(state) => drop(batches.0.insert(id, Counted::new(state))),
                Err(error) => findings.add(ProblemKind::Row, || {
                    format!("batch number {id}: {}", error.reason)
                }),
            }
            if id > last {
                findings.add(ProblemKind::Number, || {
                    format!("batch number {id}: {last} is the last number given")
                });
            }
            ControlFlow::Continue(())
        })?;
        batches.read_parts(rows, generation, findings)?;
        findings.count("batches", batches.0.len() as u64);
        Ok(batches)
    }

    /// Reads what else belongs to batches.
    fn read_parts<S: Snapshot>(
        &mut self,
        rows: &mut S,
        generation: i64,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        rows.batch_rows(generation, None, |id, row| {
            match (self.0.get_mut(&id), row) {
                (Some(batch), Ok(row)) => {
                    batch.has_details = true;
                    let state = batch.state;
                    for (callback, kind, bytes) in [
                        (state.complete, "complete", row.complete_bytes),
                        (state.success, "success", row.success_bytes),
                    ] {
                        if callback == CallbackState::Waiting && bytes.is_none() {
                            findings.add(ProblemKind::BatchPart, || {
                                format!("{}: the {kind} callback it is to queue", batch.bid(id))
                            });
                        }
                    }
                }
                (_, Err(error)) => findings.add(ProblemKind::Row, || {
                    format!("the description of batch number {id}: {}", error.reason)
                }),
                (None, Ok(_)) => findings.add(ProblemKind::BatchPart, || {
                    format!("batch number {id}: all but its description")
                }),
            }
            ControlFlow::Continue(())
        })?;
        rows.batch_links(generation, None, |link| {
            match self.0.get(&link.child).map(|child| child.state) {
                Some(child) => {
                    if let Some(parent) = self.0.get_mut(&link.parent) {
                        parent.children_incomplete += u64::from(!child.completed);
                        parent.children_unsuccessful += u64::from(!child.succeeded);
                    }
                }
                None => findings.add(ProblemKind::BatchPart, || {
                    format!("batch number {} is a child, and is not there", link.child)
                }),
            }
            ControlFlow::Continue(())
        })?;
        rows.batch_dues(generation, |_, id| {
            if let Some(batch) = self.0.get_mut(&id) {
                batch.is_due = true;
            }
            ControlFlow::Continue(())
        })
    }

    /// A job that is somewhere: perhaps a member or a callback.
    pub(super) fn see(&mut self, features: &Features) {
        if let Some(member) = features.batch
            && let Some(batch) = self.get(member.bid)
        {
            match member.failed {
                true => batch.failed += 1,
                false => batch.pending += 1,
            }
        }
        if let Some(callback) = features.callback
            && let Some(batch) = self.get(callback.bid)
        {
            match callback.kind {
                CallbackKind::Complete => batch.complete = true,
                CallbackKind::Success => batch.success = true,
            }
        }
    }

    /// The batch of an id: not another one that has its number.
    fn get(&mut self, bid: Bid) -> Option<&mut Counted> {
        let batch = self.0.get_mut(&bid.id)?;
        (batch.state.check == bid.check).then_some(batch)
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        for (&id, batch) in &self.0 {
            batch.check(id, findings);
        }
    }
}

impl Counted {
    fn new(state: BatchState) -> Self {
        Self {
            state,
            has_details: false,
            is_due: false,
            pending: 0,
            failed: 0,
            complete: false,
            success: false,
            children_incomplete: 0,
            children_unsuccessful: 0,
        }
    }

    fn bid(&self, id: u64) -> Bid {
        let check = self.state.check;
        Bid { id, check }
    }

    fn check(&self, id: u64, findings: &mut Findings) {
        let (state, bid) = (&self.state, self.bid(id));
        for (what, written, found) in [
            ("members that are to run", state.pending, self.pending),
            (
                "children that are not complete",
                state.children_incomplete,
                self.children_incomplete,
            ),
            (
                "children that have not succeeded",
                state.children_unsuccessful,
                self.children_unsuccessful,
            ),
        ] {
            if written != found {
                findings.add(ProblemKind::Batch, || {
                    format!("{bid}: it counts {written} {what}, and {found} are found")
                });
            }
        }
        // Dead members that were forgotten stay failed.
        if state.failed < self.failed || state.total < state.pending + state.failed {
            let (total, failed, found) = (state.total, state.failed, self.failed);
            findings.add(ProblemKind::Batch, || {
                format!(
                    "{bid}: it counts {failed} failed of {total} members, and {found} are found"
                )
            });
        }
        for (kind, callback, is_there) in [
            ("complete", state.complete, self.complete),
            ("success", state.success, self.success),
        ] {
            if callback == CallbackState::Queued && !is_there {
                findings.add(ProblemKind::Batch, || {
                    format!("{bid}: its {kind} callback was queued, and is nowhere")
                });
            }
        }
        if !self.has_details {
            findings.add(ProblemKind::BatchPart, || format!("{bid}: its description"));
        }
        if !self.is_due {
            findings.add(ProblemKind::BatchPart, || {
                format!("{bid}: the moment at which it is looked at again")
            });
        }
    }
}
