//! [`Reading`], over any backend.

use std::ops::RangeInclusive;

use workmill_proto::Timestamp;

use super::names::Names;
use super::snapshot::{FeatureReads as _, JobReads as _, Readable, Snapshots};
use super::{
    AuditView, BatchView, Bounds, DefinitionView, FailureView, FoundJob, QueueView, READ_ROWS_MAX,
    Reading, SearchCursor, Slice, TickView, TrackView, audit, features, history, jobs, queues,
    search, trash,
};
use crate::writer::QueueId;
use crate::{
    AuditEntry, BatchState, Clocks, Counts, FailureGroup, FailureId, HistorySlot, JobRef, Lock,
    LockKey, PastRuns, Place, Resolution, StoreError, Totals, Track, Trash, Ungrouped,
};

/// Reads what a backend shows.
#[derive(Clone, Debug)]
pub struct Reader<R>(pub(crate) R, Names);

impl<R> Reader<R> {
    pub(crate) fn new(snapshots: R) -> Self {
        Self(snapshots, Names::default())
    }
}

impl<R: Snapshots> Reading for Reader<R> {
    fn totals(&self) -> Result<Totals, StoreError> {
        self.0.read(|rows| queues::totals(rows))
    }

    fn clocks(&self) -> Result<Option<Clocks>, StoreError> {
        self.0.read(|rows| Ok(rows.tallies()?.clocks))
    }

    fn days(&self, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, StoreError> {
        self.0.read(|rows| rows.days(first, last))
    }

    fn queues(
        &self,
        after: Option<QueueId>,
        bounds: Bounds,
    ) -> Result<Slice<QueueView, QueueId>, StoreError> {
        self.0.read(|rows| queues::slice(rows, after, bounds))
    }

    fn heads(&self, names: &[&str]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let bounds = Bounds::of_rows(READ_ROWS_MAX);
        self.0
            .read(|rows| queues::heads(rows, &self.1, names, bounds))
    }

    fn jobs(
        &self,
        place: &Place,
        after: Option<JobRef>,
        bounds: Bounds,
    ) -> Result<Slice<FoundJob, JobRef>, StoreError> {
        self.0
            .read(|rows| jobs::slice(rows, &self.1, place, after, bounds))
    }

    fn job(&self, key: JobRef) -> Result<Option<(Place, FoundJob)>, StoreError> {
        self.0.read(|rows| jobs::one(rows, key))
    }

    fn find_jobs(
        &self,
        jid: &str,
        after: Option<SearchCursor>,
        bounds: Bounds,
    ) -> Result<Slice<(Place, FoundJob), SearchCursor>, StoreError> {
        self.0.read(|rows| search::slice(rows, jid, after, bounds))
    }

    fn batches(
        &self,
        after: Option<u64>,
        bounds: Bounds,
    ) -> Result<Slice<(u64, Readable<BatchState>), u64>, StoreError> {
        self.0.read(|rows| features::batches(rows, after, bounds))
    }

    fn batch(&self, id: u64) -> Result<Option<BatchView>, StoreError> {
        self.0.read(|rows| features::batch(rows, id))
    }

    fn batch_children(
        &self,
        parent: u64,
        after: Option<u64>,
        bounds: Bounds,
    ) -> Result<Slice<u64, u64>, StoreError> {
        let children =
            |rows: &mut R::Snapshot<'_>| features::batch_children(rows, parent, after, bounds);
        self.0.read(children)
    }

    fn locks(
        &self,
        after: Option<LockKey>,
        bounds: Bounds,
    ) -> Result<Slice<Readable<(LockKey, Lock)>, LockKey>, StoreError> {
        self.0.read(|rows| features::locks(rows, after, bounds))
    }

    fn lock(&self, key: LockKey) -> Result<Option<Lock>, StoreError> {
        self.0.read(|rows| features::lock(rows, key))
    }

    fn track(&self, jid: &str) -> Result<Option<Track>, StoreError> {
        self.0.read(|rows| features::track(rows, jid))
    }

    fn tracks(
        &self,
        after: Option<&str>,
        bounds: Bounds,
    ) -> Result<Slice<TrackView, Box<str>>, StoreError> {
        self.0.read(|rows| features::tracks(rows, after, bounds))
    }

    fn cron_ticks(
        &self,
        after: Option<&str>,
        bounds: Bounds,
    ) -> Result<Slice<TickView, Box<str>>, StoreError> {
        self.0
            .read(|rows| features::cron_ticks(rows, after, bounds))
    }

    fn cron_definitions(
        &self,
        after: Option<&str>,
        bounds: Bounds,
    ) -> Result<Slice<DefinitionView, Box<str>>, StoreError> {
        self.0
            .read(|rows| features::cron_definitions(rows, after, bounds))
    }

    fn past_runs(&self, name: &str) -> Result<Option<PastRuns>, StoreError> {
        self.0.read(|rows| rows.past_runs(name))
    }

    fn failures(
        &self,
        after: Option<FailureId>,
        bounds: Bounds,
    ) -> Result<Slice<FailureView, FailureId>, StoreError> {
        self.0.read(|rows| features::failures(rows, after, bounds))
    }

    fn failure(&self, id: FailureId) -> Result<Option<FailureGroup>, StoreError> {
        self.0.read(|rows| features::failure(rows, id))
    }

    fn ungrouped(&self) -> Result<Option<Ungrouped>, StoreError> {
        self.0.read(|rows| rows.ungrouped())
    }

    fn history(
        &self,
        resolution: Resolution,
        slots: RangeInclusive<i64>,
        bounds: Bounds,
    ) -> Result<Slice<(i64, HistorySlot), i64>, StoreError> {
        self.0
            .read(|rows| history::slice(rows, resolution, slots, bounds))
    }

    fn audit(
        &self,
        after: Option<u64>,
        wanted: &dyn Fn(&AuditEntry) -> bool,
        bounds: Bounds,
    ) -> Result<Slice<AuditView, u64>, StoreError> {
        self.0
            .read(|rows| audit::slice(rows, after, wanted, bounds))
    }

    fn trash(
        &self,
        after: Option<u64>,
        bounds: Bounds,
    ) -> Result<Slice<(u64, Readable<Trash>), u64>, StoreError> {
        self.0.read(|rows| trash::slice(rows, after, bounds))
    }

    fn trash_of(&self, actions: &[u64]) -> Result<Vec<Option<Trash>>, StoreError> {
        self.0.read(|rows| trash::of(rows, actions))
    }
}
