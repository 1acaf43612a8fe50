//! The last runs of cron entries: the jobs they pushed, and what became of them.

use workmill_store::{Clocks, JobRecord, PastRun, PastRuns, StoreError, TrackState, Tx};

use crate::limits::CRON_RUNS_KEPT_MAX;
use crate::overlay::Overlay;

/// The runs a group looks at, by the names of their entries.
#[derive(Debug, Default)]
pub(crate) struct CronRuns(Overlay<PastRuns>);

impl CronRuns {
    /// Reads runs of entries at once that are about to be changed.
    pub(crate) fn load<T: Tx>(
        &mut self,
        tx: &mut T,
        entries: impl Iterator<Item = Box<str>>,
    ) -> Result<(), StoreError> {
        self.0.load(tx, entries)
    }

    /// An entry has pushed a job, or would have: none of this id if that was refused. Its oldest run is forgotten, if there are
    /// too many.
    pub(crate) fn begin<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        entry: &str,
        jid: Option<&str>,
    ) -> Result<(), StoreError> {
        let entry: Box<str> = entry.into();
        let known = self.0.get(tx, &entry)?.cloned().unwrap_or_default();
        let run = PastRun {
            at: now.wall,
            jid: jid.map(Into::into),
            state: match jid {
                Some(_) => TrackState::Enqueued,
                None => TrackState::Unknown,
            },
            started_at: None,
            changed_at: now.wall,
        };
        let runs = std::iter::once(run).chain(known.0);
        let kept = runs.take(CRON_RUNS_KEPT_MAX).collect();
        self.0.put(entry, PastRuns(kept));
        Ok(())
    }

    /// Writes down where a job is, or what became of it, if it is one of the last runs of an entry.
    pub(crate) fn note<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        record: &JobRecord,
        state: TrackState,
    ) -> Result<(), StoreError> {
        let features = record.features.as_ref();
        let Some(entry) = features.and_then(|features| features.cron.as_ref()) else {
            return Ok(());
        };
        self.0.change(tx, entry, |runs| {
            let mut runs = runs.0.iter_mut();
            if let Some(run) = runs.find(|run| run.jid.as_ref() == Some(&record.jid)) {
                run.state = state;
                run.changed_at = now.wall;
                if state == TrackState::Working {
                    run.started_at = Some(now.wall);
                }
            }
        })
    }

    /// An entry is there no more.
    pub(crate) fn forget(&mut self, entry: &str) {
        self.0.remove(entry.into());
    }

    /// Writes what was changed.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T) -> Result<(), StoreError> {
        self.0.write(tx)
    }
}
