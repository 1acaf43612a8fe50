//! The audit log.

use std::time::Duration;

use super::Fixture;
use super::steps::*;
use crate::reading::Bounds;
use crate::{
    ActionPart, AuditEntry, AuditState, OpenAction, PartOf, Reading, Store, Tx, WatchedJob,
    WatchedKey,
};

/// Notes actions, one a second, and gives their numbers.
fn note(store: &mut impl Store, entries: &[AuditEntry]) -> Vec<u64> {
    change(store, |tx| {
        let note = |entry: &AuditEntry| {
            let id = tx.next_action().unwrap();
            tx.put(&[(id, entry.clone())]).unwrap();
            id
        };
        entries.iter().map(note).collect()
    })
}

fn read(store: &impl Store, after: Option<u64>, rows: usize) -> (Vec<u64>, Option<u64>) {
    read_those(store, after, &|_| true, rows)
}

fn read_those(
    store: &impl Store,
    after: Option<u64>,
    wanted: &dyn Fn(&AuditEntry) -> bool,
    rows: usize,
) -> (Vec<u64>, Option<u64>) {
    let bounds = Bounds::of_rows(rows);
    let slice = store.reader().audit(after, wanted, bounds).unwrap();
    let ids = slice.items.into_iter().map(|(id, entry)| {
        entry.unwrap();
        id
    });
    (ids.collect(), slice.next)
}

pub(super) fn actions_are_numbered_without_a_gap<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    assert_eq!(change(&mut store, |tx| tx.next_action().unwrap()), 1);
    assert_eq!(look(&mut store, |tx| tx.next_action().unwrap()), 2);
    assert_eq!(change(&mut store, |tx| tx.next_action().unwrap()), 2);
    drop(store);
    let mut store = fixture.open();
    change(&mut store, |tx| tx.flush().unwrap());
    assert_eq!(change(&mut store, |tx| tx.next_action().unwrap()), 3);
}

pub(super) fn an_entry_is_kept_as_it_was_written<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let states = [
        AuditState::Running,
        AuditState::Done,
        AuditState::Cancelled,
        AuditState::Failed("the disk is full".into()),
        AuditState::Interrupted,
    ];
    let entries = states.map(|state| AuditEntry {
        state,
        ..audit_entry(1)
    });
    let ids = note(&mut store, &entries);
    drop(store);
    let mut store = fixture.open();
    let kept: Vec<Option<AuditEntry>> = look(&mut store, |tx| tx.get(&ids).unwrap());
    assert_eq!(kept, entries.clone().map(Some));
    let bounds = Bounds::of_rows(9);
    let slice = store.reader().audit(None, &|_| true, bounds).unwrap();
    let mut seen = slice.items;
    seen.reverse();
    let expected: Vec<_> = ids.into_iter().zip(entries.map(Ok)).collect();
    assert_eq!(seen, expected);
}

pub(super) fn the_audit_log_is_read_the_latest_first<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    note(&mut store, &[0, 1, 2, 3, 4].map(audit_entry));
    assert_eq!(read(&store, None, 2), (vec![5, 4], Some(4)));
    assert_eq!(read(&store, Some(4), 2), (vec![3, 2], Some(2)));
    note(&mut store, &[audit_entry(5)]);
    assert_eq!(read(&store, Some(2), 2), (vec![1], None));
    assert_eq!(read(&store, Some(1), 2), (vec![], None));
    let odd = |entry: &AuditEntry| entry.changed % 2 == 1;
    assert_eq!(read_those(&store, None, &odd, 2), (vec![5, 3], Some(3)));
    assert_eq!(read_those(&store, Some(3), &odd, 2), (vec![1], None));
}

pub(super) fn entries_that_are_passed_over_take_no_longer_than_a_read_may<F: Fixture>(
    fixture: &mut F,
) {
    let mut store = fixture.open();
    note(&mut store, &[0, 1, 2].map(audit_entry));
    let bounds = Bounds {
        time: Duration::ZERO,
        ..Bounds::of_rows(9)
    };
    let slice = store.reader().audit(None, &|_| false, bounds).unwrap();
    assert_eq!((slice.items, slice.next), (vec![], Some(3)));
}

