//! Slots of queues.

use workmill_proto::SteadyTime;

use super::Fixture;
use super::steps::*;
use crate::{JobKey, Release, Reservation, ReservationsOf, Slots, Store, Tx};

/// The slots of a queue taken after `since`, as a worker sees them: all, its own, when the oldest began.
fn slots_since<T: Tx>(tx: &mut T, queue: &str, since: i64) -> (u64, u64, Option<SteadyTime>) {
    let slots = tx.slots(queue, at(since), "w", 0).unwrap();
    (slots.taken, slots.taken_by_holder, slots.oldest)
}

/// How many are taken, all in all.
fn taken(store: &mut impl Store, queue: &str) -> u64 {
    look(store, |tx| slots_since(tx, queue, -1).0)
}

fn release_of(held: &Reservation) -> Release {
    Release {
        key: held.key,
        record: None,
    }
}

pub(super) fn slots_are_counted_from_what_is_reserved<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    push(&mut store, "b", &["b1"]);
    fetch(&mut store, "a", "w", 2, 20);
    fetch(&mut store, "a", "w2", 1, 10);
    fetch(&mut store, "b", "w", 1, 5);
    for _ in 0..2 {
        look(&mut store, |tx| {
            assert_eq!(slots_since(tx, "a", 0), (3, 2, Some(at(10))));
            assert_eq!(slots_since(tx, "b", 0), (1, 1, Some(at(5))));
            assert_eq!(slots_since(tx, "A", 0), (0, 0, None));
            let of_nobody = tx.slots("a", at(0), "w3", 0).unwrap();
            assert_eq!((of_nobody.taken, of_nobody.taken_by_holder), (3, 0));
        });
        drop(store);
        store = fixture.open();
    }
}

pub(super) fn slots_follow_every_step<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    assert_eq!(taken(&mut store, "a"), 0);
    let held = fetch(&mut store, "a", "w", 3, 0);
    assert_eq!(taken(&mut store, "a"), 3);
    change(&mut store, |tx| {
        tx.extend(&[(held[0].key, at(9_999))]).unwrap();
        tx.finish(&[held[0].key]).unwrap();
        assert_eq!(slots_since(tx, "a", -1), (2, 2, Some(at(0))));
        tx.release(&[release_of(&held[1])]).unwrap();
        assert_eq!(slots_since(tx, "a", -1), (1, 1, Some(at(0))));
    });
    assert_eq!(taken(&mut store, "a"), 1);
    fetch_one(&mut store, "a");
    assert_eq!(taken(&mut store, "a"), 2);
    change(&mut store, |tx| {
        let claimed = tx.claim("a", 9).unwrap();
        assert!(claimed.is_empty());
        tx.flush().unwrap();
        assert_eq!(slots_since(tx, "a", -1), (0, 0, None));
        tx.enqueue(&[&job("n", "a")], at(0)).unwrap();
        let key = tx.claim("a", 1).unwrap()[0].0;
        // A job on its way takes none before it is reserved.
        assert_eq!(slots_since(tx, "a", -1), (0, 0, None));
        tx.reserve(&[reservation(key, "n", "w", 3)]).unwrap();
        assert_eq!(slots_since(tx, "a", -1), (1, 1, Some(at(3))));
    });
    assert_eq!(taken(&mut store, "a"), 1);
}

/// Every step that takes or frees slots, and what is there afterwards.
fn run_step<T: Tx>(tx: &mut T, number: usize, held: &[Reservation]) -> Option<u64> {
    let left = match number {
        0 => {
            let key = tx.claim("a", 1).unwrap()[0].0;
            tx.reserve(&[reservation(key, "a3", "w", 1)]).unwrap();
            3
        }
        1 => {
            tx.finish(&[held[0].key, held[1].key]).unwrap();
            0
        }
        2 => {
            tx.release(&[release_of(&held[0])]).unwrap();
            1
        }
        3 => {
            tx.flush().unwrap();
            0
        }
        4 => {
            tx.finish(&[held[0].key]).unwrap();
            tx.flush().unwrap();
            tx.enqueue(&[&job("n", "a")], at(0)).unwrap();
            let key = tx.claim("a", 1).unwrap()[0].0;
            tx.reserve(&[reservation(key, "n", "w", 1)]).unwrap();
            1
        }
        _ => return None,
    };
    Some(left)
}

pub(super) fn slots_go_back_with_a_transaction<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let held = fetch(&mut store, "a", "w", 2, 0);
    // Asked before the step, after it, or both.
    for asked in 0..4 {
        for number in 0.. {
            let left = look(&mut store, |tx| {
                if asked & 1 != 0 {
                    assert_eq!(slots_since(tx, "a", -1).0, 2);
                }
                let left = run_step(tx, number, &held);
                if asked & 2 != 0
                    && let Some(left) = left
                {
                    assert_eq!(slots_since(tx, "a", -1).0, left, "step {number}");
                }
                left
            });
            let now = look(&mut store, |tx| slots_since(tx, "a", -1));
            assert_eq!(now, (2, 2, Some(at(0))), "step {number}");
            if left.is_none() {
                break;
            }
        }
    }
}

