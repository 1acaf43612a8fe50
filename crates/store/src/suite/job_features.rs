//! Jobs with features: wherever they go, and what is told of those that are swept.

use workmill_proto::{SetName, SteadyTime};

use super::Fixture;
use super::steps::*;
use crate::{JobRecord, Release, Reservation, ReservationsOf, SLICE_BYTES_MAX, SetTime, Store, Tx};

fn push_jobs(store: &mut impl Store, jobs: &[JobRecord]) {
    let jobs: Vec<&JobRecord> = jobs.iter().collect();
    change(store, |tx| tx.enqueue(&jobs, at(0)).unwrap());
}

/// Sweeps a few rows; the ids of what it tells, and whether more is left.
fn sweep(store: &mut impl Store, limit: usize) -> (Vec<String>, bool) {
    let swept = change(store, |tx| tx.sweep(limit).unwrap());
    let jids = swept.with_features.iter().map(|job| job.jid.to_string());
    (jids.collect(), swept.more)
}

/// Sweeps to the end, with a restart after the first step.
fn sweep_told<F: Fixture>(fixture: &mut F, limit: usize) -> Vec<String> {
    let (mut told, mut more) = sweep(&mut fixture.open(), limit);
    let mut store = fixture.open();
    for _ in 0..100 {
        if !more {
            return told;
        }
        let (some, left) = sweep(&mut store, limit);
        assert!(some.len() <= limit);
        told.extend(some);
        more = left;
    }
    panic!("sweeping does not end");
}

pub(super) fn features_survive_every_move<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut record = tied_job("t", "a");
    push_jobs(&mut store, std::slice::from_ref(&record));
    drop(store);
    let mut store = fixture.open();
    record.enqueued_at = Some(at(0));
    assert_eq!(head(&store, "a").unwrap().1, Ok(record.clone()));
    change(&mut store, |tx| {
        let (key, job) = tx.claim("a", 1).unwrap().remove(0);
        assert_eq!(job, Ok(record.clone()));
        tx.reserve(&[reservation(key, "t", "w", 0)]).unwrap();
        assert_eq!(tx.working_jobs(&[key]).unwrap()[0].1, Ok(record.clone()));
        // Back as it was, and then with other features.
        tx.release(&[Release { key, record: None }]).unwrap();
        assert_eq!(tx.claim("a", 1).unwrap()[0].1, Ok(record.clone()));
        tx.reserve(&[reservation(key, "t", "w", 0)]).unwrap();
        record.features.as_mut().unwrap().lock = None;
        let changed = Some(record.clone());
        tx.release(&[Release {
            key,
            record: changed,
        }])
        .unwrap();
        assert_eq!(tx.claim("a", 1).unwrap()[0].1, Ok(record.clone()));
        tx.finish(&[key]).unwrap();
        let mut free = record.clone();
        free.features = None;
        tx.insert_entries(SetName::Retries, &[(at(1), record.clone()), (at(2), free)])
            .unwrap();
    });
    drop(store);
    let mut store = fixture.open();
    let found = look(&mut store, |tx| {
        tx.entries(SetName::Retries, None, SetTime::MAX, 9).unwrap()
    });
    assert_eq!(found[0].job, Ok(record));
    assert_eq!(found[1].job.as_ref().unwrap().features, None);
}

pub(super) fn a_reservation_tells_that_its_job_has_features<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push_jobs(&mut store, &[tied_job("t", "a"), job("f", "a")]);
    let held: Vec<Reservation> = change(&mut store, |tx| {
        let claimed = tx.claim("a", 2).unwrap().into_iter();
        let held: Vec<_> = claimed
            .map(|(key, job)| {
                let job = job.unwrap();
                Reservation {
                    has_features: job.features.is_some(),
                    ..reservation(key, &job.jid, "w", 0)
                }
            })
            .collect();
        tx.reserve(&held).unwrap();
        held
    });
    assert_eq!((held[0].has_features, held[1].has_features), (true, false));
    for _ in 0..2 {
        look(&mut store, |tx| {
            assert_eq!(
                tx.reservations(ReservationsOf::Worker("w", 9)).unwrap(),
                held
            );
            assert_eq!(
                tx.reservations(ReservationsOf::Jids(&["t", "f"])).unwrap(),
                held
            );
            assert_eq!(
                tx.reservations(ReservationsOf::EndingBy(SteadyTime::MAX, 9))
                    .unwrap(),
                held
            );
        });
        change(&mut store, |tx| {
            tx.extend(&[(held[0].key, held[0].expires_at)]).unwrap();
        });
        drop(store);
        store = fixture.open();
    }
}

