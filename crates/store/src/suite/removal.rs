//! Queues removed, everything flushed, and what is swept afterwards.

use workmill_proto::SetName;

use super::Fixture;
use super::steps::*;
use crate::{Reading, Release, ReservationsOf, SLICE_BYTES_MAX, Store, Totals, Tx};

pub(super) fn a_removed_queue_is_gone<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    push(&mut store, "b", &["b1"]);
    change(&mut store, |tx| {
        tx.set_paused(&["a"], true).unwrap();
        tx.remove_queues(&["a"]).unwrap();
        assert!(tx.claim("a", 9).unwrap().is_empty());
    });
    assert_eq!(head(&store, "a"), None);
    for _ in 0..2 {
        let queues = totals(&mut store).queues;
        assert_eq!(queues.keys().collect::<Vec<_>>(), ["b"]);
        drop(store);
        store = fixture.open();
    }
    assert_eq!(waiting(&mut store, "b"), ["b1"]);
}

pub(super) fn a_queue_made_again_starts_empty<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    change(&mut store, |tx| {
        tx.set_paused(&["a"], true).unwrap();
        tx.remove_queues(&["a"]).unwrap();
        tx.enqueue(&[&job("a3", "a")], at(0)).unwrap();
        assert_eq!(tx.totals().unwrap().queues["a"].size, 1);
        assert!(!tx.totals().unwrap().queues["a"].paused);
    });
    sweep_all(&mut store, 1);
    assert_eq!(waiting(&mut store, "a"), ["a3"]);
    drop(store);
    let mut store = fixture.open();
    assert_eq!(waiting(&mut store, "a"), ["a3"]);
}

pub(super) fn removing_spares_reserved_jobs<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let held = fetch(&mut store, "a", "w", 2, 0);
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    drop(store);
    let mut store = fixture.open();
    sweep_all(&mut store, 2);
    look(&mut store, |tx| {
        assert_eq!(
            tx.reservations(ReservationsOf::Worker("w", 9)).unwrap(),
            held
        );
        assert_eq!(jids_of(tx.working_jobs(&[held[0].key]).unwrap()), ["a1"]);
    });
    assert_eq!(totals(&mut store).working, 2);
    change(&mut store, |tx| {
        tx.finish(&[held[0].key, held[1].key]).unwrap();
    });
    assert_eq!(totals(&mut store), Totals::default());
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn unknown_queues_are_not_removed<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    let before = totals(&mut store);
    change(&mut store, |tx| {
        tx.remove_queues(&["unknown", "A"]).unwrap();
    });
    assert_eq!(totals(&mut store), before);
}

/// Puts something everywhere: 6 rows.
fn fill(store: &mut impl Store) -> crate::Reservation {
    push(store, "a", &["a1", "a2"]);
    let held = fetch_one(store, "a");
    change(store, |tx| {
        tx.set_paused(&["p"], true).unwrap();
        tx.insert_entries(SetName::Dead, &[(at(1), job("d1", "a"))])
            .unwrap();
        tx.insert_entries(SetName::Scheduled, &[(at(1), job("s1", "a"))])
            .unwrap();
        note_end(tx, "a1", "w", 0);
        count_ends(tx, 3, 1);
    });
    held
}

pub(super) fn a_flush_forgets_everything<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    fill(&mut store);
    let serial = look(&mut store, |tx| last_serial(tx));
    change(&mut store, |tx| {
        tx.flush().unwrap();
        assert_eq!(tx.totals().unwrap(), Totals::default());
    });
    for _ in 0..2 {
        assert_eq!(totals(&mut store), Totals::default());
        assert!(store.reader().days(i64::MIN, i64::MAX).unwrap().is_empty());
        look(&mut store, |tx| {
            assert!(
                tx.reservations(ReservationsOf::Jids(&["a1"]))
                    .unwrap()
                    .is_empty()
            );
            assert!(!has_ended(tx, "a1", "w"));
            assert!(
                tx.entries(SetName::Dead, None, at(99), 9)
                    .unwrap()
                    .is_empty()
            );
            assert_eq!(last_serial(tx), serial);
        });
        drop(store);
        store = fixture.open();
    }
}

pub(super) fn what_was_reserved_before_a_flush_is_unknown<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let held = fill(&mut store);
    change(&mut store, |tx| tx.flush().unwrap());
    change(&mut store, |tx| {
        tx.finish(&[held.key]).unwrap();
        tx.extend(&[(held.key, at(9))]).unwrap();
        tx.release(&[Release {
            key: held.key,
            record: Some(job("a1", "a")),
        }])
        .unwrap();
        assert!(tx.working_jobs(&[held.key]).unwrap().is_empty());
    });
    assert_eq!(totals(&mut store), Totals::default());
}

