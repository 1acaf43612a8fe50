//! Batches: what changes of them, what never does, whose children they are, and when to look at them again.

use workmill_proto::SteadyTime;

use super::{MemoryRows, check_new};
use crate::memory::tables::StoredDetails;
use crate::writer::BatchRows;
use crate::{BatchCallbacks, BatchDetails, BatchState, CallbackKind, StoreError};

impl BatchRows for MemoryRows<'_> {
    fn next_batch(&mut self) -> Result<u64, StoreError> {
        self.with(|tables| {
            let next = tables.last_batch.rows().get(&()).map_or(1, |last| last + 1);
            tables.last_batch.put((), next);
            Ok(next)
        })
    }

    fn insert_batch(
        &mut self,
        generation: i64,
        id: u64,
        state: &BatchState,
    ) -> Result<(), StoreError> {
        self.with(|tables| check_new(tables.batches.put((generation, id), *state)))
    }

    fn insert_batch_details(
        &mut self,
        generation: i64,
        id: u64,
        details: &BatchDetails,
        callbacks: BatchCallbacks<'_>,
    ) -> Result<(), StoreError> {
        let row = StoredDetails {
            details: details.clone(),
            complete: callbacks.complete.map(Into::into),
            success: callbacks.success.map(Into::into),
        };
        self.with(|tables| check_new(tables.batch_details.put((generation, id), row)))
    }

    fn batch(&mut self, generation: i64, id: u64) -> Result<Option<BatchState>, StoreError> {
        self.with(|tables| Ok(tables.batches.rows().get(&(generation, id)).copied()))
    }

    fn update_batch(
        &mut self,
        generation: i64,
        id: u64,
        state: &BatchState,
    ) -> Result<(), StoreError> {
        let key = (generation, id);
        self.with(|tables| {
            if tables.batches.rows().contains_key(&key) {
                tables.batches.put(key, *state);
            }
        });
        Ok(())
    }

    fn batch_details(
        &mut self,
        generation: i64,
        id: u64,
    ) -> Result<Option<BatchDetails>, StoreError> {
        self.with(|tables| {
            let row = tables.batch_details.rows().get(&(generation, id));
            Ok(row.map(|row| row.details.clone()))
        })
    }

    fn batch_callback(
        &mut self,
        generation: i64,
        id: u64,
        kind: CallbackKind,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(|tables| {
            let row = tables.batch_details.rows().get(&(generation, id));
            Ok(row.and_then(|row| match kind {
                CallbackKind::Complete => row.complete.clone(),
                CallbackKind::Success => row.success.clone(),
            }))
        })
    }

    fn delete_batch(&mut self, generation: i64, id: u64) -> Result<(), StoreError> {
        self.with(|tables| {
            tables.batches.remove(&(generation, id));
            tables.batch_details.remove(&(generation, id));
            let links = tables.batch_links.rows().range(links_of(generation, id));
            let links: Vec<_> = links.map(|(&key, _)| key).collect();
            tables.batch_links.remove_all(&links);
        });
        Ok(())
    }

    fn batch_parents(&mut self, generation: i64, child: u64) -> Result<Vec<u64>, StoreError> {
        self.with(|tables| {
            let links = tables.batch_links.rows().range(links_of(generation, child));
            Ok(links.map(|(_, &parent)| parent).collect())
        })
    }

    fn link_batch(
        &mut self,
        generation: i64,
        child: u64,
        nth: usize,
        parent: u64,
    ) -> Result<(), StoreError> {
        let key = (generation, child, nth);
        self.with(|tables| check_new(tables.batch_links.put(key, parent)))
    }

    fn insert_batch_due(
        &mut self,
        generation: i64,
        at: SteadyTime,
        id: u64,
    ) -> Result<(), StoreError> {
        self.with(|tables| tables.batch_dues.put((generation, at, id), ()));
        Ok(())
    }

    fn batch_dues(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<(SteadyTime, u64)>, StoreError> {
        let first = (generation, SteadyTime::from_micros(i64::MIN), 0);
        let last = (generation, until, u64::MAX);
        self.with(|tables| {
            let dues = tables.batch_dues.rows().range(first..=last).take(limit);
            Ok(dues.map(|(&(_, at, id), ())| (at, id)).collect())
        })
    }

    fn delete_batch_due(
        &mut self,
        generation: i64,
        at: SteadyTime,
        id: u64,
    ) -> Result<(), StoreError> {
        self.with(|tables| tables.batch_dues.remove(&(generation, at, id)));
        Ok(())
    }
}

fn links_of(generation: i64, child: u64) -> std::ops::RangeInclusive<(i64, u64, usize)> {
    (generation, child, 0)..=(generation, child, usize::MAX)
}
