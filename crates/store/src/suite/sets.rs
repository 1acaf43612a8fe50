//! Jobs in sets.

use workmill_proto::SetName;

use super::Fixture;
use super::steps::*;
use crate::{Entry, EntryKey, Place, SLICE_BYTES_MAX, SetTime, Store, Tx};

const SET: SetName = SetName::Retries;

fn insert(store: &mut impl Store, set: SetName, entries: &[(i64, &str)]) {
    let entries: Vec<_> = entries
        .iter()
        .map(|&(secs, jid)| (at(secs), job(jid, "a")))
        .collect();
    change(store, |tx| tx.insert_entries(set, &entries).unwrap());
}

fn read(store: &mut impl Store, set: SetName) -> Vec<Entry> {
    look(store, |tx| {
        tx.entries(set, None, SetTime::MAX, 1_000).unwrap()
    })
}

fn jids(entries: &[Entry]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| &*entry.job.as_ref().unwrap().jid)
        .collect()
}

pub(super) fn entries_come_by_time_then_arrival<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    insert(&mut store, SET, &[(20, "c"), (10, "a"), (20, "d")]);
    insert(&mut store, SET, &[(10, "b"), (5, "first")]);
    for _ in 0..2 {
        assert_eq!(jids(&read(&mut store, SET)), ["first", "a", "b", "c", "d"]);
        drop(store);
        store = fixture.open();
    }
}

pub(super) fn entries_are_read_up_to_a_moment<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    insert(&mut store, SET, &[(10, "a"), (20, "b"), (30, "c")]);
    look(&mut store, |tx| {
        let mut until = |until, limit| tx.entries(SET, None, until, limit).unwrap();
        assert!(until(at(9), 9).is_empty());
        assert_eq!(jids(&until(at(20), 9)), ["a", "b"]);
        assert_eq!(jids(&until(at(29), 9)), ["a", "b"]);
        assert_eq!(jids(&until(SetTime::MAX, 1)), ["a"]);
        assert!(until(SetTime::MAX, 0).is_empty());
    });
}

pub(super) fn entries_are_read_on_after_a_key<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    insert(
        &mut store,
        SET,
        &[(10, "a"), (10, "b"), (10, "c"), (20, "d"), (30, "e")],
    );
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let some = look(&mut store, |tx| tx.entries(SET, after, at(20), 2).unwrap());
        let Some(last) = some.last() else { break };
        after = Some(last.key);
        seen.extend(jids(&some).into_iter().map(str::to_owned));
    }
    assert_eq!(seen, ["a", "b", "c", "d"]);
    // A key whose entry is gone still says where to go on.
    let second = read(&mut store, SET)[1].key;
    change(&mut store, |tx| tx.remove_entries(&[second]).unwrap());
    let rest = look(&mut store, |tx| {
        tx.entries(SET, Some(second), at(99), 9).unwrap()
    });
    assert_eq!(jids(&rest), ["c", "d", "e"]);
}

pub(super) fn entries_are_kept_as_they_were_put_in<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut kept = job("a", "q");
    kept.enqueued_at = Some(at(3));
    kept.failure_count = 2;
    let entries = [(at(1), kept.clone()), (at(2), job("b", "q"))];
    change(&mut store, |tx| tx.insert_entries(SET, &entries).unwrap());
    let found = read(&mut store, SET);
    assert_eq!(found[0].job, Ok(kept));
    assert_eq!(found[1].job, Ok(job("b", "q")));
    assert_eq!((found[0].key.set, found[0].key.at), (SET, at(1)));
}

pub(super) fn sets_are_kept_apart<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for set in SetName::ALL {
        insert(&mut store, set, &[(1, set.as_str())]);
    }
    change(&mut store, |tx| tx.clear_set(SetName::Retries).unwrap());
    assert_eq!(jids(&read(&mut store, SetName::Scheduled)), ["scheduled"]);
    assert_eq!(jids(&read(&mut store, SetName::Retries)), [""; 0]);
    assert_eq!(jids(&read(&mut store, SetName::Dead)), ["dead"]);
    assert_eq!(jids(&read(&mut store, SetName::Completed)), ["completed"]);
    let scheduled = read(&mut store, SetName::Scheduled)[0].key;
    let elsewhere = EntryKey {
        set: SetName::Dead,
        ..scheduled
    };
    assert_eq!(
        change(&mut store, |tx| tx.remove_entries(&[elsewhere]).unwrap()),
        0
    );
}

pub(super) fn serials_grow_and_are_never_reused<F: Fixture>(fixture: &mut F) {
    let mut largest = i64::MIN;
    for round in 0..6 {
        let mut store = fixture.open();
        let before = look(&mut store, |tx| last_serial(tx));
        assert!(before >= largest);
        largest = before;
        let set = SetName::ALL[round % SetName::ALL.len()];
        insert(&mut store, set, &[(1, "a"), (1, "b")]);
        let keys: Vec<EntryKey> = read(&mut store, set)
            .iter()
            .map(|entry| entry.key)
            .collect();
        for key in &keys {
            assert!(key.serial > largest, "a serial came back");
            largest = key.serial;
        }
        assert_eq!(look(&mut store, |tx| last_serial(tx)), largest);
        change(&mut store, |tx| match round {
            0 => assert_eq!(tx.remove_entries(&keys).unwrap(), 2),
            1 | 2 => tx.clear_set(set).unwrap(),
            _ => tx.flush().unwrap(),
        });
        sweep_all(&mut store, 100);
    }
}

