//! What is read at opening.

use std::cell::RefCell;
use std::ops::ControlFlow;

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use workmill_proto::{SetName, SteadyTime};

use super::failure::Failure;
use super::lease::Epoch;
use super::link::Link;
use super::live::{
    Live, QUEUES, SETS, SetRecord, TALLIES, decode_queue, decode_tallies, queue_of, set_of,
};
use super::pages::{ROWS_MAX, column, turn};
use super::request::{Request, Value};
use super::sql::{Sql, Statements};
use crate::writer::{Loading, QueueId, QueueRow, SetTally, Tallies};
use crate::{JobKey, Reservation, StoreError};

/// All rows that the writer keeps in memory as they are, once it is sure that nobody else writes: whoever has an epoch has waited
/// for the one before to end.
pub(super) fn read_live(
    link: &mut Link,
    statements: &Statements,
    Epoch(epoch): Epoch,
) -> Result<Live, StoreError> {
    let look = Request::Statement(statements.text(Sql::Look), vec![epoch.into()]);
    link.ask_one(look).map_err(|failure| {
        match failure.code() == Some(&SqlState::DIVISION_BY_ZERO) {
            true => StoreError::Deposed,
            false => error_of(failure),
        }
    })?;
    let mut live = Live::default();
    let page = |behind: Option<&i64>, wanted: usize| {
        let first = behind.map_or(i64::MIN, |behind| behind + 1);
        let values = vec![first.into(), i64::MAX.into(), wanted.into()];
        ask(link, statements, Sql::LiveRead, values)
    };
    turn(usize::MAX, ROWS_MAX, page, |row| {
        let id = column(row, 0)?;
        live.insert(id, column(row, 1)?, column(row, 2)?);
        Ok((id, ControlFlow::Continue(())))
    })?;
    Ok(live)
}

fn error_of(failure: Failure) -> StoreError {
    StoreError::Open(format!("cannot read the database: {failure}"))
}

fn ask(
    link: &mut Link,
    statements: &Statements,
    sql: Sql,
    values: Vec<Value<'_>>,
) -> Result<Vec<Row>, StoreError> {
    let request = Request::Statement(statements.text(sql), values);
    Ok(link.ask_one(request).map_err(error_of)?.rows)
}

/// What tells the writer of all rows.
pub(super) struct Loader<'a> {
    link: RefCell<&'a mut Link>,
    statements: &'a Statements,
    live: &'a Live,
}

impl<'a> Loader<'a> {
    pub(super) fn new(link: &'a mut Link, statements: &'a Statements, live: &'a Live) -> Self {
        Self {
            link: RefCell::new(link),
            statements,
            live,
        }
    }

    /// Tells of rows from a first key to a last one.
    fn each(
        &self,
        sql: Sql,
        (first, last): (i64, i64),
        mut each: impl FnMut(&Row) -> Result<i64, StoreError>,
    ) -> Result<(), StoreError> {
        let page = |behind: Option<&i64>, wanted: usize| {
            let first = behind.map_or(first, |behind| behind + 1);
            let values = vec![first.into(), last.into(), wanted.into()];
            ask(&mut self.link.borrow_mut(), self.statements, sql, values)
        };
        turn(usize::MAX, ROWS_MAX, page, |row| {
            Ok((each(row)?, ControlFlow::Continue(())))
        })
    }
}

impl Loading for Loader<'_> {
    type Error = StoreError;

    fn queues(&self) -> Result<Vec<(QueueId, QueueRow)>, StoreError> {
        let rows = self.live.within(QUEUES).map(|(id, bytes)| {
            let odd = || StoreError::Open(format!("the row of the queue {id} cannot be read"));
            let id = queue_of(id).ok_or_else(odd)?;
            Ok((id, decode_queue(bytes).ok_or_else(odd)?))
        });
        rows.collect()
    }

    fn reservations(&self, mut each: impl FnMut(Reservation)) -> Result<(), StoreError> {
        self.each(Sql::ReservationsRead, (i64::MIN, i64::MAX), |row| {
            let reservation = reservation_in(row)?;
            let key = reservation.key.0;
            each(reservation);
            Ok(key)
        })
    }

    fn job_keys(&self, keys: (i64, i64), mut each: impl FnMut(i64)) -> Result<(), StoreError> {
        self.each(Sql::JobKeys, keys, |row| {
            let key = column(row, 0)?;
            each(key);
            Ok(key)
        })
    }

    fn tallies(&self) -> Result<Tallies, StoreError> {
        // A new store has none.
        let odd = || StoreError::Open("the row of tallies cannot be read".into());
        let mut tallies = match self.live.get(TALLIES) {
            Some(bytes) => decode_tallies(bytes).ok_or_else(odd)?,
            None => Tallies::default(),
        };
        let mut last = 0;
        for (id, bytes) in self.live.within(SETS) {
            let id = set_of(id);
            last = last.max(id);
            let odd = || StoreError::Open(format!("the row of the set {id} cannot be read"));
            let set = SetRecord::decode(bytes).ok_or_else(odd)?;
            if set.removal.is_none() {
                *tallies.set_mut(set.name) = SetTally { id, size: set.size };
            }
        }
        tallies.set_id_next = last + 1;
        match SetName::ALL.iter().find(|set| tallies.set(**set).id == 0) {
            Some(set) => Err(StoreError::Open(format!(
                "the set {} is gone",
                set.as_str()
            ))),
            None => Ok(tallies),
        }
    }
}

/// The reservation in the first columns of a row. Connections are not kept.
pub(super) fn reservation_in(row: &Row) -> Result<Reservation, StoreError> {
    Ok(Reservation {
        key: JobKey(column(row, 0)?),
        jid: text_in(row, 1)?,
        wid: text_in(row, 2)?,
        reserved_at: SteadyTime::from_micros(column(row, 3)?),
        expires_at: SteadyTime::from_micros(column(row, 4)?),
        has_features: column(row, 5)?,
        connection: 0,
        series: 0,
    })
}

fn text_in(row: &Row, index: usize) -> Result<Box<str>, StoreError> {
    let text = str::from_utf8(column(row, index)?);
    let text = text.map_err(|error| StoreError::Statement(format!("a text is none: {error}")))?;
    Ok(text.into())
}
