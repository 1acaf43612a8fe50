//! Jobs by place, and one by its key.

use std::collections::HashMap;
use std::ops::ControlFlow;

use workmill_proto::SetName;

use super::names::Names;
use super::queues::{by_name, jobs_behind, named, set};
use super::snapshot::{SetRow, Snapshot};
use super::{Bounds, FoundJob, Slice, SliceBuilder};
use crate::record::{Place as RecordPlace, RawRecord};
use crate::writer::{EntryPlace, QueueId, QueueRow, QueueState, place_of, queue_of};
use crate::{EntryKey, JobKey, JobRef, Place, Reservation, SetTime, StoreError};

pub(super) fn slice<S: Snapshot>(
    rows: &mut S,
    names: &Names,
    place: &Place,
    after: Option<JobRef>,
    bounds: Bounds,
) -> Result<Slice<FoundJob, JobRef>, StoreError> {
    match place {
        Place::Queue(name) => match queue(rows, names, name, after)? {
            Some((id, row)) => waiting_slice(rows, (id, &row), after, bounds),
            None => Ok(SliceBuilder::new(bounds).into_slice()),
        },
        Place::Working => working_slice(rows, after, bounds),
        Place::Set(name) => entries_slice(rows, *name, after, bounds),
    }
}

/// The queue of this name. The cursor mostly tells which.
fn queue<S: Snapshot>(
    rows: &mut S,
    names: &Names,
    name: &str,
    after: Option<JobRef>,
) -> Result<Option<(QueueId, QueueRow)>, StoreError> {
    if let Some(JobRef::Job(key)) = after
        && let Some(id) = queue_of(key.0)
        && let Some(row) = named(rows, id, name)?
    {
        return Ok(Some((id, row)));
    }
    Ok(by_name(rows, names, &[name])?.remove(name))
}

/// Those of a queue that wait: all of them, if the cursor is one of another queue.
fn waiting_slice<S: Snapshot>(
    rows: &mut S,
    (id, row): (QueueId, &QueueRow),
    after: Option<JobRef>,
    bounds: Bounds,
) -> Result<Slice<FoundJob, JobRef>, StoreError> {
    let after = match after {
        Some(JobRef::Job(key)) if queue_of(key.0) == Some(id) => Some(key.0),
        _ => None,
    };
    let mut slice = SliceBuilder::new(bounds);
    jobs_behind(rows, (id, row), after, |key, record, is_reserved| {
        if !is_reserved {
            slice.add(waiting(key, record), record.bytes().len());
        }
        slice.step(JobRef::Job(JobKey(key)))
    })?;
    Ok(slice.into_slice())
}

fn working_slice<S: Snapshot>(
    rows: &mut S,
    after: Option<JobRef>,
    bounds: Bounds,
) -> Result<Slice<FoundJob, JobRef>, StoreError> {
    let first = match after {
        Some(JobRef::Job(key)) => key.0.saturating_add(1).max(0),
        _ => 0,
    };
    let mut slice = SliceBuilder::new(bounds);
    rows.reservations((first, i64::MAX), |key, reservation, record| {
        if let (Ok(reservation), Some(record)) = (reservation, record) {
            slice.add(working(reservation, record), record.bytes().len());
        }
        slice.step(JobRef::Job(JobKey(key)))
    })?;
    let mut slice = slice.into_slice();
    // Only now, as two rows cannot be read at a time.
    keep_working(rows, &mut slice.items, |job| job)?;
    Ok(slice)
}

fn entries_slice<S: Snapshot>(
    rows: &mut S,
    name: SetName,
    after: Option<JobRef>,
    bounds: Bounds,
) -> Result<Slice<FoundJob, JobRef>, StoreError> {
    let mut slice = SliceBuilder::new(bounds);
    let Some(set) = set(rows, name)? else {
        return Ok(slice.into_slice());
    };
    let after = match after {
        Some(JobRef::Entry(key)) if key.set == name => Some(key),
        _ => None,
    };
    entries_behind(rows, &set, after, |place, record| {
        let job = entry(name, place, record);
        let key = job.key;
        slice.add(job, record.bytes().len());
        slice.step(key)
    })?;
    Ok(slice.into_slice())
}

