//! How far the clocks are.

use super::Fixture;
use super::steps::*;
use crate::{Clocks, Counts, Reading as _, Store, Syncer, Tx};

fn clocks(secs: i64) -> Clocks {
    Clocks {
        steady: at(secs),
        wall: at(secs - 500),
    }
}

fn kept(store: &mut impl Store) -> Option<Clocks> {
    look(store, |tx| tx.clocks().unwrap())
}

pub(super) fn clocks_are_kept_if_that_is_asked_for<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    assert_eq!(kept(&mut store), None);
    change(&mut store, |tx| tx.note_clocks(clocks(1), true).unwrap());
    drop(store);
    let mut store = fixture.open();
    assert_eq!(kept(&mut store), Some(clocks(1)));
    assert_eq!(store.reader().clocks().unwrap(), Some(clocks(1)));
    change(&mut store, |tx| tx.flush().unwrap());
    sweep_all(&mut store, 100);
    assert_eq!(kept(&mut store), Some(clocks(1)), "after a flush");
}

pub(super) fn clocks_are_kept_with_what_else_is_counted<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| tx.note_clocks(clocks(1), true).unwrap());
    change(&mut store, |tx| {
        tx.note_clocks(clocks(2), false).unwrap();
        let counts = Counts {
            processed: 1,
            ..Counts::default()
        };
        tx.count(1, counts).unwrap();
    });
    drop(store);
    assert_eq!(kept(&mut fixture.open()), Some(clocks(2)));
}

pub(super) fn clocks_alone_are_no_change<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| tx.note_clocks(clocks(1), true).unwrap());
    store.syncer().sync().unwrap();
    change(&mut store, |tx| tx.note_clocks(clocks(2), false).unwrap());
    assert!(!store.wants_sync());
}

pub(super) fn a_dropped_transaction_moves_no_clock<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| tx.note_clocks(clocks(1), true).unwrap());
    look(&mut store, |tx| tx.note_clocks(clocks(2), true).unwrap());
    assert_eq!(kept(&mut store), Some(clocks(1)));
}

pub(super) fn clocks_are_not_before_the_last_reservation<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "q", &["j1"]);
    change(&mut store, |tx| {
        tx.note_clocks(clocks(1), true).unwrap();
        let (key, _) = tx.claim("q", 1).unwrap().remove(0);
        tx.reserve(&[reservation(key, "j1", "w", 5)]).unwrap();
    });
    drop(store);
    let clocks = kept(&mut fixture.open()).unwrap();
    assert_eq!(clocks.steady, at(5));
}
