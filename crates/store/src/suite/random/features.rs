//! One primitive of what is kept besides jobs, on a store and on the model.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use workmill_proto::SteadyTime;

use super::super::history::{history, key};
use super::super::model::Model;
use super::super::steps::{at, audit_entry, batch, end_key, failure_group, lock, track};
use super::super::trash::{trash, trashed};
use super::{JIDS, QUEUES, WIDS};
use crate::{
    BatchDetails, FailureId, HistoryKey, Keyed, LockKey, Passing, Resolution, Tombstone,
    TrashedJob, Tx,
};

/// How many locks there are.
const LOCKS: u8 = 3;

/// A primitive with small arguments.
#[derive(Clone, Debug)]
pub(super) enum FeatureStep {
    Locks(Vec<(u8, usize, i64)>),
    FreeLock(u8),
    ForgetLocks(i64),
    Track(usize, i64, Option<i64>),
    ForgetTrack(usize),
    ForgetTracks(i64),
    End {
        jid: usize,
        wid: usize,
        secs: i64,
    },
    ForgetEnd(usize, usize),
    ForgetEnds(i64),
    MakeBatch(u64),
    Batch(Index, u64),
    ForgetBatch(Index),
    History(usize, i64, u64),
    Act(i64),
    ForgetActions(i64),
    Fail(u64, u64, Option<i64>),
    ForgetFailure(u64),
    ForgetFailures(i64),
    Trash(TrashStep),
    Slots {
        queue: usize,
        since: i64,
        wid: usize,
        connection: u64,
    },
}

/// A primitive of the trash.
#[derive(Clone, Debug)]
pub(super) enum TrashStep {
    Put(u64, i64),
    Take(u64, u64),
    Forget(i64),
}

fn trash_step() -> impl Strategy<Value = TrashStep> {
    prop_oneof![
        2 => (0..3_u64, 0..9_i64).prop_map(|(action, n)| TrashStep::Put(action, n)),
        1 => (0..3_u64, 0..2_u64).prop_map(|(action, n)| TrashStep::Take(action, n)),
        1 => (0..9_i64).prop_map(TrashStep::Forget),
    ]
}

/// Any primitive of a feature.
pub(super) fn feature_step() -> impl Strategy<Value = FeatureStep> {
    let pick = any::<Index>;
    let lock = (0..LOCKS, 0..4_usize, 0..9_i64);
    prop_oneof![
        3 => vec(lock, 1..4).prop_map(FeatureStep::Locks),
        2 => (0..LOCKS).prop_map(FeatureStep::FreeLock),
        1 => (0..9_i64).prop_map(FeatureStep::ForgetLocks),
        3 => (0..4_usize, 0..9_i64, prop::option::of(0..9_i64))
            .prop_map(|(jid, n, forget)| FeatureStep::Track(jid, n, forget)),
        1 => (0..4_usize).prop_map(FeatureStep::ForgetTrack),
        1 => (0..9_i64).prop_map(FeatureStep::ForgetTracks),
        1 => (0..4_usize, 0..3_usize, 0..9_i64)
            .prop_map(|(jid, wid, secs)| FeatureStep::End { jid, wid, secs }),
        1 => (0..4_usize, 0..3_usize).prop_map(|(jid, wid)| FeatureStep::ForgetEnd(jid, wid)),
        1 => (0..9_i64).prop_map(FeatureStep::ForgetEnds),
        2 => (0..9_u64).prop_map(FeatureStep::MakeBatch),
        2 => (pick(), 0..9_u64).prop_map(|(pick, n)| FeatureStep::Batch(pick, n)),
        1 => pick().prop_map(FeatureStep::ForgetBatch),
        2 => (0..2_usize, -1..4_i64, 0..9_u64).prop_map(|(of, slot, n)| FeatureStep::History(of, slot, n)),
        2 => (0..9_i64).prop_map(FeatureStep::Act),
        1 => (0..9_i64).prop_map(FeatureStep::ForgetActions),
        2 => (0..3_u64, 0..9_u64, prop::option::of(0..9_i64))
            .prop_map(|(id, n, forget)| FeatureStep::Fail(id, n, forget)),
        1 => (0..3_u64).prop_map(FeatureStep::ForgetFailure),
        1 => (0..9_i64).prop_map(FeatureStep::ForgetFailures),
        4 => trash_step().prop_map(FeatureStep::Trash),
        6 => (0..3_usize, -1..9_i64, 0..3_usize, 0..2_u64).prop_map(
            |(queue, since, wid, connection)| FeatureStep::Slots { queue, since, wid, connection }
        ),
    ]
}

