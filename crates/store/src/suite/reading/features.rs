//! Batches, locks, tracks and ticks.

use super::steps::*;
use crate::reading::{Bounds, TrackView};
use crate::suite::Fixture;
use crate::suite::cron::tick;
use crate::suite::steps::*;
use crate::{BatchDetails, BatchParents, Reading as _, Store as _, Track, Tx as _};

fn told(jid: &str, track: Track) -> TrackView {
    TrackView {
        jid: jid.into(),
        track: Ok(track),
    }
}

pub(in crate::suite) fn what_features_keep_is_read<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let details = BatchDetails {
        description: "nightly".into(),
        created_at: at(1),
    };
    let ids: Vec<u64> = change(&mut store, |tx| {
        let mut make = |n| {
            let id = tx.next_batch().unwrap();
            tx.put(&[(id, batch(n))]).unwrap();
            tx.put(&[(id, details.clone())]).unwrap();
            id
        };
        let ids: Vec<u64> = (1..=4).map(&mut make).collect();
        tx.put(&[
            (ids[1], BatchParents(vec![ids[0]])),
            (ids[3], BatchParents(vec![ids[2], ids[0]])),
        ])
        .unwrap();
        tx.put(&[([3; 32], lock("j", 9)), ([1; 32], lock("k", 8))])
            .unwrap();
        tx.put(&[
            ("j2".into(), track(2, None)),
            ("j1".into(), track(1, Some(5))),
        ])
        .unwrap();
        tx.put(&[tick("tick", 3)]).unwrap();
        ids
    });
    let reader = store.reader();
    for bounds in tight().into_iter().chain([Bounds::of_rows(9)]) {
        let batches = all(|after| reader.batches(after, bounds));
        let expected: Vec<_> = ids
            .iter()
            .zip(1..)
            .map(|(&id, n)| (id, Ok(batch(n))))
            .collect();
        assert_eq!(batches, expected);
        let children = all(|after| reader.batch_children(ids[0], after, bounds));
        assert_eq!(children, [ids[1], ids[3]]);
        let locks = all(|after| reader.locks(after, bounds));
        assert_eq!(
            locks,
            [Ok(([1; 32], lock("k", 8))), Ok(([3; 32], lock("j", 9)))]
        );
    }
    assert_eq!(reader.lock([1; 32]).unwrap(), Some(lock("k", 8)));
    let child = reader.batch(ids[3]).unwrap().unwrap();
    assert_eq!(
        (child.state, child.parents),
        (Ok(batch(4)), vec![ids[2], ids[0]])
    );
    assert_eq!(child.details, Some(details));
    assert_eq!(reader.batch(ids[3] + 1).unwrap(), None);
    let first = reader.tracks(None, Bounds::of_rows(1)).unwrap();
    assert_eq!(first.items, [told("j1", track(1, Some(5)))]);
    let rest = reader
        .tracks(first.next.as_deref(), Bounds::of_rows(9))
        .unwrap();
    assert_eq!(rest.items, [told("j2", track(2, None))]);
    assert_eq!(reader.track("j2").unwrap(), Some(track(2, None)));
    assert_eq!(reader.track("j").unwrap(), None);
    let ticks = reader.cron_ticks(None, Bounds::of_rows(9)).unwrap();
    assert_eq!(ticks.items, [tick("tick", 3)]);
    assert!(
        reader
            .cron_ticks(Some("tick"), Bounds::of_rows(9))
            .unwrap()
            .items
            .is_empty()
    );
}
