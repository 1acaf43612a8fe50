//! Batches, as far as clients know.

use std::collections::BTreeSet;

use super::book::Book;
use super::job::{Counts, Entry, Status};
use super::plan::{Kind, Plan};

/// How far a step of a batch is known to have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Progress {
    NotSent,
    /// It has no answer (yet).
    Sent,
    Acknowledged,
}

#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) bid: String,
    pub(super) members: Vec<String>,
    /// The batches it waits for, and whether the server has been told for certain.
    pub(super) children: Vec<(String, Progress)>,
    /// A child was asked for and its id is not known: if it was made, this batch is never complete.
    pub(super) has_lost_child: bool,
    pub(super) committed: Progress,
    /// Its callbacks; their jobs have the ids that plans give them.
    pub(super) callbacks: BTreeSet<Kind>,
}

impl Batch {
    pub(super) fn new(bid: String, callbacks: BTreeSet<Kind>) -> Self {
        Self {
            bid,
            members: Vec::new(),
            children: Vec::new(),
            has_lost_child: false,
            committed: Progress::NotSent,
            callbacks,
        }
    }
}

impl Book {
    pub(super) fn batch(&mut self, name: &str) -> &mut Batch {
        self.batches
            .get_mut(name)
            .unwrap_or_else(|| panic!("a client made up the batch {name}"))
    }

    /// A batch was made, and its callbacks may come.
    pub(super) fn batch_made(&mut self, name: &str, bid: String, callbacks: &[Plan]) {
        let mut kinds = BTreeSet::new();
        for plan in callbacks {
            kinds.extend(plan.callback.as_ref().map(|(_, kind)| *kind));
            let entry = Entry::new(plan.clone(), Status::Waiting);
            self.jobs.insert(plan.jid.clone(), entry);
        }
        self.batches.insert(name.to_owned(), Batch::new(bid, kinds));
    }

    /// A batch has another one to wait for, or will have.
    pub(super) fn child_of(&mut self, parent: &str, child: &str, progress: Progress) {
        let children = &mut self.batch(parent).children;
        children.retain(|(name, _)| name != child);
        children.push((child.to_owned(), progress));
    }

    /// All that `total`, `pending` and `failed` may be.
    pub(super) fn batch_counts(&self, name: &str) -> BTreeSet<Counts> {
        let mut sums = BTreeSet::from([(0, 0, 0)]);
        for jid in &self.batches[name].members {
            let counts = self.jobs[jid].counts();
            sums = sums
                .iter()
                .flat_map(|sum| {
                    counts
                        .iter()
                        .map(|add| (sum.0 + add.0, sum.1 + add.1, sum.2 + add.2))
                })
                .collect();
        }
        sums
    }

    /// A job was fetched: if it is a callback, its time must have come.
    pub(super) fn called_back(&mut self, jid: &str) {
        let Some((batch, kind)) = self.entry(jid).plan.callback.clone() else {
            return;
        };
        if !self.readiness(&batch, kind).possible {
            let counts = self.batch_counts(&batch);
            self.violate(format!(
                "{jid} was fetched before its time: total, pending, failed are {counts:?}"
            ));
        }
    }
}
