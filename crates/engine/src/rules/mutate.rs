//! MUTATE, and operations on many jobs: an operator's hand on the jobs of one place or of all. It acts on what matched when
//! it started, in slices; each job moves atomically. What is done to the jobs of a slice is in `mutate_jobs.rs`.

use std::sync::Arc;

use workmill_proto::WireError;
use workmill_store::reading::Slice;
use workmill_store::{
    EntryKey, JobKey, JobRecord, JobRef, Place, SLICE_BYTES_MAX, StoreError, StoredJob, Tx,
};

use super::act::note_change;
use super::extents;
use crate::change::{Change, ChangePlaces, ChangeVerb};
use crate::context::Rules;
use crate::group::Group;
use crate::limits::{MUTATE_CHANGED_WORK, MUTATE_READ_JOBS, MUTATE_SLICE_WORK};
use crate::makers::Makers;
use crate::op::{ChangeExtent, Mutate, MutateProgress, Op, Source, Ticket};
use crate::operations::{Done, OperationState};
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    /// A slice of a change; the answer comes after the last one.
    pub(crate) fn mutate(&mut self, ticket: Ticket, mutate: &Mutate) -> Result<(), StoreError> {
        let begun = match &mutate.progress {
            Some(progress) => Ok(progress.clone()),
            None => extents::begin(self.tx, self.memory, &mut self.trash, self.now, mutate)?,
        };
        let mut progress = match begun {
            Ok(progress) => progress,
            Err(error) => {
                self.answers.give(ticket, Outcome::Refused(error));
                return Ok(());
            }
        };
        if let ChangeVerb::RetryCarefully(care) = mutate.change.verb {
            return self.start_carefully(ticket, mutate, progress, care);
        }
        let trash = trash_for(self.tx, self.rules, mutate, &progress)?;
        let (state, done) = self.go_on(mutate, &mut progress, trash)?;
        progress.changed += done.changed;
        let news = (&state, done, trash);
        note_change(self.tx, self.memory, self.now, mutate, &mut progress, news)?;
        let outcome = match (state, mutate.operation) {
            (OperationState::Running, _) => {
                let rest = Mutate {
                    progress: Some(progress),
                    ..mutate.clone()
                };
                self.answers
                    .continue_in_next_group(ticket, Op::Mutate(rest));
                return Ok(());
            }
            (state, Some(id)) => {
                let operations = &mut self.memory.operations;
                operations.end(id, state, self.now.wall);
                Outcome::of_operation(operations.report(id))
            }
            (OperationState::Failed(text), None) => Outcome::Refused(WireError::err(text)),
            (_, None) => match mutate.change.places {
                ChangePlaces::Jobs(_) => Outcome::Changed {
                    jobs: progress.changed,
                    action: progress.noted.map(|noted| noted.id),
                },
                ChangePlaces::One(_) | ChangePlaces::All | ChangePlaces::Trash(_) => Outcome::Ok,
            },
        };
        self.answers.give(ticket, outcome);
        Ok(())
    }

    /// Does a slice of a change, unless it was cancelled. Tells how far it is.
    fn go_on(
        &mut self,
        mutate: &Mutate,
        progress: &mut MutateProgress,
        trash: Option<u64>,
    ) -> Result<(OperationState, Done), StoreError> {
        if !self.memory.operations.goes_on(mutate.operation) {
            return Ok((OperationState::Cancelled, Done::default()));
        }
        if let Some(error) = check_target(self.tx, &mut self.memory.makers, &mutate.change)? {
            return Ok((OperationState::Failed(error.text), Done::default()));
        }
        self.trash.open(trash, progress.left_dead);
        let done = self.mutate_slice(mutate, progress, usize::MAX)?;
        progress.left_dead = self.trash.close().unwrap_or(0);
        self.memory.operations.advance(mutate.operation, done);
        let state = match progress.next_index < progress.extents.len() {
            true => OperationState::Running,
            false => OperationState::Done,
        };
        Ok((state, done))
    }

    /// Does as much as one group may, in one place after the other. It changes no more than `room` jobs.
    pub(super) fn mutate_slice(
        &mut self,
        mutate: &Mutate,
        progress: &mut MutateProgress,
        room: usize,
    ) -> Result<Done, StoreError> {
        let mut room = room;
        let change = &*mutate.change;
        let extents = Arc::clone(&progress.extents);
        let (mut all, mut work, mut bytes) = (Done::default(), 0, 0);
        while let Some(extent) = extents.get(progress.next_index)
            && work < MUTATE_SLICE_WORK
            && bytes < SLICE_BYTES_MAX
            && room > 0
        {
            let place = match &extent.source {
                Source::Place(place) => place,
                Source::Trash(action) => {
                    let again_until = &mut progress.again_until;
                    let (done, more) = self.change_trash(*action, extent.until, again_until)?;
                    progress.next_index += usize::from(!more);
                    return Ok(done);
                }
            };
            let (done, next) = match change.empties(place) {
                // What came since it began stays. A client waits for the answer of a MUTATE: it does not put away what it
                // empties.
                Some(set)
                    if (!self.trash.is_open() || mutate.operation.is_none())
                        && self.tx.watermark(place)? == extent.until =>
                {
                    let size = self.tx.size(place)?;
                    self.clear_set(set)?;
                    let done = Done {
                        looked_at: size,
                        changed: size,
                        unknown: 0,
                    };
                    (done, None)
                }
                _ => {
                    let slice = read(self.tx, place, extent, progress.after)?;
                    work += match slice.next {
                        // Also those that came later have been read.
                        Some(_) => MUTATE_READ_JOBS,
                        None => slice.items.len().max(1),
                    };
                    bytes += slice.items.iter().map(bytes_of).sum::<usize>();
                    let (done, goes_on_behind) =
                        self.change_jobs(change, place, slice.items, progress.began, room)?;
                    let changed = usize::try_from(done.changed).unwrap_or(usize::MAX);
                    room = room.saturating_sub(changed);
                    work = work.saturating_add(changed.saturating_mul(MUTATE_CHANGED_WORK));
                    (done, goes_on_behind.or(slice.next))
                }
            };
            all += done;
            if next.is_none() {
                progress.next_index += 1;
            }
            progress.after = next;
        }
        Ok(all)
    }
}

