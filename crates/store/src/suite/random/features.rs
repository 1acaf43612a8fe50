//! One primitive of a feature on a store and on the model.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::super::model::Model;
use super::super::steps::{at, batch, lock, look, owner_of, track};
use super::{JIDS, QUEUES, WIDS};
use crate::{BatchCallbacks, BatchDetails, Store, Tx};

/// How many locks there are.
const LOCKS: u8 = 3;

/// A primitive with small arguments.
#[derive(Clone, Debug)]
pub(super) enum FeatureStep {
    Acquire(Vec<(u8, usize, i64)>, i64),
    GiveBack(u8, usize),
    ForgetLocks(i64),
    WriteTrack(usize, i64, Option<i64>),
    ForgetTracks(i64),
    MakeBatch(u64),
    UpdateBatch(Index, u64),
    RemoveBatch(Index),
    Slots {
        queue: usize,
        since: i64,
        wid: usize,
        connection: u64,
    },
}

/// Any primitive of a feature.
pub(super) fn feature_step() -> impl Strategy<Value = FeatureStep> {
    let pick = any::<Index>;
    let wanted = (0..LOCKS, 0..4_usize, 0..9_i64);
    prop_oneof![
        3 => (vec(wanted, 1..4), 0..9_i64).prop_map(|(locks, now)| FeatureStep::Acquire(locks, now)),
        2 => (0..LOCKS, 0..4_usize).prop_map(|(n, jid)| FeatureStep::GiveBack(n, jid)),
        1 => (0..9_i64).prop_map(FeatureStep::ForgetLocks),
        3 => (0..4_usize, 0..9_i64, prop::option::of(0..9_i64))
            .prop_map(|(jid, n, forget)| FeatureStep::WriteTrack(jid, n, forget)),
        1 => (0..9_i64).prop_map(FeatureStep::ForgetTracks),
        2 => (0..9_u64).prop_map(FeatureStep::MakeBatch),
        2 => (pick(), 0..9_u64).prop_map(|(pick, n)| FeatureStep::UpdateBatch(pick, n)),
        1 => pick().prop_map(FeatureStep::RemoveBatch),
        6 => (0..3_usize, -1..9_i64, 0..3_usize, 0..2_u64).prop_map(
            |(queue, since, wid, connection)| FeatureStep::Slots { queue, since, wid, connection }
        ),
    ]
}

/// Runs it on both, and compares what it tells.
pub(super) fn run_feature_step<T: Tx>(tx: &mut T, model: &mut Model, step: &FeatureStep) {
    let features = &mut model.features;
    // One that is, was, or never was.
    let ids: Vec<u64> = (0..features.last_batch + 2).collect();
    let id = |pick: &Index| *pick.get(&ids);
    match step {
        FeatureStep::Acquire(wanted, now) => {
            let locks = wanted
                .iter()
                .map(|&(n, jid, ends)| lock(n, JIDS[jid], ends));
            let locks: Vec<_> = locks.collect();
            let taken = locks.iter().map(|lock| features.acquire(lock, at(*now)));
            let taken: Vec<bool> = taken.collect();
            assert_eq!(tx.acquire_locks(&locks, at(*now)).unwrap(), taken);
        }
        FeatureStep::GiveBack(n, jid) => {
            let owner = owner_of(JIDS[*jid], 0);
            tx.release_locks(&[([*n; 32], &owner)]).unwrap();
            features.release([*n; 32], &owner);
        }
        FeatureStep::ForgetLocks(secs) => {
            let forgotten = features.forget_locks(at(*secs));
            assert_eq!(tx.forget_locks(at(*secs), 99).unwrap(), forgotten);
        }
        FeatureStep::WriteTrack(jid, n, forget) => {
            let track = track(*n, *forget);
            tx.write_tracks(&[(JIDS[*jid], &track)]).unwrap();
            features.tracks.insert(JIDS[*jid].into(), track);
        }
        FeatureStep::ForgetTracks(secs) => {
            let forgotten = features.forget_tracks(at(*secs));
            assert_eq!(tx.forget_tracks(at(*secs), 99).unwrap(), forgotten);
        }
        FeatureStep::MakeBatch(n) => {
            let id = tx.insert_batch(
                &BatchDetails::default(),
                BatchCallbacks::default(),
                &batch(*n),
            );
            features.insert_batch(id.unwrap(), batch(*n));
        }
        FeatureStep::UpdateBatch(pick, n) => {
            let id = id(pick);
            tx.update_batches(&[(id, batch(*n))]).unwrap();
            features
                .batches
                .entry(id)
                .and_modify(|state| *state = batch(*n));
        }
        FeatureStep::RemoveBatch(pick) => {
            let id = id(pick);
            tx.remove_batches(&[id]).unwrap();
            features.batches.remove(&id);
        }
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

/// What a transaction sees at every moment.
pub(super) fn compare_features<T: Tx>(tx: &mut T, model: &Model) {
    let features = &model.features;
    let tracks = JIDS.map(|jid| features.tracks.get(jid).cloned());
    assert_eq!(tx.tracks(&JIDS).unwrap(), tracks);
    let ids: Vec<u64> = (0..features.last_batch + 2).collect();
    let batches = ids.iter().map(|id| features.batches.get(id).copied());
    let batches: Vec<_> = batches.collect();
    assert_eq!(tx.batches(&ids).unwrap(), batches);
}

/// Whose the locks are, and how long. To ask for one is to take it, so that it is undone.
pub(super) fn compare_locks<S: Store>(store: &mut S, model: &Model) {
    look(store, |tx| {
        for n in 0..LOCKS {
            let held = model.features.locks.get(&[n; 32]).cloned();
            assert_eq!(tx.locks(&[[n; 32]]).unwrap(), [held]);
            let ask = [lock(n, "nobody", 99)];
            if let Some(held) = model.features.locks.get(&[n; 32]) {
                let before = held.ends_at.plus_secs(-1);
                assert_eq!(tx.acquire_locks(&ask, before).unwrap(), [false]);
                tx.release_locks(&[(held.key, &held.owner)]).unwrap();
            }
            assert_eq!(tx.acquire_locks(&ask, at(-9)).unwrap(), [true], "lock {n}");
        }
    });
}
