//! Reading beside the writer: places in slices, cursors, what is removed or damaged.

use std::time::Duration;

use workmill_proto::SetName;

use super::Fixture;
use super::steps::*;
use crate::reading::{Bounds, FoundJob, READ_ROWS_MAX, Slice, TrackView};
use crate::{
    BatchDetails, BatchParents, CronTick, EntryKey, JobRecord, JobRef, Place, Reading, Release,
    SetTime, Store, StoreError, Track, Tx,
};

/// Reads everything, slice by slice.
fn all<T, C: Copy>(mut read: impl FnMut(Option<C>) -> Result<Slice<T, C>, StoreError>) -> Vec<T> {
    let (mut items, mut after) = (Vec::new(), None);
    for _ in 0..10_000 {
        let slice = read(after).unwrap();
        items.extend(slice.items);
        after = slice.next;
        if after.is_none() {
            return items;
        }
    }
    panic!("reading does not end");
}

fn queue(name: &str) -> Place {
    Place::Queue(name.into())
}

/// One row at a time, by each of the bounds: all of them must tell the same.
fn tight() -> [Bounds; 3] {
    let whole = Bounds::of_rows(READ_ROWS_MAX);
    let (bytes, time) = (0, Duration::ZERO);
    [
        Bounds::of_rows(1),
        Bounds { bytes, ..whole },
        Bounds { time, ..whole },
    ]
}

fn jobs(reader: &impl Reading, place: &Place) -> Vec<FoundJob> {
    let whole = Bounds::of_rows(READ_ROWS_MAX);
    let jobs = all(|after| reader.jobs(place, after, whole));
    for bounds in tight() {
        assert_eq!(all(|after| reader.jobs(place, after, bounds)), jobs);
    }
    for job in &jobs {
        let found = reader.job(job.key).unwrap();
        assert_eq!(found, Some((place.clone(), job.clone())));
    }
    jobs
}

fn jids(reader: &impl Reading, place: &Place) -> Vec<String> {
    let jobs = jobs(reader, place).into_iter();
    jobs.map(|found| found.job.unwrap().jid.to_string())
        .collect()
}

/// The places and ids of all jobs with an id.
fn find(reader: &impl Reading, jid: &str) -> Vec<Place> {
    let [rows, _, time] = tight();
    let found = all(|after| reader.find_jobs(jid, after, Bounds::of_rows(READ_ROWS_MAX)));
    for bounds in [rows, time] {
        assert_eq!(all(|after| reader.find_jobs(jid, after, bounds)), found);
    }
    let places = found.into_iter().map(|(place, found)| {
        assert_eq!(&*found.job.unwrap().jid, jid);
        assert_eq!(found.reservation.is_some(), place == Place::Working);
        place
    });
    places.collect()
}

fn told(jid: &str, track: Track) -> TrackView {
    TrackView {
        jid: jid.into(),
        track: Ok(track),
    }
}

fn insert(store: &mut impl Store, set: SetName, entries: &[(i64, &str)]) {
    let entries: Vec<(SetTime, JobRecord)> = entries
        .iter()
        .map(|(secs, jid)| (at(*secs), job(jid, "a")))
        .collect();
    change(store, |tx| tx.insert_entries(set, &entries).unwrap());
}

pub(super) fn jobs_are_read_by_their_place<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    push(&mut store, "b", &["b1"]);
    insert(&mut store, SetName::Retries, &[(5, "late"), (1, "early")]);
    insert(&mut store, SetName::Dead, &[(0, "dead")]);
    let held = fetch(&mut store, "a", "w", 2, 3);
    let reader = store.reader();
    assert_eq!(jids(&reader, &queue("a")), ["a3", "a4"]);
    assert_eq!(jids(&reader, &queue("b")), ["b1"]);
    assert!(jids(&reader, &queue("unknown")).is_empty());
    assert_eq!(
        jids(&reader, &Place::Set(SetName::Retries)),
        ["early", "late"]
    );
    assert_eq!(jids(&reader, &Place::Set(SetName::Dead)), ["dead"]);
    assert!(jids(&reader, &Place::Set(SetName::Scheduled)).is_empty());
    assert_eq!(jids(&reader, &Place::Working), ["a1", "a2"]);
    let working = jobs(&reader, &Place::Working).into_iter();
    let reservations: Vec<_> = working.map(|found| found.reservation.unwrap()).collect();
    assert_eq!(reservations, held);
}

