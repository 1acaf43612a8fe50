//! How much one read takes in, and how long it may take.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::SLICE_BYTES_MAX;
use crate::slice::Slice;

/// The longest time that one read looks at the database, beyond one row: as long as it reads, the log of an embedded
/// database cannot start over.
pub const READ_TIME_MAX: Duration = Duration::from_millis(200);

/// The most rows that one read tells of.
pub const READ_ROWS_MAX: usize = 10_000;

/// Where a read ends at the latest. It always looks at one row at least, so that it gets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Rows told of; [`READ_ROWS_MAX`] at most.
    pub rows: usize,
    /// Bytes of records told of, beyond one of them; [`SLICE_BYTES_MAX`] at most.
    pub bytes: usize,
    /// Time, also for rows that are passed over; [`READ_TIME_MAX`] at most.
    pub time: Duration,
}

impl Bounds {
    /// So many rows, and as many bytes and as much time as may be.
    pub fn of_rows(rows: usize) -> Self {
        Self {
            rows,
            bytes: SLICE_BYTES_MAX,
            time: READ_TIME_MAX,
        }
    }
}

/// A slice that is being read.
#[derive(Debug)]
pub(crate) struct SliceBuilder<T, C> {
    slice: Slice<T, C>,
    bounds: Bounds,
    bytes: usize,
    until: Instant,
}

impl<T, C> SliceBuilder<T, C> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            slice: Slice {
                items: Vec::new(),
                next: None,
            },
            bounds: Bounds {
                rows: bounds.rows.clamp(1, READ_ROWS_MAX),
                bytes: bounds.bytes.clamp(1, SLICE_BYTES_MAX),
                time: bounds.time,
            },
            bytes: 0,
            until: Instant::now() + bounds.time.min(READ_TIME_MAX),
        }
    }

    /// Adds what was found, which has so many bytes.
    pub(crate) fn add(&mut self, item: T, bytes: usize) {
        self.slice.items.push(item);
        self.bytes += bytes;
    }

    /// Goes on to the next row, or ends the slice behind the row that was just looked at: the next one goes on from
    /// `here`.
    pub(crate) fn step(&mut self, here: C) -> ControlFlow<()> {
        let ends = self.slice.items.len() >= self.bounds.rows
            || self.bytes >= self.bounds.bytes
            || Instant::now() >= self.until;
        match ends {
            true => {
                self.slice.next = Some(here);
                ControlFlow::Break(())
            }
            false => ControlFlow::Continue(()),
        }
    }

    pub(crate) fn into_slice(self) -> Slice<T, C> {
        self.slice
    }
}
