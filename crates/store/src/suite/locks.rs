//! Locks of unique jobs.

use super::Fixture;
use super::steps::*;
use crate::{Store, Tx};

fn take(store: &mut impl Store, n: u8, owner: &str, ends_secs: i64, now_secs: i64) -> bool {
    let locks = [lock(n, owner, ends_secs)];
    let taken = change(store, |tx| tx.acquire_locks(&locks, at(now_secs)).unwrap());
    assert_eq!(taken.len(), 1);
    taken[0]
}

fn give_back(store: &mut impl Store, n: u8, owner: &str) {
    let owner = owner_of(owner, 0);
    change(store, |tx| tx.release_locks(&[([n; 32], &owner)]).unwrap());
}

/// Whether somebody has the lock.
fn is_held(store: &mut impl Store, n: u8, now_secs: i64) -> bool {
    let other = [lock(n, "other", 1_000)];
    look(store, |tx| {
        !tx.acquire_locks(&other, at(now_secs)).unwrap()[0]
    })
}

pub(super) fn a_lock_is_taken_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    assert!(take(&mut store, 1, "j1", 10, 0));
    assert!(!take(&mut store, 1, "j2", 10, 0));
    // Not even by the one who has it: a job is pushed once.
    assert!(!take(&mut store, 1, "j1", 20, 0));
    assert!(take(&mut store, 2, "j1", 10, 0));
    drop(store);
    assert_eq!(fixture.count_rows(), 2);
}

pub(super) fn locks_of_one_call_are_taken_in_order<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let locks = [
        lock(1, "j1", 10),
        lock(1, "j2", 10),
        lock(2, "j3", 10),
        lock(1, "j4", 10),
        lock(2, "j5", 10),
    ];
    let taken = change(&mut store, |tx| tx.acquire_locks(&locks, at(0)).unwrap());
    assert_eq!(taken, [true, false, true, false, false]);
    give_back(&mut store, 1, "j1");
    give_back(&mut store, 2, "j5");
    assert!(!is_held(&mut store, 1, 0));
    assert!(is_held(&mut store, 2, 0));
}

pub(super) fn a_lock_is_free_from_the_moment_it_ends<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    assert!(take(&mut store, 1, "j1", 10, 0));
    let before = at::<workmill_proto::SteadyTime>(10).as_micros() - 1;
    let before = workmill_proto::SteadyTime::from_micros(before);
    let locks = [lock(1, "j2", 20)];
    assert_eq!(
        look(&mut store, |tx| tx.acquire_locks(&locks, before).unwrap()),
        [false]
    );
    assert!(take(&mut store, 1, "j2", 20, 10));
    // It is wholly the new owner's: its time, and its right to give it back.
    give_back(&mut store, 1, "j1");
    assert!(is_held(&mut store, 1, 19));
    assert!(!is_held(&mut store, 1, 20));
}

pub(super) fn only_its_owner_gives_a_lock_back<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    assert!(take(&mut store, 1, "j1", 10, 0));
    give_back(&mut store, 1, "j2");
    give_back(&mut store, 2, "j1");
    assert!(is_held(&mut store, 1, 0));
    give_back(&mut store, 1, "j1");
    assert!(!is_held(&mut store, 1, 0));
    give_back(&mut store, 1, "j1");
    assert!(take(&mut store, 1, "j2", 10, 0));
}

pub(super) fn a_lock_belongs_to_one_pushing<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut later = lock(1, "j1", 20);
    later.owner.pushing = u32::MAX;
    assert!(take(&mut store, 1, "j1", 10, 0));
    let taken = change(&mut store, |tx| tx.acquire_locks(&[later.clone()], at(10)));
    assert_eq!(taken.unwrap(), [true]);
    give_back(&mut store, 1, "j1");
    drop(store);
    let mut store = fixture.open();
    let read = look(&mut store, |tx| tx.locks(&[[2; 32], [1; 32]]).unwrap());
    assert_eq!(read, [None, Some(later.clone())]);
    change(&mut store, |tx| {
        tx.release_locks(&[([1; 32], &later.owner)]).unwrap();
    });
    assert_eq!(look(&mut store, |tx| tx.locks(&[[1; 32]]).unwrap()), [None]);
}

pub(super) fn a_lock_taken_in_vain_is_free_again<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    assert!(take(&mut store, 1, "j1", 10, 0));
    look(&mut store, |tx| {
        let locks = [lock(1, "j2", 90), lock(2, "j2", 90)];
        assert_eq!(tx.acquire_locks(&locks, at(10)).unwrap(), [true, true]);
        tx.release_locks(&[([1; 32], &owner_of("j2", 0))]).unwrap();
    });
    assert!(is_held(&mut store, 1, 9));
    assert!(!is_held(&mut store, 1, 10));
    assert!(!is_held(&mut store, 2, 0));
}

pub(super) fn locks_survive_reopening<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    assert!(take(&mut store, 1, "j1", 10, 0));
    drop(store);
    let mut store = fixture.open();
    assert!(is_held(&mut store, 1, 9));
    assert!(!is_held(&mut store, 1, 10));
    give_back(&mut store, 1, "j1");
    drop(store);
    assert!(!is_held(&mut fixture.open(), 1, 9));
}

pub(super) fn locks_are_forgotten_by_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for n in 0..4 {
        assert!(take(&mut store, n, "j", i64::from(n) * 10, -1));
    }
    let mut forget =
        |secs, limit| change(&mut store, |tx| tx.forget_locks(at(secs), limit).unwrap());
    assert_eq!(forget(-1, 9), 0);
    assert_eq!(forget(20, 1), 1);
    assert_eq!(forget(20, 9), 2);
    assert_eq!(forget(20, 9), 0);
    for (n, held) in [(0, false), (1, false), (2, false), (3, true)] {
        assert_eq!(is_held(&mut store, n, -1), held, "{n}");
    }
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn a_flush_frees_all_locks_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for n in 0..5 {
        assert!(take(&mut store, n, "j1", 10, 0));
    }
    change(&mut store, |tx| {
        tx.flush().unwrap();
        assert_eq!(
            tx.acquire_locks(&[lock(0, "j2", 10)], at(0)).unwrap(),
            [true]
        );
    });
    drop(store);
    let mut store = fixture.open();
    // What was flushed can neither be given back nor forgotten instead of what is there now.
    give_back(&mut store, 0, "j1");
    assert_eq!(
        change(&mut store, |tx| tx.forget_locks(at(9), 9).unwrap()),
        0
    );
    assert!(is_held(&mut store, 0, 0));
    assert!(!is_held(&mut store, 1, 0));
    sweep_all(&mut store, 2);
    assert!(is_held(&mut store, 0, 0));
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