pub(super) fn a_cursor_stays_right_while_jobs_come_and_go<F: Fixture>(fixture: &mut F) {
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

pub(super) fn a_cursor_of_a_set_survives_its_clearing<F: Fixture>(fixture: &mut F) {
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

pub(super) fn a_cursor_of_another_place_counts_as_none<F: Fixture>(fixture: &mut F) {
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

pub(super) fn what_is_not_swept_is_not_read<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let sets = SetName::ALL.map(Place::Set);
    for round in 0..3 {
        push(&mut store, "a", &["a1", "a2"]);
        push(&mut store, "b", &["b1"]);
        for set in SetName::ALL {
            insert(&mut store, set, &[(round, "s")]);
        }
        let held = fetch_one(&mut store, "a");
        fill_features(&mut store);
        let reader = store.reader();
        let waits = jobs(&reader, &queue("a"))[0].key;
        let entry = jobs(&reader, &sets[0])[0].key;
        change(&mut store, |tx| {
            tx.remove_queues(&["a"]).unwrap();
            tx.clear_set(SetName::Scheduled).unwrap();
        });
        assert!(jobs(&reader, &queue("a")).is_empty());
        assert!(jobs(&reader, &sets[0]).is_empty());
        assert_eq!(
            (reader.job(waits).unwrap(), reader.job(entry).unwrap()),
            (None, None)
        );
        // What a worker has stays.
        assert_eq!(jids(&reader, &Place::Working), ["a1"]);
        assert_eq!(find(&reader, "a1"), [Place::Working]);
        assert!(find(&reader, "a2").is_empty());
        change(&mut store, |tx| tx.flush().unwrap());
        for place in [Place::Working, queue("a"), queue("b")].iter().chain(&sets) {
            assert!(jobs(&reader, place).is_empty(), "{place:?}");
        }
        assert_eq!(reader.job(JobRef::Job(held.key)).unwrap(), None);
        for jid in ["a1", "b1", "s"] {
            assert!(find(&reader, jid).is_empty());
        }
        let whole = Bounds::of_rows(9);
        assert!(reader.queues(None, whole).unwrap().items.is_empty());
        assert!(reader.locks(None, whole).unwrap().items.is_empty());
        assert_eq!(reader.lock([7; 32]).unwrap(), None);
        assert!(reader.batches(None, whole).unwrap().items.is_empty());
        assert!(reader.tracks(None, whole).unwrap().items.is_empty());
        assert_eq!(reader.track("j").unwrap(), None);
    }
    sweep_all(&mut store, 2);
    assert_eq!(store.reader().totals().unwrap().queues.len(), 0);
}

pub(super) fn jobs_are_found_by_their_id_wherever_they_are<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["x", "y"]);
    fetch_one(&mut store, "a");
    push(&mut store, "b", &["z", "x"]);
    push(&mut store, "c", &["x"]);
    change(&mut store, |tx| {
        tx.set_paused(&["c", "empty"], true).unwrap();
    });
    insert(&mut store, SetName::Retries, &[(1, "y"), (2, "x")]);
    insert(&mut store, SetName::Dead, &[(1, "x")]);
    let reader = store.reader();
    let everywhere = [
        Place::Working,
        queue("b"),
        queue("c"),
        Place::Set(SetName::Retries),
        Place::Set(SetName::Dead),
    ];
    assert_eq!(find(&reader, "x"), everywhere);
    assert_eq!(find(&reader, "z"), [queue("b")]);
    assert!(find(&reader, "").is_empty());
    assert!(find(&reader, "xx").is_empty());
}

