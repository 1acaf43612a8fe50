//! Jobs, wherever they are: by place, by key and by id; what is removed or damaged.

use workmill_proto::SetName;

use super::steps::*;
use crate::reading::{Bounds, FoundJob};
use crate::suite::Fixture;
use crate::suite::steps::*;
use crate::{EntryKey, JobRef, Place, Reading as _, Store as _, Tx as _};

pub(in crate::suite) fn jobs_are_read_by_their_place<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    push(&mut store, "b", &["b1"]);
    insert(&mut store, SetName::Retries, &[(5, "late"), (1, "early")]);
    insert(&mut store, SetName::Dead, &[(0, "dead")]);
    let done = [(4, "last"), (1, "first"), (2, "second"), (2, "third")];
    insert(&mut store, SetName::Completed, &done);
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
    let completed = Place::Set(SetName::Completed);
    let latest_first = ["last", "third", "second", "first"];
    assert_eq!(jids(&reader, &completed), latest_first);
    assert!(jids(&reader, &Place::Set(SetName::Scheduled)).is_empty());
    assert_eq!(jids(&reader, &Place::Working), ["a1", "a2"]);
    let working = jobs(&reader, &Place::Working).into_iter();
    let reservations: Vec<_> = working.map(|found| found.reservation.unwrap()).collect();
    assert_eq!(reservations, held);
}

pub(in crate::suite) fn jobs_are_found_by_their_id_wherever_they_are<F: Fixture>(fixture: &mut F) {
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
    insert(
        &mut store,
        SetName::Completed,
        &[(1, "x"), (3, "z"), (2, "x")],
    );
    let reader = store.reader();
    let everywhere = [
        Place::Working,
        queue("b"),
        queue("c"),
        Place::Set(SetName::Retries),
        Place::Set(SetName::Dead),
        Place::Set(SetName::Completed),
        Place::Set(SetName::Completed),
    ];
    assert_eq!(find(&reader, "x"), everywhere);
    let done = Place::Set(SetName::Completed);
    assert_eq!(find(&reader, "z"), [queue("b"), done]);
    assert!(find(&reader, "").is_empty());
    assert!(find(&reader, "xx").is_empty());
}

pub(in crate::suite) fn what_is_not_swept_is_not_read<F: Fixture>(fixture: &mut F) {
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

pub(in crate::suite) fn damaged_jobs_are_told_as_such<F: Fixture>(fixture: &mut F) {
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

pub(in crate::suite) fn a_reader_sees_one_commit_and_no_less<F: Fixture>(fixture: &mut F) {
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
