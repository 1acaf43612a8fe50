//! The rows as of one commit, for reading.

mod features;
mod records;

use std::ops::ControlFlow;

use tokio_postgres::Row;

use super::link::Link;
use super::live::{
    Day, QUEUES, SETS, SetRecord, TALLIES, day_id, day_of, decode, decode_queue, decode_tallies,
    queue_id, queue_of, set_of,
};
use super::load::reservation_in;
use super::pages::{RECORDS_MAX, ROWS_MAX, column, turn};
use super::request::{Request, Value};
use super::rows::place_in;
use super::sql::{Sql, Statements};
use crate::reading::{JobReads, Readable, SetRow, Unreadable};
use crate::record::RawRecord;
use crate::writer::{EntryPlace, QueueId, QueueRow, Tallies};
use crate::{Counts, Reservation, SLICE_BYTES_MAX, StoreError};

/// The rows that a connection sees in its transaction.
#[derive(Debug)]
pub struct PostgresSnapshot<'a> {
    link: &'a mut Link,
    statements: &'a Statements,
    begun: bool,
    sound: bool,
}

impl<'a> PostgresSnapshot<'a> {
    pub(super) fn new(link: &'a mut Link, statements: &'a Statements) -> Self {
        Self {
            link,
            statements,
            begun: false,
            sound: true,
        }
    }

    /// Whether its transaction has begun.
    pub(super) fn is_begun(&self) -> bool {
        self.begun
    }

    /// Whether everything that was asked was answered.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// Asks for rows. What is asked first begins the transaction.
    fn ask(&mut self, sql: Sql, values: Vec<Value<'_>>) -> Result<Vec<Row>, StoreError> {
        let mut requests = Vec::with_capacity(2);
        if !self.begun {
            requests.push(Request::Simple(self.statements.text(Sql::BeginReading)));
            self.begun = true;
        }
        requests.push(Request::Statement(self.statements.text(sql), values));
        match self.link.ask(&requests) {
            Ok(answers) => Ok(answers.into_iter().next_back().unwrap_or_default().rows),
            Err(refused) => {
                self.sound = false;
                Err(StoreError::Statement(refused.failure.to_string()))
            }
        }
    }

    /// Tells of rows that are read by pages with records.
    fn records<C>(
        &mut self,
        mut page: impl FnMut(&mut Self, Option<&C>, usize) -> Result<Vec<Row>, StoreError>,
        each: impl FnMut(&Row) -> Result<(C, ControlFlow<()>), StoreError>,
    ) -> Result<(), StoreError> {
        let read = |behind: Option<&C>, wanted: usize| page(self, behind, wanted);
        turn(usize::MAX, RECORDS_MAX, read, each)
    }

