//! Batches: their numbers, what changes of them, whose children they are, and when to look at them.

use workmill_proto::SteadyTime;

use super::Fixture;
use super::steps::*;
use crate::{BatchCallbacks, BatchDetails, BatchState, CallbackKind, CallbackState, Store, Tx};

fn read(store: &mut impl Store, ids: &[u64]) -> Vec<Option<BatchState>> {
    look(store, |tx| tx.batches(ids).unwrap())
}

fn read_callbacks(store: &mut impl Store, id: u64) -> [Option<Vec<u8>>; 2] {
    look(store, |tx| {
        [CallbackKind::Complete, CallbackKind::Success]
            .map(|kind| tx.batch_callback(id, kind).unwrap())
    })
}

fn make(store: &mut impl Store) -> u64 {
    change(store, |tx| {
        tx.insert_batch(
            &BatchDetails::default(),
            BatchCallbacks::default(),
            &batch(1),
        )
        .unwrap()
    })
}

fn parents(store: &mut impl Store, child: u64) -> Vec<u64> {
    look(store, |tx| tx.batch_parents(child).unwrap())
}

fn take_dues(store: &mut impl Store, secs: i64, limit: usize) -> Vec<u64> {
    change(store, |tx| tx.take_batches_due(at(secs), limit).unwrap())
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
        let id = change(&mut store, |tx| {
            tx.insert_batch(&details, BatchCallbacks::default(), &state)
                .unwrap()
        });
        expected.push((id, state));
    }
    for _ in 0..2 {
        for (id, state) in &expected {
            assert_eq!(read(&mut store, &[*id]), [Some(*state)]);
        }
        let found = look(&mut store, |tx| tx.batch_details(expected[0].0).unwrap());
        assert_eq!(found, Some(details.clone()));
        drop(store);
        store = fixture.open();
    }
}

pub(super) fn callbacks_of_a_batch_are_read_one_by_one<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let large = vec![b'x'; 100_000];
    let of_both = BatchCallbacks {
        complete: Some(b"{}"),
        success: Some(&large),
    };
    let of_one = BatchCallbacks {
        success: Some(b""),
        ..BatchCallbacks::default()
    };
    let made = [of_both, of_one, BatchCallbacks::default()].map(|callbacks| {
        let id = change(&mut store, |tx| {
            tx.insert_batch(&BatchDetails::default(), callbacks, &batch(0))
                .unwrap()
        });
        (id, callbacks)
    });
    drop(store);
    let mut store = fixture.open();
    let unknown = (u64::MAX, BatchCallbacks::default());
    for (id, callbacks) in made.into_iter().chain([unknown]) {
        let expected = [callbacks.complete, callbacks.success];
        let found = read_callbacks(&mut store, id);
        assert_eq!(found.each_ref().map(|found| found.as_deref()), expected);
    }
    let removed = made[0].0;
    change(&mut store, |tx| tx.remove_batches(&[removed]).unwrap());
    assert_eq!(read_callbacks(&mut store, removed), [None, None]);
    change(&mut store, |tx| tx.flush().unwrap());
    assert_eq!(read_callbacks(&mut store, made[1].0), [None, None]);
}

pub(super) fn batches_come_in_the_order_asked<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let ids: Vec<u64> = (0..2)
        .map(|n| {
            change(&mut store, |tx| {
                tx.insert_batch(
                    &BatchDetails::default(),
                    BatchCallbacks::default(),
                    &batch(n),
                )
                .unwrap()
            })
        })
        .collect();
    let found = read(&mut store, &[ids[1], u64::MAX, ids[0], 0, ids[1]]);
    assert_eq!(
        found,
        [Some(batch(1)), None, Some(batch(0)), None, Some(batch(1))]
    );
    assert_eq!(
        look(&mut store, |tx| tx.batch_details(u64::MAX).unwrap()),
        None
    );
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
            0 => tx.remove_batches(&[largest, largest - 1]).unwrap(),
            1 => tx.flush().unwrap(),
            2 => tx.remove_batches(&[largest]).unwrap(),
            _ => {}
        });
        sweep_all(&mut store, 9);
    }
}

pub(super) fn batches_change_and_unknown_ones_do_not<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (a, b) = (make(&mut store), make(&mut store));
    change(&mut store, |tx| {
        let changes = [
            (u64::MAX, batch(7)),
            (b, batch(8)),
            (b + 1, batch(7)),
            (b, batch(9)),
        ];
        tx.update_batches(&changes).unwrap();
        assert_eq!(tx.batches(&[b]).unwrap(), [Some(batch(9))]);
    });
    look(&mut store, |tx| {
        tx.update_batches(&[(a, batch(5))]).unwrap();
    });
    drop(store);
    let mut store = fixture.open();
    let found = read(&mut store, &[a, b, b + 1, u64::MAX]);
    assert_eq!(found, [Some(batch(1)), Some(batch(9)), None, None]);
    drop(store);
    assert_eq!(fixture.count_rows(), 4);
}

