//! Batches: their numbers, what changes of them, whose children they are, and when to look at them.

use workmill_proto::SteadyTime;

use super::Fixture;
use super::steps::*;
use crate::{
    BatchCallback, BatchDetails, BatchDue, BatchParents, BatchState, CallbackKind, CallbackState,
    Store, Tx,
};

fn states(store: &mut impl Store, ids: &[u64]) -> Vec<Option<BatchState>> {
    look(store, |tx| tx.get(ids).unwrap())
}

fn callbacks(store: &mut impl Store, id: u64) -> [Option<BatchCallback>; 2] {
    [CallbackKind::Complete, CallbackKind::Success].map(|kind| read(store, (id, kind)))
}

fn make(store: &mut impl Store) -> u64 {
    change(store, |tx| {
        let id = tx.next_batch().unwrap();
        tx.put(&[(id, batch(1))]).unwrap();
        tx.put(&[(id, BatchDetails::default())]).unwrap();
        id
    })
}

/// Removes all that is kept of batches.
fn remove(tx: &mut impl Tx, ids: &[u64]) {
    tx.remove::<BatchState>(ids).unwrap();
    tx.remove::<BatchDetails>(ids).unwrap();
    tx.remove::<BatchParents>(ids).unwrap();
}

pub(super) fn a_batch_comes_back_whole<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let details = BatchDetails {
        description: "\u{0}ü".repeat(500),
        created_at: at(7),
    };
    let mut expected = Vec::new();
    let (absent, waiting) = (CallbackState::Absent, CallbackState::Waiting);
    let (queued, done) = (CallbackState::Queued, CallbackState::Done);
    for (complete, success) in [
        (absent, waiting),
        (queued, done),
        (done, absent),
        (waiting, queued),
    ] {
        let state = BatchState {
            check: u64::MAX,
            committed: complete == done,
            completed: complete == queued,
            succeeded: complete == waiting,
            complete,
            success,
            ..batch(expected.len() as u64)
        };
        let id = make(&mut store);
        change(&mut store, |tx| {
            tx.put(&[(id, state)]).unwrap();
            tx.put(&[(id, details.clone())]).unwrap();
        });
        expected.push((id, state));
    }
    for _ in 0..2 {
        for (id, state) in &expected {
            assert_eq!(read(&mut store, *id), Some(*state));
        }
        let found = read(&mut store, expected[0].0);
        assert_eq!(found, Some(details.clone()));
        drop(store);
        store = fixture.open();
    }
}

pub(super) fn callbacks_of_a_batch_are_read_one_by_one<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (complete, success) = (CallbackKind::Complete, CallbackKind::Success);
    let callback = |payload: &[u8]| BatchCallback(payload.into());
    let large = callback(&[b'x'; 100_000]);
    let (of_both, of_one, of_none) = (make(&mut store), make(&mut store), make(&mut store));
    change(&mut store, |tx| {
        tx.put(&[
            ((of_both, complete), callback(b"{}")),
            ((of_both, success), large.clone()),
            ((of_one, success), callback(b"")),
            ((u64::MAX, success), callback(b"of no batch")),
        ])
        .unwrap();
        // They stay with their batch.
        tx.put(&[(of_both, BatchDetails::default())]).unwrap();
    });
    drop(store);
    let mut store = fixture.open();
    for (id, expected) in [
        (of_both, [Some(callback(b"{}")), Some(large)]),
        (of_one, [None, Some(callback(b""))]),
        (of_none, [None, None]),
        (u64::MAX, [None, None]),
    ] {
        assert_eq!(callbacks(&mut store, id), expected);
    }
    forget::<BatchCallback>(&mut store, (of_both, complete));
    assert_eq!(callbacks(&mut store, of_both)[0], None);
    assert!(callbacks(&mut store, of_both)[1].is_some());
    change(&mut store, |tx| remove(tx, &[of_both]));
    assert_eq!(callbacks(&mut store, of_both), [None, None]);
    change(&mut store, |tx| tx.flush().unwrap());
    assert_eq!(callbacks(&mut store, of_one), [None, None]);
}

pub(super) fn batches_come_in_the_order_asked<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let ids = [make(&mut store), make(&mut store)];
    for (id, n) in ids.into_iter().zip(0..) {
        keep(&mut store, id, batch(n));
    }
    let found = states(&mut store, &[ids[1], u64::MAX, ids[0], 0, ids[1]]);
    assert_eq!(
        found,
        [Some(batch(1)), None, Some(batch(0)), None, Some(batch(1))]
    );
    assert_eq!(read::<BatchDetails>(&mut store, u64::MAX), None);
}

pub(super) fn numbers_of_batches_are_never_reused<F: Fixture>(fixture: &mut F) {
    let mut largest = 0;
    for round in 0..4 {
        let mut store = fixture.open();
        for _ in 0..2 {
            let id = make(&mut store);
            assert!(id > largest, "a number came back");
            largest = id;
        }
        change(&mut store, |tx| match round {
            0 => remove(tx, &[largest, largest - 1]),
            1 => tx.flush().unwrap(),
            2 => remove(tx, &[largest]),
            _ => {}
        });
        sweep_all(&mut store, 9);
    }
}

pub(super) fn what_is_written_last_of_a_batch_counts<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (a, b) = (make(&mut store), make(&mut store));
    change(&mut store, |tx| {
        tx.put(&[(b, batch(8)), (b, batch(9))]).unwrap();
        assert_eq!(tx.get(&[b]).unwrap(), [Some(batch(9))]);
    });
    look(&mut store, |tx| tx.put(&[(a, batch(5))]).unwrap());
    drop(store);
    let mut store = fixture.open();
    let found = states(&mut store, &[a, b, b + 1, u64::MAX]);
    assert_eq!(found, [Some(batch(1)), Some(batch(9)), None, None]);
    drop(store);
    assert_eq!(fixture.count_rows(), 4);
}

