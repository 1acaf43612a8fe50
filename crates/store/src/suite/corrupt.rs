//! Bytes in the database that are no record.

use workmill_proto::SetName;

use super::Fixture;
use super::steps::*;
use crate::record::Place;
use crate::{JobKey, Release, SetTime, Store, Tx};

const RUBBISH: &[u8] = b"rubbish";

/// The bytes of an unreadable job.
fn corrupt_bytes(job: crate::StoredJob) -> Vec<u8> {
    job.unwrap_err().bytes
}

/// Pushes two jobs and spoils the first; gives its key and a newly opened store.
fn spoil_first<F: Fixture>(fixture: &mut F) -> (JobKey, F::S) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    let (key, _) = head(&store, "a").unwrap();
    drop(store);
    fixture.plant_job(key, RUBBISH);
    (key, fixture.open())
}

fn reserve_corrupt(store: &mut impl Store, key: JobKey) {
    change(store, |tx| {
        let (claimed, job) = tx.claim("a", 1).unwrap().remove(0);
        assert_eq!((claimed, corrupt_bytes(job)), (key, RUBBISH.to_vec()));
        tx.reserve(&[reservation(key, "?", "w", 0)]).unwrap();
    });
}

pub(super) fn a_corrupt_job_does_not_block_its_queue<F: Fixture>(fixture: &mut F) {
    let (key, mut store) = spoil_first(fixture);
    let (head, corrupt) = head(&store, "a").unwrap();
    assert_eq!((head, corrupt_bytes(corrupt)), (key, RUBBISH.to_vec()));
    change(&mut store, |tx| {
        let mut claimed = tx.claim("a", 2).unwrap();
        let (second, job) = claimed.remove(1);
        assert_eq!(&*job.unwrap().jid, "a2");
        assert_eq!(corrupt_bytes(claimed.remove(0).1), RUBBISH);
        tx.finish(&[key]).unwrap();
        tx.reserve(&[reservation(second, "a2", "w", 0)]).unwrap();
    });
    let totals = totals(&mut store);
    assert_eq!((totals.working, totals.queues["a"].size), (1, 0));
}

pub(super) fn a_corrupt_job_can_be_released_and_finished<F: Fixture>(fixture: &mut F) {
    let (key, mut store) = spoil_first(fixture);
    reserve_corrupt(&mut store, key);
    let working = look(&mut store, |tx| tx.working_jobs(&[key]).unwrap());
    assert_eq!(
        corrupt_bytes(working.into_iter().next().unwrap().1),
        RUBBISH
    );
    change(&mut store, |tx| {
        tx.release(&[Release { key, record: None }]).unwrap();
    });
    reserve_corrupt(&mut store, key);
    change(&mut store, |tx| tx.finish(&[key]).unwrap());
    assert_eq!(waiting(&mut store, "a"), ["a2"]);
}

/// The payload is not handed out, and is checked all the same.
pub(super) fn a_head_is_told_corrupt_without_the_bytes<F: Fixture>(fixture: &mut F) {
    let (key, mut store) = spoil_first(fixture);
    reserve_corrupt(&mut store, key);
    let mut spoiled = Vec::new();
    job("a1", "a").encode(Place::Job { key: key.0 }, &mut spoiled);
    *spoiled.last_mut().unwrap() ^= 1;
    for bytes in [RUBBISH, &spoiled] {
        drop(store);
        fixture.plant_job(key, bytes);
        store = fixture.open();
        let mut heads = look(&mut store, |tx| tx.working_heads(&[key]).unwrap());
        assert!(corrupt_bytes(heads.remove(0).1).is_empty());
    }
}

pub(super) fn a_corrupt_job_of_a_removed_queue_can_be_released<F: Fixture>(fixture: &mut F) {
    let (key, mut store) = spoil_first(fixture);
    reserve_corrupt(&mut store, key);
    change(&mut store, |tx| {
        tx.remove_queues(&["a"]).unwrap();
        tx.release(&[Release { key, record: None }]).unwrap();
    });
    let mut claimed = look(&mut store, |tx| tx.claim("a", 9).unwrap());
    assert_eq!(claimed.len(), 1);
    assert_eq!(corrupt_bytes(claimed.remove(0).1), RUBBISH);
}

pub(super) fn a_corrupt_entry_does_not_block_its_set<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let entries = [(at(1), job("a", "q")), (at(2), job("b", "q"))];
    let read = |store: &mut F::S| {
        look(store, |tx| {
            tx.entries(SetName::Dead, None, SetTime::MAX, 9).unwrap()
        })
    };
    change(&mut store, |tx| {
        tx.insert_entries(SetName::Dead, &entries).unwrap();
    });
    let first = read(&mut store)[0].key;
    drop(store);
    fixture.plant_entry(first, RUBBISH);
    let mut store = fixture.open();
    let mut found = read(&mut store);
    assert_eq!(&*found.remove(1).job.unwrap().jid, "b");
    assert_eq!(found[0].key, first);
    assert_eq!(corrupt_bytes(found.remove(0).job), RUBBISH);
    assert_eq!(
        change(&mut store, |tx| tx.remove_entries(&[first]).unwrap()),
        1
    );
    assert_eq!(read(&mut store).len(), 1);
}