/// Why there can be no queue that jobs are to be moved to, if so.
fn check_target<T: Tx>(
    tx: &mut T,
    makers: &mut Makers,
    change: &Change,
) -> Result<Option<WireError>, StoreError> {
    match &change.verb {
        // It is charged to nobody: an operator wants it.
        ChangeVerb::Move(queue) => makers.check_all(tx, &[queue], 0),
        ChangeVerb::Edit(edit) => makers.check_all(tx, &[edit.queue()], 0),
        _ => Ok(None),
    }
}

/// The action under which a change puts away what it takes away; none if it takes nothing away, nobody would know of it, or
/// nothing is to be kept.
fn trash_for<T: Tx>(
    tx: &mut T,
    rules: &Rules,
    mutate: &Mutate,
    progress: &MutateProgress,
) -> Result<Option<u64>, StoreError> {
    if rules.trash_secs == 0 || !mutate.change.takes_away() {
        return Ok(None);
    }
    match (&progress.noted, &mutate.by) {
        (Some(noted), _) => Ok(Some(noted.id)),
        (None, Some(_)) => tx.next_action().map(Some),
        (None, None) => Ok(None),
    }
}

/// Some jobs of an extent.
fn read<T: Tx>(
    tx: &mut T,
    place: &Place,
    extent: &ChangeExtent,
    after: Option<JobRef>,
) -> Result<Slice<(JobRef, StoredJob), JobRef>, StoreError> {
    let ChangeExtent { until, only, .. } = extent;
    let Some(key) = only else {
        return tx.jobs(place, after, *until, MUTATE_READ_JOBS);
    };
    let before = match *key {
        JobRef::Job(JobKey(key)) => JobRef::Job(JobKey(key.saturating_sub(1))),
        JobRef::Entry(key) => JobRef::Entry(EntryKey {
            serial: key.serial.saturating_sub(1),
            ..key
        }),
    };
    let mut slice = tx.jobs(place, Some(before), *until, 1)?;
    slice.items.retain(|(found, _)| found == key);
    slice.next = None;
    Ok(slice)
}

fn bytes_of((_, job): &(JobRef, StoredJob)) -> usize {
    job.as_ref()
        .map_or_else(|corrupt| corrupt.bytes.len(), JobRecord::bytes)
}
