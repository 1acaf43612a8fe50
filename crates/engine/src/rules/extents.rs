//! Where a change looks, as it begins: what comes there later is not meant.

use std::sync::Arc;

use workmill_proto::{SetName, WireError};
use workmill_store::{Clocks, JobRef, Place, StoreError, Tx};

use crate::change::{Change, ChangePlaces};
use crate::features::TrashBin;
use crate::memory::Memory;
use crate::op::{ChangeExtent, Mutate, MutateProgress, Source};
use crate::operations::{OperationReport, OperationState};

/// Notes what there is to be looked at, and starts the operation if it has a name.
pub(super) fn begin<T: Tx>(
    tx: &mut T,
    memory: &mut Memory,
    trash: &mut TrashBin,
    now: Clocks,
    mutate: &Mutate,
) -> Result<Result<Box<MutateProgress>, WireError>, StoreError> {
    let (extents, left) = match mutate.change.places {
        ChangePlaces::Trash(action) => match trash.extent(tx, action)? {
            Ok((extent, left)) => (vec![extent], left),
            Err(error) => return Ok(Err(error)),
        },
        _ => extents_of(tx, &mutate.change)?,
    };
    if let Some(id) = mutate.operation {
        let report = OperationReport {
            id,
            change: Arc::clone(&mutate.change),
            action: None,
            started_at: now.wall,
            ended_at: None,
            looked_at: 0,
            changed: 0,
            unknown: 0,
            left,
            state: OperationState::Running,
        };
        if let Err(error) = memory.operations.start(report) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(Box::new(MutateProgress {
        extents: extents.into(),
        next_index: 0,
        after: None,
        changed: 0,
        left_dead: 0,
        again_until: 0,
        began: now,
        noted: None,
        watch: None,
    })))
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