    /// Tells of what is live under ids behind one of them.
    fn live(
        &mut self,
        (first, last): (i64, i64),
        mut each: impl FnMut(i64, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let read = |behind: Option<&i64>, wanted: usize| {
            let first = behind.map_or(first, |behind| behind + 1);
            let values = vec![first.into(), last.into(), wanted.into()];
            self.ask(Sql::LiveRead, values)
        };
        turn(usize::MAX, ROWS_MAX, read, |row| {
            let id = column(row, 0)?;
            Ok((id, each(id, column(row, 2)?)))
        })
    }

    /// What is live under an id.
    fn live_at<T>(
        &mut self,
        id: i64,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.live((id, id), |_, bytes| {
            found = read(bytes);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }
}

/// What a row is, or that it cannot be read.
fn readable<T>(read: Option<T>) -> Readable<T> {
    read.ok_or_else(|| Unreadable {
        reason: "its stored form cannot be read".into(),
    })
}

/// How large a page with records is.
fn page_bytes<'a>() -> Value<'a> {
    SLICE_BYTES_MAX.into()
}

impl JobReads for PostgresSnapshot<'_> {
    fn queues(
        &mut self,
        after: Option<QueueId>,
        mut each: impl FnMut(QueueId, Readable<QueueRow>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (first, last) = QUEUES;
        let first = after.map_or(first, |after| queue_id(after) + 1);
        self.live((first, last), |id, bytes| match queue_of(id) {
            Some(id) => each(id, readable(decode_queue(bytes))),
            None => ControlFlow::Continue(()),
        })
    }

    fn queue(&mut self, id: QueueId) -> Result<Option<QueueRow>, StoreError> {
        self.live_at(queue_id(id), decode_queue)
    }

    fn jobs(
        &mut self,
        (first, last): (i64, i64),
        mut each: impl FnMut(i64, RawRecord<'_>, bool) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let page = |rows: &mut Self, behind: Option<&i64>, wanted: usize| {
            let first = behind.map_or(first, |behind| behind + 1);
            let values = vec![first.into(), last.into(), wanted.into(), page_bytes()];
            rows.ask(Sql::JobsShown, values)
        };
        self.records(page, |row| {
            let (key, record) = (column(row, 0)?, RawRecord::Bytes(column(row, 1)?));
            Ok((key, each(key, record, column(row, 2)?)))
        })
    }

    fn reservations(
        &mut self,
        (first, last): (i64, i64),
        mut each: impl FnMut(i64, Readable<Reservation>, Option<RawRecord<'_>>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let page = |rows: &mut Self, behind: Option<&i64>, wanted: usize| {
            let first = behind.map_or(first, |behind| behind + 1);
            let values = vec![first.into(), last.into(), wanted.into(), page_bytes()];
            rows.ask(Sql::ReservationsShown, values)
        };
        self.records(page, |row| {
            let record: Option<&[u8]> = column(row, 6)?;
            let key = column(row, 0)?;
            let reservation = readable(reservation_in(row).ok());
            Ok((key, each(key, reservation, record.map(RawRecord::Bytes))))
        })
    }

    fn sets(&mut self) -> Result<Vec<SetRow>, StoreError> {
        let mut sets = Vec::new();
        self.live(SETS, |id, bytes| {
            sets.extend(SetRecord::decode(bytes).map(|set| SetRow {
                id: set_of(id),
                name: set.name,
                size: set.size,
                removal: set.removal,
            }));
            ControlFlow::Continue(())
        })?;
        Ok(sets)
    }

    fn entries(
        &mut self,
        after: EntryPlace,
        each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.entries_from(Sql::EntriesAfter, after, each)
    }

    fn entries_before(
        &mut self,
        before: EntryPlace,
        each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.entries_from(Sql::EntriesBefore, before, each)
    }

    fn entry<T>(
        &mut self,
        (set, at, serial): EntryPlace,
        read: impl FnOnce(RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        let values = vec![set.into(), at.into(), serial.into()];
        let rows = self.ask(Sql::EntryRead, values)?;
        let row = rows.first();
        row.map(|row| Ok(read(RawRecord::Bytes(column(row, 0)?))))
            .transpose()
    }

    fn tallies(&mut self) -> Result<Tallies, StoreError> {
        // A new store has none.
        let tallies = self.live_at(TALLIES, decode_tallies)?;
        Ok(tallies.unwrap_or_default())
    }

    fn days(&mut self, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, StoreError> {
        let mut days = Vec::new();
        self.live((day_id(first), day_id(last)), |id, bytes| {
            if let Some((processed, failures, expired)) = decode::<Day>(bytes) {
                let counts = Counts {
                    processed,
                    failures,
                    expired,
                };
                days.push((day_of(id), counts));
            }
            ControlFlow::Continue(())
        })?;
        Ok(days)
    }
}

impl PostgresSnapshot<'_> {
    fn entries_from(
        &mut self,
        sql: Sql,
        from: EntryPlace,
        mut each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let page = |rows: &mut Self, behind: Option<&EntryPlace>, wanted: usize| {
            let (set, at, serial) = behind.copied().unwrap_or(from);
            let mut values = vec![set.into(), at.into(), serial.into()];
            values.extend([wanted.into(), page_bytes()]);
            rows.ask(sql, values)
        };
        self.records(page, |row| {
            let place = place_in(row)?;
            Ok((place, each(place, RawRecord::Bytes(column(row, 3)?))))
        })
    }
}
