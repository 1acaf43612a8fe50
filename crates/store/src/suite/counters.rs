//! Counters.

use super::Fixture;
use super::steps::*;
use crate::{Counts, Reading, Store, Tx};

fn counts(processed: u64, failures: u64) -> Counts {
    Counts {
        processed,
        failures,
        expired: 3 * processed + failures,
    }
}

pub(super) fn counts_add_up<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| {
        tx.count(19_000, counts(3, 1)).unwrap();
        tx.count(19_000, counts(2, 0)).unwrap();
        tx.count(19_001, counts(1, 1)).unwrap();
        assert_eq!(tx.totals().unwrap().counts, counts(6, 2));
    });
    change(&mut store, |tx| tx.count(19_001, counts(10, 5)).unwrap());
    change(&mut store, |tx| {
        tx.count(19_002, Counts::default()).unwrap();
    });
    assert_eq!(totals(&mut store).counts, counts(16, 7));
}

pub(super) fn counts_are_kept_by_day<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let reader = store.reader();
    for day in [19_002, -1, 19_000, 0] {
        change(&mut store, |tx| tx.count(day, counts(2, 1)).unwrap());
        change(&mut store, |tx| tx.count(day, counts(1, 0)).unwrap());
    }
    let all = [-1, 0, 19_000, 19_002].map(|day| (day, counts(3, 1)));
    assert_eq!(reader.days(i64::MIN, i64::MAX).unwrap(), all);
    assert_eq!(reader.days(0, 19_000).unwrap(), all[1..3]);
    assert!(reader.days(19_003, 20_000).unwrap().is_empty());
}

pub(super) fn counts_survive_reopening<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| tx.count(19_000, counts(3, 1)).unwrap());
    drop(store);
    let mut store = fixture.open();
    assert_eq!(totals(&mut store).counts, counts(3, 1));
    let days = store.reader().days(19_000, 19_000).unwrap();
    assert_eq!(days, [(19_000, counts(3, 1))]);
}
