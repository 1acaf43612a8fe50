//! A SQLite store in a directory of its own.

mod fixture;

pub(crate) use fixture::SqliteFixture;
