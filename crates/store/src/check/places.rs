//! Queues and sets: what their rows say, next to what is found in them.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use workmill_proto::SetName;

use super::findings::{Findings, ProblemKind};
use crate::StoreError;
use crate::reading::{SetRow, Snapshot};
use crate::writer::{QueueId, QueueRow, QueueState};

/// All queues and sets.
#[derive(Debug, Default)]
pub(super) struct Places {
    queues: BTreeMap<QueueId, CountedQueue>,
    sets: BTreeMap<i64, CountedSet>,
    /// Reservations of queues that were not flushed.
    pub(super) working: u64,
    /// Rows of what was removed, cleared or flushed.
    pub(super) unswept: u64,
    pub(super) last_serial: i64,
    tallied_working: u64,
}

#[derive(Debug)]
struct CountedQueue {
    row: QueueRow,
    waiting: u64,
    first_waiting: i64,
    lowest: i64,
    highest: i64,
}

#[derive(Debug)]
struct CountedSet {
    row: SetRow,
    entries: u64,
}

impl Places {
    pub(super) fn read<S: Snapshot>(
        rows: &mut S,
        findings: &mut Findings,
    ) -> Result<Self, StoreError> {
        let tallies = rows.tallies()?;
        let mut places = Self {
            last_serial: tallies.last_serial,
            tallied_working: tallies.working,
            ..Self::default()
        };
        rows.queues(None, |id, row| {
            match row {
                Ok(row) => {
                    let counted = CountedQueue {
                        row,
                        waiting: 0,
                        first_waiting: i64::MAX,
                        lowest: i64::MAX,
                        highest: i64::MIN,
                    };
                    places.queues.insert(id, counted);
                }
                Err(error) => findings.add(ProblemKind::Row, || {
                    format!("queue number {id}: {}", error.reason)
                }),
            }
            ControlFlow::Continue(())
        })?;
        for row in rows.sets()? {
            places.sets.insert(row.id, CountedSet { row, entries: 0 });
        }
        Ok(places)
    }

    /// What became of a queue; none if there is no such row.
    pub(super) fn queue_state(&self, id: QueueId) -> Option<QueueState> {
        self.queues.get(&id).map(|queue| queue.row.state)
    }

    /// A set; none if there is no such row.
    pub(super) fn set(&self, id: i64) -> Option<SetRow> {
        self.sets.get(&id).map(|set| set.row)
    }

    pub(super) fn count_entry(&mut self, id: i64) {
        if let Some(set) = self.sets.get_mut(&id) {
            set.entries += 1;
        }
    }

    /// A job of a queue was found at this position.
    pub(super) fn count_job(&mut self, id: QueueId, position: i64, waits: bool) {
        if let Some(queue) = self.queues.get_mut(&id) {
            if waits {
                queue.waiting += 1;
                queue.first_waiting = queue.first_waiting.min(position);
            }
            queue.lowest = queue.lowest.min(position);
            queue.highest = queue.highest.max(position);
        }
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        let live = || {
            let queues = self.queues.values();
            queues.filter(|queue| queue.row.state == QueueState::Live)
        };
        findings.count("queues", live().count() as u64);
        self.check_names(findings);
        for (id, queue) in &self.queues {
            check_queue(*id, queue, findings);
        }
        for name in SetName::ALL {
            self.check_set(name, findings);
        }
        findings.count("rows of what was removed, to be swept", self.unswept);
        if self.working != self.tallied_working {
            let (found, written) = (self.working, self.tallied_working);
            findings.add(ProblemKind::Working, || {
                format!("{written} are written down and {found} are found")
            });
        }
    }

    fn check_names(&self, findings: &mut Findings) {
        let mut names: HashMap<&str, QueueId> = HashMap::new();
        for (&id, queue) in &self.queues {
            if queue.row.state == QueueState::Live
                && let Some(other) = names.insert(&queue.row.name, id)
            {
                let name = &queue.row.name;
                findings.add(ProblemKind::Queue, || {
                    format!("{name:?} is the name of two queues, number {other} and number {id}")
                });
            }
        }
    }

    fn check_set(&self, name: SetName, findings: &mut Findings) {
        let mut named = self
            .sets
            .values()
            .filter(|set| set.row.name == name && set.row.removal.is_none());
        let (Some(set), None) = (named.next(), named.next()) else {
            findings.add(ProblemKind::Set, || {
                format!("{} is the name of no set, or of several", name.as_str())
            });
            return;
        };
        let (written, found) = (set.row.size, set.entries);
        if written != found {
            findings.add(ProblemKind::Set, || {
                let name = name.as_str();
                format!("{name}: {written} jobs are written down and {found} are found")
            });
        }
    }
}

fn check_queue(id: QueueId, queue: &CountedQueue, findings: &mut Findings) {
    let row = &queue.row;
    let name = &row.name;
    if row.state == QueueState::Live && row.size != queue.waiting {
        let (written, found) = (row.size, queue.waiting);
        findings.add(ProblemKind::Queue, || {
            format!("{name:?}: {written} waiting jobs are written down and {found} are found")
        });
    }
    if queue.highest >= row.position_next {
        let (highest, next) = (queue.highest, row.position_next);
        findings.add(ProblemKind::Number, || {
            format!("queue {name:?}, number {id}: a job is at position {highest}, and the next is to be at {next}")
        });
    }
    if queue.first_waiting < row.position_head {
        let (first, head) = (queue.first_waiting, row.position_head);
        findings.add(ProblemKind::Head, || {
            format!(
                "{name:?}: a job waits at position {first}, and the head is written down as {head}"
            )
        });
    }
    if queue.lowest < row.position_front {
        let (lowest, front) = (queue.lowest, row.position_front);
        findings.add(ProblemKind::Queue, || {
            format!("{name:?}: a job is at position {lowest}, before the first one, {front}")
        });
    }
}