pub(super) fn work_goes_on_before_a_flush_is_swept<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    fill(&mut store);
    change(&mut store, |tx| {
        tx.flush().unwrap();
        tx.enqueue(&[&job("n1", "a"), &job("n2", "a")], at(0))
            .unwrap();
    });
    let held = fetch_one(&mut store, "a");
    change(&mut store, |tx| {
        tx.insert_entries(SetName::Dead, &[(at(1), job("n3", "a"))])
            .unwrap();
        note_end(tx, "n1", "w", 0);
        count_ends(tx, 1, 0);
    });
    drop(store);
    let mut store = fixture.open();
    let before = totals(&mut store);
    sweep_all(&mut store, 1);
    assert_eq!(totals(&mut store), before);
    assert_eq!(
        (before.working, before.dead, before.counts.processed),
        (1, 1, 1)
    );
    assert_eq!(waiting(&mut store, "a"), ["n2"]);
    look(&mut store, |tx| {
        assert_eq!(
            tx.reservations(ReservationsOf::Jids(&["n1"])).unwrap(),
            std::slice::from_ref(&held)
        );
        assert_eq!(jids_of(tx.working_jobs(&[held.key]).unwrap()), ["n1"]);
        assert_eq!(tx.entries(SetName::Dead, None, at(9), 9).unwrap().len(), 1);
        assert!(has_ended(tx, "n1", "w"));
    });
    drop(store);
    assert_eq!(fixture.count_rows(), 5);
}

pub(super) fn sweeping_leaves_nothing_behind<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    fill(&mut store);
    change(&mut store, |tx| tx.clear_set(SetName::Dead).unwrap());
    change(&mut store, |tx| tx.remove_queues(&["p"]).unwrap());
    change(&mut store, |tx| tx.flush().unwrap());
    fill(&mut store);
    change(&mut store, |tx| tx.flush().unwrap());
    drop(store);
    assert_eq!(fixture.count_rows(), 12);
    let mut store = fixture.open();
    assert!(sweep_all(&mut store, 1) >= 12);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn sweeping_keeps_to_its_limit<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["1", "2", "3", "4", "5", "6", "7"]);
    fetch(&mut store, "a", "w", 3, 0);
    let dead: Vec<_> = (0..5).map(|n| (at(n), job("d", "a"))).collect();
    change(&mut store, |tx| {
        tx.insert_entries(SetName::Dead, &dead).unwrap();
    });
    change(&mut store, |tx| tx.flush().unwrap());
    drop(store);
    let mut before = fixture.count_rows();
    assert_eq!(before, 15);
    let mut more = true;
    while more {
        let mut store = fixture.open();
        more = change(&mut store, |tx| tx.sweep(4).unwrap().more);
        drop(store);
        let after = fixture.count_rows();
        assert!(
            after < before || !more,
            "a sweep that tells of more deletes something"
        );
        assert!(before - after <= 4);
        before = after;
    }
    assert_eq!(before, 0);
}

pub(super) fn sweeping_spares_what_is_reserved<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    let held = fetch(&mut store, "a", "w", 3, 0);
    let released = Release {
        key: held[1].key,
        record: None,
    };
    change(&mut store, |tx| tx.release(&[released]).unwrap());
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    sweep_all(&mut store, 1);
    let jobs = look(&mut store, |tx| {
        tx.working_jobs(&[held[0].key, held[2].key]).unwrap()
    });
    assert_eq!(jids_of(jobs), ["a1", "a3"]);
    drop(store);
    assert_eq!(fixture.count_rows(), 4);
    let mut store = fixture.open();
    change(&mut store, |tx| {
        tx.finish(&[held[0].key, held[2].key]).unwrap();
    });
    sweep_all(&mut store, 1);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn a_flush_takes_what_a_sweep_had_spared<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    fetch_one(&mut store, "a");
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    sweep_all(&mut store, 100);
    change(&mut store, |tx| tx.flush().unwrap());
    sweep_all(&mut store, 100);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn a_sweep_of_large_jobs_is_short<F: Fixture>(fixture: &mut F) {
    let mut large = job("large", "a");
    large.body = vec![b'x'; SLICE_BYTES_MAX / 2 + 1];
    let entries = vec![(at(1), large.clone()); 3];
    for flushed in [false, true] {
        let mut store = fixture.open();
        change(&mut store, |tx| tx.enqueue(&[&large; 3], at(0)).unwrap());
        change(&mut store, |tx| {
            tx.insert_entries(SetName::Dead, &entries).unwrap();
            if flushed {
                tx.flush().unwrap();
            } else {
                tx.remove_queues(&["a"]).unwrap();
                tx.clear_set(SetName::Dead).unwrap();
            }
        });
        // Two of six at a time, and a last look.
        assert_eq!(sweep_all(&mut store, 100), 4, "flushed: {flushed}");
        drop(store);
        assert_eq!(fixture.count_rows(), 0);
    }
}

pub(super) fn sweeping_nothing_changes_nothing<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    fill(&mut store);
    let before = totals(&mut store);
    assert!(!change(&mut store, |tx| tx.sweep(100).unwrap().more));
    assert_eq!(totals(&mut store), before);
    assert_eq!(waiting(&mut store, "a"), ["a2"]);
    drop(store);
    assert_eq!(fixture.count_rows(), 6);
}

pub(super) fn a_sweep_rolled_back_is_done_again<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    fill(&mut store);
    change(&mut store, |tx| tx.flush().unwrap());
    look(&mut store, |tx| while tx.sweep(2).unwrap().more {});
    sweep_all(&mut store, 100);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}
