//! The SQLite store passes the conformance suite, however it syncs.
#![expect(clippy::unwrap_used, reason = "what fails must stop the test")]

mod sqlite_fixture;

mod always {
    workmill_store::store_suite!(crate::sqlite_fixture::SqliteFixture<0>);
}

mod interval {
    workmill_store::store_suite!(crate::sqlite_fixture::SqliteFixture<1>);
}
