//! Reading one page of rows after the other.

use std::ops::ControlFlow;

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::{SLICE_BYTES_MAX, StoreError};

/// The most rows with records that are read at a time.
pub(super) const RECORDS_MAX: usize = 256;
/// The most small rows that are read at a time.
pub(super) const ROWS_MAX: usize = 4_096;

/// What a column of a row has.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, StoreError> {
    let odd = |error| StoreError::Statement(format!("a column has an odd value: {error}"));
    row.try_get(index).map_err(odd)
}

/// Whether there is nothing behind a page that was to have so many rows: it is not full, neither of rows nor of bytes.
pub(super) fn is_last_page(rows: &[Row], wanted: usize) -> bool {
    let bytes: usize = rows.iter().map(Row::raw_size_bytes).sum();
    rows.len() < wanted && bytes < SLICE_BYTES_MAX
}

/// Reads pages until there are no more rows, or `each` has had enough. `read` reads the page that comes behind a row, with so
/// many rows at most; it may have fewer, as records can be large: [`SLICE_BYTES_MAX`] together, beyond one of them.
pub(super) fn turn<C>(
    mut limit: usize,
    page_rows: usize,
    mut read: impl FnMut(Option<&C>, usize) -> Result<Vec<Row>, StoreError>,
    mut each: impl FnMut(&Row) -> Result<(C, ControlFlow<()>), StoreError>,
) -> Result<(), StoreError> {
    let mut last = None;
    while limit > 0 {
        let wanted = limit.min(page_rows);
        let rows = read(last.as_ref(), wanted)?;
        limit -= rows.len().min(limit);
        let is_last = is_last_page(&rows, wanted);
        for row in &rows {
            let (cursor, flow) = each(row)?;
            if flow.is_break() {
                return Ok(());
            }
            last = Some(cursor);
        }
        if is_last {
            return Ok(());
        }
    }
    Ok(())
}
