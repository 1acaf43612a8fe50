//! Jobs with workers.

use super::Fixture;
use super::steps::*;
use crate::{JobKey, Place, Release, Reservation, ReservationsOf, SLICE_BYTES_MAX, Tx};

/// Keys that no job has.
const NO_KEYS: [JobKey; 4] = [JobKey(-1), JobKey(0), JobKey(12_345), JobKey(i64::MAX)];

pub(super) fn a_reserved_job_is_not_claimed_again<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    fetch_one(&mut store, "a");
    assert_eq!(waiting(&mut store, "a"), ["a2"]);
    drop(store);
    let mut store = fixture.open();
    assert_eq!(waiting(&mut store, "a"), ["a2"]);
    let totals = totals(&mut store);
    assert_eq!((totals.working, totals.queues["a"].size), (1, 1));
}

pub(super) fn a_claimed_job_can_be_finished_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    change(&mut store, |tx| {
        let key = tx.claim("a", 1).unwrap()[0].0;
        tx.finish(&[key]).unwrap();
    });
    assert_eq!(waiting(&mut store, "a"), ["a2"]);
    assert_eq!(totals(&mut store).working, 0);
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn a_finished_job_is_gone<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    let held = fetch_one(&mut store, "a");
    change(&mut store, |tx| tx.finish(&[held.key]).unwrap());
    look(&mut store, |tx| {
        assert!(tx.working_jobs(&[held.key]).unwrap().is_empty());
        assert!(
            tx.reservations(ReservationsOf::Keys(&[held.key]))
                .unwrap()
                .is_empty()
        );
        assert!(
            tx.reservations(ReservationsOf::Jids(&["a1"]))
                .unwrap()
                .is_empty()
        );
        assert!(
            tx.reservations(ReservationsOf::EndingBy(at(1_000_000), 9))
                .unwrap()
                .is_empty()
        );
        assert!(
            tx.reservations(ReservationsOf::Worker("w", 9))
                .unwrap()
                .is_empty()
        );
        assert!(tx.reserving_workers().unwrap().is_empty());
    });
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn keys_without_a_reservation_are_ignored<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    let done = fetch_one(&mut store, "a").key;
    change(&mut store, |tx| tx.finish(&[done]).unwrap());
    let before = totals(&mut store);
    change(&mut store, |tx| {
        for key in NO_KEYS.into_iter().chain([done]) {
            tx.finish(&[key]).unwrap();
            tx.extend(&[(key, at(9))]).unwrap();
            tx.release(&[Release {
                key,
                record: Some(job("x", "a")),
            }])
            .unwrap();
            assert!(tx.working_jobs(&[key]).unwrap().is_empty());
            assert!(
                tx.reservations(ReservationsOf::Keys(&[key]))
                    .unwrap()
                    .is_empty()
            );
        }
    });
    assert_eq!(totals(&mut store), before);
    assert_eq!(waiting(&mut store, "a"), ["a2"]);
}

pub(super) fn reservations_of_job_ids_come_in_the_order_asked<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["same", "other", "same", "waits"]);
    let second = fetch(&mut store, "a", "w1", 1, 20).remove(0);
    let other = fetch(&mut store, "a", "w2", 1, 30).remove(0);
    let first = fetch(&mut store, "a", "w3", 1, 10).remove(0);
    let ask = ["other", "waits", "same", "unknown"];
    let found = look(&mut store, |tx| {
        tx.reservations(ReservationsOf::Jids(&ask)).unwrap()
    });
    assert_eq!(found, [other, first, second]);
}

pub(super) fn reservations_by_key_come_in_the_order_asked<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let held = fetch(&mut store, "a", "w", 3, 0);
    let ask = [held[2].key, NO_KEYS[0], held[0].key];
    let found = look(&mut store, |tx| {
        tx.reservations(ReservationsOf::Keys(&ask)).unwrap()
    });
    assert_eq!(found, [held[2].clone(), held[0].clone()]);
}