/// Of some the job is in the trash.
fn tombstone(secs: i64) -> Tombstone {
    Tombstone {
        at: at(secs),
        trashed: (secs % 2 == 0).then_some((3, secs.unsigned_abs())),
    }
}

/// Runs it on both, and compares what it tells.
pub(super) fn run_feature_step<T: Tx>(tx: &mut T, model: &mut Model, step: &FeatureStep) {
    let features = &mut model.features;
    // One that is, was, or never was.
    let ids: Vec<u64> = (0..features.last_batch + 2).collect();
    let id = |pick: &Index| *pick.get(&ids);
    match step {
        FeatureStep::Locks(locks) => {
            let locks = locks
                .iter()
                .map(|&(n, jid, ends)| ([n; 32], lock(JIDS[jid], ends)));
            put(tx, &mut features.locks, &locks.collect::<Vec<_>>());
        }
        FeatureStep::FreeLock(n) => remove(tx, &mut features.locks, &[[*n; 32]]),
        FeatureStep::ForgetLocks(secs) => remove_due(tx, &mut features.locks, at(*secs)),
        FeatureStep::Track(jid, n, forget) => {
            let new = (JIDS[*jid].into(), track(*n, *forget));
            put(tx, &mut features.tracks, &[new]);
        }
        FeatureStep::ForgetTrack(jid) => remove(tx, &mut features.tracks, &[JIDS[*jid].into()]),
        FeatureStep::ForgetTracks(secs) => remove_due(tx, &mut features.tracks, at(*secs)),
        FeatureStep::End { jid, wid, secs } => {
            let end = (end_key(JIDS[*jid], WIDS[*wid]), tombstone(*secs));
            put(tx, &mut features.ends, &[end]);
        }
        FeatureStep::ForgetEnd(jid, wid) => {
            let key = end_key(JIDS[*jid], WIDS[*wid]);
            remove(tx, &mut features.ends, &[key]);
        }
        FeatureStep::ForgetEnds(secs) => remove_due(tx, &mut features.ends, at(*secs)),
        FeatureStep::MakeBatch(n) => {
            let id = tx.next_batch().unwrap();
            features.note_batch(id);
            put(tx, &mut features.batches, &[(id, batch(*n))]);
            put(tx, &mut BTreeMap::new(), &[(id, BatchDetails::default())]);
        }
        FeatureStep::Batch(pick, n) => put(tx, &mut features.batches, &[(id(pick), batch(*n))]),
        FeatureStep::ForgetBatch(pick) => remove(tx, &mut features.batches, &[id(pick)]),
        FeatureStep::History(of, slot, n) => {
            let key = history_key(*of, *slot);
            tx.put(&[(key, history(*n))]).unwrap();
            // It takes the place of what was so many slots before or after.
            let kept = key.resolution.slots_kept();
            let shares_place = |old: &HistoryKey| (old.slot - key.slot) % kept == 0;
            features
                .history
                .retain(|old, _| old.resolution != key.resolution || !shares_place(old));
            features.history.insert(key, history(*n));
        }
        FeatureStep::Act(n) => {
            features.last_action += 1;
            assert_eq!(tx.next_action().unwrap(), features.last_action);
            let new = (features.last_action, audit_entry(*n));
            put(tx, &mut features.audit, &[new]);
        }
        FeatureStep::ForgetActions(secs) => remove_due(tx, &mut features.audit, at(*secs)),
        FeatureStep::Fail(id, n, forget) => {
            let new = (FailureId(*id), failure_group(*n, *forget));
            put(tx, &mut features.failures, &[new]);
        }
        FeatureStep::ForgetFailure(id) => remove(tx, &mut features.failures, &[FailureId(*id)]),
        FeatureStep::ForgetFailures(secs) => remove_due(tx, &mut features.failures, at(*secs)),
        FeatureStep::Trash(step) => run_trash_step(tx, model, step),
        FeatureStep::Slots {
            queue,
            since,
            wid,
            connection,
        } => {
            let (queue, since, wid) = (QUEUES[*queue], at(*since), WIDS[*wid]);
            let expected = model.slots(queue, since, wid, *connection);
            assert_eq!(tx.slots(queue, since, wid, *connection).unwrap(), expected);
        }
    }
}

