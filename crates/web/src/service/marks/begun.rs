//! What began lately: read out of the audit log once for all who ask, and only what is new of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use workmill_store::StoreError;
use workmill_store::reading::Bounds;

use super::mark::{Mark, TAKEN_BACK};
use crate::desk::Desk;

/// For how long what was read counts as now.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// Entries of the audit log that are looked at when somebody asks first. What began before these is not told.
const LOOKED_AT_MAX: usize = 20_000;

/// Entries that one read looks at.
const READ_MAX: usize = 1_000;

/// Marks that are told, the latest: more than that nobody reads.
const MARKS_MAX: usize = 1_000;

/// Keeps what began.
#[derive(Debug, Default)]
pub(crate) struct Begun(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    read_at: Option<Instant>,
    /// The last entry that was looked at.
    last: Option<u64>,
    marks: BTreeMap<u64, Mark>,
    told: Arc<Vec<Mark>>,
}

impl Begun {
    /// What began, the latest first.
    pub(crate) async fn now(&self, desk: &dyn Desk) -> Result<Arc<Vec<Mark>>, StoreError> {
        let mut state = self.0.lock().await;
        if state.read_at.is_none_or(|at| at.elapsed() >= FRESH_FOR) {
            state.read_on(desk).await?;
            state.read_at = Some(Instant::now());
        }
        Ok(Arc::clone(&state.told))
    }

    /// Whoever asks next sees what has just been changed.
    pub(super) async fn look_again(&self) {
        self.0.lock().await.read_at = None;
    }
}

impl State {
    /// Looks at the entries that have come since the last time, the latest first.
    async fn read_on(&mut self, desk: &dyn Desk) -> Result<(), StoreError> {
        let (known, mut last, mut after, mut looked_at) = (self.last, self.last, None, 0);
        let (mut found, mut taken_back) = (Vec::new(), BTreeSet::new());
        while looked_at < LOOKED_AT_MAX {
            let bounds = Bounds::of_rows(READ_MAX);
            let slice = desk
                .read(move |reading| reading.audit(after, &|_| true, bounds))
                .await?;
            let is_known = |id: u64| known.is_some_and(|known| id <= known);
            let meets_known = slice.items.last().is_some_and(|(id, _)| is_known(*id));
            looked_at += slice.items.len();
            let new = slice.items.into_iter().filter(|(id, _)| !is_known(*id));
            for (id, entry) in new {
                last = last.max(Some(id));
                let Ok(entry) = entry else {
                    continue;
                };
                match (&*entry.action, entry.undoes) {
                    (TAKEN_BACK, Some(taken)) => {
                        taken_back.insert(taken);
                    }
                    _ => found.extend(Mark::of(id, entry)),
                }
            }
            after = slice.next;
            if meets_known || after.is_none() {
                break;
            }
        }
        // Not before all is read: what broke off is looked at again.
        self.last = last;
        self.marks
            .extend(found.into_iter().map(|mark| (mark.id, mark)));
        self.marks.retain(|id, _| !taken_back.contains(id));
        while self.marks.len() > MARKS_MAX {
            self.marks.pop_first();
        }
        self.tell(desk);
        Ok(())
    }

    fn tell(&mut self, desk: &dyn Desk) {
        let facts = desk.facts();
        let start = Mark::of_start(facts.started_at, facts.version);
        let mut marks: Vec<Mark> = self.marks.values().cloned().chain([start]).collect();
        marks.sort_by_key(|mark| Reverse((mark.at, mark.id)));
        self.told = Arc::new(marks);
    }
}
