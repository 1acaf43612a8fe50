//! Everything a store shows, next to what the model has.

use std::time::Duration;

use workmill_proto::SetName;

use super::super::model::Model;
use super::super::steps::{at, look, totals};
use super::features::compare_features;
use super::{JIDS, QUEUES, WIDS};
use crate::reading::{Bounds, QueueView, Slice};
use crate::{JobRecord, Place, Reading, ReservationsOf, SetTime, Store, Tx};

/// What a transaction sees at every moment.
pub(super) fn compare_inside<T: Tx>(tx: &mut T, model: &Model) {
    assert_eq!(tx.totals().unwrap(), model.totals());
    compare_features(tx, model);
    for wid in WIDS {
        let expected = model.reservations(|held| &*held.wid == wid);
        assert_eq!(
            tx.reservations(ReservationsOf::Worker(wid, 1_000)).unwrap(),
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
        tx.reservations(ReservationsOf::Jids(&JIDS)).unwrap(),
        of_jids.collect::<Vec<_>>()
    );
    let mut ending = model.reservations(|held| held.expires_at <= at(1_804));
    ending.sort_by_key(|held| (held.expires_at, held.key));
    assert_eq!(
        tx.reservations(ReservationsOf::EndingBy(at(1_804), 1_000))
            .unwrap(),
        ending
    );
}

/// All that a read finds, however often the time of a slice is over on a busy machine.
fn all<T, C>(read: impl Fn(Option<C>) -> Slice<T, C>) -> Vec<T> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let slice = read(after);
        found.extend(slice.items);
        after = slice.next;
        if after.is_none() {
            return found;
        }
    }
}

/// What is read beside the writer.
fn compare_reading(reader: &impl Reading, model: &Model) {
    let days = reader.days(0, 9).unwrap();
    assert_eq!(days, model.days.clone().into_iter().collect::<Vec<_>>());
    let bounds = Bounds::of_rows(1_000);
    let audit = all(|after| reader.audit(after, &|_| true, bounds).unwrap());
    let expected = model.features.audit.iter().rev();
    let expected = expected.map(|(id, entry)| (*id, Ok(entry.clone())));
    assert_eq!(audit, expected.collect::<Vec<_>>());
    let trash = all(|after| reader.trash(after, bounds).unwrap());
    let expected = model.features.trash.iter();
    let expected = expected.map(|(id, trash)| (*id, Ok(*trash)));
    assert_eq!(trash, expected.collect::<Vec<_>>());
    let read = |place| {
        let bounds = Bounds::of_rows(1_000);
        all(|after| reader.jobs(&place, after, bounds).unwrap()).into_iter()
    };
    compare_queues(reader, model);
    for name in QUEUES {
        let found = read(Place::Queue(name.into())).map(|found| found.job.unwrap());
        let queue = model.queues.get(name);
        let expected = queue.into_iter().flat_map(|queue| queue.waiting.values());
        let expected = expected.map(|job| job.record.clone());
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
    for set in SetName::ALL {
        let found = read(Place::Set(set)).map(|found| found.job.unwrap());
        let expected = model.sets.get(&set).into_iter().flatten();
        let mut expected: Vec<_> = expected.map(|(_, record)| record.clone()).collect();
        if set == SetName::Completed {
            expected.reverse();
        }
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
    for found in read(Place::Working) {
        let held = found.reservation.unwrap();
        assert_eq!(found.job.as_ref().ok(), model.working(held.key));
    }
    let working = read(Place::Working).count();
    assert_eq!(working as u64, model.totals().working);
}

/// What is told of queues, and that their heads are found with the first look.
fn compare_queues(reader: &impl Reading, model: &Model) {
    let whole = Bounds::of_rows(1_000);
    let one_look = Bounds {
        time: Duration::ZERO,
        ..whole
    };
    let mut expected: Vec<QueueView> = Vec::new();
    for (name, queue) in &model.queues {
        let first = queue.waiting.values().next();
        let head = first.and_then(|job| job.record.enqueued_at);
        expected.push(QueueView {
            name: (&**name).into(),
            size: queue.waiting.len() as u64,
            paused: queue.paused,
            head,
        });
        // One by one: of several it tells only those for which there is time.
        assert_eq!(reader.heads(&[name]).unwrap(), [head]);
        let found = reader.jobs(&Place::Queue((&**name).into()), None, one_look);
        let found = found.unwrap().items.pop().map(|found| found.job.unwrap());
        assert_eq!(found.as_ref(), first.map(|job| &job.record), "of {name}");
    }
    let mut queues = all(|after| reader.queues(after, whole).unwrap());
    queues.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(queues, expected);
}

/// What is there between transactions.
pub(super) fn compare_outside<S: Store>(store: &mut S, model: &Model) {
    assert_eq!(totals(store), model.totals());
    compare_reading(&store.reader(), model);
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
