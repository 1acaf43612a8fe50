//! Queues: those that have their names, their sizes and their heads; and the sizes of everything.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use workmill_proto::{SetName, Timestamp};

use super::names::Names;
use super::snapshot::{SetRow, Snapshot};
use super::{Bounds, QueueView, Slice, SliceBuilder};
use crate::record::{Place as RecordPlace, RawRecord};
use crate::writer::{QueueId, QueueRow, QueueState, key_at, keys_of};
use crate::{QueueTotals, StoreError, Totals};

/// The first queue behind a number that has its name. Asks behind each other row, of which there can be very many, whether to
/// go on.
pub(super) fn next_live<S: Snapshot>(
    rows: &mut S,
    after: Option<QueueId>,
    mut pass: impl FnMut(QueueId) -> ControlFlow<()>,
) -> Result<Option<(QueueId, QueueRow)>, StoreError> {
    let mut found = None;
    rows.queues(after, |id, row| match row {
        Ok(row) if row.state == QueueState::Live => {
            found = Some((id, row));
            ControlFlow::Break(())
        }
        _ => pass(id),
    })?;
    Ok(found)
}

/// Queues by their names. Looks at all queues if there is one that is not where it was found last.
pub(super) fn by_name<'n, S: Snapshot>(
    rows: &mut S,
    names: &Names,
    wanted: &[&'n str],
) -> Result<HashMap<&'n str, (QueueId, QueueRow)>, StoreError> {
    let mut found = HashMap::new();
    let mut missing = HashSet::new();
    for &name in wanted {
        let guess = match names.guess(name) {
            Some(id) => named(rows, id, name)?.map(|row| (id, row)),
            None => None,
        };
        match guess {
            Some(queue) => drop(found.insert(name, queue)),
            None => drop(missing.insert(name)),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    rows.queues(None, |id, row| {
        if let Ok(row) = row
            && row.state == QueueState::Live
            && let Some(name) = missing.take(&*row.name)
        {
            names.remember(name, id);
            found.insert(name, (id, row));
        }
        match missing.is_empty() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    Ok(found)
}

/// The queue of this number, if it has this name.
pub(super) fn named<S: Snapshot>(
    rows: &mut S,
    id: QueueId,
    name: &str,
) -> Result<Option<QueueRow>, StoreError> {
    let row = rows.queue(id)?;
    Ok(row.filter(|row| row.state == QueueState::Live && *row.name == *name))
}

pub(super) fn slice<S: Snapshot>(
    rows: &mut S,
    after: Option<QueueId>,
    bounds: Bounds,
) -> Result<Slice<QueueView, QueueId>, StoreError> {
    let mut slice = SliceBuilder::new(bounds);
    let mut last = after;
    while let Some((id, row)) = next_live(rows, last, |id| slice.step(id))? {
        last = Some(id);
        let (head, bytes) = head(rows, id, &row)?;
        let view = QueueView {
            name: (&*row.name).into(),
            size: row.size,
            paused: row.paused,
            head,
        };
        slice.add(view, bytes);
        if slice.step(id).is_break() {
            break;
        }
    }
    Ok(slice.into_slice())
}

pub(super) fn heads<S: Snapshot>(
    rows: &mut S,
    names: &Names,
    wanted: &[&str],
    bounds: Bounds,
) -> Result<Vec<Option<Timestamp>>, StoreError> {
    let queues = by_name(rows, names, wanted)?;
    let mut slice = SliceBuilder::new(bounds);
    for name in wanted {
        let (head, bytes) = match queues.get(name) {
            Some((id, row)) => head(rows, *id, row)?,
            None => (None, 0),
        };
        slice.add(head, bytes);
        if slice.step(()).is_break() {
            break;
        }
    }
    Ok(slice.into_slice().items)
}

/// When the job at the head of a queue was put into it, and how many bytes its record has.
fn head<S: Snapshot>(
    rows: &mut S,
    id: QueueId,
    row: &QueueRow,
) -> Result<(Option<Timestamp>, usize), StoreError> {
    let mut head = (None, 0);
    if row.size == 0 {
        return Ok(head);
    }
    jobs_behind(rows, (id, row), None, |key, record, is_reserved| {
        if is_reserved {
            return ControlFlow::Continue(());
        }
        let job = record.decode_head(RecordPlace::Job { key });
        head = (
            job.ok().and_then(|job| job.enqueued_at),
            record.bytes().len(),
        );
        ControlFlow::Break(())
    })?;
    Ok(head)
}

/// Jobs of a queue from its head on, behind a key of it if there is one, and whether each is reserved. Those that come back
/// regain their keys, so the order of keys is that of the queue.
pub(super) fn jobs_behind<S: Snapshot>(
    rows: &mut S,
    (id, row): (QueueId, &QueueRow),
    after: Option<i64>,
    each: impl FnMut(i64, RawRecord<'_>, bool) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let head = key_at(id, row.position_head);
    let first = after.map_or(head, |after| head.max(after + 1));
    rows.jobs((first, *keys_of(id).end()), each)
}

/// The set that has this name now.
pub(super) fn set<S: Snapshot>(rows: &mut S, name: SetName) -> Result<Option<SetRow>, StoreError> {
    let sets = rows.sets()?;
    Ok(sets
        .into_iter()
        .find(|set| set.name == name && set.removal.is_none()))
}

pub(super) fn totals<S: Snapshot>(rows: &mut S) -> Result<Totals, StoreError> {
    let tallies = rows.tallies()?;
    let mut totals = Totals {
        working: tallies.working,
        counts: tallies.counts,
        ..Totals::default()
    };
    rows.queues(None, |_, row| {
        if let Ok(row) = row
            && row.state == QueueState::Live
        {
            let queue = QueueTotals {
                size: row.size,
                paused: row.paused,
            };
            totals.queues.insert(row.name.to_string(), queue);
        }
        ControlFlow::Continue(())
    })?;
    for set in rows.sets()?.into_iter().filter(|set| set.removal.is_none()) {
        match set.name {
            SetName::Scheduled => totals.scheduled = set.size,
            SetName::Retries => totals.retries = set.size,
            SetName::Dead => totals.dead = set.size,
            SetName::Completed => totals.completed = set.size,
        }
    }
    Ok(totals)
}