pub(super) fn removed_entries_are_counted<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    insert(&mut store, SET, &[(1, "a"), (2, "b"), (3, "c")]);
    let keys: Vec<EntryKey> = read(&mut store, SET)
        .iter()
        .map(|entry| entry.key)
        .collect();
    let ask = [keys[0], keys[2], keys[0]];
    assert_eq!(change(&mut store, |tx| tx.remove_entries(&ask).unwrap()), 2);
    assert_eq!(change(&mut store, |tx| tx.remove_entries(&ask).unwrap()), 0);
    assert_eq!(jids(&read(&mut store, SET)), ["b"]);
    assert_eq!(totals(&mut store).retries, 1);
}

pub(super) fn entries_are_taken_from_the_front<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let elsewhere = SetName::Dead;
    insert(&mut store, elsewhere, &[(1, "elsewhere")]);
    insert(&mut store, SET, &[(2, "b"), (2, "c"), (3, "d"), (1, "a")]);
    let take = |store: &mut F::S, until, limit| {
        let taken = change(store, |tx| tx.take_entries(SET, at(until), limit).unwrap());
        jids(&taken)
            .into_iter()
            .map(String::from)
            .collect::<Vec<_>>()
    };
    assert!(take(&mut store, 0, 9).is_empty());
    assert_eq!(take(&mut store, 9, 2), ["a", "b"]);
    assert_eq!(jids(&read(&mut store, SET)), ["c", "d"]);
    assert_eq!(jids(&read(&mut store, elsewhere)), ["elsewhere"]);
    assert_eq!(totals(&mut store).retries, 2);
    drop(store);
    assert_eq!(totals(&mut fixture.open()).retries, 2);
}

pub(super) fn a_cleared_set_is_empty_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    insert(&mut store, SET, &[(1, "a"), (2, "b")]);
    let key = read(&mut store, SET)[0].key;
    change(&mut store, |tx| {
        tx.clear_set(SET).unwrap();
        assert_eq!(tx.size(&Place::Set(SET)).unwrap(), 0);
        assert!(tx.entries(SET, None, SetTime::MAX, 9).unwrap().is_empty());
        assert_eq!(tx.remove_entries(&[key]).unwrap(), 0);
    });
    assert_eq!(totals(&mut store).retries, 0);
    drop(store);
    let mut store = fixture.open();
    assert!(read(&mut store, SET).is_empty());
    sweep_all(&mut store, 1);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn entries_after_a_clearing_stay<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    insert(&mut store, SET, &[(1, "a"), (2, "b")]);
    change(&mut store, |tx| {
        tx.insert_entries(SET, &[(at(3), job("c", "a"))]).unwrap();
        tx.clear_set(SET).unwrap();
        tx.insert_entries(SET, &[(at(1), job("d", "a"))]).unwrap();
        tx.clear_set(SET).unwrap();
        tx.insert_entries(SET, &[(at(1), job("e", "a"))]).unwrap();
    });
    insert(&mut store, SET, &[(0, "f")]);
    sweep_all(&mut store, 1);
    drop(store);
    let mut store = fixture.open();
    assert_eq!(jids(&read(&mut store, SET)), ["f", "e"]);
    assert_eq!(totals(&mut store).retries, 2);
    drop(store);
    assert_eq!(fixture.count_rows(), 2);
}

pub(super) fn a_slice_of_large_entries_is_short<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut large = job("large", "a");
    large.body = vec![b'x'; SLICE_BYTES_MAX / 2 - 1_000];
    let mut larger = job("larger", "a");
    larger.body = vec![b'x'; SLICE_BYTES_MAX + 1];
    let large = |secs| (at(secs), large.clone());
    let entries = [large(1), large(2), large(3), (at(4), larger), large(5)];
    change(&mut store, |tx| tx.insert_entries(SET, &entries).unwrap());
    let mut slices = Vec::new();
    let mut after = None;
    loop {
        let slice = look(&mut store, |tx| tx.entries(SET, after, at(9), 9).unwrap());
        let Some(last) = slice.last() else { break };
        after = Some(last.key);
        slices.push(slice.len());
    }
    assert_eq!(slices, [2, 1, 1, 1]);
}

pub(super) fn sizes_of_sets_follow<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    insert(&mut store, SetName::Scheduled, &[(1, "a"), (2, "b")]);
    insert(&mut store, SetName::Dead, &[(1, "a")]);
    insert(&mut store, SetName::Completed, &[(1, "a")]);
    look(&mut store, |tx| {
        assert_eq!(tx.size(&Place::Set(SetName::Scheduled)).unwrap(), 2);
        assert_eq!(tx.size(&Place::Set(SetName::Retries)).unwrap(), 0);
        let first = tx.entries(SetName::Scheduled, None, at(9), 1).unwrap()[0].key;
        tx.remove_entries(&[first]).unwrap();
        assert_eq!(tx.size(&Place::Set(SetName::Scheduled)).unwrap(), 1);
    });
    for _ in 0..2 {
        let totals = totals(&mut store);
        assert_eq!((totals.scheduled, totals.retries, totals.dead), (2, 0, 1));
        assert_eq!(totals.completed, 1);
        drop(store);
        store = fixture.open();
    }
}
