//! Queues, their limits, and one queue.

use std::ops::Bound;

use serde::Serialize;
use utoipa::ToSchema;

use super::view::{Queue, QueueLimits};
use crate::desk::Desk;
use crate::observe::Observer;
use crate::service::{Page, PageRequest, Problem, ProblemKind};

/// The limits of a queue, and how far they are used.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ThrottledQueue {
    /// The queue.
    pub queue: String,
    /// Jobs of it that run.
    pub working: u64,
    /// Jobs that wait in it.
    pub size: u64,
    /// The limits.
    pub limits: QueueLimits,
}

/// Queues by name, as they were within the last second. The cursor is the name of the last one.
///
/// # Errors
/// The limit is out of range; reading failed.
pub async fn list(
    desk: &dyn Desk,
    observer: &Observer,
    asked: &PageRequest,
) -> Result<Page<Queue>, Problem> {
    let limit = asked.limit()?;
    let observed = observer.now(desk).await?;
    let after = match &asked.cursor {
        Some(name) => Bound::Excluded(&**name),
        None => Bound::Unbounded,
    };
    let behind = observed.queues.range::<str, _>((after, Bound::Unbounded));
    let some = Page::of_all(behind, limit, |(name, _)| name.to_string());
    let throttles = desk.rules().throttles;
    let mut items = Vec::with_capacity(some.items.len());
    for (name, now) in some.items {
        let eta = observer.empty_in(name).await;
        items.push(Queue::new(name, *now, throttles.get(&**name), eta));
    }
    Ok(Page {
        items,
        cursor: some.cursor,
    })
}

/// One queue, as it was within the last second.
///
/// # Errors
/// There is none; reading failed.
pub async fn show(desk: &dyn Desk, observer: &Observer, name: &str) -> Result<Queue, Problem> {
    let observed = observer.now_with(desk, name).await?;
    let Some(now) = observed.queues.get(name) else {
        let detail = "there is no queue of this name: nothing was pushed to it, or it was removed";
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    let eta = observer.empty_in(name).await;
    let throttles = desk.rules().throttles;
    Ok(Queue::new(name, *now, throttles.get(name), eta))
}

/// The limits of queues by name, also of queues that do not exist yet. The cursor is the name of the last one.
///
/// # Errors
/// The limit is out of range; reading failed.
pub async fn throttles(
    desk: &dyn Desk,
    observer: &Observer,
    asked: &PageRequest,
) -> Result<Page<ThrottledQueue>, Problem> {
    let limit = asked.limit()?;
    let observed = observer.now(desk).await?;
    let throttles = desk.rules().throttles;
    let after = match &asked.cursor {
        Some(name) => Bound::Excluded(&**name),
        None => Bound::Unbounded,
    };
    let behind = throttles.range::<str, _>((after, Bound::Unbounded));
    let behind = behind.map(|(queue, throttle)| {
        let now = observed.queues.get(&**queue).copied().unwrap_or_default();
        ThrottledQueue {
            queue: queue.clone(),
            working: now.working,
            size: now.size,
            limits: QueueLimits::new(throttle, now.working),
        }
    });
    Ok(Page::of_all(behind, limit, |one| one.queue.clone()))
}
