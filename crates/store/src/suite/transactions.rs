//! Commit, rollback, reopening, reading beside.

use std::thread;

use workmill_proto::{SetName, SteadyTime};

use super::Fixture;
use super::steps::*;
use crate::{Reading, Release, ReservationsOf, SetTime, Store, Tombstone, Totals, Tx};

/// Everything that can be asked.
#[derive(Debug, PartialEq)]
struct Sight {
    totals: Totals,
    waiting: Vec<(String, Vec<String>)>,
    reservations: Vec<crate::Reservation>,
    workers: Vec<String>,
    entries: Vec<crate::Entry>,
    remembered: bool,
    last_serial: i64,
}

fn sight(store: &mut impl Store) -> Sight {
    let totals = totals(store);
    let names: Vec<String> = totals.queues.keys().cloned().collect();
    Sight {
        totals,
        waiting: names
            .into_iter()
            .map(|name| (name.clone(), waiting(store, &name)))
            .collect(),
        reservations: look(store, |tx| {
            tx.reservations(ReservationsOf::EndingBy(SteadyTime::MAX, 99))
                .unwrap()
        }),
        workers: look(store, |tx| tx.reserving_workers().unwrap()),
        entries: look(store, |tx| {
            let sets = SetName::ALL.into_iter();
            sets.flat_map(|set| tx.entries(set, None, SetTime::MAX, 99).unwrap())
                .collect()
        }),
        remembered: look(store, |tx| has_ended(tx, "e", "w")),
        last_serial: look(store, |tx| last_serial(tx)),
    }
}

/// One of everything, and jobs in every state.
fn fill(store: &mut impl Store) -> Vec<crate::Reservation> {
    push(store, "a", &["a1", "a2", "a3", "a4", "a5"]);
    push(store, "gone", &["g1", "g2"]);
    let mut held = fetch(store, "a", "w", 3, 10);
    held.extend(fetch(store, "gone", "w2", 1, 20));
    let back = Release {
        key: held[1].key,
        record: None,
    };
    change(store, |tx| {
        tx.release(&[back]).unwrap();
        tx.remove_queues(&["gone"]).unwrap();
        tx.insert_entries(SetName::Dead, &[(at(1), job("d1", "a"))])
            .unwrap();
        note_end(tx, "e", "w", 0);
        count_ends(tx, 1, 0);
    });
    held
}

/// Every change there is, numbered.
fn run_change<T: Tx>(tx: &mut T, number: usize, held: &[crate::Reservation]) -> bool {
    let dead = tx.entries(SetName::Dead, None, SetTime::MAX, 1).unwrap();
    let dead: Vec<_> = dead.iter().map(|entry| entry.key).collect();
    match number {
        0 => tx
            .enqueue(&[&job("n1", "a"), &job("n2", "new")], at(0))
            .unwrap(),
        1 => drop(tx.claim("a", 3).unwrap()),
        2 => {
            let claimed = tx.claim("a", 2).unwrap();
            let both = [
                reservation(claimed[0].0, "x", "w3", 1),
                reservation(claimed[1].0, "y", "w", 2),
            ];
            tx.reserve(&both).unwrap();
            tx.finish(&[both[0].key]).unwrap();
        }
        3 => tx.extend(&[(held[0].key, at(99_999))]).unwrap(),
        4 => tx.finish(&[held[0].key, held[3].key]).unwrap(),
        5 => tx
            .release(&[Release {
                key: held[0].key,
                record: Some(job("z", "a")),
            }])
            .unwrap(),
        6 => tx
            .release(&[Release {
                key: held[3].key,
                record: None,
            }])
            .unwrap(),
        7 => note_end(tx, "other", "w", 0),
        8 => tx.remove::<Tombstone>(&[end_key("e", "w")]).unwrap(),
        9 => tx
            .insert_entries(SetName::Retries, &[(at(1), job("r", "a"))])
            .unwrap(),
        10 => assert_eq!(tx.remove_entries(&dead).unwrap(), dead.len()),
        11 => tx.clear_set(SetName::Dead).unwrap(),
        12 => tx.set_paused(&["a", "made"], true).unwrap(),
        13 => tx.remove_queues(&["a"]).unwrap(),
        14 => count_ends(tx, 5, 5),
        15 => tx.flush().unwrap(),
        16 => while tx.sweep(1).unwrap().more {},
        _ => return false,
    }
    true
}

pub(super) fn a_dropped_transaction_changes_nothing<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let held = fill(&mut store);
    let before = sight(&mut store);
    let mut number = 0;
    while look(&mut store, |tx| run_change(tx, number, &held)) {
        assert_eq!(sight(&mut store), before, "change {number}");
        number += 1;
    }
    // All after one another, from every starting point, so that each meets the changes of others.
    for start in 0..number {
        look(&mut store, |tx| {
            for step in (start..number).filter(|&step| step != 1 && step != 2 && step != 8) {
                run_change(tx, step, &held);
            }
        });
        assert_eq!(sight(&mut store), before, "changes from {start}");
    }
    drop(store);
    let mut store = fixture.open();
    assert_eq!(sight(&mut store), before);
}

