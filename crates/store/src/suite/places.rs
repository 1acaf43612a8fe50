//! Jobs wherever they are: read slice by slice up to a watermark, and taken out of the middle.

use workmill_proto::SetName;

use super::Fixture;
use super::steps::*;
use crate::{JobKey, JobRef, Place, Release, SLICE_BYTES_MAX, Store, Tx};

fn queue(name: &str) -> Place {
    Place::Queue(name.into())
}

/// The keys of all jobs that wait in a queue, by their order.
fn keys<S: Store>(store: &mut S, name: &str) -> Vec<JobKey> {
    let place = queue(name);
    let until = watermark(store, &place);
    let slice = look(store, |tx| tx.jobs(&place, None, until, 999).unwrap());
    let keys = slice.items.into_iter().map(|(job, _)| match job {
        JobRef::Job(key) => key,
        JobRef::Entry(key) => panic!("{key:?}"),
    });
    keys.collect()
}

pub(super) fn jobs_of_a_queue_come_in_its_order<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4", "a5"]);
    push(&mut store, "b", &["b1"]);
    let held = fetch(&mut store, "a", "w", 3, 0);
    for key in [held[2].key, held[0].key] {
        let back = Release { key, record: None };
        change(&mut store, |tx| {
            tx.release(std::slice::from_ref(&back)).unwrap();
        });
    }
    for _ in 0..2 {
        let until = watermark(&mut store, &queue("a"));
        for limit in 1..6 {
            let jids = jids_in(&mut store, &queue("a"), until, limit);
            assert_eq!(jids, ["a1", "a3", "a4", "a5"], "{limit} at a time");
        }
        drop(store);
        store = fixture.open();
    }
    assert_eq!(waiting(&mut store, "a"), ["a1", "a3", "a4", "a5"]);
}

pub(super) fn what_comes_after_a_watermark_is_not_told<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let places = [queue("a"), Place::Working, Place::Set(SetName::Retries)];
    let fill = |store: &mut F::S, secs: i64| {
        push(store, "a", &["waits"]);
        push(store, "b", &["works"]);
        fetch(store, "b", "w", 1, secs);
        change(store, |tx| {
            let entries = [(at(-secs), job("retries", "c"))];
            tx.insert_entries(SetName::Retries, &entries).unwrap();
        });
    };
    let empty = places.each_ref().map(|place| watermark(&mut store, place));
    fill(&mut store, 1);
    let first = places.each_ref().map(|place| watermark(&mut store, place));
    fill(&mut store, 2);
    let second = places.each_ref().map(|place| watermark(&mut store, place));
    let names = ["waits", "works", "retries"];
    for (index, place) in places.iter().enumerate() {
        let name = names[index];
        let none: [&str; 0] = [];
        assert_eq!(
            jids_in(&mut store, place, empty[index], 9),
            none,
            "{place:?}"
        );
        assert_eq!(
            jids_in(&mut store, place, first[index], 1),
            [name],
            "{place:?}"
        );
        assert_eq!(
            jids_in(&mut store, place, second[index], 1),
            [name; 2],
            "{place:?}"
        );
    }
    let unknown = queue("unknown");
    let until = watermark(&mut store, &unknown);
    assert!(jids_in(&mut store, &unknown, until, 9).is_empty());
}

pub(super) fn another_queue_of_the_name_has_none_of_the_jobs<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    let until = watermark(&mut store, &queue("a"));
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    push(&mut store, "a", &["new"]);
    assert!(jids_in(&mut store, &queue("a"), until, 9).is_empty());
    sweep_all(&mut store, 9);
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    sweep_all(&mut store, 9);
    push(&mut store, "a", &["newer"]);
    assert!(jids_in(&mut store, &queue("a"), until, 9).is_empty());
}

pub(super) fn a_slice_of_large_jobs_of_a_place_is_short<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut large = job("large", "a");
    large.body = vec![b'x'; SLICE_BYTES_MAX / 2 + 1];
    change(&mut store, |tx| tx.enqueue(&[&large; 6], at(0)).unwrap());
    for _ in 0..3 {
        fetch(&mut store, "a", "w", 1, 0);
    }
    for place in [queue("a"), Place::Working] {
        let until = watermark(&mut store, &place);
        let first = look(&mut store, |tx| tx.jobs(&place, None, until, 9).unwrap());
        assert_eq!(first.items.len(), 2, "{place:?}");
        let rest = look(&mut store, |tx| {
            tx.jobs(&place, first.next, until, 9).unwrap()
        });
        assert_eq!(rest.items.len(), 1, "{place:?}");
    }
}

pub(super) fn jobs_are_taken_out_of_the_middle_of_a_queue<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4", "a5", "a6", "a7"]);
    let held = fetch(&mut store, "a", "w", 2, 0);
    let back = Release {
        key: held[0].key,
        record: None,
    };
    change(&mut store, |tx| {
        tx.release(std::slice::from_ref(&back)).unwrap();
    });
    // One that came back, two neighbours, one twice.
    let keys = keys(&mut store, "a");
    let taken = [keys[3], keys[0], keys[2], keys[3], JobKey(-7)];
    let before = totals(&mut store);
    let mut tx = store.begin().unwrap();
    tx.finish(&taken).unwrap();
    drop(tx);
    assert_eq!(totals(&mut store), before, "a dropped transaction");
    assert_eq!(
        waiting(&mut store, "a"),
        ["a1", "a3", "a4", "a5", "a6", "a7"]
    );
    change(&mut store, |tx| tx.finish(&taken).unwrap());
    for _ in 0..2 {
        assert_eq!(totals(&mut store).queues["a"].size, 3);
        assert_eq!(waiting(&mut store, "a"), ["a3", "a6", "a7"]);
        let jids = look(&mut store, |tx| tx.working_jobs(&[held[1].key]).unwrap());
        assert_eq!(jids_of(jids), ["a2"]);
        drop(store);
        store = fixture.open();
    }
    // There is nothing left under these keys.
    change(&mut store, |tx| tx.finish(&taken).unwrap());
    let rest = fetch(&mut store, "a", "w", 9, 0);
    assert_eq!(rest.len(), 3);
    assert_eq!(totals(&mut store).queues["a"].size, 0);
    change(&mut store, |tx| {
        let releases = rest.iter().map(|held| Release {
            key: held.key,
            record: None,
        });
        tx.release(&releases.collect::<Vec<_>>()).unwrap();
    });
    push(&mut store, "a", &["a8"]);
    assert_eq!(waiting(&mut store, "a"), ["a3", "a6", "a7", "a8"]);
}

pub(super) fn a_job_of_a_removed_queue_is_not_taken_out<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    let old = keys(&mut store, "a");
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    push(&mut store, "a", &["new"]);
    change(&mut store, |tx| tx.finish(&old).unwrap());
    assert_eq!(waiting(&mut store, "a"), ["new"]);
    assert_eq!(totals(&mut store).queues["a"].size, 1);
}
