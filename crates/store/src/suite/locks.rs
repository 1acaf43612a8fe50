//! Locks of unique jobs. Who may have one is the engine's business.

use super::Fixture;
use super::steps::*;
use crate::{Lock, LockOwner, Tx};

pub(super) fn a_lock_comes_back_whole<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let of_latest = LockOwner {
        jid: "\u{0}ü".repeat(500).into(),
        pushing: u32::MAX,
    };
    let latest = Lock {
        owner: of_latest,
        ends_at: workmill_proto::SteadyTime::MAX,
    };
    change(&mut store, |tx| {
        tx.put(&[([1; 32], latest.clone()), ([2; 32], lock("j2", -1))])
            .unwrap();
    });
    for _ in 0..2 {
        let found = look(&mut store, |tx| {
            tx.get::<Lock>(&[[2; 32], [0; 32], [1; 32], [2; 32]])
                .unwrap()
        });
        let second = Some(lock("j2", -1));
        assert_eq!(found, [second.clone(), None, Some(latest.clone()), second]);
        drop(store);
        store = fixture.open();
    }
    drop(store);
    assert_eq!(fixture.count_rows(), 2);
}

pub(super) fn a_lock_passes_from_owner_to_owner<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    keep(&mut store, [1; 32], lock("j1", 10));
    change(&mut store, |tx| {
        tx.put(&[([1; 32], lock("j2", 20)), ([1; 32], lock("j3", 30))])
            .unwrap();
        assert_eq!(tx.get(&[[1; 32]]).unwrap(), [Some(lock("j3", 30))]);
    });
    // The times of those who had it before do not end it.
    assert!(due::<Lock>(&mut store, 29, 9).is_empty());
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
    let mut store = fixture.open();
    assert_eq!(read(&mut store, [1; 32]), Some(lock("j3", 30)));
    forget::<Lock>(&mut store, [1; 32]);
    forget::<Lock>(&mut store, [1; 32]);
    assert_eq!(read::<Lock>(&mut store, [1; 32]), None);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn a_lock_taken_in_vain_is_free_again<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    keep(&mut store, [1; 32], lock("j1", 10));
    keep(&mut store, [3; 32], lock("j3", 10));
    look(&mut store, |tx| {
        tx.put(&[([1; 32], lock("j2", 90)), ([2; 32], lock("j2", 90))])
            .unwrap();
        tx.remove::<Lock>(&[[3; 32]]).unwrap();
        assert_eq!(tx.get::<Lock>(&[[3; 32]]).unwrap(), [None]);
    });
    assert_eq!(read(&mut store, [1; 32]), Some(lock("j1", 10)));
    assert_eq!(read::<Lock>(&mut store, [2; 32]), None);
    assert_eq!(read(&mut store, [3; 32]), Some(lock("j3", 10)));
}

pub(super) fn locks_are_due_by_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for n in [2, 0, 3, 1] {
        keep(&mut store, [n; 32], lock("j", i64::from(n) * 10));
    }
    assert!(due::<Lock>(&mut store, -1, 9).is_empty());
    assert_eq!(due::<Lock>(&mut store, 20, 1), [[0; 32]]);
    assert_eq!(due::<Lock>(&mut store, 20, 9), [[0; 32], [1; 32], [2; 32]]);
    change(&mut store, |tx| {
        tx.remove::<Lock>(&[[0; 32], [2; 32]]).unwrap();
        // It has more time now.
        tx.put(&[([1; 32], lock("j", 30))]).unwrap();
        assert!(tx.due::<Lock>(at(20), 9).unwrap().is_empty());
    });
    assert!(due::<Lock>(&mut store, 29, 9).is_empty());
    assert_eq!(due::<Lock>(&mut store, 99, 9).len(), 2);
    drop(store);
    assert_eq!(fixture.count_rows(), 2);
}

pub(super) fn a_flush_frees_all_locks_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for n in 0..5 {
        keep(&mut store, [n; 32], lock("j1", 10));
    }
    let new = lock("j2", 10);
    change(&mut store, |tx| {
        tx.flush().unwrap();
        assert_eq!(tx.get::<Lock>(&[[0; 32]]).unwrap(), [None]);
        tx.put(&[([0; 32], new.clone())]).unwrap();
    });
    drop(store);
    let mut store = fixture.open();
    // What was flushed is neither found nor removed.
    assert_eq!(due::<Lock>(&mut store, 99, 9), [[0; 32]]);
    forget::<Lock>(&mut store, [1; 32]);
    assert_eq!(read(&mut store, [0; 32]), Some(new.clone()));
    assert_eq!(read::<Lock>(&mut store, [1; 32]), None);
    sweep_all(&mut store, 2);
    assert_eq!(read(&mut store, [0; 32]), Some(new));
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn what_several_flushes_left_is_swept<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for _ in 0..3 {
        fill_features(&mut store);
        change(&mut store, |tx| tx.flush().unwrap());
    }
    drop(store);
    assert_eq!(fixture.count_rows(), 18);
    let mut store = fixture.open();
    assert!(!change(&mut store, |tx| tx.sweep(19).unwrap().more));
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}