pub(super) fn a_transaction_sees_its_own_changes<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| {
        tx.enqueue(&[&job("a1", "a")], at(0)).unwrap();
        let (key, _) = tx.claim("a", 9).unwrap().remove(0);
        let held = reservation(key, "a1", "w", 0);
        tx.reserve(std::slice::from_ref(&held)).unwrap();
        assert_eq!(
            tx.reservations(ReservationsOf::Jids(&["a1"])).unwrap(),
            [held]
        );
        assert_eq!(tx.totals().unwrap().working, 1);
        tx.release(&[Release { key, record: None }]).unwrap();
        assert_eq!(tx.totals().unwrap().queues["a"].size, 1);
        assert_eq!(jids_of(tx.claim("a", 9).unwrap()), ["a1"]);
        tx.finish(&[key]).unwrap();
        tx.insert_entries(SetName::Dead, &[(at(1), job("d", "a"))])
            .unwrap();
        assert_eq!(tx.entries(SetName::Dead, None, at(1), 9).unwrap().len(), 1);
        note_end(tx, "e", "w", 0);
        assert!(has_ended(tx, "e", "w"));
    });
    drop(store);
    assert_eq!(fixture.count_rows(), 2);
}

pub(super) fn a_commit_without_changes_succeeds<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    fill(&mut store);
    let before = sight(&mut store);
    change(&mut store, |_| ());
    change(&mut store, |tx| {
        assert!(tx.claim("unknown", 1).unwrap().is_empty());
        tx.totals().unwrap();
    });
    assert_eq!(sight(&mut store), before);
}

pub(super) fn a_closed_store_keeps_what_was_committed<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    store.close().unwrap();
    store = fixture.open();
    push(&mut store, "a", &["a1"]);
    store.close().unwrap();
    assert_eq!(waiting(&mut fixture.open(), "a"), ["a1"]);
}

pub(super) fn reopening_shows_everything<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    fill(&mut store);
    for _ in 0..3 {
        let before = sight(&mut store);
        drop(store);
        store = fixture.open();
        assert_eq!(sight(&mut store), before);
        sweep_all(&mut store, 100);
        assert_eq!(sight(&mut store), before);
    }
}

pub(super) fn a_reader_sees_only_what_was_committed<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let reader = store.reader();
    let mut tx = store.begin().unwrap();
    tx.enqueue(&[&job("a1", "a")], at(0)).unwrap();
    count_ends(&mut tx, 1, 0);
    assert_eq!(reader.totals().unwrap(), Totals::default());
    tx.commit().unwrap();
    assert_eq!(reader.totals().unwrap().queues["a"].size, 1);
    assert_eq!(reader.totals().unwrap().counts.processed, 1);
    look(&mut store, |tx| {
        tx.enqueue(&[&job("a2", "a")], at(0)).unwrap();
    });
    assert_eq!(reader.totals().unwrap().queues["a"].size, 1);
}

pub(super) fn a_reader_works_in_another_thread<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    let reader = store.reader();
    let open = store.begin().unwrap();
    let seen = thread::spawn(move || reader.totals().unwrap())
        .join()
        .unwrap();
    drop(open);
    assert_eq!(seen, totals(&mut store));
}

pub(super) fn totals_follow_every_step<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let sizes = |store: &mut F::S| {
        let totals = totals(store);
        (totals.queues["a"].size, totals.working, totals.dead)
    };
    push(&mut store, "a", &["a1", "a2", "a3"]);
    assert_eq!(sizes(&mut store), (3, 0, 0));
    let held = fetch(&mut store, "a", "w", 2, 0);
    assert_eq!(sizes(&mut store), (1, 2, 0));
    change(&mut store, |tx| tx.finish(&[held[0].key]).unwrap());
    assert_eq!(sizes(&mut store), (1, 1, 0));
    change(&mut store, |tx| {
        tx.finish(&[held[1].key]).unwrap();
        tx.insert_entries(SetName::Dead, &[(at(1), job("a2", "a"))])
            .unwrap();
    });
    assert_eq!(sizes(&mut store), (1, 0, 1));
    let held = fetch_one(&mut store, "a");
    change(&mut store, |tx| {
        tx.release(&[Release {
            key: held.key,
            record: None,
        }])
        .unwrap();
    });
    assert_eq!(sizes(&mut store), (1, 0, 1));
    drop(store);
    let mut store = fixture.open();
    assert_eq!(sizes(&mut store), (1, 0, 1));
}
