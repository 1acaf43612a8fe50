//! The trash.

use workmill_proto::SetName;

use super::Fixture;
use super::steps::*;
use crate::reading::Bounds;
use crate::{CorruptRecord, EntryKey, Fate, Home, Reading, Store, Trash, TrashKey, TrashedJob, Tx};

/// What is left of an action, told apart by a number.
pub(super) fn trash(n: u64, ends_secs: i64) -> Trash {
    Trash {
        first: n,
        end: n + 7,
        done: n % 3,
        bytes: n + 9,
        ends_at: at(ends_secs),
    }
}

/// A deleted and a killed job, told apart by a number.
pub(super) fn trashed(n: i64) -> [TrashedJob; 2] {
    let dead = EntryKey {
        set: SetName::Dead,
        at: at(n),
        serial: n,
    };
    [
        TrashedJob {
            home: Home::Queue,
            fate: Fate::Deleted(Ok(tied_job(&format!("deleted-{n}"), "q"))),
        },
        TrashedJob {
            home: Home::Set(SetName::Retries, at(n)),
            fate: Fate::Killed {
                dead,
                was_pending: n % 2 == 0,
            },
        },
    ]
}

pub(super) fn what_was_taken_away_is_kept_as_it_was<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let homes = [Home::Queue]
        .into_iter()
        .chain(SetName::ALL.map(|set| Home::Set(set, at(-7))));
    let deleted = homes.map(|home| TrashedJob {
        home,
        ..trashed(1)[0].clone()
    });
    let corrupt = TrashedJob {
        home: Home::Queue,
        fate: Fate::Deleted(Err(CorruptRecord {
            bytes: vec![9; 5],
            reason: "it was not where it belongs in the database".into(),
        })),
    };
    let [_, even] = trashed(2);
    let [_, odd] = trashed(3);
    let evicted = [true, false].map(|was_pending| TrashedJob {
        home: Home::Set(SetName::Dead, at(3)),
        fate: Fate::Evicted {
            job: Ok(tied_job("evicted", "q")),
            was_pending,
        },
    });
    let jobs = deleted.chain([corrupt, even, odd]).chain(evicted);
    let jobs: Vec<(TrashKey, TrashedJob)> = (0..).map(|n| (4, n)).zip(jobs).collect();
    change(&mut store, |tx| {
        tx.put(&jobs).unwrap();
        tx.put(&[(4, trash(0, 9))]).unwrap();
    });
    drop(store);
    let mut store = fixture.open();
    let keys: Vec<TrashKey> = jobs.iter().map(|(key, _)| *key).collect();
    let kept = look(&mut store, |tx| tx.get::<TrashedJob>(&keys).unwrap());
    let expected: Vec<_> = jobs.into_iter().map(|(_, job)| Some(job)).collect();
    assert_eq!(kept, expected);
    assert_eq!(read::<Trash>(&mut store, 4_u64), Some(trash(0, 9)));
    assert_eq!(read::<TrashedJob>(&mut store, (3, 0)), None);
}

pub(super) fn trash_is_told_by_the_end_of_its_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| {
        let all = [(1, trash(1, 30)), (2, trash(2, 10)), (3, trash(3, 20))];
        tx.put(&all).unwrap();
        tx.put(&[(3, trash(3, 40))]).unwrap();
    });
    assert_eq!(due::<Trash>(&mut store, 30, 9), [2, 1]);
    assert_eq!(due::<Trash>(&mut store, 30, 1), [2]);
    forget::<Trash>(&mut store, 2_u64);
    assert_eq!(due::<Trash>(&mut store, 99, 9), [1, 3]);
}

pub(super) fn trash_is_read_beside_the_writer<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| {
        let all = [3, 5, 8].map(|n| (n, trash(n, 0)));
        tx.put(&all).unwrap();
    });
    let reader = store.reader();
    let slice = reader.trash(None, Bounds::of_rows(2)).unwrap();
    let expected = [3, 5].map(|n| (n, Ok(trash(n, 0))));
    assert_eq!((slice.items, slice.next), (expected.to_vec(), Some(5)));
    let slice = reader.trash(Some(5), Bounds::of_rows(2)).unwrap();
    assert_eq!(slice.items, [(8, Ok(trash(8, 0)))]);
    let of = reader.trash_of(&[8, 4, 0, 3, 9]).unwrap();
    let expected = [8, 0, 0, 3, 0].map(|n| (n > 0).then(|| trash(n, 0)));
    assert_eq!(of, expected);
}

pub(super) fn a_flush_takes_the_trash<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let fill = |store: &mut F::S| {
        change(store, |tx| {
            let [deleted, killed] = trashed(1);
            tx.put(&[((1, 0), deleted), ((1, 1), killed)]).unwrap();
            tx.put(&[(1, trash(0, 9))]).unwrap();
        });
    };
    fill(&mut store);
    change(&mut store, |tx| tx.flush().unwrap());
    assert_eq!(read::<Trash>(&mut store, 1_u64), None);
    assert_eq!(read::<TrashedJob>(&mut store, (1, 0)), None);
    let slice = store.reader().trash(None, Bounds::of_rows(9)).unwrap();
    assert_eq!(slice.items, []);
    assert!(due::<Trash>(&mut store, 99, 9).is_empty());
    sweep_all(&mut store, 1);
    drop(store);
    assert_eq!(fixture.count_rows(), 0);
    let mut store = fixture.open();
    fill(&mut store);
    sweep_all(&mut store, 9);
    drop(store);
    assert_eq!(fixture.count_rows(), 3, "what came later stays");
}
