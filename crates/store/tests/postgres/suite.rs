//! The store and its lease pass the conformance suites.

use workmill_store::postgres::PostgresLease;
use workmill_store::suite::LeaseFixture;

use super::fixture::PostgresFixture;

workmill_store::store_suite!(PostgresFixture);

impl LeaseFixture for PostgresFixture {
    type L = PostgresLease;

    fn new() -> Self {
        workmill_store::suite::Fixture::new()
    }

    fn contender(&mut self) -> PostgresLease {
        PostgresLease::new(&self.target)
    }
}

mod lease {
    workmill_store::lease_suite!(super::PostgresFixture);
}
