//! Careful retries that have stopped by themselves, as the audit log tells.

use std::collections::BTreeSet;
use std::time::Duration;

use workmill_store::reading::Bounds;
use workmill_store::{AuditEntry, AuditState, StoreError};

use super::concern::Concern;
use crate::desk::Desk;

/// What the audit log calls them.
const ACTION: &str = "job.retry_carefully";

/// How long it is told of one.
const TOLD_FOR: Duration = Duration::from_secs(86_400);

/// Entries of the audit log that are looked at, the latest.
const LOOKED_AT_MAX: usize = 1_000;

/// Those of the last day that nobody has tried again since.
pub(super) async fn stopped(desk: &dyn Desk) -> Result<Vec<Concern>, StoreError> {
    let now = desk.now();
    let read = |entry: &AuditEntry| &*entry.action == ACTION;
    let bounds = Bounds::of_rows(LOOKED_AT_MAX);
    let log = desk
        .read(move |reading| reading.audit(None, &read, bounds))
        .await?;
    let mut seen = BTreeSet::new();
    let latest = log.items.into_iter().filter_map(|(_, entry)| entry.ok());
    Ok(latest
        .filter(|entry| seen.insert(entry.target.clone()))
        .filter_map(|entry| match (entry.state, entry.ended_at) {
            (AuditState::Failed(reason), Some(ended)) if now.since(ended) < TOLD_FOR => {
                Some(Concern::CarefulStopped {
                    target: entry.target,
                    reason,
                    operation: entry.operation?,
                })
            }
            _ => None,
        })
        .collect())
}
