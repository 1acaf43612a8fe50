//! What features keep.

use std::ops::ControlFlow;

use tokio_postgres::Row;
use workmill_proto::SteadyTime;

use super::{PostgresSnapshot, page_bytes, readable};
use crate::postgres::kept::{LASTING, Stored, StoredKey, callback_keys, slot_at};
use crate::postgres::live::{LAST_BATCH, Number, decode};
use crate::postgres::pages::column;
use crate::postgres::request::Value;
use crate::postgres::sql::Sql;
use crate::reading::{BatchRow, FeatureReads, LinkRow, Readable};
use crate::{
    BatchCallback, BatchDetails, BatchDue, BatchParents, BatchState, CronDefinition, CronTick,
    FailureGroup, FailureId, HistoryKey, HistorySlot, Lock, LockKey, PastRuns, StoreError,
    Tombstone, TombstoneKey, Track, Ungrouped,
};

impl PostgresSnapshot<'_> {
    /// Tells of rows of a kind behind a key, as they are found.
    pub(super) fn raw_kept(
        &mut self,
        (generation, kind): (i64, i64),
        after: Option<Vec<u8>>,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let page = |rows: &mut Self, behind: Option<&Vec<u8>>, wanted: usize| {
            let mut values = vec![generation.into(), kind.into()];
            let sql = match behind.or(after.as_ref()) {
                Some(key) => {
                    values.push(Value::Bytes(key));
                    Sql::KeptAfter
                }
                None => Sql::KeptFirst,
            };
            values.extend([wanted.into(), page_bytes()]);
            rows.ask(sql, values)
        };
        self.records(page, |row| {
            let (key, bytes): (&[u8], &[u8]) = (column(row, 0)?, column(row, 1)?);
            Ok((key.to_vec(), each(key, bytes)?))
        })
    }

    /// Tells of what is kept of a kind behind a key.
    pub(super) fn kept<K: Stored>(
        &mut self,
        generation: i64,
        after: Option<&K::Key>,
        mut each: impl FnMut(K::Key, Readable<K>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let of = (K::generation(generation), K::KIND);
        self.raw_kept(of, after.map(K::key_bytes), |key, bytes| {
            Ok(match K::read_key(key) {
                Some(key) => {
                    let kept = readable(K::read(&key, bytes));
                    each(key, kept)
                }
                None => ControlFlow::Continue(()),
            })
        })
    }

    /// Reads what is kept under a key.
    pub(super) fn kept_at<K: Stored>(
        &mut self,
        generation: i64,
        key: &K::Key,
    ) -> Result<Option<Readable<K>>, StoreError> {
        let (generation, kind, bytes) = K::place(generation, key);
        let values = vec![generation.into(), kind.into(), Value::Many(vec![&bytes])];
        let rows = self.ask(Sql::KeptRead, values)?;
        let row = rows.first();
        row.map(|row: &Row| Ok(readable(K::read(key, column(row, 1)?))))
            .transpose()
    }
}

