//! Tombstones of reservations.

use super::Fixture;
use super::steps::*;
use crate::{Store, Tombstone, Tx};

fn remember(store: &mut impl Store, jid: &str, wid: &str, secs: i64) {
    change(store, |tx| note_end(tx, jid, wid, secs));
}

fn remembered(store: &mut impl Store, jid: &str, wid: &str) -> bool {
    look(store, |tx| has_ended(tx, jid, wid))
}

pub(super) fn an_end_is_remembered_by_job_and_worker<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    remember(&mut store, "j1", "w1", 0);
    remember(&mut store, "j2", "w2", 5);
    assert!(remembered(&mut store, "j1", "w1"));
    let second = read(&mut store, end_key("j2", "w2"));
    let expected = Tombstone {
        at: at(5),
        trashed: None,
    };
    assert_eq!(second, Some(expected));
    assert!(!remembered(&mut store, "j1", "w2"));
    assert!(!remembered(&mut store, "j2", ""));
    forget::<Tombstone>(&mut store, end_key("j1", "w2"));
    forget::<Tombstone>(&mut store, end_key("j2", "w2"));
    assert!(remembered(&mut store, "j1", "w1"));
    assert!(!remembered(&mut store, "j2", "w2"));
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn an_end_tells_where_its_job_is_in_the_trash<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let end = |trashed| Tombstone { at: at(0), trashed };
    for trashed in [Some((3, 0)), None, Some((4, 7))] {
        change(&mut store, |tx| {
            tx.put(&[(end_key("j", "w"), end(trashed))]).unwrap();
        });
        let kept = read(&mut store, end_key("j", "w"));
        assert_eq!(kept, Some(end(trashed)));
    }
}

pub(super) fn ends_are_due_by_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for (n, jid) in ["j0", "j1", "j2", "j3"].into_iter().enumerate() {
        remember(&mut store, jid, "w", n as i64 * 10);
    }
    let keys = ["j0", "j1", "j2"].map(|jid| end_key(jid, "w"));
    assert!(due::<Tombstone>(&mut store, -1, 9).is_empty());
    assert_eq!(due::<Tombstone>(&mut store, 20, 1), keys[..1]);
    assert_eq!(due::<Tombstone>(&mut store, 20, 9), keys);
    change(&mut store, |tx| {
        tx.remove::<Tombstone>(&keys).unwrap();
        assert!(tx.due::<Tombstone>(at(20), 9).unwrap().is_empty());
    });
    for jid in ["j0", "j1", "j2"] {
        assert!(!remembered(&mut store, jid, "w"), "{jid}");
    }
    assert!(remembered(&mut store, "j3", "w"));
}

pub(super) fn an_end_remembered_again_is_kept_once_with_the_last_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for secs in [0, 5, 10] {
        remember(&mut store, "j", "w", secs);
    }
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
    let mut store = fixture.open();
    assert!(due::<Tombstone>(&mut store, 9, 9).is_empty());
    assert!(remembered(&mut store, "j", "w"));
    assert_eq!(due::<Tombstone>(&mut store, 10, 9), [end_key("j", "w")]);
}

/// What was remembered before a flush is about to be swept: it cannot stand for what comes after.
pub(super) fn an_end_after_a_flush_is_remembered<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    remember(&mut store, "j", "w", 0);
    change(&mut store, |tx| tx.flush().unwrap());
    assert!(!remembered(&mut store, "j", "w"));
    assert!(due::<Tombstone>(&mut store, 9, 9).is_empty());
    remember(&mut store, "j", "w", 0);
    assert!(remembered(&mut store, "j", "w"));
}

pub(super) fn ends_survive_reopening<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    remember(&mut store, "j", "w", 0);
    drop(store);
    let mut store = fixture.open();
    assert!(remembered(&mut store, "j", "w"));
}