pub(super) fn queues_are_read_with_their_heads<F: Fixture>(fixture: &mut F) {
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
pub(super) fn a_queue_is_read_from_its_head_on<F: Fixture>(fixture: &mut F) {
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
pub(super) fn a_queue_is_found_whatever_became_of_its_name<F: Fixture>(fixture: &mut F) {
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

pub(super) fn large_jobs_make_short_slices<F: Fixture>(fixture: &mut F) {
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

pub(super) fn a_read_ends_when_its_time_is_over<F: Fixture>(fixture: &mut F) {
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

pub(super) fn damaged_jobs_are_told_as_such<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    insert(&mut store, SetName::Dead, &[(1, "d1"), (2, "d2")]);
    let held = fetch_one(&mut store, "a");
    let dead = Place::Set(SetName::Dead);
    let reader = store.reader();
    let entry = |job: &FoundJob| match job.key {
        JobRef::Entry(key) => key,
        JobRef::Job(_) => panic!("{job:?}"),
    };
    let damaged: EntryKey = entry(&jobs(&reader, &dead)[0]);
    let waits = match jobs(&reader, &queue("a"))[0].key {
        JobRef::Job(key) => key,
        JobRef::Entry(_) => panic!("an entry in a queue"),
    };
    drop((store, reader));
    fixture.plant_job(held.key, b"rubbish");
    fixture.plant_job(waits, b"rubbish");
    fixture.plant_entry(damaged, b"rubbish");
    let store = fixture.open();
    let reader = store.reader();
    for (place, sound) in [(queue("a"), 2), (dead, 1), (Place::Working, 0)] {
        let found = jobs(&reader, &place);
        assert_eq!(found.len(), sound + 1, "{place:?}");
        assert_eq!(found[0].job.as_ref().unwrap_err().bytes, b"rubbish");
        assert!(found[1..].iter().all(|found| found.job.is_ok()));
    }
    assert_eq!(reader.heads(&["a"]).unwrap(), [None]);
    assert_eq!(find(&reader, "a3"), [queue("a")]);
}

pub(super) fn what_features_keep_is_read<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let details = BatchDetails {
        description: "nightly".into(),
        created_at: at(1),
    };
    let ids: Vec<u64> = change(&mut store, |tx| {
        let mut make = |n| {
            let id = tx.next_batch().unwrap();
            tx.put(&[(id, batch(n))]).unwrap();
            tx.put(&[(id, details.clone())]).unwrap();
            id
        };
        let ids: Vec<u64> = (1..=4).map(&mut make).collect();
        tx.put(&[
            (ids[1], BatchParents(vec![ids[0]])),
            (ids[3], BatchParents(vec![ids[2], ids[0]])),
        ])
        .unwrap();
        tx.put(&[([3; 32], lock("j", 9)), ([1; 32], lock("k", 8))])
            .unwrap();
        tx.put(&[
            ("j2".into(), track(2, None)),
            ("j1".into(), track(1, Some(5))),
        ])
        .unwrap();
        tx.put(&[("tick".into(), CronTick { at: at(3) })]).unwrap();
        ids
    });
    let reader = store.reader();
    for bounds in tight().into_iter().chain([Bounds::of_rows(9)]) {
        let batches = all(|after| reader.batches(after, bounds));
        let expected: Vec<_> = ids
            .iter()
            .zip(1..)
            .map(|(&id, n)| (id, Ok(batch(n))))
            .collect();
        assert_eq!(batches, expected);
        let children = all(|after| reader.batch_children(ids[0], after, bounds));
        assert_eq!(children, [ids[1], ids[3]]);
        let locks = all(|after| reader.locks(after, bounds));
        assert_eq!(
            locks,
            [Ok(([1; 32], lock("k", 8))), Ok(([3; 32], lock("j", 9)))]
        );
    }
    assert_eq!(reader.lock([1; 32]).unwrap(), Some(lock("k", 8)));
    let child = reader.batch(ids[3]).unwrap().unwrap();
    assert_eq!(
        (child.state, child.parents),
        (Ok(batch(4)), vec![ids[2], ids[0]])
    );
    assert_eq!(child.details, Some(details));
    assert_eq!(reader.batch(ids[3] + 1).unwrap(), None);
    let first = reader.tracks(None, Bounds::of_rows(1)).unwrap();
    assert_eq!(first.items, [told("j1", track(1, Some(5)))]);
    let rest = reader
        .tracks(first.next.as_deref(), Bounds::of_rows(9))
        .unwrap();
    assert_eq!(rest.items, [told("j2", track(2, None))]);
    assert_eq!(reader.track("j2").unwrap(), Some(track(2, None)));
    assert_eq!(reader.track("j").unwrap(), None);
    let ticks = reader.cron_ticks(None, Bounds::of_rows(9)).unwrap();
    assert_eq!(ticks.items, [("tick".into(), CronTick { at: at(3) })]);
    assert!(
        reader
            .cron_ticks(Some("tick"), Bounds::of_rows(9))
            .unwrap()
            .items
            .is_empty()
    );
}

pub(super) fn a_reader_sees_one_commit_and_no_less<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    let reader = store.reader();
    let mut tx = store.begin().unwrap();
    tx.enqueue(&[&job("a2", "a")], at(0)).unwrap();
    assert_eq!(jids(&reader, &queue("a")), ["a1"]);
    tx.commit().unwrap();
    assert_eq!(jids(&reader, &queue("a")), ["a1", "a2"]);
    let other = reader.clone();
    let seen = std::thread::spawn(move || jids(&other, &queue("a")));
    assert_eq!(seen.join().unwrap(), ["a1", "a2"]);
}
