//! Queues: those that have their names, their sizes and their heads; and the sizes of everything.

use std::collections::HashMap;
use std::ops::ControlFlow;

use workmill_proto::{SetName, Timestamp};

use super::snapshot::{SetRow, Snapshot};
use super::{Bounds, QueueView, Slice, SliceBuilder};
use crate::record::Place as RecordPlace;
use crate::writer::{QueueId, QueueRow, QueueState, keys_of};
use crate::{QueueTotals, StoreError, Totals};

/// The first queue behind a number that has its name.
pub(super) fn next_live<S: Snapshot>(
    rows: &mut S,
    after: Option<QueueId>,
) -> Result<Option<(QueueId, QueueRow)>, StoreError> {
    let mut found = None;
    rows.queues(after, |id, row| match row {
        Ok(row) if row.state == QueueState::Live => {
            found = Some((id, row));
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    })?;
    Ok(found)
}

/// The numbers of queues, by their names. Looks at all queues, as there is no index on names.
pub(super) fn ids_of<'n, S: Snapshot>(
    rows: &mut S,
    names: &[&'n str],
) -> Result<HashMap<&'n str, QueueId>, StoreError> {
    let mut wanted: HashMap<&str, Option<QueueId>> =
        names.iter().map(|&name| (name, None)).collect();
    let mut missing = wanted.len();
    if missing > 0 {
        rows.queues(None, |id, row| {
            if let Ok(row) = row
                && row.state == QueueState::Live
                && let Some(found) = wanted.get_mut(&*row.name)
            {
                missing -= usize::from(found.replace(id).is_none());
            }
            match missing {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        })?;
    }
    let found = wanted.into_iter();
    Ok(found.filter_map(|(name, id)| Some((name, id?))).collect())
}

pub(super) fn slice<S: Snapshot>(
    rows: &mut S,
    after: Option<QueueId>,
    bounds: Bounds,
) -> Result<Slice<QueueView, QueueId>, StoreError> {
    let mut slice = SliceBuilder::new(bounds);
    let mut last = after;
    while let Some((id, row)) = next_live(rows, last)? {
        last = Some(id);
        let (head, bytes) = match row.size {
            0 => (None, 0),
            _ => head(rows, id)?,
        };
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
    names: &[&str],
    bounds: Bounds,
) -> Result<Vec<Option<Timestamp>>, StoreError> {
    let ids = ids_of(rows, names)?;
    let mut slice = SliceBuilder::new(bounds);
    for name in names {
        let (head, bytes) = match ids.get(name) {
            Some(&id) => head(rows, id)?,
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
fn head<S: Snapshot>(rows: &mut S, id: QueueId) -> Result<(Option<Timestamp>, usize), StoreError> {
    let mut head = (None, 0);
    let keys = keys_of(id);
    rows.jobs((*keys.start(), *keys.end()), |key, record, is_reserved| {
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
        }
    }
    Ok(totals)
}
