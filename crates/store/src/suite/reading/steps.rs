//! Reads to the end of what there is, whole and in the smallest slices.

use std::time::Duration;

use workmill_proto::SetName;

use crate::reading::{Bounds, FoundJob, READ_ROWS_MAX, Slice};
use crate::suite::steps::{at, change, job};
use crate::{JobRecord, Place, Reading, SetTime, Store, StoreError, Tx as _};

/// Reads everything, slice by slice.
pub(super) fn all<T, C: Copy>(
    mut read: impl FnMut(Option<C>) -> Result<Slice<T, C>, StoreError>,
) -> Vec<T> {
    let (mut items, mut after) = (Vec::new(), None);
    for _ in 0..10_000 {
        let slice = read(after).unwrap();
        items.extend(slice.items);
        after = slice.next;
        if after.is_none() {
            return items;
        }
    }
    panic!("reading does not end");
}

pub(super) fn queue(name: &str) -> Place {
    Place::Queue(name.into())
}

/// One row at a time, by each of the bounds: all of them must tell the same.
pub(super) fn tight() -> [Bounds; 3] {
    let whole = Bounds::of_rows(READ_ROWS_MAX);
    let (bytes, time) = (0, Duration::ZERO);
    [
        Bounds::of_rows(1),
        Bounds { bytes, ..whole },
        Bounds { time, ..whole },
    ]
}

pub(super) fn jobs(reader: &impl Reading, place: &Place) -> Vec<FoundJob> {
    let whole = Bounds::of_rows(READ_ROWS_MAX);
    let jobs = all(|after| reader.jobs(place, after, whole));
    for bounds in tight() {
        assert_eq!(all(|after| reader.jobs(place, after, bounds)), jobs);
    }
    for job in &jobs {
        let found = reader.job(job.key).unwrap();
        assert_eq!(found, Some((place.clone(), job.clone())));
    }
    jobs
}

pub(super) fn jids(reader: &impl Reading, place: &Place) -> Vec<String> {
    let jobs = jobs(reader, place).into_iter();
    jobs.map(|found| found.job.unwrap().jid.to_string())
        .collect()
}

/// The places and ids of all jobs with an id.
pub(super) fn find(reader: &impl Reading, jid: &str) -> Vec<Place> {
    let [rows, _, time] = tight();
    let found = all(|after| reader.find_jobs(jid, after, Bounds::of_rows(READ_ROWS_MAX)));
    for bounds in [rows, time] {
        assert_eq!(all(|after| reader.find_jobs(jid, after, bounds)), found);
    }
    let places = found.into_iter().map(|(place, found)| {
        assert_eq!(&*found.job.unwrap().jid, jid);
        assert_eq!(found.reservation.is_some(), place == Place::Working);
        place
    });
    places.collect()
}

pub(super) fn insert(store: &mut impl Store, set: SetName, entries: &[(i64, &str)]) {
    let entries: Vec<(SetTime, JobRecord)> = entries
        .iter()
        .map(|(secs, jid)| (at(*secs), job(jid, "a")))
        .collect();
    change(store, |tx| tx.insert_entries(set, &entries).unwrap());
}
