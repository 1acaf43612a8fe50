//! Everything a store shows, next to what the model has.

use workmill_proto::SetName;

use super::super::model::Model;
use super::super::steps::{at, look, totals};
use super::features::{compare_features, compare_locks};
use super::{JIDS, QUEUES, WIDS};
use crate::{JobRecord, Observer, SetTime, Store, Tx};

/// What a transaction sees at every moment.
pub(super) fn compare_inside<T: Tx>(tx: &mut T, model: &Model) {
    assert_eq!(tx.totals().unwrap(), model.totals());
    compare_features(tx, model);
    for wid in WIDS {
        let expected = model.reservations(|held| &*held.wid == wid);
        assert_eq!(
            tx.reservations_of_worker(wid, 1_000).unwrap(),
            expected,
            "of worker {wid:?}"
        );
    }
    let mut workers: Vec<String> = model
        .reservations(|held| !held.wid.is_empty())
        .iter()
        .map(|held| held.wid.to_string())
        .collect();
    workers.sort();
    workers.dedup();
    assert_eq!(tx.reserving_workers().unwrap(), workers);
    let of_jids = JIDS
        .iter()
        .flat_map(|jid| model.reservations(|held| &&*held.jid == jid));
    assert_eq!(
        tx.reservations_of_jids(&JIDS).unwrap(),
        of_jids.collect::<Vec<_>>()
    );
    let mut ending = model.reservations(|held| held.expires_at <= at(1_804));
    ending.sort_by_key(|held| (held.expires_at, held.key));
    assert_eq!(tx.reservations_ending(at(1_804), 1_000).unwrap(), ending);
    for name in QUEUES {
        let head = tx.head(name).unwrap().map(|(_, job)| job.unwrap());
        let queue = model.queues.get(name);
        let first = queue.and_then(|queue| queue.waiting.first_key_value());
        assert_eq!(
            head.as_ref(),
            first.map(|(_, job)| &job.record),
            "head of {name}"
        );
    }
    for jid in JIDS {
        for wid in WIDS {
            let known = model
                .ends
                .iter()
                .any(|end| &*end.jid == jid && &*end.wid == wid);
            assert_eq!(tx.has_tombstone(jid, wid).unwrap(), known);
        }
    }
}

/// What is there between transactions.
pub(super) fn compare_outside<S: Store>(store: &mut S, model: &Model) {
    assert_eq!(totals(store), model.totals());
    compare_locks(store, model);
    let days = store.observer().unwrap().days(0, 9).unwrap();
    assert_eq!(days, model.days.clone().into_iter().collect::<Vec<_>>());
    look(store, |tx| {
        compare_inside(tx, model);
        tx.set_paused(&QUEUES, false).unwrap();
        for name in QUEUES {
            let found: Vec<JobRecord> = tx
                .claim(name, 1_000)
                .unwrap()
                .into_iter()
                .map(|(_, job)| job.unwrap())
                .collect();
            let queue = model.queues.get(name);
            let expected = queue.into_iter().flat_map(|queue| queue.waiting.values());
            assert_eq!(
                found,
                expected.map(|job| job.record.clone()).collect::<Vec<_>>()
            );
        }
        for key in model.keys() {
            let found = tx
                .working_jobs(&[key])
                .unwrap()
                .pop()
                .map(|(_, job)| job.unwrap());
            assert_eq!(found.as_ref(), model.working(key));
        }
        for set in SetName::ALL {
            let entries = tx.entries(set, None, SetTime::MAX, 1_000).unwrap();
            let found = entries
                .into_iter()
                .map(|entry| (entry.key.at, entry.job.unwrap()));
            let expected = model.sets.get(&set).into_iter().flatten();
            let expected = expected.map(|((at, _), record)| (*at, record.clone()));
            assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
    });
}
