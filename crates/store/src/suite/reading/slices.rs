//! Where a slice ends, and where a cursor goes on whatever happened meanwhile.

use std::time::Duration;

use workmill_proto::SetName;

use super::steps::*;
use crate::reading::{Bounds, Slice};
use crate::suite::Fixture;
use crate::suite::steps::*;
use crate::{JobRecord, Place, Reading as _, Store as _, Tx as _};

pub(in crate::suite) fn a_cursor_stays_right_while_jobs_come_and_go<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    let reader = store.reader();
    let read = |after| {
        let slice = reader.jobs(&queue("a"), after, Bounds::of_rows(1)).unwrap();
        let jid = slice
            .items
            .first()
            .map(|found| found.job.clone().unwrap().jid);
        (jid, slice.next)
    };
    let (first, after_first) = read(None);
    assert_eq!(first.as_deref(), Some("a1"));
    // The one that was read last goes, the next one too, and others come.
    let held = fetch(&mut store, "a", "w", 2, 0);
    push(&mut store, "a", &["a5"]);
    change(&mut store, |tx| tx.finish(&[held[0].key]).unwrap());
    let rest = all(|after| {
        let from = after.or(after_first);
        reader.jobs(&queue("a"), from, Bounds::of_rows(2))
    });
    let rest: Vec<_> = rest
        .into_iter()
        .map(|found| found.job.unwrap().jid)
        .collect();
    assert_eq!(rest, ["a3".into(), "a4".into(), Box::<str>::from("a5")]);
    // A queue that was removed and made again is another one: the cursor leaves out nothing of it.
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    push(&mut store, "a", &["n1"]);
    assert_eq!(read(after_first).0.as_deref(), Some("n1"));
}

pub(in crate::suite) fn a_cursor_of_a_set_survives_its_clearing<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let dead = Place::Set(SetName::Dead);
    insert(&mut store, SetName::Dead, &[(1, "a"), (2, "b"), (3, "c")]);
    let reader = store.reader();
    let slice = reader.jobs(&dead, None, Bounds::of_rows(1)).unwrap();
    change(&mut store, |tx| tx.clear_set(SetName::Dead).unwrap());
    let none = reader.jobs(&dead, slice.next, Bounds::of_rows(9)).unwrap();
    assert_eq!(
        none,
        Slice {
            items: Vec::new(),
            next: None
        }
    );
    insert(&mut store, SetName::Dead, &[(0, "before"), (2, "behind")]);
    let rest = all(|after| reader.jobs(&dead, after.or(slice.next), Bounds::of_rows(1)));
    let rest: Vec<_> = rest
        .into_iter()
        .map(|found| found.job.unwrap().jid)
        .collect();
    assert_eq!(rest, [Box::<str>::from("behind")]);
}

pub(in crate::suite) fn a_cursor_of_another_place_counts_as_none<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    insert(&mut store, SetName::Dead, &[(1, "d")]);
    insert(&mut store, SetName::Retries, &[(1, "r")]);
    fetch_one(&mut store, "a");
    push(&mut store, "a", &["a2"]);
    let reader = store.reader();
    let places = [
        queue("a"),
        Place::Set(SetName::Dead),
        Place::Set(SetName::Retries),
    ];
    for place in &places {
        for other in places.iter().filter(|other| *other != place) {
            let key = jobs(&reader, other)[0].key;
            let slice = reader.jobs(place, Some(key), Bounds::of_rows(9)).unwrap();
            assert_eq!(slice.items.len(), 1, "{place:?} behind {key:?}");
        }
    }
}

pub(in crate::suite) fn large_jobs_make_short_slices<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let large = |jid: &str| JobRecord {
        body: vec![b' '; crate::SLICE_BYTES_MAX / 2],
        ..job(jid, "a")
    };
    let (one, two, three) = (large("1"), large("2"), large("3"));
    change(&mut store, |tx| {
        tx.enqueue(&[&one, &two, &three], at(0)).unwrap();
    });
    let reader = store.reader();
    let bounds = Bounds {
        bytes: usize::MAX,
        ..Bounds::of_rows(usize::MAX)
    };
    let slice = reader.jobs(&queue("a"), None, bounds).unwrap();
    assert_eq!(slice.items.len(), 2);
    let slice = reader.jobs(&queue("a"), slice.next, bounds).unwrap();
    assert_eq!((slice.items.len(), slice.next), (1, None));
}

pub(in crate::suite) fn a_read_ends_when_its_time_is_over<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3"]);
    let reader = store.reader();
    let bounds = Bounds {
        time: Duration::ZERO,
        ..Bounds::of_rows(9)
    };
    let slice = reader.jobs(&queue("a"), None, bounds).unwrap();
    assert_eq!((slice.items.len(), slice.next.is_some()), (1, true));
    // It gets on, and says so, even if it finds nothing.
    let slice = reader.find_jobs("unknown", None, bounds).unwrap();
    assert_eq!((slice.items.len(), slice.next.is_some()), (0, true));
    let queues = reader.queues(None, bounds).unwrap();
    assert_eq!((queues.items.len(), queues.next.is_some()), (1, true));
    // Also over queues that are removed and not swept yet.
    push(&mut store, "b", &["b1"]);
    change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap());
    let removed = reader.queues(None, bounds).unwrap();
    assert_eq!((removed.items.len(), removed.next.is_some()), (0, true));
    let queues = all(|after| reader.queues(after, bounds));
    assert_eq!(queues.len(), 1);
    assert_eq!(find(&reader, "b1"), [queue("b")]);
}
