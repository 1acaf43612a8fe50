//! Queues: their heads, their first jobs, and whose name is whose.

use std::time::Duration;

use super::steps::*;
use crate::reading::{Bounds, READ_ROWS_MAX};
use crate::suite::Fixture;
use crate::suite::steps::*;
use crate::{Reading as _, Release, Store, Tx as _};

pub(in crate::suite) fn queues_are_read_with_their_heads<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    change(&mut store, |tx| {
        tx.enqueue(&[&job("b1", "b")], at(7)).unwrap();
        tx.set_paused(&["b", "empty"], true).unwrap();
        tx.enqueue(&[&job("a3", "a")], at(9)).unwrap();
    });
    fetch(&mut store, "a", "w", 2, 0);
    let reader = store.reader();
    let whole = Bounds::of_rows(READ_ROWS_MAX);
    let read = |bounds| all(|after| reader.queues(after, bounds));
    let queues = read(whole);
    for bounds in tight() {
        assert_eq!(read(bounds), queues);
    }
    let told: Vec<_> = queues
        .iter()
        .map(|view| (&*view.name, view.size, view.paused, view.head))
        .collect();
    assert_eq!(
        told,
        [
            ("a", 1, false, Some(at(9))),
            ("b", 1, true, Some(at(7))),
            ("empty", 0, true, None)
        ]
    );
    let heads = reader.heads(&["b", "unknown", "a", "empty", "b"]).unwrap();
    assert_eq!(heads, [Some(at(7)), None, Some(at(9)), None, Some(at(7))]);
    assert!(reader.heads(&[]).unwrap().is_empty());
    change(&mut store, |tx| tx.remove_queues(&["b"]).unwrap());
    assert_eq!(reader.heads(&["b"]).unwrap(), [None]);
}

/// A read without time looks at one row only.
pub(in crate::suite) fn a_queue_is_read_from_its_head_on<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    let held = fetch(&mut store, "a", "w", 3, 0);
    let first = |store: &F::S| {
        let bounds = Bounds {
            time: Duration::ZERO,
            ..Bounds::of_rows(1)
        };
        let found = store.reader().jobs(&queue("a"), None, bounds).unwrap();
        let found = found.items.into_iter().map(|found| found.job.unwrap().jid);
        found.collect::<Vec<_>>()
    };
    let release = |tx: &mut <F::S as Store>::Tx<'_>, key| {
        tx.release(&[Release { key, record: None }]).unwrap();
    };
    assert_eq!(first(&store), ["a4".into()]);
    look(&mut store, |tx| release(tx, held[0].key));
    assert_eq!(first(&store), ["a4".into()], "it was rolled back");
    change(&mut store, |tx| {
        release(tx, held[1].key);
        release(tx, held[2].key);
    });
    assert_eq!(first(&store), ["a2".into()]);
    store = {
        drop(store);
        fixture.open()
    };
    assert_eq!(first(&store), ["a2".into()]);
    // Taken out of the middle, with a reserved one before it.
    change(&mut store, |tx| {
        release(tx, held[0].key);
        tx.finish(&[held[1].key]).unwrap();
    });
    assert_eq!(first(&store), ["a1".into()]);
    fetch_one(&mut store, "a");
    assert_eq!(first(&store), ["a3".into()]);
    fetch(&mut store, "a", "w", 9, 0);
    assert!(first(&store).is_empty());
    // The number of a queue that is gone goes to the next one.
    change(&mut store, |tx| {
        tx.flush().unwrap();
        tx.enqueue(&[&job("a5", "a")], at(0)).unwrap();
    });
    assert_eq!(first(&store), ["a5".into()]);
    sweep_all(&mut store, 9);
    let held = fetch_one(&mut store, "a");
    change(&mut store, |tx| {
        tx.remove_queues(&["a"]).unwrap();
        tx.enqueue(&[&job("a6", "a")], at(0)).unwrap();
        release(tx, held.key);
    });
    assert_eq!(first(&store), ["a5".into()], "in front");
}

/// What is remembered of names is right only as long as nothing happens to the queues.
pub(in crate::suite) fn a_queue_is_found_whatever_became_of_its_name<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let reader = store.reader();
    let compare = |a: &[&str], b: &[&str]| {
        assert_eq!(jids(&reader, &queue("a")), a);
        assert_eq!(jids(&reader, &queue("b")), b);
        let heads = reader.heads(&["a", "b", "a"]).unwrap();
        let there = [!a.is_empty(), !b.is_empty(), !a.is_empty()];
        assert_eq!(heads.iter().map(Option::is_some).collect::<Vec<_>>(), there);
    };
    compare(&[], &[]);
    push(&mut store, "a", &["a1"]);
    push(&mut store, "b", &["b1"]);
    compare(&["a1"], &["b1"]);
    // Another queue gets the number of one that is gone, and the name another number.
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    compare(&[], &["b1"]);
    sweep_all(&mut store, 9);
    push(&mut store, "c", &["c1"]);
    compare(&[], &["b1"]);
    push(&mut store, "a", &["a2"]);
    compare(&["a2"], &["b1"]);
    // Both names change their places.
    change(&mut store, |tx| tx.flush().unwrap());
    sweep_all(&mut store, 9);
    push(&mut store, "b", &["b2"]);
    push(&mut store, "a", &["a3"]);
    compare(&["a3"], &["b2"]);
}