impl FeatureReads for PostgresSnapshot<'_> {
    fn tombstones(
        &mut self,
        generation: i64,
        mut each: impl FnMut(Readable<(TombstoneKey, Tombstone)>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.kept::<Tombstone>(generation, None, |key, end| each(end.map(|end| (key, end))))
    }

    fn locks(
        &mut self,
        generation: i64,
        after: Option<LockKey>,
        mut each: impl FnMut(Readable<(LockKey, Lock)>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.kept::<Lock>(generation, after.as_ref(), |key, lock| {
            each(lock.map(|lock| (key, lock)))
        })
    }

    fn lock(
        &mut self,
        generation: i64,
        key: LockKey,
    ) -> Result<Option<Readable<Lock>>, StoreError> {
        self.kept_at(generation, &key)
    }

    fn batches(
        &mut self,
        generation: i64,
        after: Option<u64>,
        each: impl FnMut(u64, Readable<BatchState>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.kept(generation, after.as_ref(), each)
    }

    fn batch(
        &mut self,
        generation: i64,
        id: u64,
    ) -> Result<Option<Readable<BatchState>>, StoreError> {
        self.kept_at(generation, &id)
    }

    fn batch_rows(
        &mut self,
        generation: i64,
        after: Option<u64>,
        mut each: impl FnMut(u64, Readable<BatchRow>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut last = after;
        loop {
            let mut page = Vec::new();
            self.kept::<BatchDetails>(generation, last.as_ref(), |id, details| {
                page.push((id, details));
                match page.len() < BATCHES_AT_ONCE {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })?;
            let count = page.len();
            for (id, details) in page {
                let [complete_bytes, success_bytes] = self.callback_sizes(generation, id)?;
                let row = details.map(|details| BatchRow {
                    details,
                    complete_bytes,
                    success_bytes,
                });
                last = Some(id);
                if each(id, row).is_break() {
                    return Ok(());
                }
            }
            if count < BATCHES_AT_ONCE {
                return Ok(());
            }
        }
    }

    fn batch_links(
        &mut self,
        generation: i64,
        after: Option<u64>,
        mut each: impl FnMut(LinkRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.kept::<BatchParents>(generation, after.as_ref(), |child, parents| {
            let parents = parents.map_or_else(|_| Vec::new(), |parents| parents.0);
            let mut links = (0..).zip(parents);
            links.try_for_each(|(nth, parent)| each(LinkRow { child, nth, parent }))
        })
    }

    fn batch_dues(
        &mut self,
        generation: i64,
        mut each: impl FnMut(SteadyTime, u64) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.kept::<BatchDue>(generation, None, |(at, id), _| each(at, id))
    }

    fn last_batch(&mut self) -> Result<u64, StoreError> {
        let last: Option<Number> = self.live_at(LAST_BATCH, decode)?;
        Ok(last.unwrap_or_default())
    }

    fn track(&mut self, generation: i64, jid: &str) -> Result<Option<Readable<Track>>, StoreError> {
        self.kept_at(generation, &jid.into())
    }

    fn tracks(
        &mut self,
        generation: i64,
        after: Option<&str>,
        each: impl FnMut(Box<str>, Readable<Track>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let after = after.map(Into::into);
        self.kept(generation, after.as_ref(), each)
    }

    fn history_slot(
        &mut self,
        generation: i64,
        key: HistoryKey,
    ) -> Result<Option<Readable<HistorySlot>>, StoreError> {
        let (generation, kind, place) = HistorySlot::place(generation, &key);
        let values = vec![generation.into(), kind.into(), Value::Many(vec![&place])];
        let rows = self.ask(Sql::KeptRead, values)?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let mut bytes: &[u8] = column(row, 1)?;
        if i64::take(&mut bytes) != Some(key.slot) {
            return Ok(None);
        }
        Ok(Some(readable(HistorySlot::decode(key, bytes))))
    }

    fn history(
        &mut self,
        generation: i64,
        mut each: impl FnMut(i64, Readable<HistorySlot>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.raw_kept((generation, HistorySlot::KIND), None, |place, bytes| {
            Ok(match slot_at(place, bytes) {
                Some((place, slot)) => each(place, readable(slot)),
                None => ControlFlow::Continue(()),
            })
        })
    }

    fn failures(
        &mut self,
        generation: i64,
        after: Option<FailureId>,
        each: impl FnMut(FailureId, Readable<FailureGroup>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.kept(generation, after.as_ref(), each)
    }

    fn failure(
        &mut self,
        generation: i64,
        id: FailureId,
    ) -> Result<Option<Readable<FailureGroup>>, StoreError> {
        self.kept_at(generation, &id)
    }

    fn ungrouped(&mut self) -> Result<Option<Ungrouped>, StoreError> {
        let ungrouped = self.kept_at::<Ungrouped>(LASTING, &())?;
        Ok(ungrouped.and_then(Result::ok))
    }

    fn cron_ticks(
        &mut self,
        after: Option<&str>,
        mut each: impl FnMut(Box<str>, CronTick) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let after = after.map(Into::into);
        self.kept::<CronTick>(LASTING, after.as_ref(), |name, tick| match tick {
            Ok(tick) => each(name, tick),
            Err(_) => ControlFlow::Continue(()),
        })
    }

    fn past_runs(&mut self, name: &str) -> Result<Option<PastRuns>, StoreError> {
        let runs = self.kept_at::<PastRuns>(LASTING, &name.into())?;
        Ok(runs.and_then(Result::ok))
    }

    fn cron_definitions(
        &mut self,
        after: Option<&str>,
        each: impl FnMut(Box<str>, Readable<CronDefinition>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let after = after.map(Into::into);
        self.kept(LASTING, after.as_ref(), each)
    }
}

/// The details of so many batches are read before the sizes of their callbacks.
const BATCHES_AT_ONCE: usize = 256;

impl PostgresSnapshot<'_> {
    /// How many bytes the callbacks of a batch have: the complete one, and the success one.
    fn callback_sizes(
        &mut self,
        generation: i64,
        id: u64,
    ) -> Result<[Option<usize>; 2], StoreError> {
        let keys = callback_keys(id);
        let wanted = keys.iter().map(|key| &**key).collect();
        let values = vec![
            generation.into(),
            BatchCallback::KIND.into(),
            Value::Many(wanted),
        ];
        let rows = self.ask(Sql::KeptSizes, values)?;
        let mut sizes = [None; 2];
        for row in &rows {
            let (key, size): (&[u8], i64) = (column(row, 0)?, column(row, 1)?);
            for (known, of) in keys.iter().zip(&mut sizes) {
                if known == key {
                    *of = usize::try_from(size).ok();
                }
            }
        }
        Ok(sizes)
    }
}