pub(super) fn the_earliest_end_comes_first<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let late = fetch(&mut store, "a", "w", 1, 30).remove(0);
    let early = fetch(&mut store, "a", "w", 1, 10).remove(0);
    let middle = fetch(&mut store, "a", "w", 1, 20).remove(0);
    look(&mut store, |tx| {
        let all = tx
            .reservations(ReservationsOf::EndingBy(late.expires_at, 9))
            .unwrap();
        assert_eq!(all, [early.clone(), middle.clone(), late.clone()]);
        let until = tx
            .reservations(ReservationsOf::EndingBy(middle.expires_at, 9))
            .unwrap();
        assert_eq!(until, [early.clone(), middle.clone()]);
        assert_eq!(
            tx.reservations(ReservationsOf::EndingBy(late.expires_at, 1))
                .unwrap(),
            std::slice::from_ref(&early)
        );
        assert!(
            tx.reservations(ReservationsOf::EndingBy(at(0), 9))
                .unwrap()
                .is_empty()
        );
    });
}

pub(super) fn an_extended_reservation_ends_later<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    let mut first = fetch(&mut store, "a", "w", 1, 10).remove(0);
    let second = fetch(&mut store, "a", "w", 1, 20).remove(0);
    first.expires_at = at(50_000);
    change(&mut store, |tx| {
        tx.extend(&[(first.key, first.expires_at)]).unwrap();
    });
    for _ in 0..2 {
        let ending = look(&mut store, |tx| {
            tx.reservations(ReservationsOf::EndingBy(at(50_000), 9))
                .unwrap()
        });
        assert_eq!(ending, [second.clone(), first.clone()]);
        let before = look(&mut store, |tx| {
            tx.reservations(ReservationsOf::EndingBy(at(49_999), 9))
                .unwrap()
        });
        assert_eq!(before, std::slice::from_ref(&second));
        drop(store);
        store = fixture.open();
    }
}

pub(super) fn workers_are_named_once_and_sorted<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    for wid in ["w2", "w1", "", "w2"] {
        fetch(&mut store, "a", wid, 1, 0);
    }
    let workers = look(&mut store, |tx| tx.reserving_workers().unwrap());
    assert_eq!(workers, ["w1", "w2"]);
}

pub(super) fn reservations_of_a_worker_come_oldest_first<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    let newer = fetch(&mut store, "a", "w", 1, 20).remove(0);
    let older = fetch(&mut store, "a", "w", 1, 10).remove(0);
    let nameless = fetch(&mut store, "a", "", 1, 0).remove(0);
    look(&mut store, |tx| {
        let held = tx.reservations(ReservationsOf::Worker("w", 9)).unwrap();
        assert_eq!(held, [older.clone(), newer.clone()]);
        assert_eq!(
            tx.reservations(ReservationsOf::Worker("w", 1)).unwrap(),
            std::slice::from_ref(&older)
        );
        assert_eq!(
            tx.reservations(ReservationsOf::Worker("", 9)).unwrap(),
            std::slice::from_ref(&nameless)
        );
        assert!(
            tx.reservations(ReservationsOf::Worker("unknown", 9))
                .unwrap()
                .is_empty()
        );
    });
}

pub(super) fn working_jobs_come_in_the_order_asked<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let held = fetch(&mut store, "a", "w", 2, 0);
    let (waits, _) = head(&store, "a").unwrap();
    let ask = [held[1].key, waits, held[0].key];
    let jobs = look(&mut store, |tx| tx.working_jobs(&ask).unwrap());
    assert_eq!(
        jobs.iter().map(|job| job.0).collect::<Vec<_>>(),
        [held[1].key, held[0].key]
    );
    assert_eq!(jids_of(jobs), ["a2", "a1"]);
}

pub(super) fn a_read_of_large_working_jobs_is_short<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut large = job("large", "a");
    large.body = vec![b'x'; SLICE_BYTES_MAX / 2 + 1];
    change(&mut store, |tx| {
        tx.enqueue(&[&large, &large, &large], at(0)).unwrap();
    });
    let held = fetch(&mut store, "a", "w", 2, 0)
        .into_iter()
        .chain(fetch(&mut store, "a", "w", 2, 0));
    let keys: Vec<JobKey> = held.map(|held| held.key).collect();
    let mut ask = &keys[..];
    for expected in [2, 1, 0] {
        let read = look(&mut store, |tx| tx.working_jobs(ask).unwrap());
        assert_eq!(read.len(), expected);
        ask = &ask[expected..];
        assert_eq!(
            look(&mut store, |tx| tx.working_heads(&keys).unwrap()).len(),
            3
        );
    }
}

