//! What is kept for operators.

use std::ops::ControlFlow;

use super::{MemorySnapshot, tell};
use crate::reading::{Readable, RecordReads};
use crate::{AuditEntry, StoreError, Trash, TrashKey, TrashedJob};

impl RecordReads for MemorySnapshot<'_> {
    fn audit(
        &mut self,
        before: Option<u64>,
        mut each: impl FnMut(u64, Readable<AuditEntry>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let audit = self.tables.audit.committed();
        let entries = audit.range(..before.unwrap_or(u64::MAX)).rev();
        tell(entries, |(&id, entry)| each(id, Ok(entry.clone())));
        Ok(())
    }

    fn trash(
        &mut self,
        generation: i64,
        after: Option<u64>,
        mut each: impl FnMut(u64, Readable<Trash>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let trash = self.tables.trash.committed();
        let first = after.map_or(0, |after| after.saturating_add(1));
        let range = (generation, first)..=(generation, u64::MAX);
        tell(trash.range(range), |(&(_, action), &trash)| {
            each(action, Ok(trash))
        });
        Ok(())
    }

    fn trashed_jobs(
        &mut self,
        generation: i64,
        mut each: impl FnMut(TrashKey, Readable<TrashedJob>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let jobs = self.tables.trashed_jobs.committed();
        let jobs = jobs.iter().filter(|((of, _), _)| *of == generation);
        tell(jobs, |(&(_, key), job)| each(key, Ok(job.clone())));
        Ok(())
    }
}
