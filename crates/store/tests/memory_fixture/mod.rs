//! A store in memory on a disk of its own.

mod fixture;

pub(crate) use fixture::MemoryFixture;
