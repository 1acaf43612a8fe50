//! Jobs by their id. There is no index on ids, so all jobs are looked at, a slice at a time: those that work, those in queues,
//! those in sets.

use std::ops::ControlFlow;

use workmill_proto::SetName;

use super::jobs::{entries_behind, entry, keep_working, waiting, working};
use super::queues::{jobs_behind, next_live, set};
use super::snapshot::Snapshot;
use super::{Bounds, FoundJob, Slice, SliceBuilder};
use crate::writer::{QueueId, keys_of, queue_of};
use crate::{EntryKey, JobKey, Place, SetTime, StoreError};

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchCursor {
    /// Among those that work, behind this one.
    Working(JobKey),
    /// Among those in queues, behind this one.
    Queues(JobKey),
    /// Among those in sets, behind this one.
    Sets(EntryKey),
}

type Found = SliceBuilder<(Place, FoundJob), SearchCursor>;

pub(super) fn slice<S: Snapshot>(
    rows: &mut S,
    jid: &str,
    after: Option<SearchCursor>,
    bounds: Bounds,
) -> Result<Slice<(Place, FoundJob), SearchCursor>, StoreError> {
    let mut found = SliceBuilder::new(bounds);
    let mut at = after.unwrap_or(SearchCursor::Working(JobKey(-1)));
    loop {
        let (flow, then) = match at {
            SearchCursor::Working(key) => {
                let flow = search_working(rows, &mut found, jid, key)?;
                (flow, Some(SearchCursor::Queues(JobKey(-1))))
            }
            SearchCursor::Queues(key) => {
                let flow = search_queues(rows, &mut found, jid, key)?;
                (flow, Some(SearchCursor::Sets(before(SetName::Scheduled))))
            }
            SearchCursor::Sets(key) => {
                let flow = search_set(rows, &mut found, jid, key)?;
                (flow, behind(key.set).map(SearchCursor::Sets))
            }
        };
        match then.filter(|_| flow.is_continue()) {
            Some(then) => at = then,
            None => break,
        }
    }
    let mut slice = found.into_slice();
    let (mut working, others): (Vec<_>, Vec<_>) = slice
        .items
        .into_iter()
        .partition(|(place, _)| *place == Place::Working);
    keep_working(rows, &mut working, |(_, job)| job)?;
    slice.items = working;
    slice.items.extend(others);
    Ok(slice)
}

/// Before the first entry of a set: of completed jobs the latest is the first.
fn before(set: SetName) -> EntryKey {
    let end = match set {
        SetName::Completed => i64::MAX,
        SetName::Scheduled | SetName::Retries | SetName::Dead => i64::MIN,
    };
    EntryKey {
        set,
        at: SetTime::from_micros(end),
        serial: end,
    }
}

/// Before the first entry of the set that comes behind another one.
fn behind(set: SetName) -> Option<EntryKey> {
    let mut sets = SetName::ALL.into_iter().skip_while(|&one| one != set);
    sets.nth(1).map(before)
}

fn search_working<S: Snapshot>(
    rows: &mut S,
    found: &mut Found,
    jid: &str,
    after: JobKey,
) -> Result<ControlFlow<()>, StoreError> {
    let mut flow = ControlFlow::Continue(());
    let first = after.0.saturating_add(1).max(0);
    rows.reservations((first, i64::MAX), |key, held, record| {
        if let (Ok(held), Some(record)) = (held, record)
            && *held.jid == *jid
        {
            let job = working(held, record);
            found.add((Place::Working, job), record.bytes().len());
        }
        flow = found.step(SearchCursor::Working(JobKey(key)));
        flow
    })?;
    Ok(flow)
}

fn search_queues<S: Snapshot>(
    rows: &mut S,
    found: &mut Found,
    jid: &str,
    after: JobKey,
) -> Result<ControlFlow<()>, StoreError> {
    let mut flow = ControlFlow::Continue(());
    let first = after.0.saturating_add(1);
    let mut last: Option<QueueId> = queue_of(first).and_then(|id| id.checked_sub(1));
    loop {
        let passed = |id| {
            flow = found.step(SearchCursor::Queues(JobKey(*keys_of(id).end())));
            flow
        };
        let Some((id, row)) = next_live(rows, last, passed)? else {
            break;
        };
        last = Some(id);
        jobs_behind(
            rows,
            (id, &row),
            Some(after.0),
            |key, record, is_reserved| {
                if !is_reserved && record.has_jid(jid) {
                    let place = Place::Queue((&*row.name).into());
                    found.add((place, waiting(key, record)), record.bytes().len());
                }
                flow = found.step(SearchCursor::Queues(JobKey(key)));
                flow
            },
        )?;
        // Empty queues take their time too.
        if flow.is_continue() {
            flow = found.step(SearchCursor::Queues(JobKey(*keys_of(id).end())));
        }
        if flow.is_break() {
            break;
        }
    }
    Ok(flow)
}

fn search_set<S: Snapshot>(
    rows: &mut S,
    found: &mut Found,
    jid: &str,
    after: EntryKey,
) -> Result<ControlFlow<()>, StoreError> {
    let name = after.set;
    let mut flow = ControlFlow::Continue(());
    let Some(set) = set(rows, name)? else {
        return Ok(flow);
    };
    entries_behind(rows, &set, Some(after), |place, record| {
        if record.has_jid(jid) {
            let job = entry(name, place, record);
            found.add((Place::Set(name), job), record.bytes().len());
        }
        let (_, at, serial) = place;
        flow = found.step(SearchCursor::Sets(EntryKey {
            at: SetTime::from_micros(at),
            serial,
            ..after
        }));
        flow
    })?;
    Ok(flow)
}