pub(super) fn jobs_with_features_of_a_removed_queue_are_told_once<F: Fixture>(fixture: &mut F) {
    for limit in [1, 2, 3, 100] {
        let mut own = F::new();
        let mut store = own.open();
        let jobs = ["t1", "t2", "t3", "t4"].map(|jid| tied_job(jid, "a"));
        push_jobs(&mut store, &jobs);
        push(&mut store, "a", &["f1", "f2"]);
        push_jobs(&mut store, &[tied_job("t5", "a"), tied_job("t6", "b")]);
        let held = fetch(&mut store, "a", "w", 3, 0);
        // One is with a worker, one has come back.
        let back = Release {
            key: held[1].key,
            record: None,
        };
        change(&mut store, |tx| {
            tx.release(&[back]).unwrap();
            tx.finish(&[held[0].key]).unwrap();
            tx.remove_queues(&["a"]).unwrap();
        });
        // What is rolled back is told again.
        look(&mut store, |tx| drop(tx.sweep(limit).unwrap()));
        drop(store);
        assert_eq!(sweep_told(&mut own, limit), ["t2", "t4", "t5"]);
        let mut store = own.open();
        change(&mut store, |tx| tx.finish(&[held[2].key]).unwrap());
        drop(store);
        assert_eq!(sweep_told(&mut own, limit), [""; 0]);
        assert_eq!(own.count_rows(), 1);
    }
    drop(fixture.open());
}

pub(super) fn what_is_told_is_the_whole_job<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut record = tied_job("t", "a");
    push_jobs(&mut store, std::slice::from_ref(&record));
    change(&mut store, |tx| {
        let entry = (at(1), record.clone());
        tx.insert_entries(SetName::Dead, &[entry]).unwrap();
        tx.remove_queues(&["a"]).unwrap();
        tx.clear_set(SetName::Dead).unwrap();
    });
    let told = change(&mut store, |tx| tx.sweep(9).unwrap().with_features);
    let in_set = record.clone();
    record.enqueued_at = Some(at(0));
    assert_eq!(told, [record, in_set]);
}

pub(super) fn jobs_with_features_of_a_cleared_set_are_told_once<F: Fixture>(fixture: &mut F) {
    for limit in [1, 2, 100] {
        let mut own = F::new();
        let mut store = own.open();
        for set in SetName::ALL {
            let name = set.as_str();
            let entries = [
                (at(2), tied_job(&format!("{name}2"), "a")),
                (at(3), job("f", "a")),
                (at(1), tied_job(&format!("{name}1"), "a")),
            ];
            change(&mut store, |tx| tx.insert_entries(set, &entries).unwrap());
        }
        change(&mut store, |tx| {
            tx.clear_set(SetName::Scheduled).unwrap();
            tx.clear_set(SetName::Dead).unwrap();
        });
        let left = 2 * 3;
        look(&mut store, |tx| drop(tx.sweep(limit).unwrap()));
        drop(store);
        let mut told = sweep_told(&mut own, limit);
        told.sort();
        assert_eq!(told, ["dead1", "dead2", "scheduled1", "scheduled2"]);
        assert_eq!(own.count_rows(), left);
    }
    drop(fixture.open());
}

pub(super) fn nothing_is_told_of_what_was_flushed<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for queue in ["a", "gone"] {
        push_jobs(&mut store, &[tied_job("t1", queue), tied_job("t2", queue)]);
    }
    fetch_one(&mut store, "gone");
    change(&mut store, |tx| {
        for set in SetName::ALL {
            tx.insert_entries(set, &[(at(1), tied_job("t3", "a"))])
                .unwrap();
        }
        // What was removed and cleared before is flushed too.
        tx.remove_queues(&["gone"]).unwrap();
        tx.clear_set(SetName::Dead).unwrap();
        tx.insert_entries(SetName::Dead, &[(at(1), tied_job("t4", "a"))])
            .unwrap();
    });
    change(&mut store, |tx| tx.flush().unwrap());
    push_jobs(&mut store, &[tied_job("n", "b")]);
    change(&mut store, |tx| tx.remove_queues(&["b"]).unwrap());
    drop(store);
    assert_eq!(sweep_told(fixture, 1), ["n"]);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn a_sweep_of_large_jobs_with_features_is_short<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut large = tied_job("t", "a");
    large.body = vec![b'x'; SLICE_BYTES_MAX / 2 + 1];
    push_jobs(&mut store, &vec![large.clone(); 3]);
    let entries = vec![(at(1), large); 3];
    change(&mut store, |tx| {
        tx.insert_entries(SetName::Dead, &entries).unwrap();
        tx.remove_queues(&["a"]).unwrap();
        tx.clear_set(SetName::Dead).unwrap();
    });
    let told: Vec<(usize, bool)> = (0..4)
        .map(|_| sweep(&mut store, 100))
        .map(|(told, more)| (told.len(), more))
        .collect();
    assert_eq!(told, [(2, true), (2, true), (2, true), (0, false)]);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}
