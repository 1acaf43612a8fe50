//! What is kept for operators.

use std::ops::ControlFlow;

use super::{PostgresSnapshot, page_bytes, readable};
use crate::postgres::kept::{Stored, StoredKey};
use crate::postgres::pages::column;
use crate::postgres::request::Value;
use crate::postgres::sql::Sql;
use crate::reading::{Readable, RecordReads};
use crate::{AuditEntry, StoreError, Trash, TrashKey, TrashedJob};

impl RecordReads for PostgresSnapshot<'_> {
    fn audit(
        &mut self,
        before: Option<u64>,
        mut each: impl FnMut(u64, Readable<AuditEntry>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (generation, kind) = (AuditEntry::generation(0), AuditEntry::KIND);
        let page = |rows: &mut Self, behind: Option<&u64>, wanted: usize| {
            let before = behind.copied().or(before).unwrap_or(u64::MAX).to_bytes();
            let mut values = vec![generation.into(), kind.into(), Value::Bytes(&before)];
            values.extend([wanted.into(), page_bytes()]);
            rows.ask(Sql::KeptBefore, values)
        };
        let odd = || StoreError::Inconsistent("the number of an action cannot be read".into());
        self.records(page, |row| {
            let id = u64::of_bytes(column(row, 0)?).ok_or_else(odd)?;
            let entry = readable(AuditEntry::read(&id, column(row, 1)?));
            Ok((id, each(id, entry)))
        })
    }

    fn trash(
        &mut self,
        generation: i64,
        after: Option<u64>,
        each: impl FnMut(u64, Readable<Trash>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.kept(generation, after.as_ref(), each)
    }

    fn trashed_jobs(
        &mut self,
        generation: i64,
        each: impl FnMut(TrashKey, Readable<TrashedJob>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.kept(generation, None, each)
    }
}
