//! The store in memory passes the conformance suite.

mod memory_fixture;

use memory_fixture::MemoryFixture;

workmill_store::store_suite!(MemoryFixture);
