//! The tables of what is kept for operators.

use std::ops::ControlFlow;

use super::{SqliteSnapshot, readable};
use crate::reading::{Readable, RecordReads};
use crate::sqlite::rows::{number, read_audit};
use crate::{AuditEntry, StoreError};

const AUDIT: &str =
    "SELECT noted_at, began_at, ended_at, state, reason, name, role, address, action, target,
    changed, skipped, operation, id FROM audit WHERE id < ?1 ORDER BY id DESC";

impl RecordReads for SqliteSnapshot<'_> {
    fn audit(
        &mut self,
        before: Option<u64>,
        mut each: impl FnMut(u64, Readable<AuditEntry>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let before = before.map_or(i64::MAX, u64::cast_signed);
        self.rows(AUDIT, (before,), |row| {
            Ok(each(number(row, 13)?, readable(read_audit(row))))
        })
    }
}

#[cfg(test)]
pub(super) const TEXTS: [&str; 1] = [AUDIT];
