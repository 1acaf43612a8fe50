//! What was kept back, as requests.

use super::super::live::LiveWrites;
use super::super::request::{Request, Value};
use super::super::sql::{Sql, Statements};
use super::{EntryChanges, JobChanges, KeptChanges, ReservationChanges};

/// What is written together.
#[derive(Debug, Default)]
pub(super) struct Batch<'a> {
    pub(super) jobs: JobChanges,
    pub(super) reservations: ReservationChanges,
    pub(super) entries: EntryChanges,
    pub(super) kept: KeptChanges,
    pub(super) live: LiveWrites<'a>,
}

/// Requests that are being put together.
pub(super) struct Requests<'a> {
    statements: &'a Statements,
    list: Vec<Request<'a>>,
}

impl<'a> Requests<'a> {
    /// Adds a statement.
    pub(super) fn push(&mut self, sql: Sql, values: Vec<Value<'a>>) {
        let text = self.statements.text(sql);
        self.list.push(Request::Statement(text, values));
    }
}

impl Batch<'_> {
    /// Whether there is nothing to write, but for what is live.
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
            && self.reservations.is_empty()
            && self.entries.is_empty()
            && self.kept.is_empty()
    }

    /// What writes all of it.
    pub(super) fn requests<'a>(&'a self, statements: &'a Statements) -> Vec<Request<'a>> {
        let mut requests = Requests {
            statements,
            list: Vec::new(),
        };
        self.jobs.put(&mut requests);
        self.reservations.put(&mut requests);
        self.entries.put(&mut requests);
        self.kept.put(&mut requests);
        let (ids, versions) = &self.live.gone;
        if !ids.is_empty() {
            let values = vec![Value::Ints(ids.clone()), Value::Ints(versions.clone())];
            requests.push(Sql::LiveDelete, values);
        }
        let (ids, versions, bytes) = &self.live.new;
        if !ids.is_empty() {
            let values = vec![
                Value::Ints(ids.clone()),
                Value::Ints(versions.clone()),
                Value::Many(bytes.clone()),
            ];
            requests.push(Sql::LiveInsert, values);
        }
        requests.list
    }
}