/// While steps are undone, the number of a queue that was swept is still that of the one that got it.
pub(super) fn a_slot_goes_back_to_the_queue_it_was_of<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "old", &["o1"]);
    let held = fetch_one(&mut store, "old");
    change(&mut store, |tx| tx.remove_queues(&["old"]).unwrap());
    for name in ["old", "new"] {
        assert_eq!(taken(&mut store, name), u64::from(name == "old"));
    }
    look(&mut store, |tx| {
        tx.finish(&[held.key]).unwrap();
        while tx.sweep(9).unwrap().more {}
        tx.enqueue(&[&job("n1", "new")], at(0)).unwrap();
    });
    assert_eq!(taken(&mut store, "new"), 0);
    assert_eq!(taken(&mut store, "old"), 1);
    change(&mut store, |tx| tx.finish(&[held.key]).unwrap());
    assert_eq!(taken(&mut store, "old"), 0);
}

pub(super) fn slots_are_told_by_holder<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4", "a5", "a6"]);
    let holders = [("w1", 0), ("w2", 0), ("", 1), ("", 2), ("", 2), ("w1", 0)];
    assert_eq!(taken(&mut store, "a"), 0);
    let mut held: Vec<JobKey> = Vec::new();
    change(&mut store, |tx| {
        for (wid, connection) in holders {
            let (key, job) = tx.claim("a", 1).unwrap().remove(0);
            let reservation = Reservation {
                connection,
                ..reservation(key, &job.unwrap().jid, wid, 0)
            };
            tx.reserve(std::slice::from_ref(&reservation)).unwrap();
            assert_eq!(
                tx.reservations(ReservationsOf::Keys(&[key])).unwrap(),
                [reservation]
            );
            held.push(key);
        }
    });
    let mut of = |wid, connection| {
        look(&mut store, |tx| {
            let slots = tx.slots("a", at(-1), wid, connection).unwrap();
            assert_eq!(slots.taken, 6);
            slots.taken_by_holder
        })
    };
    assert_eq!((of("w1", 0), of("w2", 0), of("w3", 0)), (2, 1, 0));
    assert_eq!((of("", 0), of("", 1), of("", 2), of("w1", 1)), (0, 1, 2, 0));
    change(&mut store, |tx| tx.finish(&[held[3], held[5]]).unwrap());
    let mut of = |wid, connection| {
        look(&mut store, |tx| {
            tx.slots("a", at(-1), wid, connection)
                .unwrap()
                .taken_by_holder
        })
    };
    assert_eq!((of("w1", 0), of("", 2)), (1, 1));
    // No connection is the same after a restart.
    drop(store);
    let mut store = fixture.open();
    let slots = look(&mut store, |tx| tx.slots("a", at(-1), "", 2).unwrap());
    assert_eq!((slots.taken, slots.taken_by_holder), (4, 0));
    assert_eq!(
        look(&mut store, |tx| tx.slots("a", at(-1), "", 0).unwrap()).taken_by_holder,
        2
    );
}

pub(super) fn old_reservations_take_no_slots<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    let mut held = Vec::new();
    for secs in [10, 20, 30] {
        held.extend(fetch(&mut store, "a", "w", 1, secs));
    }
    // Forth and back, so that what was let go is asked for again.
    for _ in 0..2 {
        for (since, left, oldest) in [(9, 3, 10), (10, 2, 20), (29, 1, 30), (15, 2, 20)] {
            let found = look(&mut store, |tx| slots_since(tx, "a", since));
            assert_eq!(found, (left, left, Some(at(oldest))), "since {since}");
        }
        let none = look(&mut store, |tx| tx.slots("a", at(30), "w", 0).unwrap());
        assert_eq!(none, Slots::default());
    }
    // One that is let go may end, and one that begins too early takes none.
    look(&mut store, |tx| assert_eq!(slots_since(tx, "a", 20).0, 1));
    change(&mut store, |tx| tx.finish(&[held[0].key]).unwrap());
    fetch(&mut store, "a", "w", 1, 15);
    look(&mut store, |tx| {
        assert_eq!(slots_since(tx, "a", 20), (1, 1, Some(at(30))));
        assert_eq!(slots_since(tx, "a", 14), (3, 3, Some(at(15))));
    });
}

pub(super) fn a_removed_queue_keeps_its_slots<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    let old = fetch_one(&mut store, "a");
    assert_eq!(taken(&mut store, "a"), 1);
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    assert_eq!(taken(&mut store, "a"), 1);
    // Who has the name now shares it with them.
    push(&mut store, "a", &["a3"]);
    fetch_one(&mut store, "a");
    for _ in 0..2 {
        assert_eq!(taken(&mut store, "a"), 2);
        sweep_all(&mut store, 9);
        assert_eq!(taken(&mut store, "a"), 2);
        drop(store);
        store = fixture.open();
    }
    change(&mut store, |tx| tx.release(&[release_of(&old)]).unwrap());
    assert_eq!(taken(&mut store, "a"), 1);
    assert_eq!(waiting(&mut store, "a"), ["a1"]);
    fetch_one(&mut store, "a");
    assert_eq!(taken(&mut store, "a"), 2);
}
