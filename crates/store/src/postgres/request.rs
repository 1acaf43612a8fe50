//! What is asked of the database.

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::failure::Failure;

/// A value that stands for a parameter of a statement.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Ints(Vec<i64>),
    MaybeInts(Vec<Option<i64>>),
    Flags(Vec<bool>),
    Many(Vec<&'a [u8]>),
}

impl Value<'_> {
    pub(super) fn as_parameter(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Int(value) => (value, Type::INT8),
            Self::Bytes(value) => (value, Type::BYTEA),
            Self::Ints(value) => (value, Type::INT8_ARRAY),
            Self::MaybeInts(value) => (value, Type::INT8_ARRAY),
            Self::Flags(value) => (value, Type::BOOL_ARRAY),
            Self::Many(value) => (value, Type::BYTEA_ARRAY),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

/// One of several that are sent together.
#[derive(Debug)]
pub(super) enum Request<'a> {
    /// Statements without values, and without an answer.
    Simple(&'a str),
    /// A statement with its values.
    Statement(&'a str, Vec<Value<'a>>),
}

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The rows that were asked for.
    pub(super) rows: Vec<Row>,
    /// How many rows were changed.
    pub(super) changed: u64,
}

/// The first of several requests that failed: all that came behind it in its transaction failed too.
#[derive(Debug)]
pub(super) struct Refused {
    /// Which of them.
    pub(super) nth: usize,
    /// Why.
    pub(super) failure: Failure,
}
