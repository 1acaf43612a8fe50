//! What is kept besides jobs.
//!
//! What has its time over is not found by its time here, but looked for: there is little.

use workmill_proto::SteadyTime;

use super::MemoryRows;
use crate::memory::table::Table;
use crate::memory::tables::{StoredDetails, Tables};
use crate::writer::{KeptRows, KeyedRows, PassingRows};
use crate::{
    BatchCallback, BatchDetails, BatchDue, BatchParents, BatchState, CallbackKind, CronTick,
    HistoryKey, HistorySlot, Keyed, Lock, Passing, StoreError, Tombstone, Track,
};

/// What has a table of its own, by generation and key.
trait Stored: Keyed {
    fn table(tables: &mut Tables) -> &mut Table<(i64, Self::Key), Self>;
}

macro_rules! stored {
    ($($kept:ident in $table:ident;)*) => {
        $(impl Stored for $kept {
            fn table(tables: &mut Tables) -> &mut Table<(i64, Self::Key), Self> {
                &mut tables.$table
            }
        })*
    };
}

stored! {
    Lock in locks;
    Track in tracks;
    Tombstone in ends;
    BatchState in batches;
    BatchParents in batch_parents;
    BatchDue in batch_dues;
}

impl<K: Stored> KeyedRows<K> for MemoryRows<'_> {
    fn get(&mut self, generation: i64, key: &K::Key) -> Result<Option<K>, StoreError> {
        let key = (generation, key.clone());
        self.with(|tables| Ok(K::table(tables).rows().get(&key).cloned()))
    }

    fn put(&mut self, generation: i64, key: &K::Key, kept: &K) -> Result<(), StoreError> {
        let key = (generation, key.clone());
        self.with(|tables| K::table(tables).put(key, kept.clone()));
        Ok(())
    }

    fn remove(&mut self, generation: i64, key: &K::Key) -> Result<(), StoreError> {
        let key = (generation, key.clone());
        self.with(|tables| K::table(tables).remove(&key));
        Ok(())
    }
}

impl<P: Stored + Passing> PassingRows<P> for MemoryRows<'_> {
    fn due(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<P::Key>, StoreError> {
        let mut due: Vec<(SteadyTime, P::Key)> = self.with(|tables| {
            let rows = P::table(tables).rows().iter();
            let rows = rows.filter(|((of, _), _)| *of == generation);
            rows.filter_map(|((_, key), kept)| Some((kept.ends_at(key)?, key.clone())))
                .filter(|(at, _)| *at <= until)
                .collect()
        });
        due.sort_unstable();
        Ok(due.into_iter().map(|(_, key)| key).take(limit).collect())
    }
}

impl KeyedRows<CronTick> for MemoryRows<'_> {
    fn get(&mut self, _: i64, name: &Box<str>) -> Result<Option<CronTick>, StoreError> {
        self.with(|tables| Ok(tables.cron_ticks.rows().get(name).copied()))
    }

    fn put(&mut self, _: i64, name: &Box<str>, tick: &CronTick) -> Result<(), StoreError> {
        self.with(|tables| tables.cron_ticks.put(name.clone(), *tick));
        Ok(())
    }

    fn remove(&mut self, _: i64, name: &Box<str>) -> Result<(), StoreError> {
        self.with(|tables| tables.cron_ticks.remove(name));
        Ok(())
    }
}

impl KeyedRows<HistorySlot> for MemoryRows<'_> {
    fn get(
        &mut self,
        generation: i64,
        key: &HistoryKey,
    ) -> Result<Option<HistorySlot>, StoreError> {
        self.with(|tables| {
            let kept = tables.history.rows().get(&(generation, key.place()));
            let kept = kept.filter(|(of, _)| of == key);
            Ok(kept.map(|(_, slot)| slot.clone()))
        })
    }

    fn put(
        &mut self,
        generation: i64,
        key: &HistoryKey,
        slot: &HistorySlot,
    ) -> Result<(), StoreError> {
        let place = (generation, key.place());
        self.with(|tables| tables.history.put(place, (*key, slot.clone())));
        Ok(())
    }

    fn remove(&mut self, generation: i64, key: &HistoryKey) -> Result<(), StoreError> {
        let place = (generation, key.place());
        self.with(|tables| {
            let kept = tables.history.rows().get(&place);
            if kept.is_some_and(|(of, _)| of == key) {
                tables.history.remove(&place);
            }
        });
        Ok(())
    }
}

impl KeyedRows<BatchDetails> for MemoryRows<'_> {
    fn get(&mut self, generation: i64, id: &u64) -> Result<Option<BatchDetails>, StoreError> {
        self.with(|tables| {
            let row = tables.batch_details.rows().get(&(generation, *id));
            Ok(row.map(|row| row.details.clone()))
        })
    }

    fn put(&mut self, generation: i64, id: &u64, kept: &BatchDetails) -> Result<(), StoreError> {
        let key = (generation, *id);
        self.with(|tables| {
            let before = tables.batch_details.rows().get(&key).cloned();
            let row = StoredDetails {
                details: kept.clone(),
                ..before.unwrap_or_default()
            };
            tables.batch_details.put(key, row);
        });
        Ok(())
    }

    fn remove(&mut self, generation: i64, id: &u64) -> Result<(), StoreError> {
        self.with(|tables| tables.batch_details.remove(&(generation, *id)));
        Ok(())
    }
}

impl KeyedRows<BatchCallback> for MemoryRows<'_> {
    fn get(
        &mut self,
        generation: i64,
        &(id, kind): &(u64, CallbackKind),
    ) -> Result<Option<BatchCallback>, StoreError> {
        self.with(|tables| {
            let row = tables.batch_details.rows().get(&(generation, id));
            Ok(row.and_then(|row| row.callback(kind).clone()))
        })
    }

    fn put(
        &mut self,
        generation: i64,
        key: &(u64, CallbackKind),
        kept: &BatchCallback,
    ) -> Result<(), StoreError> {
        self.write_callback(generation, *key, Some(kept.clone()));
        Ok(())
    }

    fn remove(&mut self, generation: i64, key: &(u64, CallbackKind)) -> Result<(), StoreError> {
        self.write_callback(generation, *key, None);
        Ok(())
    }
}

impl MemoryRows<'_> {
    fn write_callback(
        &mut self,
        generation: i64,
        (id, kind): (u64, CallbackKind),
        callback: Option<BatchCallback>,
    ) {
        let key = (generation, id);
        self.with(|tables| {
            if let Some(mut row) = tables.batch_details.rows().get(&key).cloned() {
                *row.callback_mut(kind) = callback;
                tables.batch_details.put(key, row);
            }
        });
    }
}

impl KeptRows for MemoryRows<'_> {
    fn next_batch(&mut self) -> Result<u64, StoreError> {
        self.with(|tables| {
            let next = tables.last_batch.rows().get(&()).map_or(1, |last| last + 1);
            tables.last_batch.put((), next);
            Ok(next)
        })
    }

    fn has_flushed(&mut self, generation: i64) -> Result<bool, StoreError> {
        self.with(|tables| {
            let mut by_generation = tables.by_generation().into_iter();
            Ok(by_generation.any(|table| table.has_before(generation)))
        })
    }

    fn delete_flushed(&mut self, generation: i64, limit: usize) -> Result<usize, StoreError> {
        self.with(|tables| {
            let mut deleted = 0;
            for table in tables.by_generation() {
                deleted += table.delete_before(generation, limit - deleted);
            }
            Ok(deleted)
        })
    }
}
