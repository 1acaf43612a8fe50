//! The promises that the store in memory can break for a test.
#![expect(clippy::unwrap_used, reason = "what fails must stop the test")]

use workmill_proto::{SetName, SteadyTime, Timestamp};
use workmill_store::memory::{MemoryDisk, MemoryStore, UnknownCommit};
use workmill_store::suite::{job, push_one};
use workmill_store::{
    Counts, JobKey, Lock, LockOwner, Reading, Reservation, SetTime, Store, StoreError, Syncer,
    Totals, Tx,
};

fn totals(store: &mut MemoryStore) -> Totals {
    store.begin().unwrap().totals().unwrap()
}

/// Changes something of every kind.
fn change_much(store: &mut MemoryStore) {
    let mut tx = store.begin().unwrap();
    tx.enqueue(&[&job("0123456789", "b")], Timestamp::from_micros(0))
        .unwrap();
    let claimed = tx.claim("a", 1).unwrap();
    tx.finish(&[claimed.first().unwrap().0]).unwrap();
    let at = SetTime::dead(SteadyTime::from_micros(1));
    tx.insert_entries(SetName::Dead, &[(at, job("0123456789", "a"))])
        .unwrap();
    tx.clear_set(SetName::Retries).unwrap();
    let lock = Lock {
        owner: LockOwner {
            jid: "j".into(),
            pushing: 0,
        },
        ends_at: SteadyTime::from_micros(9),
    };
    tx.put(&[([1; 32], lock)]).unwrap();
    let counts = Counts {
        processed: 1,
        ..Counts::default()
    };
    tx.count(20_000, counts).unwrap();
    tx.commit().unwrap();
}

#[test]
fn a_loss_of_power_takes_what_was_not_synced_and_nothing_else() {
    let disk = MemoryDisk::default();
    let mut store = MemoryStore::open(&disk);
    push_one(&mut store, "a").unwrap();
    store.syncer().sync().unwrap();
    let (kept, rows) = (totals(&mut store), disk.count_rows());
    change_much(&mut store);
    assert_ne!(totals(&mut store), kept);
    store.lose_power();
    let mut store = MemoryStore::open(&disk);
    assert_eq!((totals(&mut store), disk.count_rows()), (kept, rows));
    let observed = store.reader().days(0, 30_000).unwrap();
    assert_eq!(observed, []);
    // What was there before works on.
    change_much(&mut store);
    store.close().unwrap();
    let mut store = MemoryStore::open(&disk);
    let queues = totals(&mut store).queues;
    let sizes: Vec<_> = queues.values().map(|queue| queue.size).collect();
    assert_eq!((sizes, totals(&mut store).dead), (vec![0, 1], 1));
}

#[test]
fn a_sync_is_wanted_after_a_commit_and_not_after_a_sync() {
    let disk = MemoryDisk::default();
    let mut store = MemoryStore::open(&disk);
    assert!(!store.wants_sync());
    totals(&mut store);
    assert!(!store.wants_sync());
    push_one(&mut store, "a").unwrap();
    assert!(store.wants_sync());
    store.syncer().sync().unwrap();
    assert!(!store.wants_sync());
}

#[test]
fn a_commit_with_an_unknown_outcome_poisons() {
    for (commit, found) in [(UnknownCommit::Kept, 2), (UnknownCommit::Lost, 1)] {
        let disk = MemoryDisk::default();
        let mut store = MemoryStore::open(&disk);
        push_one(&mut store, "a").unwrap();
        disk.answer_unknown(commit);
        let error = push_one(&mut store, "a").unwrap_err();
        assert!(matches!(error, StoreError::Poisoned(_)), "{error}");
        let again = push_one(&mut store, "a").unwrap_err();
        assert!(matches!(again, StoreError::Poisoned(_)), "{again}");
        let sync = store.syncer().sync().unwrap_err();
        assert!(matches!(sync, StoreError::Poisoned(_)), "{sync}");
        store.close().unwrap_err();
        let mut store = MemoryStore::open(&disk);
        let size = totals(&mut store).queues.get("a").unwrap().size;
        assert_eq!(size, found, "{commit:?}");
        push_one(&mut store, "a").unwrap();
    }
}

#[test]
fn reserved_jobs_are_counted_by_their_queue() {
    let disk = MemoryDisk::default();
    let mut store = MemoryStore::open(&disk);
    for queue in ["a", "b", "a", "a"] {
        push_one(&mut store, queue).unwrap();
    }
    let counted = || ["a", "b", "c"].map(|queue| disk.count_reserved(queue));
    assert_eq!(counted(), [0, 0, 0]);
    let mut tx = store.begin().unwrap();
    for (queue, limit) in [("a", 2), ("b", 1)] {
        let claimed = tx.claim(queue, limit).unwrap();
        let reservations = claimed.iter().map(|(key, _)| reservation(*key));
        tx.reserve(&reservations.collect::<Vec<_>>()).unwrap();
    }
    tx.commit().unwrap();
    assert_eq!(counted(), [2, 1, 0]);
}

fn reservation(key: JobKey) -> Reservation {
    Reservation {
        key,
        jid: "0123456789".into(),
        wid: "w".into(),
        reserved_at: SteadyTime::from_micros(0),
        expires_at: SteadyTime::from_micros(1),
        has_features: false,
        connection: 0,
        series: 0,
    }
}
