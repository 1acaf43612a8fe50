//! Jobs put back.

use super::Fixture;
use super::steps::*;
use crate::{JobKey, Release, Store, Tx};

fn release(store: &mut impl Store, keys: &[JobKey]) {
    let releases: Vec<Release> = keys
        .iter()
        .map(|&key| Release { key, record: None })
        .collect();
    change(store, |tx| tx.release(&releases).unwrap());
}

pub(super) fn a_released_job_regains_its_place<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let held = fetch(&mut store, "a", "w", 2, 0);
    push(&mut store, "a", &["a4"]);
    release(&mut store, &[held[1].key]);
    assert_eq!(waiting(&mut store, "a"), ["a2", "a3", "a4"]);
    release(&mut store, &[held[0].key]);
    assert_eq!(waiting(&mut store, "a"), ["a1", "a2", "a3", "a4"]);
    let totals = totals(&mut store);
    assert_eq!((totals.working, totals.queues["a"].size), (0, 4));
    assert!(look(&mut store, |tx| tx.reserving_workers().unwrap()).is_empty());
}

pub(super) fn jobs_released_out_of_order_regain_their_places<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4", "a5"]);
    let held = fetch(&mut store, "a", "w", 4, 0);
    release(&mut store, &[held[2].key, held[0].key, held[3].key]);
    assert_eq!(waiting(&mut store, "a"), ["a1", "a3", "a4", "a5"]);
    let again = fetch(&mut store, "a", "w", 2, 0);
    assert_eq!(waiting(&mut store, "a"), ["a4", "a5"]);
    release(&mut store, &[held[1].key, again[1].key, again[0].key]);
    assert_eq!(waiting(&mut store, "a"), ["a1", "a2", "a3", "a4", "a5"]);
}

pub(super) fn a_released_job_keeps_its_place_across_reopening<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    let held = fetch(&mut store, "a", "w", 3, 0);
    release(&mut store, &[held[1].key]);
    drop(store);
    let mut store = fixture.open();
    assert_eq!(waiting(&mut store, "a"), ["a2", "a4"]);
    release(&mut store, &[held[0].key, held[2].key]);
    drop(store);
    let mut store = fixture.open();
    push(&mut store, "a", &["a5"]);
    assert_eq!(waiting(&mut store, "a"), ["a1", "a2", "a3", "a4", "a5"]);
}

pub(super) fn a_released_job_keeps_its_key<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    let first = fetch_one(&mut store, "a");
    release(&mut store, &[first.key]);
    assert_eq!(fetch_one(&mut store, "a").key, first.key);
}

pub(super) fn a_release_can_change_the_record<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    let held = fetch(&mut store, "a", "w", 2, 0);
    let mut changed = job("a1", "a");
    changed.failure_count = 7;
    changed.enqueued_at = Some(at(99));
    changed.body = vec![b'x'; 10_000];
    let releases = [
        Release {
            key: held[0].key,
            record: Some(changed.clone()),
        },
        Release {
            key: held[1].key,
            record: None,
        },
    ];
    change(&mut store, |tx| tx.release(&releases).unwrap());
    let mut unchanged = job("a2", "a");
    unchanged.enqueued_at = Some(at(0));
    let claimed = look(&mut store, |tx| tx.claim("a", 2).unwrap());
    assert_eq!(
        claimed,
        [(held[0].key, Ok(changed)), (held[1].key, Ok(unchanged))]
    );
}

pub(super) fn a_job_is_released_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    let key = fetch_one(&mut store, "a").key;
    release(&mut store, &[key, key]);
    release(&mut store, &[key]);
    assert_eq!(waiting(&mut store, "a"), ["a1"]);
    assert_eq!(totals(&mut store).queues["a"].size, 1);
}

pub(super) fn a_job_released_into_a_paused_queue_waits<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    let held = fetch_one(&mut store, "a");
    change(&mut store, |tx| tx.set_paused(&["a"], true).unwrap());
    release(&mut store, &[held.key]);
    assert!(look(&mut store, |tx| tx.claim("a", 1).unwrap()).is_empty());
    assert_eq!(waiting(&mut store, "a"), ["a1"]);
}

pub(super) fn a_job_of_a_removed_queue_goes_to_the_front_of_the_new_one<F: Fixture>(
    fixture: &mut F,
) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    let held = fetch_one(&mut store, "a");
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    push(&mut store, "a", &["a3", "a4"]);
    let taken = fetch_one(&mut store, "a");
    release(&mut store, &[held.key]);
    assert_eq!(waiting(&mut store, "a"), ["a1", "a4"]);
    release(&mut store, &[taken.key]);
    for _ in 0..2 {
        assert_eq!(waiting(&mut store, "a"), ["a1", "a3", "a4"]);
        assert_eq!(totals(&mut store).queues["a"].size, 3);
        sweep_all(&mut store, 100);
        drop(store);
        store = fixture.open();
    }
}

pub(super) fn a_release_makes_the_queue_that_was_removed<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    let held = fetch_one(&mut store, "a");
    change(&mut store, |tx| {
        tx.set_paused(&["a"], true).unwrap();
        tx.remove_queues(&["a"]).unwrap();
    });
    sweep_all(&mut store, 100);
    let mut record = job("a1", "a");
    record.failure_count = 1;
    let changed = Release {
        key: held.key,
        record: Some(record),
    };
    change(&mut store, |tx| tx.release(&[changed]).unwrap());
    let again = look(&mut store, |tx| tx.claim("a", 9).unwrap());
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].1.as_ref().unwrap().failure_count, 1);
    push(&mut store, "a", &["a3"]);
    assert_eq!(waiting(&mut store, "a"), ["a1", "a3"]);
}

pub(super) fn jobs_of_a_removed_queue_keep_their_order<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let first = fetch(&mut store, "a", "w", 1, 10).remove(0);
    let later = fetch(&mut store, "a", "w", 2, 20);
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    push(&mut store, "a", &["a4"]);
    release(&mut store, &[later[0].key, first.key, later[1].key]);
    assert_eq!(waiting(&mut store, "a"), ["a1", "a2", "a3", "a4"]);
}
