//! The rows of queues in memory, and where the next job of each is to be claimed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::place::{POSITION_FIRST, POSITION_MAX, QUEUE_ID_MAX, QueueId, key_at, position_of};
use crate::{QUEUES_MAX, QueueStanding};

/// What a row of the table stands for. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueState {
    /// A queue.
    Live = 0,
    /// A removed queue: its waiting jobs are to be swept, its reserved ones live on.
    Removed = 1,
    /// A flushed queue: all its jobs and reservations are to be swept.
    Flushed = 2,
    /// Swept. A new queue may have the number, and goes on with its positions.
    Free = 3,
}

impl QueueState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Live, Self::Removed, Self::Flushed, Self::Free];
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// The name it has or had.
    pub name: Arc<str>,
    /// What the row stands for.
    pub state: QueueState,
    /// Whether nothing is claimed from it.
    pub paused: bool,
    /// Jobs waiting.
    pub size: u64,
    /// The position of the next job pushed.
    pub position_next: i64,
    /// The lowest position used so far; what is put in front goes below.
    pub position_front: i64,
    /// No job waits at a lower position: readers find the head without a look at the reserved jobs before it. Between two
    /// changes of the queue the first job that is not at a lower position waits.
    pub position_head: i64,
}

/// What is copied before the first change of a transaction, and put back if it is rolled back.
#[derive(Clone, Debug)]
pub(crate) struct QueueCopy {
    pub(crate) row: QueueRow,
    /// Every job at or after this key waits; those before it are reserved or in `returned`.
    pub(super) head: i64,
    /// Where sweeping goes on. Lost at a restart, which only costs a second look.
    pub(super) swept_until: i64,
}

/// A queue in memory.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) now: QueueCopy,
    /// Waiting jobs before `head`: they were handed out and came back, or were put in front.
    pub(super) returned: BTreeSet<i64>,
    /// The transaction that has copied it.
    pub(super) touched_in: u64,
}

impl Queue {
    pub(super) fn new(now: QueueCopy) -> Self {
        Self {
            now,
            returned: BTreeSet::new(),
            touched_in: 0,
        }
    }

    /// Notes in the row that no job waits before the first that came back, or the head if none did.
    pub(super) fn note_head(&mut self) {
        let head = self.now.head;
        let first = self.returned.first().map_or(head, |&key| key.min(head));
        self.now.row.position_head = position_of(first);
    }
}

/// All rows.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    rows: BTreeMap<QueueId, Queue>,
    by_name: HashMap<Arc<str>, QueueId>,
    unswept: BTreeSet<QueueId>,
    free: BTreeSet<QueueId>,
}

impl Queues {
    /// The queue that has this name.
    pub(super) fn find(&self, name: &str) -> Option<QueueId> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn get(&self, id: QueueId) -> Option<&Queue> {
        self.rows.get(&id)
    }

    /// For changes that leave the state and the name as they are; for those there is [`Queues::restore`].
    pub(super) fn get_mut(&mut self, id: QueueId) -> Option<&mut Queue> {
        self.rows.get_mut(&id)
    }

    /// Those that have a name, in the order of their numbers.
    pub(crate) fn live(&self) -> impl Iterator<Item = (QueueId, &Queue)> {
        let rows = self.rows.iter().map(|(&id, queue)| (id, queue));
        rows.filter(|(_, queue)| queue.now.row.state == QueueState::Live)
    }

    /// Those removed or flushed and not yet swept.
    pub(crate) fn unswept(&self) -> &BTreeSet<QueueId> {
        &self.unswept
    }

    /// For each name whether there is a queue of it, or a client may make one.
    pub(super) fn standings(&self, names: &[&str]) -> Vec<QueueStanding> {
        let mut made: BTreeSet<&str> = BTreeSet::new();
        // Jobs of one push mostly go to one queue: remember the last answer.
        let mut last: Option<(&str, QueueStanding)> = None;
        let answers = names.iter().map(|&name| {
            let standing = match last {
                Some((known, standing)) if known == name => standing,
                _ if self.by_name.contains_key(name) => QueueStanding::There,
                _ if made.contains(name) => QueueStanding::Missing,
                _ if self.by_name.len() + made.len() >= QUEUES_MAX => QueueStanding::Refused,
                _ => {
                    made.insert(name);
                    QueueStanding::Missing
                }
            };
            last = Some((name, standing));
            standing
        });
        answers.collect()
    }

    /// The number and the first state of a new queue of this name; an error text if there is no room.
    pub(super) fn plan(&self, name: &str) -> Result<(QueueId, QueueCopy), String> {
        let after_last = self.rows.last_key_value().map_or(1, |(&id, _)| id + 1);
        let id = self.free.first().copied().unwrap_or(after_last);
        if id > QUEUE_ID_MAX {
            return Err(format!(
                "no number is left for queue {name}: there are {QUEUE_ID_MAX} queues, with those removed of \
                 which jobs are left: remove queues that are not used and try again later"
            ));
        }
        let (position_next, position_front) = match self.get(id) {
            Some(old) => (old.now.row.position_next, old.now.row.position_front),
            None => (POSITION_FIRST, POSITION_FIRST),
        };
        let row = QueueRow {
            name: name.into(),
            state: QueueState::Live,
            paused: false,
            size: 0,
            position_next,
            position_front,
            position_head: position_next,
        };
        let copy = QueueCopy {
            row,
            head: key_at(id, position_next),
            swept_until: key_at(id, 0),
        };
        Ok((id, copy))
    }

    /// Makes a row as it is in `copy`, or removes it, keeping the lookups right.
    pub(super) fn restore(&mut self, id: QueueId, copy: Option<QueueCopy>) {
        if let Some(old) = self.rows.get(&id) {
            match old.now.row.state {
                // While a transaction is undone, another row may have got the name back already.
                QueueState::Live if self.find(&old.now.row.name) != Some(id) => {}
                QueueState::Live => drop(self.by_name.remove(&old.now.row.name)),
                QueueState::Removed | QueueState::Flushed => drop(self.unswept.remove(&id)),
                QueueState::Free => drop(self.free.remove(&id)),
            }
        }
        let Some(copy) = copy else {
            self.rows.remove(&id);
            return;
        };
        match copy.row.state {
            QueueState::Live => drop(self.by_name.insert(Arc::clone(&copy.row.name), id)),
            QueueState::Removed | QueueState::Flushed => drop(self.unswept.insert(id)),
            // One whose positions are nearly used up is left alone for good.
            QueueState::Free if copy.row.position_next < POSITION_MAX / 2 => {
                self.free.insert(id);
            }
            QueueState::Free => {}
        }
        match self.rows.get_mut(&id) {
            Some(queue) => queue.now = copy,
            None => drop(self.rows.insert(id, Queue::new(copy))),
        }
    }
}
