//! The table of reservations. The writer knows all of them, so nothing is read of it.

use std::collections::BTreeMap;

use super::super::request::Value;
use super::super::sql::Sql;
use super::batch::Requests;
use crate::Reservation;

/// What is to be done to a row.
#[derive(Debug)]
enum Change {
    /// It is new, or in place of one that is deleted.
    Insert(Box<Reservation>, Deleted),
    Extend(i64),
    Delete,
}

/// Whether there is a row of an earlier transaction, to be deleted.
#[derive(Clone, Copy, Debug)]
struct Deleted(bool);

/// What was changed and is not written yet.
#[derive(Debug, Default)]
pub(super) struct ReservationChanges(BTreeMap<i64, Change>);

impl ReservationChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn insert(&mut self, reservation: &Reservation) {
        let key = reservation.key.0;
        let deleted = match self.0.get(&key) {
            Some(Change::Insert(_, deleted)) => *deleted,
            Some(Change::Extend(_) | Change::Delete) => Deleted(true),
            None => Deleted(false),
        };
        let change = Change::Insert(Box::new(reservation.clone()), deleted);
        self.0.insert(key, change);
    }

    pub(super) fn extend(&mut self, key: i64, expires_at: workmill_proto::SteadyTime) {
        match self.0.get_mut(&key) {
            Some(Change::Insert(reservation, _)) => reservation.expires_at = expires_at,
            Some(Change::Delete) => {}
            Some(Change::Extend(_)) | None => {
                self.0.insert(key, Change::Extend(expires_at.as_micros()));
            }
        }
    }

    pub(super) fn delete(&mut self, key: i64) {
        match self.0.get(&key) {
            // What was never written need not be deleted.
            Some(Change::Insert(_, Deleted(false))) => drop(self.0.remove(&key)),
            _ => drop(self.0.insert(key, Change::Delete)),
        }
    }

    /// What writes all of it.
    pub(super) fn put<'a>(&'a self, requests: &mut Requests<'a>) {
        let (mut gone, mut extended, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let mut new = Vec::new();
        for (&key, change) in &self.0 {
            match change {
                Change::Insert(reservation, Deleted(deleted)) => {
                    gone.extend(deleted.then_some(key));
                    new.push(&**reservation);
                }
                Change::Extend(expires_at) => {
                    extended.push(key);
                    ends.push(*expires_at);
                }
                Change::Delete => gone.push(key),
            }
        }
        if !gone.is_empty() {
            requests.push(Sql::ReservationsDelete, vec![Value::Ints(gone)]);
        }
        if !extended.is_empty() {
            let values = vec![Value::Ints(extended), Value::Ints(ends)];
            requests.push(Sql::ReservationsExtend, values);
        }
        if !new.is_empty() {
            requests.push(Sql::ReservationsInsert, columns(&new));
        }
    }
}

fn columns<'a>(rows: &[&'a Reservation]) -> Vec<Value<'a>> {
    let rows = || rows.iter();
    vec![
        Value::Ints(rows().map(|row| row.key.0).collect()),
        Value::Many(rows().map(|row| row.jid.as_bytes()).collect()),
        Value::Many(rows().map(|row| row.wid.as_bytes()).collect()),
        Value::Ints(rows().map(|row| row.reserved_at.as_micros()).collect()),
        Value::Ints(rows().map(|row| row.expires_at.as_micros()).collect()),
        Value::Flags(rows().map(|row| row.has_features).collect()),
    ]
}
