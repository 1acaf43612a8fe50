//! The batches below one: those it waits for, those that they wait for, and so on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;
use utoipa::ToSchema;
use workmill_store::Reading;
use workmill_store::reading::{Bounds, READ_ROWS_MAX};

use super::batches::{Batch, batches};
use crate::desk::Desk;
use crate::service::Problem;

/// How deep it is looked. What is below that has pages of its own.
const DEPTH_MAX: u32 = 5;

/// How many batches are told of.
const BATCHES_MAX: usize = 100;

/// For how many batches those below are looked for: each time, the links of others are passed over.
const LOOKS_MAX: usize = 30;

/// A batch somewhere below another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BatchBelow {
    /// How many levels below it is: 1 for those that it waits for itself.
    pub depth: u32,
    /// The batch.
    #[serde(flatten)]
    pub batch: Batch,
}

/// A batch whose children are looked for.
struct Node {
    id: u64,
    depth: u32,
}

/// These batches, each followed by those below it, as far as they are looked for.
///
/// # Errors
/// Reading failed.
pub(super) async fn tree(
    desk: &dyn Desk,
    roots: Vec<(u64, Batch)>,
) -> Result<Vec<BatchBelow>, Problem> {
    let now = desk.now();
    let mut seen: BTreeSet<u64> = roots.iter().map(|(id, _)| *id).collect();
    let mut nodes: VecDeque<Node> = seen.iter().map(|id| Node { id: *id, depth: 1 }).collect();
    let mut below: BTreeMap<u64, Vec<(u64, Batch)>> = BTreeMap::new();
    for _ in 0..LOOKS_MAX {
        let room = BATCHES_MAX.saturating_sub(seen.len());
        let Some(Node { id, depth }) = nodes.pop_front().filter(|_| room > 0) else {
            break;
        };
        if depth == DEPTH_MAX {
            continue;
        }
        let read = move |reading: &dyn Reading| {
            // A batch is made before those below it.
            let found = reading.batch_children(id, Some(id), Bounds::of_rows(READ_ROWS_MAX))?;
            let some = found.items.get(..room).unwrap_or(&found.items);
            batches(reading, some, now)
        };
        let mut found = desk.read(read).await?;
        found.retain(|(id, _)| seen.insert(*id));
        nodes.extend(found.iter().map(|(id, _)| Node {
            id: *id,
            depth: depth + 1,
        }));
        below.insert(id, found);
    }
    let mut told = Vec::new();
    tell(&mut told, roots, &mut below, 1);
    Ok(told)
}

/// As deep as it was looked, at most.
fn tell(
    told: &mut Vec<BatchBelow>,
    level: Vec<(u64, Batch)>,
    below: &mut BTreeMap<u64, Vec<(u64, Batch)>>,
    depth: u32,
) {
    for (id, batch) in level {
        told.push(BatchBelow { depth, batch });
        if let Some(next) = below.remove(&id) {
            tell(told, next, below, depth + 1);
        }
    }
}
