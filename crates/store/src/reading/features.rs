//! What features keep: batches, locks, tracks, groups of failures, cron ticks.

use std::ops::ControlFlow;

use super::snapshot::{Readable, Snapshot};
use super::{
    BatchView, Bounds, DefinitionView, FailureView, Slice, SliceBuilder, TickView, TrackView,
};
use crate::{BatchState, FailureGroup, FailureId, Lock, LockKey, StoreError, Track};

pub(super) fn batches<S: Snapshot>(
    rows: &mut S,
    after: Option<u64>,
    bounds: Bounds,
) -> Result<Slice<(u64, Readable<BatchState>), u64>, StoreError> {
    let generation = rows.tallies()?.generation;
    let mut slice = SliceBuilder::new(bounds);
    rows.batches(generation, after, |id, state| {
        slice.add((id, state), 0);
        slice.step(id)
    })?;
    Ok(slice.into_slice())
}

pub(super) fn batch<S: Snapshot>(rows: &mut S, id: u64) -> Result<Option<BatchView>, StoreError> {
    let generation = rows.tallies()?.generation;
    let Some(state) = rows.batch(generation, id)? else {
        return Ok(None);
    };
    let before = id.checked_sub(1);
    let mut details = None;
    rows.batch_rows(generation, before, |found, row| {
        if found == id {
            details = row.ok().map(|row| row.details);
        }
        ControlFlow::Break(())
    })?;
    let mut parents = Vec::new();
    rows.batch_links(generation, before, |link| match link.child == id {
        true => {
            parents.push(link.parent);
            ControlFlow::Continue(())
        }
        false => ControlFlow::Break(()),
    })?;
    Ok(Some(BatchView {
        state,
        details,
        parents,
    }))
}

pub(super) fn batch_children<S: Snapshot>(
    rows: &mut S,
    parent: u64,
    after: Option<u64>,
    bounds: Bounds,
) -> Result<Slice<u64, u64>, StoreError> {
    let generation = rows.tallies()?.generation;
    let mut slice = SliceBuilder::new(bounds);
    // A slice ends between two children only: it goes on behind the last one, with all its links.
    let mut last = None;
    rows.batch_links(generation, after, |link| {
        if let Some(last) = last.replace(link.child)
            && last != link.child
            && slice.step(last).is_break()
        {
            return ControlFlow::Break(());
        }
        if link.parent == parent {
            slice.add(link.child, 0);
        }
        ControlFlow::Continue(())
    })?;
    Ok(slice.into_slice())
}

pub(super) fn locks<S: Snapshot>(
    rows: &mut S,
    after: Option<LockKey>,
    bounds: Bounds,
) -> Result<Slice<Readable<(LockKey, Lock)>, LockKey>, StoreError> {
    let generation = rows.tallies()?.generation;
    let mut slice = SliceBuilder::new(bounds);
    rows.locks(generation, after, |lock| {
        let key = lock.as_ref().ok().map(|(key, _)| *key);
        slice.add(lock, 0);
        // Behind one without a readable key there is nowhere to go on.
        key.map_or(ControlFlow::Continue(()), |key| slice.step(key))
    })?;
    Ok(slice.into_slice())
}

pub(super) fn lock<S: Snapshot>(rows: &mut S, key: LockKey) -> Result<Option<Lock>, StoreError> {
    let generation = rows.tallies()?.generation;
    let lock = rows.lock(generation, key)?;
    Ok(lock.and_then(Result::ok))
}

pub(super) fn track<S: Snapshot>(rows: &mut S, jid: &str) -> Result<Option<Track>, StoreError> {
    let generation = rows.tallies()?.generation;
    let track = rows.track(generation, jid)?;
    Ok(track.and_then(Result::ok))
}

pub(super) fn tracks<S: Snapshot>(
    rows: &mut S,
    after: Option<&str>,
    bounds: Bounds,
) -> Result<Slice<TrackView, Box<str>>, StoreError> {
    let generation = rows.tallies()?.generation;
    let mut slice = SliceBuilder::new(bounds);
    rows.tracks(generation, after, |jid, track| {
        let here = jid.clone();
        slice.add(TrackView { jid, track }, 0);
        slice.step(here)
    })?;
    Ok(slice.into_slice())
}

pub(super) fn failures<S: Snapshot>(
    rows: &mut S,
    after: Option<FailureId>,
    bounds: Bounds,
) -> Result<Slice<FailureView, FailureId>, StoreError> {
    let generation = rows.tallies()?.generation;
    let mut slice = SliceBuilder::new(bounds);
    rows.failures(generation, after, |id, group| {
        slice.add((id, group), 0);
        slice.step(id)
    })?;
    Ok(slice.into_slice())
}

pub(super) fn failure<S: Snapshot>(
    rows: &mut S,
    id: FailureId,
) -> Result<Option<FailureGroup>, StoreError> {
    let generation = rows.tallies()?.generation;
    let group = rows.failure(generation, id)?;
    Ok(group.and_then(Result::ok))
}

pub(super) fn cron_definitions<S: Snapshot>(
    rows: &mut S,
    after: Option<&str>,
    bounds: Bounds,
) -> Result<Slice<DefinitionView, Box<str>>, StoreError> {
    let mut slice = SliceBuilder::new(bounds);
    rows.cron_definitions(after, |name, definition| {
        let bytes = definition.as_ref().map_or(0, |found| found.job.len());
        slice.add((name.clone(), definition), bytes);
        slice.step(name)
    })?;
    Ok(slice.into_slice())
}

pub(super) fn cron_ticks<S: Snapshot>(
    rows: &mut S,
    after: Option<&str>,
    bounds: Bounds,
) -> Result<Slice<TickView, Box<str>>, StoreError> {
    let mut slice = SliceBuilder::new(bounds);
    rows.cron_ticks(after, |name, tick| {
        slice.add((name.clone(), tick), 0);
        slice.step(name)
    })?;
    Ok(slice.into_slice())
}