fn run_trash_step<T: Tx>(tx: &mut T, model: &mut Model, step: &TrashStep) {
    let features = &mut model.features;
    match step {
        TrashStep::Put(action, n) => {
            let new = trash(n.cast_unsigned(), *n);
            put(tx, &mut features.trash, &[(*action, new)]);
            let jobs = (0..).map(|number| (*action, number)).zip(trashed(*n));
            put(tx, &mut features.trashed, &jobs.collect::<Vec<_>>());
        }
        TrashStep::Take(action, number) => {
            remove::<T, TrashedJob>(tx, &mut features.trashed, &[(*action, *number)]);
        }
        TrashStep::Forget(secs) => remove_due(tx, &mut features.trash, at(*secs)),
    }
}

/// A slot, of which every second one shares its place with another one.
fn history_key(of: usize, slot: i64) -> HistoryKey {
    let resolution = [Resolution::HourOfTimes, Resolution::Minute][of];
    let kept = resolution.slots_kept();
    key(resolution, slot / 2 + (slot % 2) * kept)
}

fn put<T: Tx, K: Keyed>(tx: &mut T, known: &mut BTreeMap<K::Key, K>, kept: &[(K::Key, K)]) {
    tx.put(kept).unwrap();
    known.extend(kept.iter().cloned());
}

fn remove<T: Tx, K: Keyed>(tx: &mut T, known: &mut BTreeMap<K::Key, K>, keys: &[K::Key]) {
    tx.remove::<K>(keys).unwrap();
    known.retain(|key, _| !keys.contains(key));
}

fn remove_due<T: Tx, P: Passing<Key: Debug>>(
    tx: &mut T,
    known: &mut BTreeMap<P::Key, P>,
    until: SteadyTime,
) {
    let is_due = |key: &P::Key, kept: &P| kept.ends_at(key).is_some_and(|at| at <= until);
    let mut due = tx.due::<P>(until, 1_000).unwrap();
    remove(tx, &mut BTreeMap::<P::Key, P>::new(), &due);
    due.sort();
    let expected = known.extract_if(.., |key, kept| is_due(key, kept));
    let expected: Vec<P::Key> = expected.map(|(key, _)| key).collect();
    assert_eq!(due, expected);
}

/// What a transaction sees at every moment.
pub(super) fn compare_features<T: Tx>(tx: &mut T, model: &Model) {
    let features = &model.features;
    let locks: Vec<LockKey> = (0..LOCKS).map(|n| [n; 32]).collect();
    compare(tx, &features.locks, &locks);
    compare(tx, &features.tracks, &JIDS.map(Into::into));
    let ids: Vec<u64> = (0..features.last_batch + 2).collect();
    compare(tx, &features.batches, &ids);
    let actions: Vec<u64> = (0..features.last_action + 2).collect();
    compare(tx, &features.audit, &actions);
    compare(tx, &features.failures, &[0, 1, 2].map(FailureId));
    let groups: Vec<FailureId> = features.failures.keys().copied().collect();
    assert_eq!(tx.failure_ids().unwrap(), groups);
    compare(tx, &features.trash, &[0, 1, 2]);
    let jobs = [0, 1, 2].map(|action| [(action, 0), (action, 1)]);
    compare(tx, &features.trashed, jobs.as_flattened());
    let ends = JIDS.map(|jid| WIDS.map(|wid| end_key(jid, wid)));
    compare(tx, &features.ends, ends.as_flattened());
    let slots = [0, 1].map(|of| [-1, 0, 1, 2, 3].map(|slot| history_key(of, slot)));
    compare(tx, &features.history, slots.as_flattened());
}

fn compare<T: Tx, K: Keyed + Debug + PartialEq>(
    tx: &mut T,
    known: &BTreeMap<K::Key, K>,
    keys: &[K::Key],
) {
    let expected: Vec<Option<K>> = keys.iter().map(|key| known.get(key).cloned()).collect();
    assert_eq!(tx.get::<K>(keys).unwrap(), expected);
}