/// Entries of a set behind one of it, in the order in which they are told: of completed jobs the latest come first, as these are
/// what people look for.
pub(super) fn entries_behind<S: Snapshot>(
    rows: &mut S,
    set: &SetRow,
    after: Option<EntryKey>,
    mut each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let each = |place: EntryPlace, record: RawRecord<'_>| match place.0 == set.id {
        true => each(place, record),
        false => ControlFlow::Break(()),
    };
    let after = after.map(|after| (set.id, after.at.as_micros(), after.serial));
    match set.name {
        SetName::Completed => {
            let last = (set.id, i64::MAX, i64::MAX);
            rows.entries_before(after.unwrap_or(last), each)
        }
        SetName::Scheduled | SetName::Retries | SetName::Dead => {
            let first = (set.id, i64::MIN, i64::MIN);
            rows.entries(after.unwrap_or(first), each)
        }
    }
}

pub(super) fn one<S: Snapshot>(
    rows: &mut S,
    key: JobRef,
) -> Result<Option<(Place, FoundJob)>, StoreError> {
    match key {
        JobRef::Job(JobKey(key)) => one_of_queue(rows, key),
        JobRef::Entry(key) => {
            let Some(set) = set(rows, key.set)? else {
                return Ok(None);
            };
            let place = (set.id, key.at.as_micros(), key.serial);
            let job = rows.entry(place, |record| entry(key.set, place, record))?;
            Ok(job.map(|job| (Place::Set(key.set), job)))
        }
    }
}

fn one_of_queue<S: Snapshot>(
    rows: &mut S,
    key: i64,
) -> Result<Option<(Place, FoundJob)>, StoreError> {
    let Some(row) = queue_of(key)
        .map(|id| rows.queue(id))
        .transpose()?
        .flatten()
    else {
        return Ok(None);
    };
    let mut found = None;
    rows.jobs((key, key), |key, record, is_reserved| {
        found = Some((waiting(key, record), is_reserved));
        ControlFlow::Break(())
    })?;
    let Some((job, is_reserved)) = found else {
        return Ok(None);
    };
    if !is_reserved {
        let is_there = row.state == QueueState::Live;
        return Ok(is_there.then(|| (Place::Queue((&*row.name).into()), job)));
    }
    let mut reservation = None;
    rows.reservations((key, key), |_, held, _| {
        reservation = held.ok();
        ControlFlow::Break(())
    })?;
    let is_there = keeps_working(&row);
    Ok(is_there.then_some((Place::Working, FoundJob { reservation, ..job })))
}

/// Whether jobs of the queue that are reserved are still there: a flush takes them too.
fn keeps_working(row: &QueueRow) -> bool {
    matches!(row.state, QueueState::Live | QueueState::Removed)
}

/// Leaves out those that were flushed and are not swept.
pub(super) fn keep_working<S: Snapshot, T>(
    rows: &mut S,
    found: &mut Vec<T>,
    job: impl Fn(&T) -> &FoundJob,
) -> Result<(), StoreError> {
    let mut queues: HashMap<QueueId, bool> = HashMap::new();
    let ids = found.iter().map(|found| match job(found).key {
        JobRef::Job(key) => queue_of(key.0),
        JobRef::Entry(_) => None,
    });
    let ids: Vec<_> = ids.collect();
    for id in ids.iter().flatten() {
        if !queues.contains_key(id) {
            let kept = rows.queue(*id)?.is_some_and(|row| keeps_working(&row));
            queues.insert(*id, kept);
        }
    }
    let mut ids = ids.into_iter();
    found.retain(|_| {
        let id = ids.next().flatten();
        id.is_some_and(|id| queues.get(&id) == Some(&true))
    });
    Ok(())
}

pub(super) fn waiting(key: i64, record: RawRecord<'_>) -> FoundJob {
    FoundJob {
        key: JobRef::Job(JobKey(key)),
        job: record.decode(RecordPlace::Job { key }),
        reservation: None,
    }
}

pub(super) fn working(reservation: Reservation, record: RawRecord<'_>) -> FoundJob {
    FoundJob {
        reservation: Some(reservation.clone()),
        ..waiting(reservation.key.0, record)
    }
}

pub(super) fn entry(set: SetName, place: EntryPlace, record: RawRecord<'_>) -> FoundJob {
    let (_, at, serial) = place;
    let at = SetTime::from_micros(at);
    FoundJob {
        key: JobRef::Entry(EntryKey { set, at, serial }),
        job: record.decode(place_of(place)),
        reservation: None,
    }
}
