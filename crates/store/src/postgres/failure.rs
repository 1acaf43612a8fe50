//! What an error of the database means for the store: the one place where this is decided.

use std::error::Error as _;
use std::fmt;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::StoreError;

/// Why a request failed.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The database refused a statement: the connection and the transaction are still there, the latter to be rolled back.
    Statement(Box<DbError>),
    /// The connection is of no use any more: it is lost, or leads to a database that only reads. What a COMMIT on it has come
    /// to is unknown.
    Lost(String),
}

impl Failure {
    /// The code of an error of the database.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Statement(error) => Some(error.code()),
            Self::Lost(_) => None,
        }
    }

    /// What a failed statement of the writer means, if the connection is still there.
    pub(super) fn of_statement(error: &DbError) -> StoreError {
        let text = text_of(error);
        let code = error.code();
        if [&SqlState::DISK_FULL, &SqlState::OUT_OF_MEMORY].contains(&code) {
            StoreError::Full(text)
        } else if [
            &SqlState::LOCK_NOT_AVAILABLE,
            &SqlState::T_R_DEADLOCK_DETECTED,
            &SqlState::T_R_SERIALIZATION_FAILURE,
            &SqlState::QUERY_CANCELED,
        ]
        .contains(&code)
        {
            StoreError::Busy(text)
        } else {
            StoreError::Statement(text)
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            Some(database) if ends_connection(database) => Self::Lost(text_of(database)),
            Some(database) => Self::Statement(Box::new(database.clone())),
            None => Self::Lost(chain_of(&error)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(error) => f.write_str(&text_of(error)),
            Self::Lost(reason) => f.write_str(reason),
        }
    }
}

/// Whether nothing more can be done on the connection. A database that has become a standby reads on, but can never commit.
fn ends_connection(error: &DbError) -> bool {
    matches!(
        error.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    ) || error.code() == &SqlState::READ_ONLY_SQL_TRANSACTION
        || error.code().code().starts_with("08")
}

/// An error in the words of the database, with its code, by which it is found in its documentation.
pub(super) fn text_of(error: &DbError) -> String {
    let detail = error.detail().map(|detail| format!(": {detail}"));
    let (code, detail) = (error.code().code(), detail.unwrap_or_default());
    format!("{}{detail} ({code})", error.message())
}

/// An error with what led to it.
pub(super) fn chain_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        source = error.source();
    }
    text
}
