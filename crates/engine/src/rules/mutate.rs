//! MUTATE, and operations on many jobs: an operator's hand on the jobs of one place or of all. It acts on what matched when
//! it started, in slices; each job moves atomically. What is done to the jobs of a slice is in `mutate_jobs.rs`.

use std::sync::Arc;

use workmill_proto::{SetName, WireError};
use workmill_store::reading::Slice;
use workmill_store::{EntryKey, JobKey, JobRef, Place, SLICE_BYTES_MAX, StoreError, StoredJob, Tx};

use crate::change::{Change, ChangePlaces, ChangeVerb};
use crate::group::Group;
use crate::limits::{MUTATE_CHANGED_WORK, MUTATE_READ_JOBS, MUTATE_SLICE_WORK};
use crate::op::{ChangeExtent, Mutate, MutateProgress, Op, Source, Ticket};
use crate::operations::{Done, OperationReport, OperationState};
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    /// A slice of a change; the answer comes after the last one.
    pub(crate) fn mutate(&mut self, ticket: Ticket, mutate: &Mutate) -> Result<(), StoreError> {
        let begun = match &mutate.progress {
            Some(progress) => Ok(progress.clone()),
            None => self.begin_mutation(mutate)?,
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
        let trash = self.trash_for(mutate, &progress)?;
        let (state, done) = self.go_on(mutate, &mut progress, trash)?;
        progress.changed += done.changed;
        self.note_change(mutate, &mut progress, &state, done, trash)?;
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
        if let Some(error) = self.check_target(mutate)? {
            return Ok((OperationState::Failed(error.text), Done::default()));
        }
        let done = self.mutate_slice(mutate, progress, trash, usize::MAX)?;
        self.memory.operations.advance(mutate.operation, done);
        let state = match progress.next_index < progress.extents.len() {
            true => OperationState::Running,
            false => OperationState::Done,
        };
        Ok((state, done))
    }

    /// Notes what there is to be looked at, and starts the operation if it has a name.
    fn begin_mutation(
        &mut self,
        mutate: &Mutate,
    ) -> Result<Result<Box<MutateProgress>, WireError>, StoreError> {
        let (extents, left) = match mutate.change.places {
            ChangePlaces::Trash(action) => match self.trash_extent(action)? {
                Ok((extent, left)) => (vec![extent], left),
                Err(error) => return Ok(Err(error)),
            },
            _ => extents_of(self.tx, &mutate.change)?,
        };
        if let Some(id) = mutate.operation {
            let report = OperationReport {
                id,
                change: Arc::clone(&mutate.change),
                action: None,
                started_at: self.now.wall,
                ended_at: None,
                looked_at: 0,
                changed: 0,
                unknown: 0,
                left,
                state: OperationState::Running,
            };
            if let Err(error) = self.memory.operations.start(report) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(Box::new(MutateProgress {
            extents: extents.into(),
            next_index: 0,
            after: None,
            changed: 0,
            began: self.now,
            noted: None,
            watch: None,
        })))
    }

    /// Why there can be no queue that jobs are to be moved to, if so.
    fn check_target(&mut self, mutate: &Mutate) -> Result<Option<WireError>, StoreError> {
        match &mutate.change.verb {
            // It is charged to nobody: an operator wants it.
            ChangeVerb::Move(queue) => self.memory.makers.check_all(self.tx, &[queue], 0),
            ChangeVerb::Edit(edit) => self.memory.makers.check_all(self.tx, &[edit.queue()], 0),
            _ => Ok(None),
        }
    }

    /// Does as much as one group may, in one place after the other. `trash` is the action under which jobs that are taken away
    /// are put into the trash; none means they are not. It changes no more than `room` jobs.
    pub(super) fn mutate_slice(
        &mut self,
        mutate: &Mutate,
        progress: &mut MutateProgress,
        trash: Option<u64>,
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
                    let (done, more) = self.change_trash(*action, extent.until)?;
                    progress.next_index += usize::from(!more);
                    return Ok(done);
                }
            };
            let (done, next) = match change.empties(place) {
                // What came since it began stays. A client waits for the answer of a MUTATE: it does not put away what it
                // empties.
                Some(set)
                    if (trash.is_none() || mutate.operation.is_none())
                        && self.tx.watermark(place)? == extent.until =>
                {
                    (self.empty(set)?, None)
                }
                _ => {
                    let slice = read(self.tx, place, extent, progress.after)?;
                    work += match slice.next {
                        // Also those that came later have been read.
                        Some(_) => MUTATE_READ_JOBS,
                        None => slice.items.len().max(1),
                    };
                    bytes += slice.items.iter().map(bytes_of).sum::<usize>();
                    let (done, goes_on_behind) = self.change_jobs(
                        (change, trash),
                        place,
                        slice.items,
                        progress.began,
                        room,
                    )?;
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

    /// Empties a set at once.
    fn empty(&mut self, set: SetName) -> Result<Done, StoreError> {
        let size = self.tx.size(&Place::Set(set))?;
        self.clear_set(set)?;
        Ok(Done {
            looked_at: size,
            changed: size,
            unknown: 0,
        })
    }
}

/// Where a change looks, and how many jobs are there now.
fn extents_of<T: Tx>(tx: &mut T, change: &Change) -> Result<(Vec<ChangeExtent>, u64), StoreError> {
    let places = match &change.places {
        ChangePlaces::One(place) => vec![place.clone()],
        ChangePlaces::All => all_places(tx)?,
        ChangePlaces::Jobs(jobs) => return Ok((named(tx, change, jobs)?, jobs.len() as u64)),
        ChangePlaces::Trash(_) => Vec::new(),
    };
    let (mut extents, mut left) = (Vec::new(), 0);
    for place in places {
        let size = tx.size(&place)?;
        if size > 0 && !change.passes_over(&place) {
            left += size;
            let until = tx.watermark(&place)?;
            extents.push(ChangeExtent {
                source: Source::Place(place),
                until,
                only: None,
            });
        }
    }
    Ok((extents, left))
}

/// All places, those first out of which jobs go to others, so that none is met twice: a job that is taken back from its
/// worker has its old place in its queue, as if it had always been there.
fn all_places<T: Tx>(tx: &mut T) -> Result<Vec<Place>, StoreError> {
    let queues = tx.totals()?.queues.into_keys();
    let queues = queues.map(|name| Place::Queue(name.into_boxed_str()));
    let sets = SetName::ALL.map(Place::Set);
    Ok(queues.chain([Place::Working]).chain(sets).collect())
}

fn named<T: Tx>(
    tx: &mut T,
    change: &Change,
    jobs: &[(Place, JobRef)],
) -> Result<Vec<ChangeExtent>, StoreError> {
    let meant = jobs.iter().filter(|(place, _)| !change.passes_over(place));
    meant
        .map(|(place, key)| {
            Ok(ChangeExtent {
                source: Source::Place(place.clone()),
                until: tx.watermark(place)?,
                only: Some(*key),
            })
        })
        .collect()
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
        .map_or_else(|corrupt| corrupt.bytes.len(), |record| record.body.len())
}
