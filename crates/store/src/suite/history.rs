//! Slots of history.

use super::Fixture;
use super::steps::*;
use crate::reading::Bounds;
use crate::{
    Histogram, HistoryCounts, HistoryKey, HistoryLine, HistorySlot, OTHERS, Reading, Resolution,
    Store, Tx, bucket_of,
};

/// Some slot, another one for another number.
pub(super) fn history(n: u64) -> HistorySlot {
    let line = HistoryLine {
        counts: HistoryCounts {
            enqueued: n,
            succeeded: n + 1,
            ..HistoryCounts::default()
        },
        waits: Histogram::new([(bucket_of(n), 2)], 2 * n),
        runs: Histogram::default(),
    };
    let mut slot = HistorySlot::default();
    for name in ["mail", OTHERS] {
        slot.queues.line(name).add(&line);
        slot.jobtypes.line(name).add(&line);
    }
    slot
}

pub(super) fn key(resolution: Resolution, slot: i64) -> HistoryKey {
    HistoryKey { resolution, slot }
}

fn read(store: &mut impl Store, keys: &[HistoryKey]) -> Vec<Option<HistorySlot>> {
    look(store, |tx| tx.get::<HistorySlot>(keys).unwrap())
}

pub(super) fn a_slot_of_history_comes_back_whole<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let keys = Resolution::ALL.map(|resolution| key(resolution, 0));
    let slots: Vec<_> = keys.into_iter().zip((1..).map(history)).collect();
    change(&mut store, |tx| tx.put(&slots).unwrap());
    let kept: Vec<_> = slots.iter().map(|(_, slot)| Some(slot.clone())).collect();
    for _ in 0..2 {
        assert_eq!(read(&mut store, &keys), kept);
        for (key, slot) in &slots {
            let found = store
                .reader()
                .history(key.resolution, key.slot..=key.slot, Bounds::of_rows(9))
                .unwrap();
            assert_eq!(found.items, [(key.slot, slot.clone())]);
        }
        drop(store);
        store = fixture.open();
    }
}

pub(super) fn a_slot_takes_the_place_of_one_that_is_too_old<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let kept = Resolution::DayOfTimes.slots_kept();
    for slot in -5..2 * kept {
        let new = (
            key(Resolution::DayOfTimes, slot),
            history(slot.unsigned_abs()),
        );
        change(&mut store, |tx| tx.put(&[new]).unwrap());
    }
    let found = read(
        &mut store,
        &[kept - 1, kept, 2 * kept - 1, 2 * kept].map(|slot| key(Resolution::DayOfTimes, slot)),
    );
    let there = |slot: i64| Some(history(slot.unsigned_abs()));
    assert_eq!(found, [None, there(kept), there(2 * kept - 1), None]);
    // A clock that is set back counts on where it is now.
    let early = key(Resolution::DayOfTimes, 3);
    change(&mut store, |tx| {
        tx.remove::<HistorySlot>(&[early]).unwrap();
        tx.put(&[(early, history(9))]).unwrap();
    });
    let now = [early, key(Resolution::DayOfTimes, early.slot + kept)];
    assert_eq!(read(&mut store, &now), [Some(history(9)), None]);
    drop(store);
    assert_eq!(fixture.count_rows(), kept.unsigned_abs());
}

pub(super) fn slots_are_read_in_order_and_from_a_cursor<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let kept = Resolution::Minute.slots_kept();
    let numbers = [kept - 2, kept, kept + 1, kept + 7];
    for slot in numbers {
        let new = (key(Resolution::Minute, slot), history(slot.unsigned_abs()));
        change(&mut store, |tx| tx.put(&[new]).unwrap());
    }
    let reader = store.reader();
    let read = |first: i64, last: i64, rows: usize| {
        let (mut found, mut first) = (Vec::new(), first);
        loop {
            let bounds = Bounds::of_rows(rows);
            let slice = reader
                .history(Resolution::Minute, first..=last, bounds)
                .unwrap();
            assert!(slice.items.len() <= rows);
            found.extend(slice.items.into_iter().map(|(slot, _)| slot));
            match slice.next {
                Some(next) => first = next + 1,
                None => return found,
            }
        }
    };
    for rows in [1, 2, 9] {
        assert_eq!(read(kept - 2, kept + 7, rows), numbers);
        assert_eq!(read(kept - 1, kept + 6, rows), numbers[1..3]);
        assert_eq!(read(i64::MIN, kept + 7, rows), numbers);
    }
    assert!(read(kept + 8, i64::MAX, 9).is_empty());
    assert!(read(kept, kept - 1, 9).is_empty());
}

pub(super) fn a_flush_forgets_the_history_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (first, second) = (key(Resolution::Hour, 1), key(Resolution::Hour, 2));
    change(&mut store, |tx| {
        tx.put(&[(first, history(1)), (second, history(2))])
            .unwrap();
    });
    change(&mut store, |tx| {
        tx.flush().unwrap();
        assert_eq!(
            tx.get::<HistorySlot>(&[first, second]).unwrap(),
            [None, None]
        );
        tx.put(&[(second, history(3))]).unwrap();
    });
    for _ in 0..2 {
        drop(store);
        store = fixture.open();
        assert_eq!(read(&mut store, &[first, second]), [None, Some(history(3))]);
        let found = store.reader();
        let found = found.history(Resolution::Hour, 0..=9, Bounds::of_rows(9));
        assert_eq!(found.unwrap().items, [(2, history(3))]);
        sweep_all(&mut store, 1);
    }
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn a_slot_written_in_vain_is_not_there<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (old, new) = (
        key(Resolution::HourOfTimes, 4),
        key(
            Resolution::HourOfTimes,
            4 + Resolution::HourOfTimes.slots_kept(),
        ),
    );
    change(&mut store, |tx| tx.put(&[(old, history(1))]).unwrap());
    look(&mut store, |tx| {
        tx.put(&[(new, history(2))]).unwrap();
        assert_eq!(tx.get(&[old, new]).unwrap(), [None, Some(history(2))]);
    });
    assert_eq!(read(&mut store, &[old, new]), [Some(history(1)), None]);
}