pub(super) fn a_flush_keeps_the_audit_log<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    note(&mut store, &[audit_entry(0)]);
    let open = (1, OpenAction { since: at(0) });
    let part = ((1, PartOf::Progress), ActionPart(vec![7; 3]));
    change(&mut store, |tx| {
        tx.put(std::slice::from_ref(&open)).unwrap();
        tx.put(std::slice::from_ref(&part)).unwrap();
        tx.flush().unwrap();
    });
    sweep_all(&mut store, 100);
    assert_eq!(read(&store, None, 9), (vec![1], None));
    let kept: Vec<Option<OpenAction>> = look(&mut store, |tx| tx.get(&[1]).unwrap());
    assert_eq!(kept, [Some(open.1)]);
    let keys = [(1, PartOf::Change), (1, PartOf::Progress)];
    let kept = look(&mut store, |tx| tx.get::<ActionPart>(&keys).unwrap());
    assert_eq!(kept, [None, Some(part.1)]);
}

pub(super) fn parts_of_an_action_are_kept_and_can_be_removed<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let keys = [4, 7].map(|id| [(id, PartOf::Change), (id, PartOf::Progress)]);
    let keys = keys.as_flattened();
    let part = |n| ActionPart(vec![n; 3]);
    change(&mut store, |tx| {
        let parts: Vec<_> = keys.iter().copied().zip((0..).map(part)).collect();
        tx.put(&parts).unwrap();
    });
    change(&mut store, |tx| {
        tx.put(&[((7, PartOf::Progress), part(9))]).unwrap();
        tx.remove::<ActionPart>(&[(4, PartOf::Progress), (5, PartOf::Change)])
            .unwrap();
    });
    drop(store);
    let mut store = fixture.open();
    let kept = look(&mut store, |tx| tx.get::<ActionPart>(keys).unwrap());
    assert_eq!(kept, [Some(part(0)), None, Some(part(2)), Some(part(9))]);
}

pub(super) fn old_entries_are_told_and_can_be_forgotten<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    note(&mut store, &[0, 1, 2, 3].map(audit_entry));
    assert_eq!(due::<AuditEntry>(&mut store, 2, 2), [1, 2]);
    let old = due::<AuditEntry>(&mut store, 2, 9);
    assert_eq!(old, [1, 2, 3]);
    change(&mut store, |tx| tx.remove::<AuditEntry>(&old).unwrap());
    assert_eq!(read(&store, None, 9), (vec![4], None));
}

pub(super) fn jobs_that_an_action_waits_for_outlive_a_flush<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let key = |action: u64, jid: &str| -> WatchedKey { (action, jid.into()) };
    let job = |secs, queue: &str| WatchedJob {
        since: at(secs),
        queue: queue.into(),
    };
    change(&mut store, |tx| {
        let all = [
            (key(4, "j1"), job(2, "a")),
            (key(4, "j2"), job(1, "a")),
            (key(5, "j1"), job(0, "b")),
        ];
        tx.put(&all).unwrap();
        tx.put(&[(key(4, "j1"), job(2, "c"))]).unwrap();
        tx.remove::<WatchedJob>(&[key(5, "j1"), key(5, "j2")])
            .unwrap();
        tx.flush().unwrap();
    });
    drop(store);
    let mut store = fixture.open();
    assert_eq!(due::<WatchedJob>(&mut store, 1, 9), [key(4, "j2")]);
    let all = [key(4, "j2"), key(4, "j1")];
    assert_eq!(due::<WatchedJob>(&mut store, 2, 9), all);
    let kept = look(&mut store, |tx| {
        tx.get::<WatchedJob>(&[key(4, "j1"), key(5, "j1")]).unwrap()
    });
    assert_eq!(kept, [Some(job(2, "c")), None]);
}

pub(super) fn actions_under_way_are_told_and_can_be_closed<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| {
        let open = [4, 7, 9].map(|id| (id, OpenAction { since: at(1) }));
        tx.put(&open).unwrap();
        tx.remove::<OpenAction>(&[7, 8]).unwrap();
    });
    drop(store);
    let mut store = fixture.open();
    assert_eq!(due::<OpenAction>(&mut store, 1, 9), [4, 9]);
    assert!(due::<OpenAction>(&mut store, 0, 9).is_empty());
}
