//! What is kept besides jobs.
//!
//! What has its time over is not found by its time here, but looked for: there is little.

use workmill_proto::SteadyTime;

use super::MemoryRows;
use crate::memory::table::Table;
use crate::memory::tables::{StoredDetails, Tables};
use crate::writer::{KeptRows, KeyedRows, PassingRows};
use crate::{
    ActionPart, AnswerLog, AuditEntry, BatchCallback, BatchDetails, BatchDue, BatchParents,
    BatchState, CallbackKind, CronDefinition, CronTick, FailureGroup, FailureId, HistoryKey,
    HistorySlot, Keyed, Lock, OpenAction, PartOf, Passing, PastRuns, StoreError, Tombstone, Track,
    Trash, TrashedJob, Ungrouped, WatchedJob, WatchedKey,
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
    FailureGroup in failures;
    Trash in trash;
    TrashedJob in trashed_jobs;
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
        Ok(self.with(|tables| {
            let rows = P::table(tables).rows().iter();
            let rows = rows.filter(|((of, _), _)| *of == generation);
            due(rows.map(|((_, key), kept)| (key, kept)), until, limit)
        }))
    }
}

/// What has a table of its own, by its key alone: a flush leaves it.
macro_rules! lasting {
    ($($kept:ident by $key:ty, in $table:ident;)*) => {
        $(impl KeyedRows<$kept> for MemoryRows<'_> {
            fn get(&mut self, _: i64, key: &$key) -> Result<Option<$kept>, StoreError> {
                self.with(|tables| Ok(tables.$table.rows().get(key).cloned()))
            }

            fn put(&mut self, _: i64, key: &$key, kept: &$kept) -> Result<(), StoreError> {
                self.with(|tables| tables.$table.put(key.clone(), kept.clone()));
                Ok(())
            }

            fn remove(&mut self, _: i64, key: &$key) -> Result<(), StoreError> {
                self.with(|tables| tables.$table.remove(key));
                Ok(())
            }
        })*
    };
}

lasting! {
    CronTick by Box<str>, in cron_ticks;
    CronDefinition by Box<str>, in cron_entries;
    PastRuns by Box<str>, in past_runs;
    AuditEntry by u64, in audit;
    OpenAction by u64, in open_actions;
    ActionPart by (u64, PartOf), in action_parts;
    WatchedJob by WatchedKey, in watched_jobs;
    Ungrouped by (), in ungrouped;
    AnswerLog by u64, in answer_logs;
}

impl PassingRows<AuditEntry> for MemoryRows<'_> {
    fn due(&mut self, _: i64, until: SteadyTime, limit: usize) -> Result<Vec<u64>, StoreError> {
        let rows = |tables: &mut Tables| due(tables.audit.rows().iter(), until, limit);
        Ok(self.with(rows))
    }
}

impl PassingRows<AnswerLog> for MemoryRows<'_> {
    fn due(&mut self, _: i64, until: SteadyTime, limit: usize) -> Result<Vec<u64>, StoreError> {
        let rows = |tables: &mut Tables| due(tables.answer_logs.rows().iter(), until, limit);
        Ok(self.with(rows))
    }
}

impl PassingRows<WatchedJob> for MemoryRows<'_> {
    fn due(
        &mut self,
        _: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<WatchedKey>, StoreError> {
        let rows = |tables: &mut Tables| due(tables.watched_jobs.rows().iter(), until, limit);
        Ok(self.with(rows))
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

impl PassingRows<OpenAction> for MemoryRows<'_> {
    fn due(&mut self, _: i64, until: SteadyTime, limit: usize) -> Result<Vec<u64>, StoreError> {
        let rows = |tables: &mut Tables| due(tables.open_actions.rows().iter(), until, limit);
        Ok(self.with(rows))
    }
}

/// The keys of those whose time is over, the earliest first.
fn due<'t, P: Passing + 't>(
    rows: impl Iterator<Item = (&'t P::Key, &'t P)>,
    until: SteadyTime,
    limit: usize,
) -> Vec<P::Key>
where
    P::Key: 't,
{
    let ends = rows.filter_map(|(key, kept)| Some((kept.ends_at(key)?, key.clone())));
    let mut due: Vec<(SteadyTime, P::Key)> = ends.filter(|(at, _)| *at <= until).collect();
    due.sort_unstable();
    due.into_iter().map(|(_, key)| key).take(limit).collect()
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

fn count_up(last: &mut Table<(), u64>) -> u64 {
    let next = last.rows().get(&()).map_or(1, |last| last + 1);
    last.put((), next);
    next
}

impl KeptRows for MemoryRows<'_> {
    fn next_batch(&mut self) -> Result<u64, StoreError> {
        self.with(|tables| Ok(count_up(&mut tables.last_batch)))
    }

    fn next_action(&mut self) -> Result<u64, StoreError> {
        self.with(|tables| Ok(count_up(&mut tables.last_action)))
    }

    fn failure_ids(&mut self, generation: i64) -> Result<Vec<FailureId>, StoreError> {
        self.with(|tables| {
            let keys = tables.failures.rows().keys();
            let keys = keys.filter(|(of, _)| *of == generation);
            Ok(keys.map(|(_, id)| *id).collect())
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
