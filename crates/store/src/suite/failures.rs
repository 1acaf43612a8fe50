//! Groups of failures, and jobs in sets that are given theirs.

use workmill_proto::SetName;

use super::Fixture;
use super::steps::*;
use crate::reading::Bounds;
use crate::{
    EntryKey, FailureGroup, FailureId, JobRecord, Reading as _, SetTime, Store, StoredJob, Tx,
    Ungrouped,
};

fn keep(store: &mut impl Store, id: u64, group: &FailureGroup) {
    change(store, |tx| {
        tx.put(&[(FailureId(id), group.clone())]).unwrap();
    });
}

fn get(store: &mut impl Store, id: u64) -> Option<FailureGroup> {
    look(store, |tx| tx.get(&[FailureId(id)]).unwrap().pop().unwrap())
}

pub(super) fn a_group_of_failures_comes_back_whole<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (few, many) = (failure_group(1, None), failure_group(300, Some(9)));
    keep(&mut store, 0, &few);
    keep(&mut store, u64::MAX >> 1, &few);
    keep(&mut store, u64::MAX >> 1, &many);
    for _ in 0..2 {
        assert_eq!(get(&mut store, 0), Some(few.clone()));
        assert_eq!(get(&mut store, u64::MAX >> 1), Some(many.clone()));
        assert_eq!(get(&mut store, 1), None);
        let ids = [FailureId(0), FailureId(u64::MAX >> 1)];
        assert_eq!(look(&mut store, |tx| tx.failure_ids().unwrap()), ids);
        let reader = store.reader();
        let first = reader.failures(None, Bounds::of_rows(1)).unwrap();
        assert_eq!(first.items, [(ids[0], Ok(few.clone()))]);
        let rest = reader.failures(first.next, Bounds::of_rows(9)).unwrap();
        assert_eq!(rest.items, [(ids[1], Ok(many.clone()))]);
        assert_eq!(reader.failure(ids[1]).unwrap(), Some(many.clone()));
        assert_eq!(reader.failure(FailureId(1)).unwrap(), None);
        drop(reader);
        drop(store);
        store = fixture.open();
    }
    change(&mut store, |tx| {
        tx.remove::<FailureGroup>(&[FailureId(0), FailureId(5)])
            .unwrap();
    });
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn groups_without_jobs_are_due_by_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for (id, forget) in [(1, None), (2, Some(20)), (3, Some(0)), (4, Some(30))] {
        keep(&mut store, id, &failure_group(id, forget));
    }
    let due = |store: &mut F::S, secs| {
        let due = look(store, |tx| tx.due::<FailureGroup>(at(secs), 9).unwrap());
        due.into_iter().map(|id| id.0).collect::<Vec<_>>()
    };
    assert_eq!(due(&mut store, -1), [] as [u64; 0]);
    assert_eq!(due(&mut store, 20), [3, 2]);
    // It has jobs again.
    keep(&mut store, 3, &failure_group(3, None));
    assert_eq!(due(&mut store, 99), [2, 4]);
}

pub(super) fn a_flush_forgets_all_groups_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for id in [1, 2, 3] {
        keep(&mut store, id, &failure_group(id, Some(5)));
    }
    let new = failure_group(9, None);
    change(&mut store, |tx| {
        tx.flush().unwrap();
        assert_eq!(tx.failure_ids().unwrap(), []);
        assert_eq!(tx.get::<FailureGroup>(&[FailureId(1)]).unwrap(), [None]);
        tx.put(&[(FailureId(1), new.clone())]).unwrap();
    });
    sweep_all(&mut store, 1);
    assert_eq!(get(&mut store, 1), Some(new.clone()));
    let read = store.reader().failures(None, Bounds::of_rows(9)).unwrap();
    assert_eq!(read.items, [(FailureId(1), Ok(new))]);
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn jobs_in_sets_are_rewritten_where_they_are<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let set = SetName::Dead;
    let before = [(10, "a"), (20, "b"), (20, "c")].map(|(secs, jid)| (at(secs), job(jid, "q")));
    change(&mut store, |tx| tx.insert_entries(set, &before).unwrap());
    let entries = |store: &mut F::S| {
        let found = look(store, |tx| tx.entries(set, None, SetTime::MAX, 9).unwrap());
        let found = found.into_iter().map(|entry| (entry.key, entry.job));
        found.collect::<Vec<(EntryKey, StoredJob)>>()
    };
    let mut expected = entries(&mut store);
    let rewritten = JobRecord {
        failure: Some(FailureId(7)),
        ..tied_job("b", "q")
    };
    let key = expected[1].0;
    let gone = EntryKey {
        serial: key.serial + 100,
        ..key
    };
    expected[1].1 = Ok(rewritten.clone());
    change(&mut store, |tx| {
        tx.rewrite_entries(&[(key, rewritten.clone()), (gone, rewritten.clone())])
            .unwrap();
    });
    for _ in 0..2 {
        assert_eq!(entries(&mut store), expected);
        assert_eq!(totals(&mut store).dead, 3);
        drop(store);
        store = fixture.open();
    }
    look(&mut store, |tx| {
        tx.rewrite_entries(&[(key, job("in vain", "q"))]).unwrap();
    });
    assert_eq!(entries(&mut store), expected);
}

pub(super) fn how_far_jobs_are_grouped_is_kept<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let ungrouped = |store: &mut F::S| {
        let kept = look(store, |tx| tx.get::<Ungrouped>(&[()]).unwrap().pop());
        let kept = kept.unwrap();
        assert_eq!(store.reader().ungrouped().unwrap(), kept);
        kept
    };
    // In a new store there is nothing to be grouped.
    assert_eq!(ungrouped(&mut store), None);
    let after = |serial| Ungrouped {
        after: EntryKey {
            set: SetName::Dead,
            at: at(5),
            serial,
        },
    };
    for serial in [1, 2] {
        change(&mut store, |tx| tx.put(&[((), after(serial))]).unwrap());
    }
    drop(store);
    let mut store = fixture.open();
    assert_eq!(ungrouped(&mut store), Some(after(2)));
    change(&mut store, |tx| tx.flush().unwrap());
    assert_eq!(ungrouped(&mut store), Some(after(2)));
    change(&mut store, |tx| tx.remove::<Ungrouped>(&[()]).unwrap());
    assert_eq!(ungrouped(&mut store), None);
}
