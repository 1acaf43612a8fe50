//! Batches, and what waits for what.

use serde::Serialize;
use utoipa::ToSchema;
use workmill_proto::{Bid, Timestamp};
use workmill_store::reading::{BatchView, Bounds};
use workmill_store::{BatchState, CallbackState, Clocks, Reading, StoreError};

use super::batch_tree::{BatchBelow, tree};
use super::moment::{told, told_if_any};
use super::{Page, PageRequest, Problem, ProblemKind};
use crate::desk::Desk;

/// Batches above or below one that are told of.
const RELATIVES_MAX: usize = 100;

/// A batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Batch {
    /// Its id.
    pub bid: String,
    /// What its maker says of it.
    pub description: String,
    /// When it was made; null if that cannot be read.
    #[serde(serialize_with = "told_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// Jobs pushed to it so far.
    pub total: u64,
    /// Those that have not been executed yet.
    pub pending: u64,
    /// Those whose latest execution failed.
    pub failed: u64,
    /// Whether it is committed: callbacks come then only.
    pub committed: bool,
    /// Batches that it waits for and that are not complete.
    pub children_incomplete: u64,
    /// Batches that it waits for and that have not succeeded.
    pub children_unsuccessful: u64,
    /// The callback for when all jobs were executed: `none`, `waiting`, `enqueued` or `done`.
    pub complete: &'static str,
    /// The callback for when all jobs have succeeded: `none`, `waiting`, `enqueued` or `done`.
    pub success: &'static str,
}

/// A batch, and those above and below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BatchFamily {
    /// The batch.
    pub batch: Batch,
    /// The batches that wait for it.
    pub parents: Vec<Batch>,
    /// The batches that it waits for, a hundred at most, each followed by those below it: five levels at most, and a hundred in all.
    pub children: Vec<BatchBelow>,
    /// Where the children go on; null if there are no more.
    pub cursor: Option<String>,
}

/// Batches in the order they were made. Those that cannot be read are left out. The cursor is the number of the last one.
///
/// # Errors
/// The limit is out of range; the cursor is no number; reading failed.
pub async fn list(desk: &dyn Desk, asked: &PageRequest) -> Result<Page<Batch>, Problem> {
    let limit = asked.limit()?;
    let after = asked.after(|text| text.parse().ok())?;
    let now = desk.now();
    let read = move |reading: &dyn Reading| {
        let slice = reading.batches(after, Bounds::of_rows(limit))?;
        let ids: Vec<u64> = slice.items.iter().map(|(id, _)| *id).collect();
        let items = batches(reading, &ids, now)?.into_iter();
        Ok((items.map(|(_, batch)| batch).collect(), slice.next))
    };
    let (items, next) = desk.read(read).await?;
    Ok(Page {
        items,
        cursor: next.map(|id| id.to_string()),
    })
}

/// One batch, those that wait for it, and those it waits for from a cursor on. Looking for children may end before there are
/// a hundred: the cursor tells.
///
/// # Errors
/// There is none; the cursor is no number; reading failed.
pub async fn show(
    desk: &dyn Desk,
    bid: &str,
    cursor: Option<&str>,
) -> Result<BatchFamily, Problem> {
    let unknown = || Problem::new(ProblemKind::NotFound, "there is no batch with this id");
    let asked = PageRequest {
        cursor: cursor.map(Into::into),
        limit: None,
    };
    let after = asked.after(|text| text.parse().ok())?;
    let bid = Bid::parse(bid).ok_or_else(unknown)?;
    let now = desk.now();
    let read = move |reading: &dyn Reading| {
        let Some(view) = reading.batch(bid.id)? else {
            return Ok(None);
        };
        let clocks = Clocks::of_kept(reading.clocks()?, now);
        let mut parents = view.parents.clone();
        parents.truncate(RELATIVES_MAX);
        let children = reading.batch_children(bid.id, after, Bounds::of_rows(RELATIVES_MAX))?;
        Ok(Batch::new(bid.id, view, clocks).map(|batch| (batch, parents, children)))
    };
    let Some((batch, parents, children)) = desk.read(read).await? else {
        return Err(unknown());
    };
    if batch.bid != bid.to_string() {
        return Err(unknown());
    }
    let relatives = move |reading: &dyn Reading| {
        Ok((
            batches(reading, &parents, now)?,
            batches(reading, &children.items, now)?,
            children.next,
        ))
    };
    let (parents, children, next) = desk.read(relatives).await?;
    let parents = parents.into_iter();
    Ok(BatchFamily {
        batch,
        parents: parents.map(|(_, batch)| batch).collect(),
        children: tree(desk, children).await?,
        cursor: next.map(|id| id.to_string()),
    })
}

/// What is known of these batches, with their numbers. Those that are gone or cannot be read are left out.
pub(super) fn batches(
    reading: &dyn Reading,
    ids: &[u64],
    now: Timestamp,
) -> Result<Vec<(u64, Batch)>, StoreError> {
    let clocks = Clocks::of_kept(reading.clocks()?, now);
    let mut batches = Vec::with_capacity(ids.len());
    for id in ids {
        let view = reading.batch(*id)?;
        let batch = view.and_then(|view| Batch::new(*id, view, clocks));
        batches.extend(batch.map(|batch| (*id, batch)));
    }
    Ok(batches)
}

impl Batch {
    fn new(id: u64, view: BatchView, clocks: Clocks) -> Option<Self> {
        let state: BatchState = view.state.ok()?;
        let bid = Bid {
            id,
            check: state.check,
        };
        let details = view.details;
        Some(Self {
            bid: bid.to_string(),
            created_at: details.as_ref().map(|details| details.created_at),
            description: details
                .map(|details| details.description)
                .unwrap_or_default(),
            changed_at: clocks.on_wall(state.changed_at),
            total: state.total,
            pending: state.pending,
            failed: state.failed,
            committed: state.committed,
            children_incomplete: state.children_incomplete,
            children_unsuccessful: state.children_unsuccessful,
            complete: callback(state.complete),
            success: callback(state.success),
        })
    }
}

fn callback(state: CallbackState) -> &'static str {
    match state {
        CallbackState::Absent => "none",
        CallbackState::Waiting => "waiting",
        CallbackState::Queued => "enqueued",
        CallbackState::Done => "done",
    }
}
