//! Tombstones of reservations.

use super::Fixture;
use super::steps::*;
use crate::{Store, Tombstone, Tx};

fn remember(store: &mut impl Store, jid: &str, wid: &str, secs: i64) {
    let end = Tombstone {
        jid: jid.into(),
        wid: wid.into(),
        at: at(secs),
    };
    change(store, |tx| tx.put_tombstones(&[end]).unwrap());
}

fn remembered(store: &mut impl Store, jid: &str, wid: &str) -> bool {
    look(store, |tx| tx.has_tombstone(jid, wid).unwrap())
}

pub(super) fn an_end_is_remembered_by_job_and_worker<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    remember(&mut store, "j1", "w1", 0);
    remember(&mut store, "j2", "w2", 0);
    assert!(remembered(&mut store, "j1", "w1"));
    assert!(remembered(&mut store, "j2", "w2"));
    assert!(!remembered(&mut store, "j1", "w2"));
    assert!(!remembered(&mut store, "j2", ""));
}

pub(super) fn ends_are_forgotten_by_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for (n, jid) in ["j0", "j1", "j2", "j3"].into_iter().enumerate() {
        remember(&mut store, jid, "w", n as i64 * 10);
    }
    assert_eq!(
        change(&mut store, |tx| tx.forget_tombstones(at(-1), 9).unwrap()),
        0
    );
    assert_eq!(
        change(&mut store, |tx| tx.forget_tombstones(at(20), 1).unwrap()),
        1
    );
    assert_eq!(
        change(&mut store, |tx| tx.forget_tombstones(at(20), 9).unwrap()),
        2
    );
    assert_eq!(
        change(&mut store, |tx| tx.forget_tombstones(at(20), 9).unwrap()),
        0
    );
    for jid in ["j0", "j1", "j2"] {
        assert!(!remembered(&mut store, jid, "w"), "{jid}");
    }
    assert!(remembered(&mut store, "j3", "w"));
}

pub(super) fn an_end_remembered_again_is_kept_once_with_the_later_time<F: Fixture>(
    fixture: &mut F,
) {
    let mut store = fixture.open();
    for secs in [0, 10, 5] {
        remember(&mut store, "j", "w", secs);
    }
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
    let mut store = fixture.open();
    assert_eq!(
        change(&mut store, |tx| tx.forget_tombstones(at(9), 9).unwrap()),
        0
    );
    assert!(remembered(&mut store, "j", "w"));
    assert_eq!(
        change(&mut store, |tx| tx.forget_tombstones(at(10), 9).unwrap()),
        1
    );
    assert!(!remembered(&mut store, "j", "w"));
}

/// What was remembered before a flush is about to be swept: it cannot stand for what comes after.
pub(super) fn an_end_after_a_flush_is_remembered<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    remember(&mut store, "j", "w", 0);
    change(&mut store, |tx| tx.flush().unwrap());
    assert!(!remembered(&mut store, "j", "w"));
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
