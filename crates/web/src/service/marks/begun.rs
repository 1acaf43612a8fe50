//! What began lately: read out of the audit log once for all who ask, and only what is new of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Mutex;
use workmill_store::StoreError;

use super::mark::{Mark, TAKEN_BACK};
use crate::desk::Desk;
use crate::service::news::AuditNews;

/// Marks that are told, the latest: more than that nobody reads.
const MARKS_MAX: usize = 1_000;

/// Keeps what began.
#[derive(Debug, Default)]
pub(crate) struct Begun(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    news: AuditNews,
    marks: BTreeMap<u64, Mark>,
    told: Arc<Vec<Mark>>,
}

impl Begun {
    /// What began, the latest first.
    pub(crate) async fn now(&self, desk: &dyn Desk) -> Result<Arc<Vec<Mark>>, StoreError> {
        let mut state = self.0.lock().await;
        state.read_on(desk).await?;
        Ok(Arc::clone(&state.told))
    }

    /// Whoever asks next sees what has just been changed.
    pub(super) async fn look_again(&self) {
        self.0.lock().await.news.look_again();
    }
}

impl State {
    /// Takes in what has come since the last time.
    async fn read_on(&mut self, desk: &dyn Desk) -> Result<(), StoreError> {
        let Some(news) = self.news.read(desk).await? else {
            return Ok(());
        };
        let mut taken_back = BTreeSet::new();
        for (id, entry) in news {
            match (&*entry.action, entry.undoes) {
                (TAKEN_BACK, Some(taken)) => {
                    taken_back.insert(taken);
                }
                _ => {
                    let mark = Mark::of(id, entry);
                    self.marks.extend(mark.map(|mark| (id, mark)));
                }
            }
        }
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
