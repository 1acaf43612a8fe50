//! The tables of what is kept for operators.

use std::ops::ControlFlow;

use super::{SqliteSnapshot, readable};
use crate::reading::{Readable, RecordReads};
use crate::sqlite::rows::{number, read_audit, read_trash, read_trashed};
use crate::{AuditEntry, StoreError, Trash, TrashKey, TrashedJob};

const AUDIT: &str =
    "SELECT noted_at, began_at, ended_at, state, reason, name, role, address, action, target,
    changed, skipped, operation, undoes, id FROM audit WHERE id < ?1 ORDER BY id DESC";
const TRASH: &str = "SELECT first, end, bytes, ends_at, done, action FROM trash
    WHERE generation = ?1 AND action > ?2 ORDER BY action";
const TRASHED_JOBS: &str =
    "SELECT set_id, at, dead_at, dead_serial, was_pending, record, action, number FROM trashed_jobs
    WHERE generation = ?1 ORDER BY action, number";

impl RecordReads for SqliteSnapshot<'_> {
    fn audit(
        &mut self,
        before: Option<u64>,
        mut each: impl FnMut(u64, Readable<AuditEntry>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let before = before.map_or(i64::MAX, u64::cast_signed);
        self.rows(AUDIT, (before,), |row| {
            Ok(each(number(row, 14)?, readable(read_audit(row))))
        })
    }

    fn trash(
        &mut self,
        generation: i64,
        after: Option<u64>,
        mut each: impl FnMut(u64, Readable<Trash>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let after = after.map_or(-1, u64::cast_signed);
        self.rows(TRASH, (generation, after), |row| {
            Ok(each(number(row, 5)?, readable(read_trash(row))))
        })
    }

    fn trashed_jobs(
        &mut self,
        generation: i64,
        mut each: impl FnMut(TrashKey, Readable<TrashedJob>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(TRASHED_JOBS, (generation,), |row| {
            let key = (number(row, 6)?, number(row, 7)?);
            Ok(each(key, readable(read_trashed(key, row))))
        })
    }
}

#[cfg(test)]
pub(super) const TEXTS: [&str; 3] = [AUDIT, TRASH, TRASHED_JOBS];
