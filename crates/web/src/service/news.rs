//! What is new in the audit log: read once, however often somebody asks.

use std::time::Duration;

use tokio::time::Instant;
use workmill_store::reading::Bounds;
use workmill_store::{AuditEntry, StoreError};

use crate::desk::Desk;

/// For how long what was read counts as now.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// Entries that are looked at when somebody asks first. Those before these are not told.
const LOOKED_AT_MAX: usize = 20_000;

/// Entries that one read looks at.
const READ_MAX: usize = 1_000;

/// How far the audit log was read.
#[derive(Debug, Default)]
pub(super) struct AuditNews {
    read_at: Option<Instant>,
    /// The last entry that was looked at.
    last: Option<u64>,
}

impl AuditNews {
    /// The entries that have come since the last time, the latest first; none if that was a moment ago. What cannot be read is
    /// left out.
    pub(super) async fn read(
        &mut self,
        desk: &dyn Desk,
    ) -> Result<Option<Vec<(u64, AuditEntry)>>, StoreError> {
        if self.read_at.is_some_and(|at| at.elapsed() < FRESH_FOR) {
            return Ok(None);
        }
        let (known, mut last, mut after, mut looked_at) = (self.last, self.last, None, 0);
        let mut found = Vec::new();
        while looked_at < LOOKED_AT_MAX {
            let bounds = Bounds::of_rows(READ_MAX);
            let slice = desk
                .read(move |reading| reading.audit(after, &|_| true, bounds))
                .await?;
            let is_known = |id: u64| known.is_some_and(|known| id <= known);
            let meets_known = slice.items.last().is_some_and(|(id, _)| is_known(*id));
            looked_at += slice.items.len();
            let new = slice.items.into_iter().filter(|(id, _)| !is_known(*id));
            for (id, entry) in new {
                last = last.max(Some(id));
                found.extend(entry.ok().map(|entry| (id, entry)));
            }
            after = slice.next;
            if meets_known || after.is_none() {
                break;
            }
        }
        // Not before all is read: what broke off is looked at again.
        self.last = last;
        self.read_at = Some(Instant::now());
        Ok(Some(found))
    }

    /// Whoever asks next sees what has just been done.
    pub(super) fn look_again(&mut self) {
        self.read_at = None;
    }
}