pub(super) fn a_removed_batch_is_gone<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (a, b) = (make(&mut store), make(&mut store));
    change(&mut store, |tx| assert!(tx.link_batches(a, b).unwrap()));
    change(&mut store, |tx| assert!(tx.link_batches(b, a).unwrap()));
    look(&mut store, |tx| {
        tx.remove_batches(&[a]).unwrap();
        assert_eq!(tx.batches(&[a]).unwrap(), [None]);
    });
    assert_eq!(read(&mut store, &[a]), [Some(batch(1))]);
    change(&mut store, |tx| {
        tx.remove_batches(&[u64::MAX, a, a]).unwrap();
    });
    assert_eq!(read(&mut store, &[a, b]), [None, Some(batch(1))]);
    assert_eq!(look(&mut store, |tx| tx.batch_details(a).unwrap()), None);
    assert_eq!(parents(&mut store, a), [0; 0]);
    // Its children keep its number.
    assert_eq!(parents(&mut store, b), [a]);
    change(&mut store, |tx| tx.remove_batches(&[b]).unwrap());
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn a_batch_made_in_vain_is_not_there<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let id = look(&mut store, |tx| {
        let id = tx
            .insert_batch(
                &BatchDetails::default(),
                BatchCallbacks::default(),
                &batch(1),
            )
            .unwrap();
        assert_eq!(tx.batches(&[id]).unwrap(), [Some(batch(1))]);
        id
    });
    assert_eq!(read(&mut store, &[id]), [None]);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn parents_come_in_the_order_linked<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut link = |child, parent| change(&mut store, |tx| tx.link_batches(child, parent).unwrap());
    assert!(link(9, 5));
    assert!(link(9, 3));
    assert!(link(9, u64::MAX));
    assert!(link(8, 3));
    // A second time changes nothing.
    assert!(!link(9, 5));
    assert!(!link(9, u64::MAX));
    // The other way round is another link.
    assert!(link(3, 9));
    for _ in 0..2 {
        assert_eq!(parents(&mut store, 9), [5, 3, u64::MAX]);
        assert_eq!(parents(&mut store, 8), [3]);
        assert_eq!(parents(&mut store, 3), [9]);
        assert_eq!(parents(&mut store, 5), [0; 0]);
        drop(store);
        store = fixture.open();
    }
    look(&mut store, |tx| assert!(tx.link_batches(9, 1).unwrap()));
    assert_eq!(parents(&mut store, 9), [5, 3, u64::MAX]);
}

pub(super) fn dues_come_by_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| {
        tx.note_batches_due(&[(7, at(20)), (9, at(10)), (7, at(30)), (8, at(20))])
            .unwrap();
        // The same moment once more is the same.
        tx.note_batches_due(&[(8, at(20))]).unwrap();
    });
    assert_eq!(take_dues(&mut store, 9, 9), [0; 0]);
    let rolled_back = look(&mut store, |tx| {
        tx.take_batches_due(SteadyTime::MAX, 9).unwrap()
    });
    assert_eq!(rolled_back, [9, 7, 8, 7]);
    drop(store);
    let mut store = fixture.open();
    assert_eq!(take_dues(&mut store, 20, 2), [9, 7]);
    assert_eq!(take_dues(&mut store, 20, 2), [8]);
    assert_eq!(take_dues(&mut store, 20, 2), [0; 0]);
    look(&mut store, |tx| tx.note_batches_due(&[(1, at(0))]).unwrap());
    assert_eq!(take_dues(&mut store, 30, 9), [7]);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
}

pub(super) fn a_flush_forgets_all_batches_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let ids: Vec<u64> = (0..3).map(|_| make(&mut store)).collect();
    let id = ids[0];
    change(&mut store, |tx| {
        assert!(tx.link_batches(id, ids[1]).unwrap());
        tx.note_batches_due(&[(id, at(1)), (id, at(2))]).unwrap();
    });
    change(&mut store, |tx| tx.flush().unwrap());
    let new = make(&mut store);
    for _ in 0..2 {
        assert_eq!(read(&mut store, &[id, new]), [None, Some(batch(1))]);
        assert_eq!(look(&mut store, |tx| tx.batch_details(id).unwrap()), None);
        assert_eq!(parents(&mut store, id), [0; 0]);
        assert_eq!(take_dues(&mut store, 9, 9), [0; 0]);
        // What was flushed is not changed back into something.
        change(&mut store, |tx| {
            tx.update_batches(&[(id, batch(2))]).unwrap();
        });
        drop(store);
        store = fixture.open();
    }
    sweep_all(&mut store, 2);
    assert_eq!(read(&mut store, &[id, new]), [None, Some(batch(1))]);
    drop(store);
    assert_eq!(fixture.count_rows(), 2);
}
