//! What is kept for operators.

use std::ops::ControlFlow;

use super::{MemorySnapshot, tell};
use crate::reading::{Readable, RecordReads};
use crate::{AuditEntry, StoreError};

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
}