pub(super) fn heads_of_working_jobs_come_without_their_payloads<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| {
        let jobs = [tied_job("a1", "a"), job("a2", "a"), job("a3", "a")];
        tx.enqueue(&jobs.each_ref(), at(0)).unwrap();
    });
    let held = fetch(&mut store, "a", "w", 2, 0);
    let (waits, _) = head(&store, "a").unwrap();
    let ask = [held[1].key, waits, NO_KEYS[2], held[0].key];
    look(&mut store, |tx| {
        let mut expected = tx.working_jobs(&ask).unwrap();
        for (_, job) in &mut expected {
            job.as_mut().unwrap().body.clear();
        }
        assert_eq!(tx.working_heads(&ask).unwrap(), expected);
        assert_eq!(jids_of(expected), ["a2", "a1"]);
    });
}

pub(super) fn reservations_are_counted<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let count = |store: &mut F::S| look(store, |tx| tx.size(&Place::Working).unwrap());
    assert_eq!(count(&mut store), 0);
    let held = fetch(&mut store, "a", "w", 3, 0);
    assert_eq!(count(&mut store), 3);
    look(&mut store, |tx| {
        tx.finish(&[held[0].key]).unwrap();
        assert_eq!(tx.size(&Place::Working).unwrap(), 2);
    });
    change(&mut store, |tx| tx.finish(&[held[0].key]).unwrap());
    drop(store);
    assert_eq!(count(&mut fixture.open()), 2);
}

/// How many jobs some workers and connections hold.
fn counts(tx: &mut impl Tx) -> [u64; 5] {
    [("w", 0), ("x", 0), ("", 7), ("", 8), ("", 9)]
        .map(|(wid, connection)| tx.reserved_by(wid, connection).unwrap())
}

pub(super) fn reservations_are_counted_by_their_holder<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4", "a5"]);
    let held = fetch(&mut store, "a", "w", 2, 0);
    change(&mut store, |tx| {
        for connection in [7, 8, 8] {
            let (key, job) = tx.claim("a", 1).unwrap().remove(0);
            let nameless = Reservation {
                key,
                jid: job.unwrap().jid,
                wid: "".into(),
                connection,
                ..held[0].clone()
            };
            tx.reserve(&[nameless]).unwrap();
        }
    });
    look(&mut store, |tx| {
        assert_eq!(counts(tx), [2, 0, 1, 2, 0]);
        tx.finish(&[held[0].key]).unwrap();
        assert_eq!(counts(tx), [1, 0, 1, 2, 0]);
    });
    look(&mut store, |tx| assert_eq!(counts(tx), [2, 0, 1, 2, 0]));
    change(&mut store, |tx| tx.flush().unwrap());
    look(&mut store, |tx| assert_eq!(counts(tx), [0; 5]));
}

pub(super) fn reservations_survive_reopening<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let held = fetch(&mut store, "a", "w \u{0} ü", 2, 10);
    drop(store);
    let mut store = fixture.open();
    look(&mut store, |tx| {
        assert_eq!(
            tx.reservations(ReservationsOf::Worker("w \u{0} ü", 9))
                .unwrap(),
            held
        );
        assert_eq!(
            tx.reservations(ReservationsOf::EndingBy(at(50_000), 9))
                .unwrap(),
            held
        );
        let keys = [held[0].key, held[1].key];
        assert_eq!(tx.reservations(ReservationsOf::Keys(&keys)).unwrap(), held);
        assert_eq!(
            tx.reservations(ReservationsOf::Jids(&["a1", "a2"]))
                .unwrap(),
            held
        );
        assert_eq!(jids_of(tx.working_jobs(&keys).unwrap()), ["a1", "a2"]);
    });
}
