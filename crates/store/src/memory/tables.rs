//! All tables.

use workmill_proto::{SetName, SteadyTime};

use super::table::{ByGeneration, Table, Undo};
use crate::writer::{EntryPlace, QueueId, QueueRow, Removal, Tallies};
use crate::{
    ActionPart, AnswerLog, AuditEntry, BatchCallback, BatchDetails, BatchDue, BatchParents,
    BatchState, CallbackKind, Counts, CronDefinition, CronTick, FailureGroup, FailureId,
    HistoryKey, HistorySlot, Lock, LockKey, OpenAction, PartOf, PastRuns, Reservation, Tombstone,
    TombstoneKey, Track, Trash, TrashKey, TrashedJob, Ungrouped, WatchedJob, WatchedKey,
};

/// A set: its name, how many entries it has, and what became of it, if it is to be swept.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredSet {
    pub(super) name: SetName,
    pub(super) size: u64,
    pub(super) removal: Option<Removal>,
}

/// What never changes of a batch.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredDetails {
    pub(super) details: BatchDetails,
    pub(super) complete: Option<BatchCallback>,
    pub(super) success: Option<BatchCallback>,
}

impl StoredDetails {
    pub(super) fn callback(&self, kind: CallbackKind) -> &Option<BatchCallback> {
        match kind {
            CallbackKind::Complete => &self.complete,
            CallbackKind::Success => &self.success,
        }
    }

    pub(super) fn callback_mut(&mut self, kind: CallbackKind) -> &mut Option<BatchCallback> {
        match kind {
            CallbackKind::Complete => &mut self.complete,
            CallbackKind::Success => &mut self.success,
        }
    }
}

/// All tables. The first part of a key is the generation, where rows have one.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) jobs: Table<i64, Box<[u8]>>,
    pub(super) reservations: Table<i64, Reservation>,
    pub(super) queues: Table<QueueId, QueueRow>,
    pub(super) counters: Table<i64, Counts>,
    pub(super) tallies: Table<(), Tallies>,
    pub(super) entries: Table<EntryPlace, Box<[u8]>>,
    pub(super) sets: Table<i64, StoredSet>,
    pub(super) ends: Table<(i64, TombstoneKey), Tombstone>,
    pub(super) locks: Table<(i64, LockKey), Lock>,
    pub(super) tracks: Table<(i64, Box<str>), Track>,
    pub(super) cron_ticks: Table<Box<str>, CronTick>,
    pub(super) cron_entries: Table<Box<str>, CronDefinition>,
    pub(super) past_runs: Table<Box<str>, PastRuns>,
    pub(super) batches: Table<(i64, u64), BatchState>,
    pub(super) batch_details: Table<(i64, u64), StoredDetails>,
    pub(super) batch_parents: Table<(i64, u64), BatchParents>,
    pub(super) batch_dues: Table<(i64, (SteadyTime, u64)), BatchDue>,
    pub(super) last_batch: Table<(), u64>,
    /// By place.
    pub(super) history: Table<(i64, i64), (HistoryKey, HistorySlot)>,
    pub(super) audit: Table<u64, AuditEntry>,
    pub(super) open_actions: Table<u64, OpenAction>,
    pub(super) action_parts: Table<(u64, PartOf), ActionPart>,
    pub(super) watched_jobs: Table<WatchedKey, WatchedJob>,
    pub(super) last_action: Table<(), u64>,
    pub(super) failures: Table<(i64, FailureId), FailureGroup>,
    pub(super) ungrouped: Table<(), Ungrouped>,
    pub(super) trash: Table<(i64, u64), Trash>,
    pub(super) trashed_jobs: Table<(i64, TrashKey), TrashedJob>,
    pub(super) answer_logs: Table<u64, AnswerLog>,
    /// Whether something was committed since the last sync.
    pub(super) is_behind: bool,
}

impl Tables {
    /// Those of a new store.
    pub(super) fn new() -> Self {
        let mut tables = Self {
            jobs: Table::default(),
            reservations: Table::default(),
            queues: Table::default(),
            counters: Table::default(),
            tallies: Table::default(),
            entries: Table::default(),
            sets: Table::default(),
            ends: Table::default(),
            locks: Table::default(),
            tracks: Table::default(),
            cron_ticks: Table::default(),
            cron_entries: Table::default(),
            past_runs: Table::default(),
            batches: Table::default(),
            batch_details: Table::default(),
            batch_parents: Table::default(),
            batch_dues: Table::default(),
            last_batch: Table::default(),
            history: Table::default(),
            audit: Table::default(),
            open_actions: Table::default(),
            action_parts: Table::default(),
            watched_jobs: Table::default(),
            last_action: Table::default(),
            failures: Table::default(),
            ungrouped: Table::default(),
            trash: Table::default(),
            trashed_jobs: Table::default(),
            answer_logs: Table::default(),
            is_behind: false,
        };
        for (id, name) in (1..).zip(SetName::ALL) {
            let set = StoredSet {
                name,
                size: 0,
                removal: None,
            };
            tables.sets.put(id, set);
        }
        tables.tallies.put((), Tallies::default());
        tables.commit();
        tables.sync();
        tables
    }

    fn all(&mut self) -> [&mut dyn Undo; 29] {
        [
            &mut self.jobs,
            &mut self.reservations,
            &mut self.queues,
            &mut self.counters,
            &mut self.tallies,
            &mut self.entries,
            &mut self.sets,
            &mut self.ends,
            &mut self.locks,
            &mut self.tracks,
            &mut self.cron_ticks,
            &mut self.cron_entries,
            &mut self.past_runs,
            &mut self.batches,
            &mut self.batch_details,
            &mut self.batch_parents,
            &mut self.batch_dues,
            &mut self.last_batch,
            &mut self.history,
            &mut self.audit,
            &mut self.open_actions,
            &mut self.action_parts,
            &mut self.watched_jobs,
            &mut self.last_action,
            &mut self.failures,
            &mut self.ungrouped,
            &mut self.trash,
            &mut self.trashed_jobs,
            &mut self.answer_logs,
        ]
    }

    /// Those whose rows a flush forgets by their generation.
    pub(super) fn by_generation(&mut self) -> [&mut dyn ByGeneration; 11] {
        [
            &mut self.ends,
            &mut self.locks,
            &mut self.tracks,
            &mut self.batches,
            &mut self.batch_details,
            &mut self.batch_parents,
            &mut self.batch_dues,
            &mut self.history,
            &mut self.failures,
            &mut self.trash,
            &mut self.trashed_jobs,
        ]
    }

    /// Keeps what was done as one commit.
    pub(super) fn commit(&mut self) {
        self.all().into_iter().for_each(Undo::commit);
        self.is_behind = true;
    }

    /// Undoes what was done since the last commit.
    pub(super) fn roll_back(&mut self) {
        self.all().into_iter().for_each(Undo::roll_back);
    }

    /// Keeps what was committed for good.
    pub(super) fn sync(&mut self) {
        self.all().into_iter().for_each(Undo::sync);
        self.is_behind = false;
    }

    /// Undoes what was done since the last sync.
    pub(super) fn lose_unsynced(&mut self) {
        self.all().into_iter().for_each(Undo::lose_unsynced);
        self.is_behind = false;
    }

    /// The number that a set has now.
    pub(super) fn set_id(&self, name: SetName) -> Option<i64> {
        let mut sets = self.sets.rows().iter();
        let set = sets.find(|(_, set)| set.name == name && set.removal.is_none());
        set.map(|(&id, _)| id)
    }
}