pub(super) fn a_removed_batch_is_gone<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (a, b) = (make(&mut store), make(&mut store));
    keep(&mut store, a, BatchParents(vec![b]));
    keep(&mut store, b, BatchParents(vec![a]));
    look(&mut store, |tx| {
        remove(tx, &[a]);
        assert_eq!(tx.get::<BatchState>(&[a]).unwrap(), [None]);
    });
    assert_eq!(states(&mut store, &[a]), [Some(batch(1))]);
    change(&mut store, |tx| remove(tx, &[u64::MAX, a, a]));
    assert_eq!(states(&mut store, &[a, b]), [None, Some(batch(1))]);
    assert_eq!(read::<BatchDetails>(&mut store, a), None);
    assert_eq!(read::<BatchParents>(&mut store, a), None);
    // Its children keep its number.
    assert_eq!(read(&mut store, b), Some(BatchParents(vec![a])));
    change(&mut store, |tx| remove(tx, &[b]));
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn a_batch_made_in_vain_is_not_there<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let id = look(&mut store, |tx| {
        let id = tx.next_batch().unwrap();
        tx.put(&[(id, batch(1))]).unwrap();
        assert_eq!(tx.get(&[id]).unwrap(), [Some(batch(1))]);
        id
    });
    assert_eq!(states(&mut store, &[id]), [None]);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn parents_come_in_the_order_put<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let lists: [&[u64]; 7] = [
        &[5],
        &[5, 3],
        &[5, 3, u64::MAX],
        &[5, 4, 3, u64::MAX],
        &[5, 4],
        &[],
        &[7, 6],
    ];
    keep(&mut store, 8_u64, BatchParents(vec![3]));
    for list in lists {
        let parents = BatchParents(list.to_vec());
        keep(&mut store, 9_u64, parents.clone());
        for _ in 0..2 {
            let found: BatchParents = read(&mut store, 9_u64).unwrap_or_default();
            assert_eq!(found, parents);
            assert_eq!(read(&mut store, 8_u64), Some(BatchParents(vec![3])));
            drop(store);
            assert_eq!(fixture.count_rows(), list.len() as u64 + 1);
            store = fixture.open();
        }
    }
    assert_eq!(read::<BatchParents>(&mut store, 5_u64), None);
    look(&mut store, |tx| {
        tx.put(&[(9, BatchParents(vec![7, 6, 1]))]).unwrap();
    });
    assert_eq!(read(&mut store, 9_u64), Some(BatchParents(vec![7, 6])));
}

pub(super) fn dues_come_by_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let due_of = |id, secs| ((at(secs), id), BatchDue);
    change(&mut store, |tx| {
        tx.put(&[due_of(7, 20), due_of(9, 10), due_of(7, 30), due_of(8, 20)])
            .unwrap();
        // The same once more is the same.
        tx.put(&[due_of(8, 20)]).unwrap();
        let found = tx.get::<BatchDue>(&[due_of(8, 20).0, due_of(8, 21).0]);
        assert_eq!(found.unwrap(), [Some(BatchDue), None]);
    });
    let take = |store: &mut F::S, secs, limit| {
        change(store, |tx| {
            let due = tx.due::<BatchDue>(at(secs), limit).unwrap();
            tx.remove::<BatchDue>(&due).unwrap();
            due.into_iter().map(|(_, id)| id).collect::<Vec<u64>>()
        })
    };
    assert_eq!(take(&mut store, 9, 9), [0; 0]);
    let all = look(&mut store, |tx| {
        let all = tx.due::<BatchDue>(SteadyTime::MAX, 9).unwrap();
        tx.remove::<BatchDue>(&all).unwrap();
        all
    });
    let expected = [due_of(9, 10), due_of(7, 20), due_of(8, 20), due_of(7, 30)];
    assert_eq!(all, expected.map(|(key, _)| key));
    drop(store);
    let mut store = fixture.open();
    assert_eq!(take(&mut store, 20, 2), [9, 7]);
    assert_eq!(take(&mut store, 20, 2), [8]);
    assert_eq!(take(&mut store, 20, 2), [0; 0]);
    look(&mut store, |tx| tx.put(&[due_of(1, 0)]).unwrap());
    assert_eq!(take(&mut store, 30, 9), [7]);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn a_flush_forgets_all_batches_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let ids: Vec<u64> = (0..3).map(|_| make(&mut store)).collect();
    let id = ids[0];
    change(&mut store, |tx| {
        tx.put(&[(id, BatchParents(vec![ids[1]]))]).unwrap();
        tx.put(&[((at(1), id), BatchDue), ((at(2), id), BatchDue)])
            .unwrap();
    });
    change(&mut store, |tx| tx.flush().unwrap());
    let new = make(&mut store);
    for _ in 0..2 {
        assert_eq!(states(&mut store, &[id, new]), [None, Some(batch(1))]);
        assert_eq!(read::<BatchDetails>(&mut store, id), None);
        assert_eq!(read::<BatchParents>(&mut store, id), None);
        assert!(due::<BatchDue>(&mut store, 9, 9).is_empty());
        drop(store);
        store = fixture.open();
    }
    sweep_all(&mut store, 2);
    assert_eq!(states(&mut store, &[id, new]), [None, Some(batch(1))]);
    drop(store);
    assert_eq!(fixture.count_rows(), 2);
}
